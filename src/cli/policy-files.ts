import type { PolicySet } from "../domain/policy.ts";
import type { LoadedPolicies, PolicyProblem } from "./app.ts";
import type { Context } from "./command.ts";
import { InputError } from "../domain/errors.ts";
import { readSettings } from "./settings.ts";
import { printable, styleFor, type Style } from "./terminal-text.ts";

/** The path a policy command is about: its operand, or what the configuration says. Throws `InputError`. */
export function policyPath({ args, io }: Context): string {
  const [path, ...more] = args.operands;
  if (more.length > 0) {
    throw new InputError(
      "usage",
      `One policy file or folder is judged at a time, and ${more.length + 1} are given: name their folder.`,
    );
  }
  return path ?? readSettings(args, io).policy;
}

/** The policies, or nothing after all problems were told on standard error. */
export async function loadOrTell(context: Context): Promise<PolicySet | undefined> {
  const { io, tools } = context;
  const path = policyPath(context);
  const loaded = await tools.policy.load(path);
  if (loaded.kind === "accepted") return loaded.set;
  const style = styleFor(io.errIsTerminal, io.env);
  for (const problem of loaded.problems) io.err(problemText(problem, loaded, style, "error"));
  io.err(`${printable(path)}: ${count(loaded.problems.length, "problem")}; nothing of it is in force\n`);
  return undefined;
}

/** `file:line:column: error: message`, the line it is about, and a caret under the place. */
export function problemText(
  { message, at }: PolicyProblem,
  { texts }: LoadedPolicies,
  style: Style,
  severity: "error" | "warning",
): string {
  const paint = severity === "error" ? style.bad : style.odd;
  const where = style.strong(`${printable(at.file)}:${at.line}:${at.column}:`);
  return `${where} ${paint(severity)}: ${printable(message)}\n${excerpt(texts.get(at.file), at.line, at.column)}`;
}

const MAX_EXCERPT = 160;

function excerpt(text: string | undefined, line: number, column: number): string {
  const source = text?.split(/\r?\n/)[line - 1];
  if (source === undefined || column > MAX_EXCERPT) return "";
  const before = printable(source.slice(0, column - 1));
  const shown = printable(source).slice(0, MAX_EXCERPT);
  const margin = `${line} | `;
  return `${margin}${shown}\n${" ".repeat(margin.length + Array.from(before).length)}^\n`;
}

/** `1 problem`, `2 problems`. */
export function count(many: number, noun: string): string {
  return `${many} ${noun}${many === 1 ? "" : "s"}`;
}
