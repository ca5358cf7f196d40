import { z } from "zod";

import { InputError } from "../domain/errors.ts";
import { suggestion } from "./suggestion.ts";

/** A problem inside one value: the path below it, and whether the key rather than the value is at fault. */
export type ValueIssue = { readonly path: readonly PropertyKey[]; readonly key: boolean; readonly message: string };

export type Checked<T> =
  | { readonly kind: "valid"; readonly value: T }
  | { readonly kind: "invalid"; readonly issues: readonly ValueIssue[] };

/** An object with these members and no others; an unknown one is answered with the nearest known. */
export function struct<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape).filter((key) => !isUnsupported(shape[key]));
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? issue.keys.map((key) => unknownKey(key, known)).join(LINE) : undefined,
  });
}

/** Between the messages for several unknown keys of one object; keys are shown escaped, so none of them holds it. */
const LINE = "\n";

function unknownKey(key: string, known: readonly string[]): string {
  return `unknown key ${JSON.stringify(key.slice(0, 80))}${suggestion(key, known)}`;
}

const UNSUPPORTED = "is not supported by this version";

/** A word of the language that this version does not act on. Ignoring it would promise a check that is not made. */
export function unsupported(): z.ZodOptional<z.ZodType<never>> {
  return z.optional(z.never({ error: () => `${UNSUPPORTED}: remove it, or use a version that has it` }));
}

function isUnsupported(schema: unknown): boolean {
  return schema instanceof z.ZodOptional && schema.unwrap() instanceof z.ZodNever;
}

/** A text of one or more lines that is not empty. */
export const lines = z
  .string()
  .min(1, { error: "is empty: write a value or leave the key out" })
  .max(16_384, { error: "is longer than 16384 characters" });

/** A text of one line: it goes into messages, logs and labels, where a line break would forge a second entry. */
export const text = lines.regex(/^[^\p{Cc}]*$/u, { error: "has a line break or another control character" });

/** A text that one of the domain's parsers understands; its `InputError` becomes the problem's message. */
export function parsed<T>(parse: (text: string) => T): z.ZodType<T, string> {
  return text.transform((value, context) => {
    try {
      return parse(value);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      context.issues.push({ code: "custom", message: error.message, input: value });
      return z.NEVER;
    }
  });
}

/** A list with something in it: an empty list is a rule that would say nothing. */
export function some<T extends z.ZodType>(item: T): z.ZodArray<T> {
  return z
    .array(item)
    .min(1, { error: "is an empty list, which would say nothing: name something or leave the key out" })
    .max(1000, { error: "has more than 1000 members" });
}

/** Runs a schema over a plain value and says what is wrong in words, all of it. */
export function check<T>(schema: z.ZodType<T>, value: unknown): Checked<T> {
  const result = schema.safeParse(value, { error: (issue) => plainWords(issue) });
  if (result.success) return { kind: "valid", value: result.data };
  return { kind: "invalid", issues: withoutEchoes(result.error.issues.flatMap((issue) => issuesOf(issue, []))) };
}

/** An object with a misspelt key also lacks what the key was for; the spelling is the thing to mend. */
function withoutEchoes(issues: readonly ValueIssue[]): readonly ValueIssue[] {
  const misspelt = new Set(issues.filter(({ key }) => key).map(({ path }) => JSON.stringify(path.slice(0, -1))));
  return issues.filter(({ key, path }) => key || !misspelt.has(JSON.stringify(path)));
}

function issuesOf(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): readonly ValueIssue[] {
  const path = [...above, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    const messages = issue.message.split(LINE);
    return issue.keys.map((key, at) => ({ path: [...path, key], key: true, message: messages[at] ?? issue.message }));
  }
  if (issue.code === "invalid_key") {
    return issue.issues.map(({ message }) => ({ path, key: true, message }));
  }
  if (issue.code !== "invalid_union") return [{ path, key: false, message: issue.message }];
  const meant = meantBranch(issue.errors);
  if (meant !== undefined) return meant.flatMap((one) => issuesOf(one, path));
  return [{ path, key: false, message: issue.message }];
}

type Branch = readonly z.core.$ZodIssue[];

/** The form that was probably meant: the one of the right kind of value that knows the most of its keys, else the one with other words. */
function meantBranch(branches: readonly Branch[]): Branch | undefined {
  const fails = (branch: Branch, ...codes: readonly string[]): boolean =>
    branch.some((one) => one.path.length === 0 && codes.includes(one.code));
  const fitting = branches.filter((branch) => !fails(branch, "invalid_type", "invalid_value"));
  const [best] = fitting.sort((a, b) => unknownKeys(a) - unknownKeys(b));
  return best ?? branches.find((branch) => !fails(branch, "invalid_type"));
}

function unknownKeys(branch: Branch): number {
  const own = branch.filter((one) => one.path.length === 0);
  return own.reduce((sum, one) => sum + (one.code === "unrecognized_keys" ? one.keys.length : 0), 0);
}

function plainWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "invalid_type") {
    const expected = `expected ${KINDS[issue.expected] ?? issue.expected}`;
    if (issue.input === undefined) return `is missing: ${expected}`;
    return `is ${kindOf(issue.input)}, ${expected}${quotesHint(issue)}`;
  }
  if (issue.code === "invalid_value") {
    const expected = `expected ${issue.values.length === 1 ? "" : "one of "}${issue.values.join(", ")}`;
    return `is ${shown(issue.input)}, ${expected}${nearValue(issue)}`;
  }
  return issue.code === "invalid_union" ? `is ${kindOf(issue.input)}, which is not a form this key has` : undefined;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

function kindOf(value: unknown): string {
  if (value === null) return "empty";
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "a list";
  return KINDS[typeof value] ?? typeof value;
}

function quotesHint(issue: { readonly expected: string; readonly input?: unknown }): string {
  return issue.expected === "string" && ["number", "boolean"].includes(typeof issue.input) ? ": put it in quotes" : "";
}

function shown(value: unknown): string {
  return typeof value === "string" ? `"${value.slice(0, 80)}"` : kindOf(value);
}

function nearValue(issue: { readonly values: readonly unknown[]; readonly input?: unknown }): string {
  const words = issue.values.filter((value) => typeof value === "string");
  const near = typeof issue.input === "string" && words.length > 1 ? suggestion(issue.input, words) : "";
  return near.startsWith("; did") ? near : "";
}
