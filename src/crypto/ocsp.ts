import { hash } from "node:crypto";

import { InputError } from "../domain/errors.ts";
import type { Instant } from "../domain/instant.ts";
import { readExtensionList, type Extension } from "./certificate-extensions.ts";
import { isIdOf, publicKeyBits } from "./certificate-id.ts";
import { hexOfBytes, isIssuedBy, parseCertificate, type Certificate } from "./certificate.ts";
import {
  childrenOf,
  derError,
  expected,
  generalizedTimeOf,
  octetsOfBits,
  oidOf,
  onlyChild,
  readDer,
  smallInteger,
  TAG,
  type DerValue,
} from "./der.ts";
import { reasonOf, refuseCritical, revocationOf, type Revocation } from "./revocation.ts";
import { isSignedWith } from "./signature-algorithm.ts";

/** What a responder says of one certificate. */
export type OcspAnswer = {
  readonly status: { readonly kind: "good" } | { readonly kind: "unknown" } | Revoked;
  readonly thisUpdate: Instant;
  /** Absent where newer answers are to be had at any time. */
  readonly nextUpdate: Instant | undefined;
  /** Who signed in the issuer's place. Whether it was itself revoked is not known here. */
  readonly delegate: Certificate | undefined;
};

type Revoked = { readonly kind: "revoked"; readonly revocation: Revocation };

export type OcspCheck =
  | { readonly kind: "proved"; readonly answer: OcspAnswer }
  /** An error, which nobody signs, in the place of an answer. */
  | { readonly kind: "declined"; readonly status: OcspError }
  | { readonly kind: "invalid"; readonly detail: string };

/** By their numbers (RFC 6960 section 4.2.1); 4 is not used. */
const STATUSES = [
  "successful",
  "malformedRequest",
  "internalError",
  "tryLater",
  "",
  "sigRequired",
  "unauthorized",
] as const;
export type OcspError = Exclude<(typeof STATUSES)[number], "" | "successful">;

/** An answer of one certificate has one or two KiB, and its signer's certificate some more. */
export const MAX_OCSP_RESPONSE = 64 * 1024;
/** The signer's, and perhaps the chain above it. */
const MAX_CERTIFICATES = 8;

const BASIC_RESPONSE = "1.3.6.1.5.5.7.48.1.1";
const OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";
/** Nonce, CRL reference, archive cutoff and extended revoke (RFC 6960 section 4.4) change nothing of an answer. */
const HARMLESS = ["1.3.6.1.5.5.7.48.1.2", "1.3.6.1.5.5.7.48.1.3", "1.3.6.1.5.5.7.48.1.6", "1.3.6.1.5.5.7.48.1.9"];

/**
 * What an OCSPResponse (RFC 6960) says of a certificate, signed by the issuer or by a certificate that the issuer itself
 * gave for that alone. A nonce is not asked for. Compares no time with now. Never throws.
 */
export function checkOcspResponse(bytes: Uint8Array, certificate: Certificate, issuer: Certificate): OcspCheck {
  try {
    if (bytes.length > MAX_OCSP_RESPONSE)
      throw new InputError("signature", `it is larger than ${MAX_OCSP_RESPONSE} bytes`);
    const [status, body, ...more] = childrenOf(readDer(bytes), TAG.sequence);
    const name = STATUSES[smallInteger(status, TAG.enumerated)];
    if (name === undefined || name === "" || more.length > 0) throw derError("no OCSP response");
    if (name !== "successful") return { kind: "declined", status: name };
    return { kind: "proved", answer: checkBasicResponse(readBasicResponse(body), certificate, issuer) };
  } catch (error) {
    if (error instanceof InputError) return { kind: "invalid", detail: error.message };
    throw error;
  }
}

/** BasicOCSPResponse, of which nothing is believed yet. */
type BasicResponse = {
  readonly data: DerValue;
  readonly algorithm: DerValue | undefined;
  readonly signature: Uint8Array;
  readonly certificates: readonly Certificate[];
};

function readBasicResponse(body: DerValue | undefined): BasicResponse {
  const [type, response, ...rest] = childrenOf(onlyChild(body, 0xa0), TAG.sequence);
  if (oidOf(type) !== BASIC_RESPONSE || rest.length > 0) throw derError("an OCSP response of an unknown type");
  const basic = readDer(expected(response, TAG.octetString).content);
  const [data, algorithm, signature, bag, ...more] = childrenOf(basic, TAG.sequence);
  if (more.length > 0) throw derError("an OCSP response of another form");
  const certificates = bag === undefined ? [] : childrenOf(onlyChild(bag, 0xa0), TAG.sequence);
  if (certificates.length > MAX_CERTIFICATES) throw derError(`more than ${MAX_CERTIFICATES} certificates`);
  return {
    data: expected(data, TAG.sequence),
    algorithm,
    signature: octetsOfBits(signature),
    certificates: certificates.map(readCertificate).filter((each) => each !== undefined),
  };
}

