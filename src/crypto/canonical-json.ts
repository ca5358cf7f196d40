/** What has exactly one encoding: JSON's values, with `undefined` members left out. */
export type Encodable =
  | null
  | boolean
  | number
  | string
  | undefined
  | readonly Encodable[]
  | { readonly [key: string]: Encodable };

/**
 * One JSON text per value, after RFC 8785: members sorted by UTF-16 code units, no white space, numbers and strings as
 * ECMAScript writes them. Numbers that JSON cannot hold are a mistake of ours and throw.
 */
export function canonicalJson(value: Encodable): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return encodeArray(value);
  if (typeof value === "object" && value !== null) return encodeObject(value as { readonly [key: string]: Encodable });
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`${value} has no JSON encoding`);
  return JSON.stringify(value ?? null);
}

function encodeArray(items: readonly Encodable[]): string {
  let text = "";
  for (const item of items) text += `${text === "" ? "" : ","}${canonicalJson(item ?? null)}`;
  return `[${text}]`;
}

/** Appended rather than joined: every answer is named by several of these texts. */
function encodeObject(object: { readonly [key: string]: Encodable }): string {
  let text = "";
  for (const key of Object.keys(object).sort()) {
    const value = object[key];
    if (value !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(value)}`;
  }
  return `{${text}}`;
}
