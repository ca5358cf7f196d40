/** A moment, in nanoseconds since 1970, within the years 1 to 9999. */
export type CelTimestamp = { readonly kind: "timestamp"; readonly nanos: bigint };
/** A span of time in nanoseconds, within 64 bits. */
export type CelDuration = { readonly kind: "duration"; readonly nanos: bigint };
/** What `type(…)` gives. */
export type CelType = { readonly kind: "type"; readonly name: string };

/** JSON's objects and the maps that an expression makes; only the latter have keys other than texts. */
export type CelMap = ReadonlyMap<CelKey, CelValue>;
export type CelKey = string | bigint | boolean;

/**
 * What an expression computes with. A number of JSON is a `number`, CEL's double; a whole number in the expression is a
 * `bigint`, CEL's int. The two compare by what they are worth (CEL language definition, "Numeric Values").
 */
export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | readonly CelValue[]
  | CelMap
  | CelTimestamp
  | CelDuration
  | CelType;

/** An operation without an answer, such as a missing key. It is handed on as a value: `false && error` is false. */
export class CelError {
  readonly message: string;
  /** Where in the expression. */
  readonly at: number;

  constructor(at: number, message: string) {
    this.at = at;
    this.message = message;
  }
}

export type Result = CelValue | CelError;

/** Names as `type(…)` has them; `dyn` is "not known before it is there". */
export type TypeName =
  | "null_type"
  | "bool"
  | "int"
  | "double"
  | "string"
  | "list"
  | "map"
  | "google.protobuf.Timestamp"
  | "google.protobuf.Duration"
  | "type";
export type StaticType = TypeName | "dyn";

export function isList(value: CelValue): value is readonly CelValue[] {
  return Array.isArray(value);
}

export function isMap(value: CelValue): value is CelMap {
  return value instanceof Map;
}

export function typeOf(value: CelValue): TypeName {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return "double";
  return typeof value === "string" ? "string" : typeOfObject(value);
}

function typeOfObject(value: Exclude<CelValue, boolean | bigint | number | string>): TypeName {
  if (value === null) return "null_type";
  if (isList(value)) return "list";
  if (isMap(value)) return "map";
  switch (value.kind) {
    case "timestamp":
      return "google.protobuf.Timestamp";
    case "duration":
      return "google.protobuf.Duration";
    case "type":
      return "type";
  }
}

/** How messages call a type. */
const WORDS: Readonly<Record<StaticType, string>> = {
  null_type: "null",
  bool: "true or false",
  int: "a whole number",
  double: "a number",
  string: "a text",
  list: "a list",
  map: "a map",
  "google.protobuf.Timestamp": "a timestamp",
  "google.protobuf.Duration": "a duration",
  type: "a type",
  dyn: "any value",
};

export function describeType(type: StaticType): string {
  return WORDS[type];
}

export function describeValue(value: CelValue): string {
  return WORDS[typeOf(value)];
}
