import type { Certificate } from "../crypto/certificate.ts";
import { checkOcspResponse, type OcspError } from "../crypto/ocsp.ts";
import { revocationPointsOf } from "../crypto/revocation-points.ts";
import type { PortCode } from "../domain/errors.ts";
import { earliest } from "../domain/instant.ts";
import { answersAbout } from "./answers.ts";
import type { ChainLink } from "./chain-link.ts";
import { listStatus, type Material } from "./list-status.ts";
import { allOf, anyOf, statusOfRevoked, unknown, type Status } from "./status.ts";

/** The responder's authority vouches for it until it ends (RFC 6960 section 4.2.2.2.1). */
const NO_CHECK = "1.3.6.1.5.5.7.48.1.5";

/** What OCSP responders say. Throws `InputError` for a responder's certificate whose points cannot be read. */
export function responderStatus(link: ChainLink, material: Material): Status {
  const answers = answersAbout(material.documents, "ocsp", link.certificate);
  const statuses = answers.map((bytes) => answerStatus(link, bytes, material));
  return anyOf(statuses, unknown("not-found", "no answer of an OCSP responder is at hand"));
}

function answerStatus(link: ChainLink, bytes: Uint8Array, material: Material): Status {
  const check = checkOcspResponse(bytes, link.certificate, link.issuer);
  if (check.kind === "invalid") return unknown("malformed", check.detail);
  if (check.kind === "declined") return unknown(...declined(check.status));
  const { status, nextUpdate, delegate } = check.answer;
  if (status.kind === "unknown") return unknown("not-found", "the OCSP responder does not know the certificate");
  if (nextUpdate === undefined) return unknown("unsupported", "the OCSP response does not say until when it holds");
  const signer =
    delegate === undefined ? undefined : delegateStatus({ certificate: delegate, issuer: link.issuer }, material);
  if (signer !== undefined && signer.kind !== "good") {
    return unknown("unsupported", `the OCSP responder's own certificate may be revoked: ${signer.detail}`);
  }
  const until = earliest(nextUpdate, signer?.until) ?? nextUpdate;
  if (status.kind === "revoked") return statusOfRevoked(status.revocation, material.signedAt, until);
  return { kind: "good", until, notes: [] };
}

const ERRORS: Readonly<Record<OcspError, PortCode>> = {
  malformedRequest: "unsupported",
  internalError: "server-error",
  tryLater: "server-error",
  sigRequired: "unauthorized",
  unauthorized: "not-found",
};

/** What an OCSP error means; `unauthorized` is said of certificates that the responder has no answer for (RFC 5019). */
export function declined(status: OcspError): readonly [PortCode, string] {
  return [ERRORS[status], `the OCSP responder answered "${status}"`];
}

/** Whether a responder's certificate must itself be looked up in lists (Notary Project, "Revocation Checking with OCSP"). */
export function isCheckedByLists({ extensions }: Certificate): boolean {
  return !extensions.all.has(NO_CHECK);
}

/** Being asked of by OCSP as well, it would vouch for itself: only lists can tell. */
function delegateStatus(link: ChainLink, material: Material): Status {
  const { certificate } = link;
  const own: Status = { kind: "good", until: certificate.notAfter, notes: [] };
  if (!isCheckedByLists(certificate)) return own;
  const { ocsp, crls } = revocationPointsOf(certificate);
  if (crls.length > 0) return allOf([own, listStatus(link, { ...material, signedAt: undefined })]);
  return ocsp === undefined ? own : unknown("unsupported", "it names no revocation list");
}
