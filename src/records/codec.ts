import type { Encodable } from "../crypto/canonical-json.ts";
import { InputError } from "../domain/errors.ts";

/**
 * How one type is written as JSON and read back. Reading is as strict as a parser, and gives exactly what was written:
 * a member that was `undefined` is there again, as `undefined`. `decode` throws `InputError` (`record`).
 */
export type Codec<T> = {
  /** The JSON text; `undefined` for what is left out of the object it would be a member of. */
  readonly write: (value: T) => string | undefined;
  /** The same text piece by piece, of a type that holds lists: those have no limit, and others must run between. */
  readonly pieces?: ((value: T) => Iterable<string>) | undefined;
  readonly decode: (json: unknown) => T;
};

/** What has named members; its text without the braces too, for who puts one more before them. */
type Struct<T> = Codec<T> & {
  readonly body: (value: T) => string;
  readonly bodyPieces: (value: T) => Iterable<string>;
};

type Fields<T> = { readonly [Name in keyof T]-?: Codec<T[Name]> };
type Members<T extends { readonly kind: string }> = {
  readonly [Kind in T["kind"]]: Struct<Omit<Extract<T, { readonly kind: Kind }>, "kind">>;
};

function refuse(expected: string): never {
  throw new InputError("record", `a stored record is not ${expected}: it was written by another version`);
}

/** A value that JSON holds as it is, if the check agrees. */
export function plain<T extends Encodable>(expected: string, isOne: (json: unknown) => json is T): Codec<T> {
  return { write: (value) => JSON.stringify(value), decode: (json) => (isOne(json) ? json : refuse(expected)) };
}

export const text: Codec<string> = plain("a text", (json): json is string => typeof json === "string");
export const flag: Codec<boolean> = plain("true or false", (json): json is boolean => typeof json === "boolean");
export const whole: Codec<number> = plain("a whole number", (json): json is number => Number.isSafeInteger(json));

/** A text that a type's own check accepts: digests, instants, names. */
export function checked<T extends string>(expected: string, isOne: (text: string) => boolean): Codec<T> {
  return plain(expected, (json): json is T => typeof json === "string" && isOne(json));
}

export function oneOf<T extends string>(...values: readonly T[]): Codec<T> {
  return checked(`one of ${values.join(", ")}`, (text) => (values as readonly string[]).includes(text));
}

export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  const { pieces } = codec;
  return {
    write: (value) => (value === undefined ? undefined : codec.write(value)),
    pieces: pieces === undefined ? undefined : (value) => (value === undefined ? [] : pieces(value)),
    decode: (json) => (json === undefined ? undefined : codec.decode(json)),
  };
}

export function list<T>(codec: Codec<T>): Codec<readonly T[]> {
  return {
    write: (values) => `[${values.map((value) => codec.write(value)).join(",")}]`,
    pieces: function* pieces(values) {
      let lead = "[";
      for (const value of values) {
        yield lead;
        yield* piecesOf(codec, value);
        lead = ",";
      }
      yield values.length === 0 ? "[]" : "]";
    },
    decode: (json) => (Array.isArray(json) ? json.map((item: unknown) => codec.decode(item)) : refuse("a list")),
  };
}

/** A `Record` by names that are data. Read by defining members, so that `__proto__` is a name like any other. */
export function dictionary<T>(codec: Codec<T>): Codec<Readonly<Record<string, T>>> {
  return {
    write: (values) =>
      `{${Object.entries(values)
        .map(([name, value]) => `${JSON.stringify(name)}:${codec.write(value)}`)
        .join(",")}}`,
    decode: (json) =>
      Object.fromEntries(Object.entries(objectOf(json)).map(([name, value]) => [name, codec.decode(value)])),
  };
}

/** Exactly these members. The compiler asks for one more when the type grows. */
export function struct<T>(fields: Fields<T>): Struct<T> {
  const members = membersOf(fields);
  const names = new Set<string>(members.map(({ name }) => name));
  const body = (value: T): string => bodyOf(members, value);
  const bodyPieces = (value: T): Iterable<string> => piecesOfBody(members, value);
  return {
    body,
    bodyPieces,
    write: (value) => `{${body(value)}}`,
    pieces: members.some(({ codec }) => codec.pieces !== undefined)
      ? (value) => inBraces("{", bodyPieces(value))
      : undefined,
    decode: (json) => {
      const object = objectOf(json);
      for (const name of Object.keys(object)) if (!names.has(name)) refuse("without unknown members");
      return Object.fromEntries(members.map(({ name, codec }) => [name, codec.decode(own(object, name))])) as T;
    },
  };
}

/** A sum by its `kind`: each member as a struct of the rest. */
export function tagged<T extends { readonly kind: string }>(members: Members<T>): Codec<T> {
  const byKind = new Map(Object.entries(members) as [string, Struct<unknown>][]);
  const memberOf = (kind: unknown): Struct<unknown> =>
    byKind.get(String(kind)) ?? refuse(`one of the kinds ${[...byKind.keys()].join(", ")}`);
  return {
    write: (value) => {
      const body = memberOf(value.kind).body(value);
      return `{"kind":${JSON.stringify(value.kind)}${body === "" ? "" : ","}${body}}`;
    },
    pieces: (value) => inBraces(`{"kind":${JSON.stringify(value.kind)}`, memberOf(value.kind).bodyPieces(value), ","),
    decode: (json) => {
      const { kind, ...rest } = objectOf(json);
      return { ...(memberOf(kind).decode(rest) as object), kind } as T;
    },
  };
}

/** One member of a struct: its name as a property, and as it is written. */
type Member<T> = { readonly name: keyof T & string; readonly key: string; readonly codec: Codec<unknown> };

function membersOf<T>(fields: Fields<T>): readonly Member<T>[] {
  const entries = Object.entries(fields) as [keyof T & string, Codec<unknown>][];
  return entries.map(([name, codec]) => ({ name, key: `${JSON.stringify(name)}:`, codec }));
}

function bodyOf<T>(members: readonly Member<T>[], value: T): string {
  let text = "";
  for (const { name, key, codec } of members) {
    const written = codec.write(value[name]);
    if (written !== undefined) text += text === "" ? key + written : `,${key}${written}`;
  }
  return text;
}

function* piecesOfBody<T>(members: readonly Member<T>[], value: T): Iterable<string> {
  let lead = "";
  for (const { name, key, codec } of members) {
    const member = value[name];
    const written = codec.pieces === undefined ? codec.write(member) : undefined;
    if (member === undefined || (codec.pieces === undefined && written === undefined)) continue;
    yield `${lead}${key}${written ?? ""}`;
    if (codec.pieces !== undefined) yield* codec.pieces(member);
    lead = ",";
  }
}

/** `lead` stands before the first piece, if there is one. */
function* inBraces(open: string, pieces: Iterable<string>, lead = ""): Iterable<string> {
  yield open;
  let before = lead;
  for (const piece of pieces) {
    yield before + piece;
    before = "";
  }
  yield "}";
}

/** The text of a value in pieces, or as one where it cannot be long. */
export function piecesOf<T>(codec: Codec<T>, value: T): Iterable<string> {
  return codec.pieces?.(value) ?? [codec.write(value) ?? ""];
}

function objectOf(json: unknown): Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null && !Array.isArray(json)
    ? (json as Readonly<Record<string, unknown>>)
    : refuse("an object");
}

function own(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
