import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type Pair } from "yaml";

/** Nodes of one document once aliases are written out; real policies have hundreds. */
const MAX_NODES = 20_000;
/** The deepest thing the language knows is a threshold tree inside `anyOf`, near 16. */
const MAX_DEPTH = 32;

type Step = string | number;

type NodeProblem = { readonly message: string; readonly offset: number };

/** A document's plain value, and where in the text each of its parts stands. */
export type PlacedValue = {
  readonly value: unknown;
  readonly problems: readonly NodeProblem[];
  /** Offset of the value at a path; of the nearest parent where the path leads nowhere. `key` asks for the key's own. */
  readonly offsetOf: (path: readonly PropertyKey[], key?: boolean) => number;
};

type Walk = {
  readonly document: Document;
  readonly values: Map<string, number>;
  readonly keys: Map<string, number>;
  readonly problems: NodeProblem[];
  readonly open: Set<Node>;
  nodes: number;
};

/** Plain values only: strings, numbers, booleans, null, arrays, objects with text keys. Never throws. */
export function placeValue(document: Document): PlacedValue {
  const walk: Walk = { document, values: new Map(), keys: new Map(), problems: [], open: new Set(), nodes: 0 };
  const value = valueOf(document.contents, [], walk);
  return { value, problems: walk.problems, offsetOf: (path, key = false) => find(walk, path, key) };
}

function find(walk: Walk, path: readonly PropertyKey[], key: boolean): number {
  for (let length = path.length; length >= 0; length--) {
    const name = JSON.stringify(path.slice(0, length).map((step) => (typeof step === "symbol" ? "" : step)));
    const found = (key && length === path.length ? walk.keys.get(name) : undefined) ?? walk.values.get(name);
    if (found !== undefined) return found;
  }
  return 0;
}

function offsetOf(node: Node | null | undefined): number {
  return node?.range?.[0] ?? 0;
}

function refuse(walk: Walk, node: Node | null | undefined, message: string): undefined {
  walk.problems.push({ message, offset: offsetOf(node) });
}

function valueOf(node: Node | null | undefined, path: readonly Step[], walk: Walk): unknown {
  const name = JSON.stringify(path);
  if (!walk.values.has(name)) walk.values.set(name, offsetOf(node));
  walk.nodes += 1;
  if (walk.nodes === MAX_NODES + 1) refuse(walk, node, `the document has more than ${MAX_NODES} values: split it`);
  if (walk.nodes > MAX_NODES) return undefined;
  if (path.length > MAX_DEPTH) return refuse(walk, node, `the document is nested deeper than ${MAX_DEPTH} levels`);
  if (isAlias(node)) return aliasValue(node, path, walk);
  if (isMap(node)) return objectOf(node.items, path, walk);
  if (isSeq(node)) return node.items.map((item, at) => valueOf(item as Node, [...path, at], walk));
  return isScalar(node) ? scalarOf(node.value, node, walk) : null;
}

function aliasValue(node: Node & { readonly source: string }, path: readonly Step[], walk: Walk): unknown {
  const target = isAlias(node) ? node.resolve(walk.document) : undefined;
  if (target === undefined) return refuse(walk, node, `the alias *${node.source} names no anchor before it`);
  if (walk.open.has(target)) return refuse(walk, node, `the alias *${node.source} stands inside its own anchor`);
  walk.open.add(target);
  const value = valueOf(target, path, walk);
  walk.open.delete(target);
  return value;
}

function scalarOf(value: unknown, node: Node, walk: Walk): unknown {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return value;
  return refuse(walk, node, "is not a text, a number, true, false or null");
}

function objectOf(items: readonly Pair[], path: readonly Step[], walk: Walk): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const { key, value } of items as readonly Pair<Node, Node | null>[]) {
    const name = isScalar(key) ? key.value : undefined;
    if (typeof name !== "string") refuse(walk, key, "a key must be a text: put it in quotes");
    // Assigning this name sets a prototype instead of a member.
    else if (name === "__proto__") refuse(walk, key, 'the key "__proto__" cannot be used');
    else {
      walk.keys.set(JSON.stringify([...path, name]), offsetOf(key));
      object[name] = valueOf(value, [...path, name], walk);
    }
  }
  return object;
}
