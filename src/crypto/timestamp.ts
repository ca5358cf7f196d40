import { hash } from "node:crypto";

import { InputError } from "../domain/errors.ts";
import type { Instant } from "../domain/instant.ts";
import { hexOfBytes, isIssuedBy, isSameCertificate, parseCertificate, type Certificate } from "./certificate.ts";
import { readSignedData, type SignedData, type SignerId } from "./cms.ts";
import { childrenOf, expected, oidOf, readDer, smallInteger, TAG, type DerValue } from "./der.ts";
import { hashOfContent, type Content } from "./hashed-bytes.ts";
import { hashAlgorithmOf, isSignedWith } from "./signature-algorithm.ts";
import { namesSigner, namesSignerByVersion2 } from "./signing-certificate.ts";
import { parseTimestampInfo, type TimestampInfo } from "./timestamp-info.ts";
import { verifyChain, type ChainCheck, type Issued } from "./x509.ts";

/** Whose timestamps count. */
export type TimestampAuthority = {
  /** The only certificate that may sign, where the trust root names one; else any below the root. */
  readonly leaf: Certificate | undefined;
  readonly intermediates: readonly Certificate[];
  readonly root: Certificate;
  /** The times that it may state, both inclusive. */
  readonly notBefore: Instant;
  readonly notAfter: Instant | undefined;
  /** Who tells whether one of these certificates issued another, if somebody remembers. */
  readonly issued?: Issued;
};

export type TimestampCheck =
  | {
      readonly kind: "proved";
      readonly at: Instant;
      /** By how much the time may be wrong, in milliseconds. */
      readonly accuracy: number;
      /** From the certificate that signed to the root. */
      readonly path: readonly Certificate[];
    }
  /** Not of one of these authorities: it says nothing, good or bad. */
  | { readonly kind: "unknown"; readonly detail: string }
  | { readonly kind: "invalid"; readonly detail: string };

/** As sigstore-go's limits; a token has one or two KiB, with its chain some more. */
const MAX_TOKEN = 64 * 1024;
/** A time that may be wrong by more proves too little. Authorities promise a second (RFC 3628 section 5). */
const MAX_ACCURACY = 60_000;

const TIMESTAMP_CONTENT = "1.2.840.113549.1.9.16.1.4";
const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";

/**
 * Whether one of the authorities states that one of `messages` existed at a time: a TimeStampResp of RFC 3161, as sigstore
 * carries it. A token that cannot be read is invalid, as nothing shows that it is a stranger's. Never throws.
 */
export function checkTimestamp(
  token: Uint8Array,
  messages: readonly Content[],
  authorities: readonly TimestampAuthority[],
): TimestampCheck {
  return checkRead(token, messages, authorities, readResponse);
}

/**
 * The same for a TimeStampToken by itself, as the Notary Project's envelopes carry it. Its signer must be named by version 2
 * of the signing-certificate attribute (trust-store-trust-policy specification, "Steps"). Never throws.
 */
export function checkTimestampToken(
  token: Uint8Array,
  message: Uint8Array,
  authorities: readonly TimestampAuthority[],
): TimestampCheck {
  return checkRead(token, [message], authorities, (bytes) => {
    const data = readToken(readDer(bytes));
    if (namesSignerByVersion2(data.signer.attributes)) return data;
    throw new InputError("signature", "it has no signing-certificate attribute of version 2");
  });
}

function checkRead(
  token: Uint8Array,
  messages: readonly Content[],
  authorities: readonly TimestampAuthority[],
  read: (bytes: Uint8Array) => SignedData,
): TimestampCheck {
  try {
    if (token.length > MAX_TOKEN) return invalid(`it is larger than ${MAX_TOKEN} bytes`);
    const data = read(token);
    const checks = authorities.map((authority) => checkAgainst(data, messages, authority));
    return (
      checks.find(({ kind }) => kind === "proved") ??
      checks.find(({ kind }) => kind === "invalid") ?? {
        kind: "unknown",
        detail: "it is of an authority not in the trust root",
      }
    );
  } catch (error) {
    if (error instanceof InputError) return invalid(error.message);
    throw error;
  }
}

function invalid(detail: string): TimestampCheck {
  return { kind: "invalid", detail };
}

/** TimeStampResp (RFC 3161 section 2.4.2). Throws `InputError`. */
function readResponse(bytes: Uint8Array): SignedData {
  const [status, token, ...more] = childrenOf(readDer(bytes), TAG.sequence);
  const granted = smallInteger(childrenOf(status, TAG.sequence)[0]);
  if (granted !== 0) throw new InputError("signature", `the timestamp was not granted (status ${granted})`);
  if (more.length > 0) throw new InputError("signature", "the timestamp response has unknown parts");
  return readToken(token);
}

function readToken(token: DerValue | undefined): SignedData {
  const data = readSignedData(token);
  if (data.contentType === TIMESTAMP_CONTENT) return data;
  throw new InputError("signature", `the token is signed data of the type ${data.contentType}, not a timestamp`);
}

/**
 * The signer is whom the signer info names, wherever that certificate lies in the bag: every check is made of that one
 * (CVE-2026-39984). A bag in which two certificates have that name is refused, unless the trust root itself has it.
 */
