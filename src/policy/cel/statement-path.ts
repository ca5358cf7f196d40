import { MACRO_NAMES } from "./comprehension.ts";
import type { Syntax } from "./syntax.ts";

/** Names from the top of a statement down: `["predicate", "buildDefinition", "buildType"]`. Empty is the whole. */
export type StatementPath = readonly string[];

/**
 * The least of a statement that must be there for the expression to give the answer that the whole would give: whatever
 * is at or below one of these paths. Where it cannot be told which members are read, the whole of what holds them is.
 */
export function pathsOf(syntax: Syntax, roots: readonly string[]): readonly StatementPath[] {
  return shortest(readIn(syntax, new Set(roots)));
}

/** Without paths that lie below another. */
export function shortest(paths: readonly StatementPath[]): readonly StatementPath[] {
  const distinct = [...new Map(paths.map((path) => [JSON.stringify(path), path])).values()];
  return distinct.filter((path) => !distinct.some((other) => other.length < path.length && startsWith(path, other)));
}

function startsWith(path: StatementPath, start: StatementPath): boolean {
  return start.every((name, at) => path[at] === name);
}

function readIn(syntax: Syntax, roots: ReadonlySet<string>): readonly StatementPath[] {
  const path = pathOf(syntax, roots);
  if (path !== undefined) return [path];
  if (syntax.kind === "call") return readInCall(syntax, roots);
  return childrenOf(syntax).flatMap((child) => readIn(child, roots));
}

/** A chain of names from a root, `a.b["c"]`. An index by anything else ends it: the whole list or map is read. */
function pathOf(syntax: Syntax, roots: ReadonlySet<string>): StatementPath | undefined {
  if (syntax.kind === "name") return roots.has(syntax.name) ? [syntax.name] : undefined;
  if (syntax.kind === "member") return below(pathOf(syntax.of, roots), syntax.name);
  if (syntax.kind !== "index" || syntax.index.kind !== "literal" || typeof syntax.index.value !== "string")
    return undefined;
  return below(pathOf(syntax.of, roots), syntax.index.value);
}

function below(path: StatementPath | undefined, name: string): StatementPath | undefined {
  return path === undefined ? undefined : [...path, name];
}

/** A macro's own name hides a root of the same name in what the macro holds. */
function readInCall(
  call: Extract<Syntax, { readonly kind: "call" }>,
  roots: ReadonlySet<string>,
): readonly StatementPath[] {
  const of = call.of === undefined ? [] : readIn(call.of, roots);
  const [variable, ...bodies] = call.args;
  const hides = call.of !== undefined && MACRO_NAMES.includes(call.name) && variable?.kind === "name";
  if (!hides) return [...of, ...call.args.flatMap((arg) => readIn(arg, roots))];
  const inner = new Set([...roots].filter((root) => root !== variable.name));
  return [...of, ...bodies.flatMap((body) => readIn(body, inner))];
}

function childrenOf(syntax: Syntax): readonly Syntax[] {
  switch (syntax.kind) {
    case "literal":
    case "name":
      return [];
    case "list":
      return syntax.items;
    case "map":
      return syntax.entries.flat();
    case "member":
    case "not":
    case "negative":
      return [syntax.of];
    case "index":
      return [syntax.of, syntax.index];
    case "call":
      return syntax.args;
    case "binary":
      return [syntax.left, syntax.right];
    case "and":
    case "or":
      return syntax.operands.map((operand) => operand.syntax);
    case "choice":
      return [syntax.condition, syntax.yes, syntax.no];
  }
}