/** What cannot be read here may lie in the bag, and can be no signer. */
function readCertificate({ bytes }: DerValue): Certificate | undefined {
  try {
    return parseCertificate(bytes);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The signature first: of what is not signed only the responder's name is read. */
function checkBasicResponse(response: BasicResponse, certificate: Certificate, issuer: Certificate): OcspAnswer {
  const parts = childrenOf(response.data, TAG.sequence);
  const [first] = parts;
  // Version 1 is the default, and some write it all the same.
  if (first?.tag === 0xa0 && smallInteger(onlyChild(first, 0xa0)) !== 0)
    throw derError("an OCSP response not of version 1");
  const [responder, producedAt, responses, extensions, ...more] = first?.tag === 0xa0 ? parts.slice(1) : parts;
  const signer = signerOf(response, responder, issuer);
  const at = generalizedTimeOf(producedAt);
  if (more.length > 0) throw derError("OCSP response data of another form");
  refuseCritical(readOptional(extensions), HARMLESS);
  const delegate = signer === issuer ? undefined : signer;
  if (delegate !== undefined) refuseDelegate(delegate, issuer, at);
  const about = childrenOf(responses, TAG.sequence).filter((each) =>
    isIdOf(childrenOf(each, TAG.sequence)[0], certificate, issuer),
  );
  const [single] = about;
  if (single === undefined) throw new InputError("signature", "the OCSP response is about another certificate");
  if (about.length > 1) throw new InputError("signature", "the OCSP response speaks of the certificate more than once");
  return { ...readSingle(single), delegate };
}

/** Whoever the response names and whose signature it is: the issuer, or a certificate that comes with it. */
function signerOf(response: BasicResponse, responder: DerValue | undefined, issuer: Certificate): Certificate {
  const named = [issuer, ...response.certificates].filter((each) => isResponder(responder, each));
  if (named.length === 0)
    throw new InputError("signature", "the OCSP responder's certificate does not come with its response");
  const signed = { message: response.data.bytes, signature: response.signature };
  const signer = named.find((each) => isSignedWith(response.algorithm, each.key, signed));
  if (signer === undefined) throw new InputError("signature", "the OCSP response's signature is not its responder's");
  return signer;
}

function isResponder(id: DerValue | undefined, certificate: Certificate): boolean {
  if (id?.tag === 0xa1) return hexOfBytes(onlyChild(id, 0xa1).bytes) === certificate.subject;
  const keyHash = expected(onlyChild(id, 0xa2), TAG.octetString).content;
  return hexOfBytes(keyHash) === hash("sha1", publicKeyBits(certificate), "hex");
}

function refuseDelegate(delegate: Certificate, issuer: Certificate, at: Instant): void {
  const flaw = flawOfDelegate(delegate, issuer, at);
  if (flaw !== undefined) throw new InputError("signature", `the OCSP responder's certificate ${flaw}`);
}

/** RFC 6960 section 4.2.2.2: given for this by the very issuer, which anyExtendedKeyUsage does not say. */
function flawOfDelegate(delegate: Certificate, issuer: Certificate, at: Instant): string | undefined {
  const { keyUsage, purposes, refused } = delegate.extensions;
  if (!isIssuedBy(delegate, issuer)) return "is not of the certificate's issuer";
  if (purposes?.oids.includes(OCSP_SIGNING) !== true) return "is not for OCSP (extended key usage)";
  if (keyUsage !== undefined && !keyUsage.digitalSignature) return "may not sign (key usage)";
  if (at < delegate.notBefore || at > delegate.notAfter) return `was not valid at ${at}`;
  return refused && `demands the extension ${refused}, which is not known`;
}

function readSingle(single: DerValue): Omit<OcspAnswer, "delegate"> {
  const [, status, thisUpdate, ...rest] = childrenOf(single, TAG.sequence);
  const next = rest[0]?.tag === 0xa0 ? rest[0] : undefined;
  const [extensions, ...more] = next === undefined ? rest : rest.slice(1);
  if (more.length > 0) throw derError("an OCSP answer of another form");
  const from = generalizedTimeOf(thisUpdate);
  const until = next && generalizedTimeOf(onlyChild(next, 0xa0));
  if (until !== undefined && until < from) throw derError("an OCSP answer that ends before it begins");
  return { status: readStatus(status, readOptional(extensions)), thisUpdate: from, nextUpdate: until };
}

function readOptional(extensions: DerValue | undefined): ReadonlyMap<string, Extension> {
  return extensions === undefined ? new Map() : readExtensionList(onlyChild(extensions, 0xa1));
}

function readStatus(status: DerValue | undefined, extensions: ReadonlyMap<string, Extension>): OcspAnswer["status"] {
  if (status?.tag === 0xa1) {
    const [at, reason, ...more] = childrenOf(status, 0xa1);
    if (more.length > 0) throw derError("an OCSP revocation of another form");
    const stated = reason && reasonOf(onlyChild(reason, 0xa0));
    return { kind: "revoked", revocation: revocationOf(generalizedTimeOf(at), withoutHarmless(extensions), stated) };
  }
  refuseCritical(extensions, HARMLESS);
  const kind = status?.tag === 0x80 ? "good" : "unknown";
  if (expected(status, kind === "good" ? 0x80 : 0x82).content.length > 0)
    throw derError("an OCSP status of another form");
  return { kind };
}

function withoutHarmless(extensions: ReadonlyMap<string, Extension>): ReadonlyMap<string, Extension> {
  return new Map([...extensions].filter(([oid]) => !HARMLESS.includes(oid)));
}
