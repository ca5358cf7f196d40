import {
  childrenOf,
  derError,
  expected,
  integerBytes,
  oidOf,
  onlyChild,
  smallInteger,
  TAG,
  type DerValue,
} from "./der.ts";
import { hexOfBytes } from "./certificate.ts";

/** A CMS SignedData of one signer (RFC 5652 section 5), as far as it was read. Nothing in it is believed. */
export type SignedData = {
  readonly contentType: string;
  readonly content: Uint8Array;
  /** DER of what the bag holds, in its order, which means nothing. */
  readonly certificates: readonly Uint8Array[];
  readonly signer: SignerInfo;
};

export type SignerInfo = {
  readonly sid: SignerId;
  readonly digestAlgorithm: DerValue;
  /** What is signed: the attributes as a SET, not under the tag they travel with (RFC 5652 section 5.4). */
  readonly signedBytes: Uint8Array;
  /** The one value of each attribute by its name. */
  readonly attributes: ReadonlyMap<string, DerValue>;
  readonly algorithm: DerValue;
  readonly signature: Uint8Array;
};

/** Which certificate is the signer's. Hex. */
export type SignerId =
  | { readonly kind: "issuer"; readonly issuer: string; readonly serial: string }
  | { readonly kind: "key-id"; readonly keyId: string };

const SIGNED_DATA = "1.2.840.113549.1.7.2";
/** A chain of ten and its leaf. */
const MAX_CERTIFICATES = 11;

/** Reads a ContentInfo. Throws `InputError`. */
export function readSignedData(value: DerValue | undefined): SignedData {
  const [type, wrapped, ...more] = childrenOf(value, TAG.sequence);
  if (oidOf(type) !== SIGNED_DATA || more.length > 0) throw derError("no signed data");
  const [version, digests, encapsulated, ...rest] = childrenOf(onlyChild(wrapped, 0xa0), TAG.sequence);
  // RFC 5652 section 5.1: content that is not plain data makes it 3; 4 and 5 are of bags that are refused below.
  if (smallInteger(version) !== 3) throw derError("signed data not of version 3");
  expected(digests, TAG.set);
  const [contentType, content, ...other] = childrenOf(encapsulated, TAG.sequence);
  if (other.length > 0) throw derError("content of another form");
  const [bag, tail] = rest[0]?.tag === 0xa0 ? [rest[0], rest.slice(1)] : [undefined, rest];
  // Revocation lists (0xa1) may travel along; they are not read.
  const [signers, ...extra] = tail[0]?.tag === 0xa1 ? tail.slice(1) : tail;
  if (extra.length > 0) throw derError("signed data of another form");
  return {
    contentType: oidOf(contentType),
    content: expected(onlyChild(content, 0xa0), TAG.octetString).content,
    certificates: bag === undefined ? [] : readBag(bag),
    signer: readSigner(onlyChild(signers, TAG.set)),
  };
}

function readBag(bag: DerValue): readonly Uint8Array[] {
  const certificates = childrenOf(bag, 0xa0).map((each) => expected(each, TAG.sequence).bytes);
  if (certificates.length <= MAX_CERTIFICATES) return certificates;
  throw derError(`more than ${MAX_CERTIFICATES} certificates`);
}

function readSigner(value: DerValue): SignerInfo {
  const [version, sid, digestAlgorithm, attributes, algorithm, signature, ...rest] = childrenOf(value, TAG.sequence);
  const id = readSid(sid);
  // RFC 5652 section 5.3.
  if (smallInteger(version) !== (id.kind === "key-id" ? 3 : 1)) throw derError("a signer of another version");
  // Unsigned attributes (0xa1) may follow and prove nothing.
  if (rest.length > 1 || (rest[0] !== undefined && rest[0].tag !== 0xa1)) throw derError("a signer of another form");
  const signedBytes = Buffer.from(expected(attributes, 0xa0).bytes);
  signedBytes[0] = TAG.set;
  return {
    sid: id,
    digestAlgorithm: expected(digestAlgorithm, TAG.sequence),
    signedBytes,
    attributes: readAttributes(attributes),
    algorithm: expected(algorithm, TAG.sequence),
    signature: expected(signature, TAG.octetString).content,
  };
}

function readSid(value: DerValue | undefined): SignerId {
  if (value?.tag === 0x80) return { kind: "key-id", keyId: hexOfBytes(value.content) };
  const [issuer, serial, ...more] = childrenOf(value, TAG.sequence);
  if (more.length > 0) throw derError("a signer's name of another form");
  return {
    kind: "issuer",
    issuer: hexOfBytes(expected(issuer, TAG.sequence).bytes),
    serial: hexOfBytes(integerBytes(serial)),
  };
}

/** RFC 5652 section 5.3: no attribute twice; those that matter here have one value, and others are not looked at. */
function readAttributes(value: DerValue | undefined): ReadonlyMap<string, DerValue> {
  const found = new Map<string, DerValue>();
  for (const each of childrenOf(value, 0xa0)) {
    const [type, values, ...more] = childrenOf(each, TAG.sequence);
    const oid = oidOf(type);
    if (found.has(oid) || more.length > 0) throw derError(`the attribute ${oid} twice or of another form`);
    found.set(oid, onlyChild(values, TAG.set));
  }
  return found;
}