function checkAgainst(data: SignedData, messages: readonly Content[], authority: TimestampAuthority): TimestampCheck {
  const embedded = data.certificates.map(readCertificate).filter((each) => each !== undefined);
  const { leaf } = authority;
  const known = leaf !== undefined && isNamed(leaf, data.signer.sid) ? [leaf] : embedded;
  const [signer, ...others] = known.filter((each) => isNamed(each, data.signer.sid));
  if (signer === undefined) return { kind: "unknown", detail: "its signer is not of this authority" };
  if (others.some((each) => !isSameCertificate(each, signer)))
    return invalid("two certificates have its signer's name");
  return checkSigner(data, messages, { signer, embedded, authority });
}

/** A bag may hold what cannot be read here; such a certificate can be neither signer nor issuer. */
function readCertificate(der: Uint8Array): Certificate | undefined {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function isNamed(certificate: Certificate, sid: SignerId): boolean {
  switch (sid.kind) {
    case "issuer":
      return certificate.issuer === sid.issuer && certificate.serial === sid.serial;
    case "key-id":
      return certificate.extensions.subjectKeyId === sid.keyId;
  }
}

type Candidate = {
  readonly signer: Certificate;
  readonly embedded: readonly Certificate[];
  readonly authority: TimestampAuthority;
};

function checkSigner(data: SignedData, messages: readonly Content[], candidate: Candidate): TimestampCheck {
  const { signer, authority } = candidate;
  const claimsToBeOurs = isOf(signer, authority);
  const problem = signatureProblem(data, signer);
  if (problem !== undefined) return claimsToBeOurs ? invalid(problem) : { kind: "unknown", detail: problem };
  const info = parseTimestampInfo(data.content);
  const chain = chainOf(candidate, info);
  if (chain.kind === "untrusted") return claimsToBeOurs ? invalid(chain.detail) : { ...chain, kind: "unknown" };
  const wrong = imprintProblem(info, messages) ?? purposeProblem(signer) ?? timeProblem(info, authority);
  if (wrong !== undefined) return invalid(wrong);
  return { kind: "proved", at: info.at, accuracy: info.accuracy, path: chain.path };
}

/** Whether one of the authority's own certificates is it or issued it: then a fault in its token is the authority's. */
function isOf(signer: Certificate, { leaf, intermediates, root, issued = isIssuedBy }: TimestampAuthority): boolean {
  if (leaf !== undefined && isSameCertificate(signer, leaf)) return true;
  return [...intermediates, root].some((issuer) => issued(signer, issuer));
}

/** RFC 5652 section 5.4 and 5.6, RFC 5816 section 2.2.1. */
function signatureProblem({ signer: info, content }: SignedData, signer: Certificate): string | undefined {
  const digest = hashAlgorithmOf(info.digestAlgorithm);
  if (digest === undefined) return "its digest algorithm is not allowed: use SHA-256, SHA-384 or SHA-512";
  const signed = { message: info.signedBytes, signature: info.signature };
  if (!isSignedWith(info.algorithm, signer.key, signed, digest)) return "its signature is not that of its signer";
  const [type, value] = [info.attributes.get(CONTENT_TYPE), info.attributes.get(MESSAGE_DIGEST)];
  if (oidOf(type) !== TIMESTAMP_CONTENT) return "its signed content type is not that of a timestamp";
  if (hexOfBytes(expected(value, TAG.octetString).content) !== hash(digest, content, "hex")) {
    return "its signed digest is not that of its content";
  }
  return namesSigner(info.attributes, signer)
    ? undefined
    : "its signing-certificate attribute does not name its signer";
}

function chainOf({ signer, embedded, authority }: Candidate, { at }: TimestampInfo): ChainCheck {
  if (authority.leaf !== undefined && !isSameCertificate(signer, authority.leaf)) {
    return { kind: "untrusted", detail: "its signer is not the certificate that the trust root names" };
  }
  const others = embedded.filter(
    (each) => !isSameCertificate(each, signer) && !isSameCertificate(each, authority.root),
  );
  // Where the trust root has the whole chain, a stranger's certificates are not needed.
  const intermediates =
    authority.leaf === undefined ? [...authority.intermediates, ...others] : authority.intermediates;
  const { root, issued } = authority;
  return verifyChain(signer, { intermediates, roots: [root], issued }, at, TIME_STAMPING);
}

function imprintProblem({ hash: algorithm, imprint }: TimestampInfo, messages: readonly Content[]): string | undefined {
  if (algorithm === undefined) return "its imprint's hash algorithm is not allowed: use SHA-256, SHA-384 or SHA-512";
  const hex = hexOfBytes(imprint);
  return messages.some((message) => hex === hashOfContent(message, algorithm))
    ? undefined
    : "it is over something else than the signature";
}

/** RFC 3161 section 2.3: critical, and nothing else. */
function purposeProblem({ extensions: { isAuthority, keyUsage, purposes } }: Certificate): string | undefined {
  const sole = purposes?.oids.length === 1 && purposes.oids[0] === TIME_STAMPING;
  if (!sole || !purposes.critical) return "its signer's certificate is not for timestamps alone (critical key purpose)";
  if (keyUsage !== undefined && !keyUsage.digitalSignature) return "its signer's certificate may not sign (key usage)";
  return isAuthority ? "its signer's certificate is one of an authority for certificates" : undefined;
}

function timeProblem({ at, accuracy }: TimestampInfo, { notBefore, notAfter }: TimestampAuthority): string | undefined {
  if (accuracy > MAX_ACCURACY) return `its time may be wrong by ${accuracy} ms, more than the ${MAX_ACCURACY} allowed`;
  const inside = at >= notBefore && (notAfter === undefined || at <= notAfter);
  return inside ? undefined : `its time ${at} is outside the times at which the trust root trusts the authority`;
}
