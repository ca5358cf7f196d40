import { createHash, createPublicKey, generateKeyPairSync, sign as signBytes, type KeyObject } from "node:crypto";
import { deflateRawSync } from "node:zlib";

/** A subpacket of a signature: type, data, and whether it must be understood. */
export type Sub = readonly [type: number, data: Uint8Array, critical?: boolean];

export type PgpSignatureOptions = {
  readonly type?: number;
  /** Number of the hash algorithm: 8 is SHA-256, 2 SHA-1. */
  readonly hash?: number;
  /** Seconds since 1970. */
  readonly created?: number;
  readonly hashed?: readonly Sub[];
  readonly unhashed?: readonly Sub[];
  /** Leaves out who made it. */
  readonly anonymous?: boolean;
};

const HASHES: Readonly<Record<number, string>> = { 1: "md5", 2: "sha1", 8: "sha256", 9: "sha384", 10: "sha512" };
export const BORN = 1_700_000_000;
export const SIGN_FLAG: Sub = [27, Uint8Array.of(0x02)];

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function u16(value: number): Buffer {
  return u32(value).subarray(2);
}

/** A packet with a header of the new form. */
export function packet(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Uint8Array.of(0xc0 | tag, 0xff), u32(body.length), body]);
}

function integer(bytes: Uint8Array): Buffer {
  return Buffer.concat([u16(bytes.length * 8), bytes]);
}

function area(subs: readonly Sub[]): Buffer {
  const parts = subs.map(([type, data, critical]) =>
    Buffer.concat([
      Uint8Array.of(0xff),
      u32(data.length + 1),
      Uint8Array.of(type | (critical === true ? 0x80 : 0)),
      data,
    ]),
  );
  const whole = Buffer.concat(parts);
  return Buffer.concat([u16(whole.length), whole]);
}

export type PgpKeyKind = "ed25519" | "rsa" | "P-256" | "P-384" | "P-521";

const ALGORITHMS: Readonly<Record<PgpKeyKind, number>> = {
  ed25519: 22,
  rsa: 1,
  "P-256": 19,
  "P-384": 19,
  "P-521": 19,
};
const CURVES = {
  "P-256": "082a8648ce3d030107",
  "P-384": "052b81040022",
  "P-521": "052b81040023",
} as const;

function makeSecret(kind: PgpKeyKind): KeyObject {
  if (kind === "ed25519") return generateKeyPairSync("ed25519").privateKey;
  if (kind === "rsa") return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  return generateKeyPairSync("ec", { namedCurve: kind }).privateKey;
}

/** What stands behind the algorithm in a public key packet. */
function material(kind: PgpKeyKind, key: KeyObject): Buffer {
  const jwk = key.export({ format: "jwk" });
  const part = (name: "n" | "e" | "x" | "y"): Buffer => Buffer.from(jwk[name] ?? "", "base64url");
  if (kind === "rsa") return Buffer.concat([exactInteger(part("n")), exactInteger(part("e"))]);
  if (kind === "ed25519") {
    const curve = Buffer.from("092b06010401da470f01", "hex");
    return Buffer.concat([curve, u16(263), Uint8Array.of(0x40), part("x")]);
  }
  const point = Buffer.concat([Uint8Array.of(4), part("x"), part("y")]);
  return Buffer.concat([Buffer.from(CURVES[kind], "hex"), exactInteger(point)]);
}

function exactInteger(bytes: Uint8Array): Buffer {
  return Buffer.concat([u16(bytes.length * 8 - Math.clz32(bytes[0] ?? 0) + 24), bytes]);
}

/** An OpenPGP key whose every signature can be made as a test wants it. */
export class PgpKey {
  readonly #secret: KeyObject;
  readonly #kind: PgpKeyKind;
  /** The public key packet's body. */
  readonly body: Buffer;
  readonly fingerprint: string;

  /** `secret` is a key of this kind that may have another use, too. */
  constructor(kind: PgpKeyKind = "ed25519", secret: KeyObject = makeSecret(kind)) {
    this.#secret = secret;
    this.#kind = kind;
    const algorithm = Uint8Array.of(ALGORITHMS[kind]);
    this.body = Buffer.concat([Uint8Array.of(4), u32(BORN), algorithm, material(kind, createPublicKey(secret))]);
    this.fingerprint = createHash("sha1").update(this.hashed).digest("hex").toUpperCase();
  }

