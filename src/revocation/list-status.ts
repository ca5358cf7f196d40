import { isInScope } from "../crypto/crl-scope.ts";
import { checkCrl, type RevocationList } from "../crypto/crl.ts";
import { revocationPointsOf, type RevocationPoint } from "../crypto/revocation-points.ts";
import type { Revocation } from "../crypto/revocation.ts";
import { earliest, type Instant } from "../domain/instant.ts";
import type { Document } from "../domain/subject.ts";
import { answersAbout } from "./answers.ts";
import type { ChainLink } from "./chain-link.ts";
import { allOf, anyOf, statusOfRevoked, unknown, type Status } from "./status.ts";

/** What is at hand to judge by. */
export type Material = { readonly documents: readonly Document[]; readonly signedAt: Instant | undefined };

/**
 * What the revocation lists say: each point that the certificate names must have been answered by a list of its issuer
 * that speaks of it. Throws `InputError` for a certificate whose points cannot be read.
 */
export function listStatus(link: ChainLink, material: Material): Status {
  return allOf(revocationPointsOf(link.certificate).crls.map((point) => pointStatus(link, point, material)));
}

function pointStatus(link: ChainLink, point: RevocationPoint, material: Material): Status {
  if (point.refused !== undefined) return unknown("unsupported", point.refused);
  const lists = answersAbout(material.documents, "crl", link.certificate, point.urls);
  const statuses = lists.map((bytes) => wholeListStatus(link, point, { bytes, ...material }));
  return anyOf(statuses, unknown("not-found", "no revocation list is at hand"));
}

function wholeListStatus(
  link: ChainLink,
  point: RevocationPoint,
  { bytes, documents, signedAt }: Material & { readonly bytes: Uint8Array },
): Status {
  const check = checkCrl(bytes, link.certificate, link.issuer);
  if (check.kind === "invalid") return unknown("malformed", check.detail);
  const { list } = check;
  const flaw = flawOfList(link, point, list);
  if (flaw !== undefined) return unknown("unsupported", flaw);
  if (list.freshest.length === 0) return statusOf(standing(list.revocations, []), list.nextUpdate, signedAt);
  const urls = list.freshest.flatMap((each) => each.urls);
  const statuses = answersAbout(documents, "crl", link.certificate, urls).map((changes) =>
    changedListStatus(link, list, { bytes: changes, signedAt }),
  );
  return anyOf(statuses, unknown("not-found", "the changes since the revocation list (delta CRL) are not at hand"));
}

/** Why a list that its issuer signed tells nothing of a certificate. */
export function flawOfList(link: ChainLink, point: RevocationPoint, list: RevocationList): string | undefined {
  if (list.changesSince !== undefined) return "changes (delta CRL) were found where a whole revocation list belongs";
  if (!isInScope(link.certificate, point, list.scope)) return "the revocation list speaks of other certificates";
  // As the Notary Project's library: the changes are looked for where the list names them.
  const alone = list.freshest.length === 0 && revocationPointsOf(link.certificate).namesDelta;
  if (alone) return "the certificate names changes to its revocation list (freshest CRL) and the list does not";
  return list.freshest.find(({ refused }) => refused !== undefined)?.refused;
}

function changedListStatus(
  link: ChainLink,
  list: RevocationList,
  { bytes, signedAt }: { readonly bytes: Uint8Array; readonly signedAt: Instant | undefined },
): Status {
  const check = checkCrl(bytes, link.certificate, link.issuer);
  if (check.kind === "invalid") return unknown("malformed", `of the changes (delta CRL): ${check.detail}`);
  const flaw = flawOfChanges(list, check.list);
  if (flaw !== undefined) return unknown("malformed", flaw);
  const until = earliest(list.nextUpdate, check.list.nextUpdate) ?? list.nextUpdate;
  return statusOf(standing(list.revocations, check.list.revocations), until, signedAt);
}

/** RFC 5280 section 5.2.4: of the same scope, made for this list or one before it, and not older than it. */
export function flawOfChanges(list: RevocationList, changes: RevocationList): string | undefined {
  if (changes.changesSince === undefined) return "a whole revocation list was found where changes (delta CRL) belong";
  if (list.number === undefined || changes.number === undefined) return "a revocation list with changes has no number";
  if (changes.scope?.id !== list.scope?.id) return "the changes (delta CRL) are of other certificates than the list";
  if (changes.changesSince > list.number) return "the changes (delta CRL) are since a newer revocation list";
  return changes.number < list.number ? "the changes (delta CRL) are older than the revocation list" : undefined;
}

/** The entries in force. Only a hold can be taken back (RFC 5280 section 5.3.1), and not if anything else is said. */
function standing(before: readonly Revocation[], changes: readonly Revocation[]): readonly Revocation[] {
  const added = changes.filter(({ reason }) => reason !== "removeFromCRL");
  const isTakenBack = changes.length > added.length;
  return [...before.filter(({ reason }) => !isTakenBack || reason !== "certificateHold"), ...added];
}

function statusOf(revocations: readonly Revocation[], until: Instant, signedAt: Instant | undefined): Status {
  if (revocations.length === 0) return { kind: "good", until, notes: [] };
  return allOf(revocations.map((each) => statusOfRevoked(each, signedAt, until)));
}
