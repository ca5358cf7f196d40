import { InputError, type InputCode } from "./errors.ts";
import { quoted } from "./quoted.ts";

/** Parsed JSON in which an object is a `Map`: no prototype to pollute, and a key is only what the text said. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export type JsonObject = ReadonlyMap<string, JsonValue>;

/** Where a value was found, for messages: a path such as `manifest.layers[2]` and the kind of document. */
export type JsonPlace = { readonly code: InputCode; readonly path: string };

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function refuse(place: JsonPlace, expected: string): never {
  throw new InputError(place.code, `${place.path} is not ${expected}`);
}

/** Names that can stand in a path as they are; others are somebody's data and are quoted. */
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;

export function inside(place: JsonPlace, step: string | number): JsonPlace {
  const { code, path } = place;
  if (typeof step === "number") return { code, path: `${path}[${step}]` };
  return { code, path: PLAIN_NAME.test(step) ? `${path}.${step}` : `${path}[${quoted(step, 64)}]` };
}

/**
 * Go's encoding/json matches struct fields by Unicode simple folding, so `LAYERS` and `layerſ` reach the field `layers`
 * in containerd and the kubelet while JSON.parse sees another key. Only U+017F (ſ) and U+212A (K) fold into ASCII.
 */
function goFold(key: string): string {
  return key.toLowerCase().replaceAll("\u017f", "s").replaceAll("\u212a", "k");
}

/** An object that Go reads into a struct: a key that folds to a known field must be spelled exactly so. */
export function readStruct(value: JsonValue | undefined, known: readonly string[], place: JsonPlace): JsonObject {
  if (!isJsonObject(value)) refuse(place, "an object");
  for (const key of value.keys()) {
    if (known.includes(key)) continue;
    const read = goFold(key);
    const name = known.find((one) => goFold(one) === read);
    if (name !== undefined) {
      throw new InputError(
        place.code,
        `${place.path} is ambiguous: the key ${quoted(key)} would be read as "${name}" by a container runtime`,
      );
    }
  }
  return value;
}

/** Absent and `null` are both "not there", as Go's decoder leaves the field empty for either. */
function present(object: JsonObject, key: string): JsonValue | undefined {
  return object.get(key) ?? undefined;
}

export function optionalString(object: JsonObject, key: string, place: JsonPlace): string | undefined {
  const value = present(object, key);
  if (value === undefined) return undefined;
  return typeof value === "string" ? value : refuse(inside(place, key), "a string");
}

export function requiredString(object: JsonObject, key: string, place: JsonPlace): string {
  return optionalString(object, key, place) ?? refuse(inside(place, key), "a string");
}

/** A whole number that a double holds exactly. */
export function requiredInteger(object: JsonObject, key: string, place: JsonPlace): number {
  const value = present(object, key);
  return typeof value === "number" && Number.isSafeInteger(value)
    ? value
    : refuse(inside(place, key), "a whole number");
}

/** Absent is `false`, as Go leaves the field. */
export function optionalBoolean(object: JsonObject, key: string, place: JsonPlace): boolean {
  const value = present(object, key) ?? false;
  return typeof value === "boolean" ? value : refuse(inside(place, key), "true or false");
}

/** An object Go would read into a pointer to a struct or into a map: absent and `null` are alike. */
export function optionalObject(object: JsonObject, key: string, place: JsonPlace): JsonObject | undefined {
  const value = present(object, key);
  if (value === undefined) return undefined;
  return isJsonObject(value) ? value : refuse(inside(place, key), "an object");
}

export function optionalArray(object: JsonObject, key: string, place: JsonPlace): readonly JsonValue[] | undefined {
  const value = present(object, key);
  if (value === undefined) return undefined;
  return isJsonArray(value) ? value : refuse(inside(place, key), "an array");
}

export function optionalStringArray(object: JsonObject, key: string, place: JsonPlace): readonly string[] {
  return (optionalArray(object, key, place) ?? []).map((item, index) =>
    typeof item === "string" ? item : refuse(inside(inside(place, key), index), "a string"),
  );
}

/** A map of strings such as annotations and labels: keys are data there, so their case matters and nothing folds. */
export function optionalStringMap(object: JsonObject, key: string, place: JsonPlace): Readonly<Record<string, string>> {
  const value = present(object, key);
  if (value === undefined) return {};
  if (!isJsonObject(value)) refuse(inside(place, key), "an object of strings");
  const entries = [...value].map(([name, text]): [string, string] =>
    typeof text === "string" ? [name, text] : refuse(inside(inside(place, key), name), "a string"),
  );
  return Object.fromEntries(entries);
}