  get algorithm(): number {
    return ALGORITHMS[this.#kind];
  }

  get keyId(): Buffer {
    return Buffer.from(this.fingerprint.slice(-16), "hex");
  }

  /** As it is hashed in signatures about it. */
  get hashed(): Buffer {
    return Buffer.concat([Uint8Array.of(0x99), u16(this.body.length), this.body]);
  }

  /** The body of a signature packet over these bytes. */
  sign(content: Uint8Array, options: PgpSignatureOptions = {}): Buffer {
    const { type = 0, hash = 8, created = BORN + 100, hashed = [], unhashed = [], anonymous = false } = options;
    const issuer: readonly Sub[] = anonymous ? [] : [[16, this.keyId]];
    const head = Buffer.concat([Uint8Array.of(4, type, this.algorithm, hash), area([[2, u32(created)], ...hashed])]);
    const trailer = Buffer.concat([head, Uint8Array.of(4, 0xff), u32(head.length)]);
    const name = HASHES[hash] ?? "sha256";
    const message = Buffer.concat([content, trailer]);
    const digest = createHash(name).update(message).digest();
    const numbers = this.#numbers(name, message, digest).map(integer);
    return Buffer.concat([head, area([...issuer, ...unhashed]), digest.subarray(0, 2), ...numbers]);
  }

  #numbers(hash: string, message: Uint8Array, digest: Uint8Array): readonly Uint8Array[] {
    if (this.#kind === "rsa") return [signBytes(hash, message, this.#secret)];
    const made =
      this.#kind === "ed25519"
        ? signBytes(null, digest, this.#secret)
        : signBytes(hash, message, { key: this.#secret, dsaEncoding: "ieee-p1363" });
    return [made.subarray(0, made.length / 2), made.subarray(made.length / 2)];
  }
}

/** A keyring of one key with a user id; `parts` are packets that follow them. */
export function keyringOf(key: PgpKey, parts: readonly Uint8Array[] = [], statement: PgpSignatureOptions = {}): Buffer {
  return Buffer.concat([packet(6, key.body), ...certifiedUser(key, "alice", statement), ...parts]);
}

/** A user id with the key's own signature. */
export function certifiedUser(key: PgpKey, name: string, statement: PgpSignatureOptions = {}): readonly Buffer[] {
  const options = { type: 0x13, created: BORN, hashed: [SIGN_FLAG], ...statement };
  return [packet(13, Buffer.from(name)), packet(2, key.sign(userContent(key, name), options))];
}

export function userContent(key: PgpKey, name: string): Buffer {
  const id = Buffer.from(name);
  return Buffer.concat([key.hashed, Uint8Array.of(0xb4), u32(id.length), id]);
}

/** A subkey that is bound and agrees; `back` takes the place of its agreement. */
export function boundSubkey(
  primary: PgpKey,
  subkey: PgpKey,
  { back, ...binding }: PgpSignatureOptions & { readonly back?: readonly Sub[] } = {},
): readonly Buffer[] {
  const both = Buffer.concat([primary.hashed, subkey.hashed]);
  const agreement: readonly Sub[] = back ?? [[32, subkey.sign(both, { type: 0x19, created: BORN })]];
  const options = { type: 0x18, created: BORN, hashed: [SIGN_FLAG], unhashed: agreement, ...binding };
  return [packet(14, subkey.body), packet(2, primary.sign(both, options))];
}

export function literal(content: Uint8Array, format: string = "b"): Buffer {
  return packet(11, Buffer.from(format), Uint8Array.of(0), u32(BORN), content);
}

/** The packet that announces a signature. */
export function announcement(key: PgpKey, { type = 0, hash = 8 }: PgpSignatureOptions = {}, last: number = 1): Buffer {
  return packet(4, Uint8Array.of(3, type, hash, key.algorithm), key.keyId, Uint8Array.of(last));
}

/** What `gpg --sign` writes, without compression. */
export function signedMessage(key: PgpKey, content: string | Uint8Array, options: PgpSignatureOptions = {}): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([announcement(key, options), literal(bytes), packet(2, key.sign(bytes, options))]);
}

export function compressed(message: Uint8Array): Buffer {
  return packet(8, Uint8Array.of(1), deflateRawSync(message));
}
