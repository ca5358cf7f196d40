import { Octets, refuse, type OpenPgpText } from "./octets.ts";

/** Packet types that are read or recognised (RFC 9580 section 5). */
export const PACKET = {
  sessionKey: 1,
  signature: 2,
  passwordSessionKey: 3,
  onePassSignature: 4,
  secretKey: 5,
  publicKey: 6,
  secretSubkey: 7,
  compressed: 8,
  encrypted: 9,
  marker: 10,
  literal: 11,
  trust: 12,
  userId: 13,
  publicSubkey: 14,
  userAttribute: 17,
  protectedEncrypted: 18,
  authenticatedEncrypted: 20,
  padding: 21,
} as const;

export type Packet = { readonly tag: number; readonly body: Uint8Array };

/** Kinds whose length may be unknown when they are begun (RFC 9580 section 4.2.1.4). */
const STREAMED: readonly number[] = [PACKET.compressed, PACKET.encrypted, PACKET.literal, PACKET.protectedEncrypted];
/** The first piece of a streamed packet has at least as many bytes (RFC 9580 section 4.2.1.4). */
const MIN_FIRST_PIECE = 512;
const MAX_PACKETS = 20_000;

/** Every packet of a text, none nested. Throws `InputError` where one is cut short, or its length is not allowed. */
export function readPackets(bytes: Uint8Array, text: OpenPgpText): readonly Packet[] {
  const octets = new Octets(bytes, text);
  const packets: Packet[] = [];
  while (octets.left > 0) {
    if (packets.length >= MAX_PACKETS) refuse(text, `holds more than the ${MAX_PACKETS} packets allowed`);
    packets.push(readPacket(octets, text));
  }
  return packets;
}

function readPacket(octets: Octets, text: OpenPgpText): Packet {
  const header = octets.number(1);
  if ((header & 0x80) === 0) refuse(text, "is not OpenPGP data: a packet begins with an impossible byte");
  const tag = (header & 0x40) === 0 ? (header >> 2) & 0x0f : header & 0x3f;
  if (tag === 0) refuse(text, "holds a packet of the reserved type 0");
  const body = (header & 0x40) === 0 ? oldBody(octets, tag, header & 0x03, text) : newBody(octets, tag, text);
  return { tag, body };
}

/** RFC 9580 section 4.2.2: of length 1, 2 or 4, or to the end of the text. */
function oldBody(octets: Octets, tag: number, lengthType: number, text: OpenPgpText): Uint8Array {
  if (lengthType < 3) return octets.take(octets.number(2 ** lengthType));
  if (!STREAMED.includes(tag)) refuse(text, `holds a packet of type ${tag} that does not say where it ends`);
  return octets.rest();
}

function newBody(octets: Octets, tag: number, text: OpenPgpText): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const { size, isLast } = newLength(octets);
    const isFirst = pieces.length === 0;
    if (!isLast && !STREAMED.includes(tag)) refuse(text, `holds a packet of type ${tag} in pieces`);
    if (!isLast && isFirst && size < MIN_FIRST_PIECE) refuse(text, "holds a packet whose first piece is too short");
    pieces.push(octets.take(size));
    if (isLast) return isFirst ? (pieces[0] ?? new Uint8Array()) : Buffer.concat(pieces);
  }
}

/** RFC 9580 section 4.2.1. */
function newLength(octets: Octets): { readonly size: number; readonly isLast: boolean } {
  const first = octets.number(1);
  if (first < 192) return { size: first, isLast: true };
  if (first < 224) return { size: (first - 192) * 256 + octets.number(1) + 192, isLast: true };
  if (first < 255) return { size: 2 ** (first & 0x1f), isLast: false };
  return { size: octets.number(4), isLast: true };
}
