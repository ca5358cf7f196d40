import { ATTRIBUTE_TYPES, type DistinguishedName, type NameAttribute } from "../domain/distinguished-name.ts";
import { childrenOf, derError, oidOf, readDer, TAG, type DerValue } from "./der.ts";

/** Readers of the string types a name may be written in (RFC 5280 section 4.1.2.4). */
const STRINGS: ReadonlyMap<number, (content: Uint8Array) => string> = new Map([
  [0x0c, (content) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content)],
  [0x12, latin1],
  [0x13, latin1],
  [0x14, latin1],
  [0x16, latin1],
  [0x1e, (content) => new TextDecoder("utf-16be", { fatal: true, ignoreBOM: true }).decode(content)],
]);

function latin1(content: Uint8Array): string {
  return Buffer.from(content).toString("latin1");
}

/** A certificate's name, which `Certificate` has as the hex of its DER. Throws `InputError`. */
export function nameOfCertificate(hex: string): DistinguishedName {
  return childrenOf(readDer(Buffer.from(hex, "hex")), TAG.sequence).map((part) =>
    childrenOf(part, TAG.set).map(readAttribute),
  );
}

function readAttribute(value: DerValue): NameAttribute {
  const [type, text, ...more] = childrenOf(value, TAG.sequence);
  if (text === undefined || more.length > 0) throw derError("a name's attribute of another form");
  const oid = oidOf(type);
  return { type: ATTRIBUTE_TYPES.get(oid) ?? oid, value: textOf(text) };
}

/** A value that is no text keeps its bytes in sight, in the form that no name is matched by (RFC 4514 section 2.4). */
function textOf({ tag, content, bytes }: DerValue): string {
  const read = STRINGS.get(tag);
  if (read === undefined) return `#${Buffer.from(bytes).toString("hex")}`;
  try {
    return read(content);
  } catch (error) {
    if (error instanceof TypeError) throw derError("a name that is not text");
    throw error;
  }
}
