import type { Encodable } from "../crypto/canonical-json.ts";
import { InputError } from "../domain/errors.ts";

/**
 * How one type is written as JSON and read back. Reading is as strict as a parser, and gives exactly what was written:
 * a member that was `undefined` is there again, as `undefined`. `decode` throws `InputError` (`record`).
 */
export type Codec<T> = { readonly encode: (value: T) => Encodable; readonly decode: (json: unknown) => T };

type Fields<T> = { readonly [Name in keyof T]-?: Codec<T[Name]> };
type Members<T extends { readonly kind: string }> = {
  readonly [Kind in T["kind"]]: Codec<Omit<Extract<T, { readonly kind: Kind }>, "kind">>;
};

function refuse(expected: string): never {
  throw new InputError("record", `a stored record is not ${expected}: it was written by another version`);
}

const asItIs = (value: Encodable): Encodable => value;

/** Whether values are written as they are, so that a list of them is too. */
function isPlain<T>({ encode }: Codec<T>): boolean {
  return (encode as unknown) === asItIs;
}

/** A value that JSON holds as it is, if the check agrees. */
export function plain<T extends Encodable>(expected: string, isOne: (json: unknown) => json is T): Codec<T> {
  return { encode: asItIs, decode: (json) => (isOne(json) ? json : refuse(expected)) };
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
  return {
    encode: (value) => (value === undefined ? undefined : codec.encode(value)),
    decode: (json) => (json === undefined ? undefined : codec.decode(json)),
  };
}

export function list<T>(codec: Codec<T>): Codec<readonly T[]> {
  return {
    encode: isPlain(codec) ? (values) => values as Encodable : (values) => values.map((value) => codec.encode(value)),
    decode: (json) => (Array.isArray(json) ? json.map((item: unknown) => codec.decode(item)) : refuse("a list")),
  };
}

/** A `Record` by names that are data. Read by defining members, so that `__proto__` is a name like any other. */
export function dictionary<T>(codec: Codec<T>): Codec<Readonly<Record<string, T>>> {
  return {
    encode: isPlain(codec)
      ? (values) => values as Encodable
      : (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, codec.encode(value)])),
    decode: (json) =>
      Object.fromEntries(Object.entries(objectOf(json)).map(([name, value]) => [name, codec.decode(value)])),
  };
}

/** Exactly these members. The compiler asks for one more when the type grows. */
export function struct<T>(fields: Fields<T>): Codec<T> {
  const entries = Object.entries(fields) as [keyof T & string, Codec<unknown>][];
  const names = new Set<string>(entries.map(([name]) => name));
  return {
    encode: (value) => {
      // Assigned in one order, so that all records of a kind have one shape, which is written fastest.
      const written: { [name: string]: Encodable } = {};
      for (const [name, codec] of entries) written[name] = codec.encode(value[name]);
      return written;
    },
    decode: (json) => {
      const object = objectOf(json);
      for (const name of Object.keys(object)) if (!names.has(name)) refuse("without unknown members");
      return Object.fromEntries(entries.map(([name, codec]) => [name, codec.decode(own(object, name))])) as T;
    },
  };
}

/** A sum by its `kind`: each member as a struct of the rest. */
export function tagged<T extends { readonly kind: string }>(members: Members<T>): Codec<T> {
  const byKind = new Map(Object.entries(members) as [string, Codec<unknown>][]);
  const memberOf = (kind: unknown): Codec<unknown> =>
    byKind.get(String(kind)) ?? refuse(`one of the kinds ${[...byKind.keys()].join(", ")}`);
  return {
    encode: (value) => {
      const { kind } = value;
      return { ...(memberOf(kind).encode(value) as { readonly [name: string]: Encodable }), kind };
    },
    decode: (json) => {
      const { kind, ...rest } = objectOf(json);
      return { ...(memberOf(kind).decode(rest) as object), kind } as T;
    },
  };
}

function objectOf(json: unknown): Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null && !Array.isArray(json)
    ? (json as Readonly<Record<string, unknown>>)
    : refuse("an object");
}

function own(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
