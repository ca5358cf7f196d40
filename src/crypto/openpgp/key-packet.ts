import { createHash, createPublicKey } from "node:crypto";

import { InputError } from "../../domain/errors.ts";
import { instantOf, type Instant } from "../../domain/instant.ts";
import { publicKeyOfSpki, type PublicKey } from "../public-key.ts";
import { hexOfOctets, Octets, refuse, type OpenPgpText } from "./octets.ts";

/** Public key algorithms (RFC 9580 section 9.1). */
const ALGORITHM = { rsa: 1, ecdsa: 19, eddsaLegacy: 22 } as const;

/** One public key or subkey of version 4. */
export type KeyPacket = {
  readonly body: Uint8Array;
  readonly created: Instant;
  readonly algorithm: number;
  /** 40 upper-case hexadecimal digits. */
  readonly fingerprint: string;
  /** The last 16 of them. */
  readonly keyId: string;
  /** Or why it cannot be used to check signatures. */
  readonly key: PublicKey | { readonly unusable: string };
};

const NAMES: Readonly<Record<number, string>> = {
  2: "an RSA key for encryption",
  3: "an RSA key of the form for signing alone",
  16: "an Elgamal key",
  17: "a DSA key",
  18: "an ECDH key",
  20: "an Elgamal key",
  25: "an X25519 key",
  26: "an X448 key",
  27: "an Ed25519 key in the form of RFC 9580",
  28: "an Ed448 key",
};

/** Curves by the hex of their object identifiers: JWK name and bytes of a coordinate. */
const CURVES: ReadonlyMap<string, readonly [string, number]> = new Map<string, readonly [string, number]>([
  ["2A8648CE3D030107", ["P-256", 32]],
  ["2B81040022", ["P-384", 48]],
  ["2B81040023", ["P-521", 66]],
]);
const ED25519 = "2B06010401DA470F01";

/** The version a public key packet states; only 4 is read further. */
export function keyVersion(body: Uint8Array): number {
  return body[0] ?? 0;
}

/** A packet of version 4 (RFC 9580 section 5.5.2.2). Throws `InputError` where it is broken rather than unsupported. */
export function parseKeyPacket(body: Uint8Array, text: OpenPgpText): KeyPacket {
  const octets = new Octets(body, text);
  const [version, created, algorithm] = [octets.number(1), octets.number(4), octets.number(1)];
  if (version !== 4) refuse(text, `holds a key of version ${version} where one of version 4 is expected`);
  const fingerprint = fingerprintOf(body);
  return {
    body,
    created: instantOf(created * 1000),
    algorithm,
    fingerprint,
    keyId: fingerprint.slice(-16),
    key: readKey(algorithm, octets, text),
  };
}

/** RFC 9580 section 5.5.4.2. */
function fingerprintOf(body: Uint8Array): string {
  return hexOfOctets(createHash("sha1").update(keyHeader(body)).update(body).digest());
}

/** What stands before a key wherever one is hashed (RFC 9580 section 5.2.4). */
export function keyHeader(body: Uint8Array): Uint8Array {
  return Uint8Array.of(0x99, body.length >> 8, body.length & 0xff);
}

function readKey(algorithm: number, octets: Octets, text: OpenPgpText): KeyPacket["key"] {
  switch (algorithm) {
    case ALGORITHM.rsa:
      return rsaKey(octets);
    case ALGORITHM.ecdsa:
      return ecdsaKey(octets, text);
    case ALGORITHM.eddsaLegacy:
      return eddsaKey(octets, text);
    default:
      return { unusable: `${NAMES[algorithm] ?? `a key of algorithm ${algorithm}`}, which Assay does not check` };
  }
}

function rsaKey(octets: Octets): KeyPacket["key"] {
  const [n, e] = [octets.integer(), octets.integer()];
  octets.end();
  return imported({ kty: "RSA", n: base64url(n), e: base64url(e) });
}

function ecdsaKey(octets: Octets, text: OpenPgpText): KeyPacket["key"] {
  const curve = hexOfOctets(octets.take(octets.number(1)));
  const point = octets.integer();
  octets.end();
  const [crv, size] = CURVES.get(curve) ?? [undefined, 0];
  if (crv === undefined) return { unusable: `an ECDSA key on the curve ${curve}, which Assay does not check` };
  if (point[0] !== 0x04 || point.length !== 2 * size + 1) return refuse(text, "holds an ECDSA key that is no point");
  const [x, y] = [base64url(point.subarray(1, size + 1)), base64url(point.subarray(size + 1))];
  return imported({ kty: "EC", crv, x, y });
}

/** The point with 0x40 before it (RFC 9580 section 11.2). */
function eddsaKey(octets: Octets, text: OpenPgpText): KeyPacket["key"] {
  const curve = hexOfOctets(octets.take(octets.number(1)));
  const point = octets.integer();
  octets.end();
  if (curve !== ED25519) return { unusable: `an EdDSA key on the curve ${curve}, which Assay does not check` };
  if (point[0] !== 0x40 || point.length !== 33) return refuse(text, "holds an Ed25519 key of another length");
  return imported({ kty: "OKP", crv: "Ed25519", x: base64url(point.subarray(1)) });
}

/** Numbers that are no key, and keys too weak, are the key's own fault: others of the keyring can be used all the same. */
function imported(jwk: Readonly<Record<string, string>>): KeyPacket["key"] {
  try {
    const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
    return publicKeyOfSpki(key.export({ format: "der", type: "spki" }), "it");
  } catch (error) {
    const why = error instanceof InputError ? error.message : "its numbers are no public key";
    return { unusable: `a key that is refused: ${why}` };
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

/** The size in bytes of the two numbers of an elliptic signature by such a key. */
export function coordinateSize({ algorithm }: PublicKey): number {
  return { "ecdsa-p384": 48, "ecdsa-p521": 66 }[algorithm as string] ?? 32;
}
