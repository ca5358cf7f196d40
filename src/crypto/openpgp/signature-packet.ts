import { instantOf, plus, type Instant } from "../../domain/instant.ts";
import { hexOfOctets, Octets, refuse, type OpenPgpText } from "./octets.ts";
import { onlySubpacket, readSubpackets, secondsIn, SUBPACKET, type Subpacket } from "./subpackets.ts";

/** Signature types (RFC 9580 section 5.2.1). */
export const SIGNATURE = {
  binary: 0x00,
  text: 0x01,
  certifications: [0x10, 0x11, 0x12, 0x13],
  subkeyBinding: 0x18,
  primaryBinding: 0x19,
  directKey: 0x1f,
  keyRevocation: 0x20,
  subkeyRevocation: 0x28,
  certificationRevocation: 0x30,
} as const;

/** A signature packet of version 3 or 4, read and not checked. */
export type SignaturePacket = {
  readonly version: 3 | 4;
  readonly type: number;
  readonly algorithm: number;
  readonly hash: number;
  readonly created: Instant;
  /** When the signature itself ceases to hold. */
  readonly expires: Instant | undefined;
  /** Who it says made it: 16 and 40 upper-case hexadecimal digits. Hints until a key proves it. */
  readonly issuer: string | undefined;
  readonly issuerFingerprint: string | undefined;
  readonly hashed: readonly Subpacket[];
  readonly unhashed: readonly Subpacket[];
  /** What is hashed behind the signed bytes. */
  readonly trailer: Uint8Array;
  /** The first two bytes of the hash. */
  readonly left: Uint8Array;
  readonly numbers: readonly Uint8Array[];
};

/** How many numbers a signature of an algorithm has; of others none is read. */
const NUMBERS: Readonly<Record<number, number>> = { 1: 1, 17: 2, 19: 2, 22: 2 };

/** Throws `InputError`, for versions other than 3 and 4 too. */
export function parseSignaturePacket(body: Uint8Array, text: OpenPgpText): SignaturePacket {
  const octets = new Octets(body, text);
  const version = octets.number(1);
  if (version === 4) return parseVersion4(body, octets, text);
  if (version === 3) return parseVersion3(octets, text);
  return refuse(text, `holds a signature of version ${version}; versions 3 and 4 are read`);
}

/** RFC 4880 section 5.2.2: still made for old clients' sake by some vendors. */
function parseVersion3(octets: Octets, text: OpenPgpText): SignaturePacket {
  if (octets.number(1) !== 5) refuse(text, "holds a signature of version 3 with another length of hashed material");
  const trailer = octets.take(5);
  const [type = 0, ...seconds] = trailer;
  const issuer = hexOfOctets(octets.take(8));
  const [algorithm, hash, left] = [octets.number(1), octets.number(1), octets.take(2)];
  return {
    version: 3,
    type,
    algorithm,
    hash,
    created: instantOf(new Octets(Uint8Array.from(seconds), text).number(4) * 1000),
    expires: undefined,
    issuer,
    issuerFingerprint: undefined,
    hashed: [],
    unhashed: [],
    trailer,
    left,
    numbers: readNumbers(algorithm, octets),
  };
}

/** RFC 9580 section 5.2.3. */
function parseVersion4(body: Uint8Array, octets: Octets, text: OpenPgpText): SignaturePacket {
  const [type, algorithm, hash] = [octets.number(1), octets.number(1), octets.number(1)];
  const hashed = readSubpackets(octets.take(octets.number(2)), text);
  const hashedPart = body.subarray(0, octets.position);
  const unhashed = readSubpackets(octets.take(octets.number(2)), text);
  const left = octets.take(2);
  const seconds = secondsIn(hashed, SUBPACKET.created, text);
  if (seconds === undefined) return refuse(text, "holds a signature that does not say when it was made");
  const created = instantOf(seconds * 1000);
  return {
    version: 4,
    type,
    algorithm,
    hash,
    created,
    expires: after(created, secondsIn(hashed, SUBPACKET.expires, text)),
    ...issuersOf(hashed, unhashed, text),
    hashed,
    unhashed,
    trailer: Buffer.concat([hashedPart, trailerEnd(hashedPart.length)]),
    left,
    numbers: readNumbers(algorithm, octets),
  };
}

/** RFC 9580 section 5.2.4. */
function trailerEnd(length: number): Uint8Array {
  const end = Buffer.from([0x04, 0xff, 0, 0, 0, 0]);
  end.writeUInt32BE(length, 2);
  return end;
}

/** No seconds, and nought, both mean that it never ends. */
export function after(begin: Instant, seconds: number | undefined): Instant | undefined {
  return seconds === undefined || seconds === 0 ? undefined : plus(begin, seconds * 1000);
}

function issuersOf(
  hashed: readonly Subpacket[],
  unhashed: readonly Subpacket[],
  text: OpenPgpText,
): Pick<SignaturePacket, "issuer" | "issuerFingerprint"> {
  const find = (type: number): Uint8Array | undefined =>
    onlySubpacket(hashed, type, text) ?? onlySubpacket(unhashed, type, text);
  const issuer = find(SUBPACKET.issuer);
  const fingerprint = find(SUBPACKET.issuerFingerprint);
  const isV4 = fingerprint?.[0] === 4 && fingerprint.length === 21;
  return {
    issuer: issuer === undefined ? undefined : hexOfOctets(issuer),
    issuerFingerprint: fingerprint === undefined ? undefined : hexOfOctets(fingerprint.subarray(isV4 ? 1 : 0)),
  };
}

function readNumbers(algorithm: number, octets: Octets): readonly Uint8Array[] {
  const count = NUMBERS[algorithm];
  if (count === undefined) return [];
  const numbers = Array.from({ length: count }, () => octets.integer());
  octets.end();
  return numbers;
}
