import type { Instant } from "../domain/instant.ts";
import {
  childrenOf,
  derError,
  expected,
  integerBytes,
  octetsOfBits,
  readDer,
  TAG,
  timeOf,
  type DerValue,
} from "./der.ts";
import { readExtensions, type Extensions } from "./certificate-extensions.ts";
import { publicKeyOfSpki, type PublicKey } from "./public-key.ts";
import { isSignedWith } from "./signature-algorithm.ts";

/** An X.509 version 3 certificate (RFC 5280). Reading it says nothing of whether it is to be trusted. */
export type Certificate = {
  readonly der: Uint8Array;
  /** The signed part. */
  readonly tbs: Uint8Array;
  /** The integer's bytes in hex. */
  readonly serial: string;
  /** Names as DER in hex: equal names are those of equal bytes, as every authority writes its own name. */
  readonly issuer: string;
  readonly subject: string;
  /** Both inclusive. */
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly key: PublicKey;
  readonly algorithm: DerValue;
  readonly signature: Uint8Array;
  readonly extensions: Extensions;
};

/** A certificate of a chain has some KiB. */
const MAX_CERTIFICATE = 32 * 1024;
const VERSION_3 = "020102";

export function hexOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Throws `InputError` for bytes that are no certificate of version 3, and for keys too weak to be used. */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_CERTIFICATE) throw derError(`a certificate of more than ${MAX_CERTIFICATE} bytes`);
  const [tbs, algorithm, signature, ...more] = childrenOf(readDer(der), TAG.sequence);
  if (more.length > 0) throw derError("no certificate");
  const { inner, ...body } = readBody(tbs);
  // RFC 5280 section 4.1.1.2: both name one algorithm, else the signature would be checked by one that was not signed.
  const outer = expected(algorithm, TAG.sequence);
  if (hexOfBytes(inner.bytes) !== hexOfBytes(outer.bytes)) throw derError("a certificate of two algorithms");
  return { der, algorithm: outer, signature: octetsOfBits(signature), ...body };
}

type Body = Omit<Certificate, "der" | "algorithm" | "signature"> & { readonly inner: DerValue };

function readBody(tbs: DerValue | undefined): Body {
  const [version, serial, inner, issuer, validity, subject, spki, ...rest] = childrenOf(tbs, TAG.sequence);
  if (version?.tag !== 0xa0 || hexOfBytes(version.content) !== VERSION_3)
    throw derError("a certificate not of version 3");
  const [notBefore, notAfter] = childrenOf(validity, TAG.sequence);
  // Unique identifiers (0x81, 0x82) are allowed before the extensions and mean nothing to anyone.
  const extensions = rest.find((each) => each.tag === 0xa3);
  if (rest.at(-1) !== extensions) throw derError("a certificate with unknown parts");
  return {
    tbs: expected(tbs, TAG.sequence).bytes,
    inner: expected(inner, TAG.sequence),
    serial: hexOfBytes(integerBytes(serial)),
    issuer: hexOfBytes(expected(issuer, TAG.sequence).bytes),
    subject: hexOfBytes(expected(subject, TAG.sequence).bytes),
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    key: publicKeyOfSpki(expected(spki, TAG.sequence).bytes, "the certificate's key"),
    extensions: readExtensions(extensions),
  };
}

export function isSameCertificate(a: Certificate, b: Certificate): boolean {
  return Buffer.compare(a.der, b.der) === 0;
}

/** Whether the issuer's name and key are those under the certificate; not whether it may issue any. */
export function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  return (
    certificate.issuer === issuer.subject &&
    isSignedWith(certificate.algorithm, issuer.key, { message: certificate.tbs, signature: certificate.signature })
  );
}
