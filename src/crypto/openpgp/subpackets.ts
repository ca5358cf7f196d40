import { Octets, refuse, type OpenPgpText } from "./octets.ts";

/** Types of signature subpackets (RFC 9580 section 5.2.3.7). */
export const SUBPACKET = {
  created: 2,
  expires: 3,
  exportable: 4,
  trust: 5,
  revocable: 7,
  keyExpires: 9,
  symmetric: 11,
  revoker: 12,
  issuer: 16,
  notation: 20,
  hashes: 21,
  compression: 22,
  keyServer: 23,
  keyServerUrl: 24,
  primaryUserId: 25,
  policy: 26,
  keyFlags: 27,
  signerUserId: 28,
  revocationReason: 29,
  features: 30,
  embedded: 32,
  issuerFingerprint: 33,
  aead: 34,
} as const;

export type Subpacket = { readonly type: number; readonly critical: boolean; readonly data: Uint8Array };

/** More than any signature has. */
const MAX_SUBPACKETS = 256;

/** One area of a signature (RFC 9580 section 5.2.3.1). Throws `InputError`. */
export function readSubpackets(area: Uint8Array, text: OpenPgpText): readonly Subpacket[] {
  const octets = new Octets(area, text);
  const found: Subpacket[] = [];
  while (octets.left > 0) {
    if (found.length >= MAX_SUBPACKETS) refuse(text, `holds a signature of more than ${MAX_SUBPACKETS} subpackets`);
    const body = octets.take(readLength(octets));
    const [head] = body;
    if (head === undefined) return refuse(text, "holds an empty subpacket");
    found.push({ type: head & 0x7f, critical: (head & 0x80) !== 0, data: body.subarray(1) });
  }
  return found;
}

function readLength(octets: Octets): number {
  const first = octets.number(1);
  if (first < 192) return first;
  if (first < 255) return (first - 192) * 256 + octets.number(1) + 192;
  return octets.number(4);
}

/** The data of the only subpacket of a type. Two that differ would let two readers obey different ones. */
export function onlySubpacket(
  subpackets: readonly Subpacket[],
  type: number,
  text: OpenPgpText,
): Uint8Array | undefined {
  const [first, ...more] = subpackets.filter((each) => each.type === type);
  if (more.length > 0) refuse(text, `holds a signature with the subpacket ${type} twice`);
  return first?.data;
}

/** A subpacket that is four bytes of seconds. */
export function secondsIn(subpackets: readonly Subpacket[], type: number, text: OpenPgpText): number | undefined {
  const data = onlySubpacket(subpackets, type, text);
  if (data === undefined) return undefined;
  const octets = new Octets(data, text);
  const seconds = octets.number(4);
  octets.end();
  return seconds;
}
