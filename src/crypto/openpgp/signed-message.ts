import { inflateRawSync, inflateSync } from "node:zlib";

import { hexOfOctets, Octets, refuse, type OpenPgpText } from "./octets.ts";
import { PACKET, readPackets, type Packet } from "./packets.ts";
import { parseSignaturePacket, type SignaturePacket } from "./signature-packet.ts";

/** One signature over one literal, which is the only form in which an image is signed. */
export type SignedMessage =
  | {
      readonly kind: "signed";
      /** Exactly the bytes that the signature is over; nothing else of the message may be used. */
      readonly content: Uint8Array;
      readonly signature: SignaturePacket;
    }
  | { readonly kind: "refused"; readonly reason: "unsupported" | "no-signature"; readonly detail: string };

const TEXT: OpenPgpText = { code: "signature", name: "the OpenPGP message" };
/** A payload has some hundred bytes; more would be there to fill memory. */
const MAX_INFLATED = 4 * 1024 * 1024;
const BINARY = 0x62;

const ENCRYPTED: readonly number[] = [
  PACKET.sessionKey,
  PACKET.passwordSessionKey,
  PACKET.encrypted,
  PACKET.protectedEncrypted,
  PACKET.authenticatedEncrypted,
];

function refused(reason: "unsupported" | "no-signature", detail: string): SignedMessage {
  return { kind: "refused", reason, detail };
}

/**
 * Reads `gpg --sign` output: a one-pass signature, a literal and its signature, perhaps compressed (RFC 9580 section 10.3).
 * Other messages that OpenPGP has are refused, each with a reason; throws `InputError` for what is no message.
 */
export function readSignedMessage(bytes: Uint8Array): SignedMessage {
  if (bytes.length === 0) refuse(TEXT, "is empty");
  const armour = armourIn(bytes);
  if (armour !== undefined) return refused("unsupported", armour);
  const packets = readPackets(bytes, TEXT);
  const [outer] = packets;
  if (outer?.tag !== PACKET.compressed) return readPacketsOfMessage(packets);
  if (packets.length > 1) return refused("unsupported", "something follows the compressed message");
  return readCompressed(outer.body);
}

/** Armour hides which bytes are meant, and a cleartext signature is over another text than the one that is read. */
function armourIn(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 64)).toString("latin1").trimStart();
  if (head.startsWith("-----BEGIN PGP SIGNED MESSAGE-----"))
    return "it is signed in the clear; sign with gpg --sign, without --clear-sign";
  if (head.startsWith("-----BEGIN PGP ")) return "it is armoured; sign with gpg --sign, without --armor";
  return undefined;
}

/** RFC 9580 section 5.6. */
function readCompressed(body: Uint8Array): SignedMessage {
  const [algorithm] = body;
  const inflate = algorithm === 1 ? inflateRawSync : algorithm === 2 ? inflateSync : undefined;
  if (inflate === undefined) {
    return refused("unsupported", `it is compressed with algorithm ${algorithm ?? "none"}; ZIP and ZLIB are read`);
  }
  const packets = readPackets(inflated(inflate, body.subarray(1)), TEXT);
  if (packets.some(({ tag }) => tag === PACKET.compressed)) return refused("unsupported", "it is compressed twice");
  return readPacketsOfMessage(packets);
}

function inflated(inflate: typeof inflateSync, data: Uint8Array): Uint8Array {
  const result = tryInflating(inflate, data);
  if (result === undefined) return refuse(TEXT, `does not inflate to at most ${MAX_INFLATED} bytes`);
  if (result.consumed !== data.length) refuse(TEXT, "has bytes behind its compressed data");
  return result.bytes;
}

/** With `info` zlib also tells how much of the input it used. */
function tryInflating(
  inflate: typeof inflateSync,
  data: Uint8Array,
): { readonly bytes: Uint8Array; readonly consumed: number } | undefined {
  try {
    const result: unknown = inflate(data, { maxOutputLength: MAX_INFLATED, info: true });
    const { buffer, engine } = result as { readonly buffer: Uint8Array; readonly engine: { bytesWritten: number } };
    return { bytes: buffer, consumed: engine.bytesWritten };
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}

function readPacketsOfMessage(packets: readonly Packet[]): SignedMessage {
  const count = (tag: number): number => packets.filter((packet) => packet.tag === tag).length;
  if (packets.some(({ tag }) => ENCRYPTED.includes(tag))) return refused("unsupported", "it is encrypted, not signed");
  const [literals, signatures] = [count(PACKET.literal), count(PACKET.signature)];
  if (signatures === 0 && literals === 1) return refused("no-signature", "nobody signed the message");
  if (literals === 0 && signatures > 0) {
    return refused("unsupported", "it is a detached signature; sign with gpg --sign, without --detach-sign");
  }
  if (literals > 1) return refused("unsupported", `it holds ${literals} literals, of which only one can be signed`);
  if (signatures > 1 || count(PACKET.onePassSignature) > 1) {
    return refused("unsupported", "several keys signed it together; store one signature for each key");
  }
  return readTriple(packets);
}

/** The order alone says what is signed, so no other is read. */
function readTriple(packets: readonly Packet[]): SignedMessage {
  const [announced, literal, signature, ...more] = packets;
  const inOrder =
    announced?.tag === PACKET.onePassSignature &&
    literal?.tag === PACKET.literal &&
    signature?.tag === PACKET.signature &&
    more.length === 0;
  if (!inOrder) {
    const found = packets.map(({ tag }) => tag).slice(0, 8);
    return refused("unsupported", `its packets are of the types ${found.join(", ")}, where 4, 11, 2 are expected`);
  }
  const parsed = parseSignaturePacket(signature.body, TEXT);
  checkAnnouncement(announced.body, parsed);
  const content = readLiteral(literal.body);
  if (content === undefined) return refused("unsupported", "its literal is not binary data");
  return { kind: "signed", content, signature: withIssuer(parsed, announced.body) };
}

/** RFC 9580 section 5.4: says beforehand what the signature says. Where they differ, two readers could hash differently. */
function checkAnnouncement(body: Uint8Array, { type, hash, algorithm, issuer }: SignaturePacket): void {
  const octets = new Octets(body, TEXT);
  const said = Array.from({ length: 4 }, () => octets.number(1));
  const keyId = hexOfOctets(octets.take(8));
  const last = octets.number(1);
  octets.end();
  const expected = [3, type, hash, algorithm];
  if (said.some((value, at) => value !== expected[at]) || (issuer ?? keyId) !== keyId || last === 0) {
    refuse(TEXT, "announces another signature than the one it holds");
  }
}

function withIssuer(signature: SignaturePacket, announcement: Uint8Array): SignaturePacket {
  return { ...signature, issuer: signature.issuer ?? hexOfOctets(announcement.subarray(4, 12)) };
}

/** RFC 9580 section 5.9; the file name and date in it are not signed and are not looked at. */
function readLiteral(body: Uint8Array): Uint8Array | undefined {
  const octets = new Octets(body, TEXT);
  const format = octets.number(1);
  octets.take(octets.number(1));
  octets.take(4);
  return format === BINARY ? octets.rest() : undefined;
}
