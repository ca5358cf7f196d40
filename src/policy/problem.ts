import type { SourceLocation } from "../domain/policy.ts";
import type { PolicyDocument } from "./document.ts";
import type { ValueIssue } from "./schema.ts";

/** One reason why the files cannot be used: cause and mend in the message, position as editors count. */
export type PolicyProblem = { readonly message: string; readonly at: SourceLocation };

/** `policy/production.yaml:12:7: …`, the form that editors and terminals make a link of. */
export function formatProblem(problem: PolicyProblem): string {
  return `${problem.at.file}:${problem.at.line}:${problem.at.column}: ${problem.message}`;
}

export function problemAt(document: PolicyDocument, path: readonly PropertyKey[], message: string): PolicyProblem {
  return { message, at: document.where(path) };
}

/** A schema's issues, each with its place in the text and its path in front. */
export function problemsOf(document: PolicyDocument, issues: readonly ValueIssue[]): readonly PolicyProblem[] {
  return issues.map(({ path, key, message }) => {
    const shown = formatPath(key ? path.slice(0, -1) : path);
    return { message: shown === "" ? message : `${shown}: ${message}`, at: document.where(path, key) };
  });
}

/** `spec.rules[0].signed.by`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return text === "" ? String(step) : `${text}.${String(step)}`;
  }, "");
}

/** File by file, top to bottom. */
export function inReadingOrder(problems: readonly PolicyProblem[]): readonly PolicyProblem[] {
  return [...problems].sort(
    (a, b) => compare(a.at.file, b.at.file) || a.at.line - b.at.line || a.at.column - b.at.column,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
