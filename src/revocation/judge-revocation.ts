import type { Certificate } from "../crypto/certificate.ts";
import type { Gap } from "../domain/gap.ts";
import type { Instant } from "../domain/instant.ts";
import type { Document } from "../domain/subject.ts";
import { gapAbout, gapsAbout } from "./answers.ts";
import { certificateStatus } from "./certificate-status.ts";
import { linksOf, type ChainLink } from "./chain-link.ts";
import { allOf, type Status } from "./status.ts";

/** What a chain is relied upon for, and when it signed, where a timestamp proves that. */
export type RevocationUse = {
  readonly purpose: "code-signing" | "timestamping";
  readonly signedAt: Instant | undefined;
};

export type RevocationJudgement =
  /** Until the earliest of the answers' ends; `undefined` if no certificate of the chain can be revoked. */
  | { readonly kind: "good"; readonly until: Instant | undefined; readonly notes: readonly string[] }
  | { readonly kind: "revoked"; readonly detail: string }
  | { readonly kind: "unknown"; readonly gap: Gap };

/** Leaf first; whoever signed the message is named by what it is for. */
const LEAF: Readonly<Record<RevocationUse["purpose"], string>> = {
  "code-signing": "the signer's certificate",
  timestamping: "the timestamp authority's certificate",
};

/**
 * Whether a certificate of a chain, from the leaf to a root that the operator configured, is revoked, by the answers that
 * `collectRevocation` brought. A function of bytes alone: it compares nothing with now, so answers that ended are "good"
 * until an instant that has passed. Without a proof for every certificate but the root it is unknown. A root is its own
 * authority and is revoked by taking it out of the store. Never throws.
 */
export function judgeRevocation(
  chain: readonly Certificate[],
  documents: readonly Document[],
  gaps: readonly Gap[],
  { purpose, signedAt }: RevocationUse,
): RevocationJudgement {
  const links = linksOf(chain);
  if (links === undefined) return { kind: "unknown", gap: notAChain };
  // What a timestamp authority states cannot rest on a time that itself must state.
  const material = { documents, signedAt: purpose === "timestamping" ? undefined : signedAt };
  const statuses = links.map((link) => ({ link, status: certificateStatus(link, material) }));
  const whole = allOf(statuses.map(({ status }) => status));
  if (whole.kind === "good") return whole;
  const first = statuses.find(({ status }) => status.kind === whole.kind);
  if (first === undefined) return { kind: "unknown", gap: notAChain };
  return first.status.kind === "revoked"
    ? {
        kind: "revoked",
        detail: `${nameOf(first.link, chain, purpose)} cannot be relied upon: ${first.status.detail}. Sign anew with one that is not revoked`,
      }
    : { kind: "unknown", gap: gapOf(first.link, first.status, gaps) };
}

const notAChain: Gap = {
  code: "malformed",
  what: "the revocation of a certificate chain",
  detail: "each certificate must be issued by the next one",
};

function nameOf({ certificate }: ChainLink, chain: readonly Certificate[], purpose: RevocationUse["purpose"]): string {
  const name = certificate === chain[0] ? LEAF[purpose] : `an authority above ${LEAF[purpose]}`;
  return `${name} (serial number ${certificate.serial})`;
}

/** What could not be fetched says more than that it is not there. */
function gapOf({ certificate }: ChainLink, status: Status, gaps: readonly Gap[]): Gap {
  const [first, ...more] = gapsAbout(gaps, certificate);
  if (first !== undefined) return { ...first, detail: [first, ...more].map(({ detail }) => detail).join("; ") };
  return status.kind === "unknown"
    ? gapAbout(certificate, status.code, status.detail)
    : gapAbout(certificate, "malformed", "it is not known");
}
