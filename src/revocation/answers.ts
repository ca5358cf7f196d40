import type { Certificate } from "../crypto/certificate.ts";
import { digestOf } from "../crypto/digest-of.ts";
import { plainDescriptor } from "../domain/descriptor.ts";
import type { PortCode } from "../domain/errors.ts";
import type { Gap } from "../domain/gap.ts";
import { REVOCATION_LIST } from "../domain/media-types.ts";
import { quoted } from "../domain/quoted.ts";
import type { Document } from "../domain/subject.ts";

/** How a certificate's revocation is told. */
export type Method = "ocsp" | "crl";

const MEDIA_TYPES: Readonly<Record<Method, string>> = {
  ocsp: "application/ocsp-response",
  crl: REVOCATION_LIST,
};
/** sha256 of the certificate's DER. */
const CERTIFICATE = "dev.assay.revocation.certificate";
/** Where the answer was asked for, as the certificate or the list names it. */
const URL = "dev.assay.revocation.url";

/** An answer as evidence: the bytes, about which certificate, and whence. */
export function answerDocument(bytes: Uint8Array, method: Method, { certificate, url }: Question): Document {
  const annotations = { [CERTIFICATE]: digestOf(certificate.der), [URL]: url };
  return { descriptor: { ...plainDescriptor(MEDIA_TYPES[method], digestOf(bytes), bytes.length), annotations }, bytes };
}

/** The bytes that came for a certificate, by one method, from one of these addresses if they are given. */
export function answersAbout(
  documents: readonly Document[],
  method: Method,
  certificate: Certificate,
  urls?: readonly string[],
): readonly Uint8Array[] {
  const digest = digestOf(certificate.der);
  return documents
    .filter(({ descriptor: { mediaType, annotations } }) => {
      const url = annotations[URL];
      const isFromThere = urls === undefined || (url !== undefined && urls.includes(url));
      return mediaType === MEDIA_TYPES[method] && annotations[CERTIFICATE] === digest && isFromThere;
    })
    .map(({ bytes }) => bytes);
}

/** One certificate at one address. */
export type Question = { readonly certificate: Certificate; readonly url: string };

/** Each gap about a certificate begins so, by which its gaps are found again. */
function subjectOf(certificate: Certificate): string {
  return `the revocation of the certificate ${digestOf(certificate.der)} (serial ${certificate.serial})`;
}

export function gapAbout(certificate: Certificate, code: PortCode, detail: string, where?: string): Gap {
  const place = where === undefined ? "" : `, asked for at ${quoted(where, 200)}`;
  return { code, what: `${subjectOf(certificate)}${place}`, detail };
}

export function gapsAbout(gaps: readonly Gap[], certificate: Certificate): readonly Gap[] {
  const subject = subjectOf(certificate);
  return gaps.filter(({ what }) => what === subject || what.startsWith(`${subject},`));
}
