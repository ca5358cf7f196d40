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
  if (Array.isArray(value)) return `[${value.map((item: Encodable) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value === "object" && value !== null) return encodeObject(value as { readonly [key: string]: Encodable });
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`${value} has no JSON encoding`);
  return JSON.stringify(value ?? null);
}

function encodeObject(object: { readonly [key: string]: Encodable }): string {
  const members = Object.keys(object)
    .filter((key) => object[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key])}`);
  return `{${members.join(",")}}`;
}
