import type { PolicySet, SourceLocation } from "../domain/policy.ts";
import type { CliTools, PolicyProblem } from "./app.ts";
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
  const path = policyPath(context);
  const reading = await context.tools.policy.load(path);
  if (reading.kind === "parsed") return reading.set;
  await tellProblems(reading.problems, context);
  context.io.err(`${printable(path)} has ${count(reading.problems.length, "problem")}; nothing of it is in force\n`);
  return undefined;
}

/** On standard error, each with its place in the file. */
export async function tellProblems(problems: readonly PolicyProblem[], { io, tools }: Context): Promise<void> {
  const style = styleFor(io.errIsTerminal, io.env);
  for (const text of await problemTexts(problems, "error", { style, tools })) io.err(text);
}

export type Telling = { readonly style: Style; readonly tools: Pick<CliTools, "readText"> };

/** `file:line:column: error: message`, the line it is about, and a caret under the place. */
export async function problemTexts(
  problems: readonly PolicyProblem[],
  severity: "error" | "warning",
  { style, tools }: Telling,
): Promise<readonly string[]> {
  const texts = new Map<string, string>();
  for (const file of new Set(problems.map(({ at }) => at.file))) texts.set(file, await textOf(file, tools));
  const paint = severity === "error" ? style.bad : style.odd;
  return problems.map(({ message, at }) => {
    const where = style.strong(`${printable(at.file)}:${at.line}:${at.column}:`);
    return `${where} ${paint(severity)}: ${printable(message)}\n${excerpt(texts.get(at.file) ?? "", at)}`;
  });
}

/** A file that can no longer be read has no excerpt; its problem is told all the same. */
async function textOf(file: string, tools: Telling["tools"]): Promise<string> {
  try {
    return await tools.readText(file);
  } catch (error) {
    if (error instanceof InputError) return "";
    throw error;
  }
}

const MAX_EXCERPT = 160;

function excerpt(text: string, { line, column }: SourceLocation): string {
  const source = text.split(/\r?\n/)[line - 1];
  if (source === undefined || source === "" || column > MAX_EXCERPT) return "";
  const before = Array.from(printable(source.slice(0, column - 1))).length;
  const margin = `${line} | `;
  return `${margin}${printable(source).slice(0, MAX_EXCERPT)}\n${" ".repeat(margin.length + before)}^\n`;
}

/** `1 problem`, `2 problems`; `2 policies` where the plural is told. */
export function count(many: number, noun: string, plural = `${noun}s`): string {
  return `${many} ${many === 1 ? noun : plural}`;
}
