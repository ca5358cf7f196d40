import type { Revocation } from "../crypto/revocation.ts";
import type { PortCode } from "../domain/errors.ts";
import { earliest, latest, type Instant } from "../domain/instant.ts";

/** What is known of one certificate, or of all of a chain. */
export type Status =
  /** `until` is when newer answers must be asked for; `undefined` where nothing is ever told. */
  | { readonly kind: "good"; readonly until: Instant | undefined; readonly notes: readonly string[] }
  | { readonly kind: "revoked"; readonly detail: string }
  | { readonly kind: "unknown"; readonly code: PortCode; readonly detail: string };

export function unknown(code: PortCode, detail: string): Status {
  return { kind: "unknown", code, detail };
}

/** Several say something of the same: who says that it is revoked is believed, else who says that it is not, longest. */
export function anyOf(statuses: readonly Status[], nobody: Status): Status {
  const good = statuses.filter((status) => status.kind === "good");
  return (
    statuses.find(({ kind }) => kind === "revoked") ??
    good.find(({ until }) => until === latest(...good.map((each) => each.until))) ??
    allUnknown(statuses) ??
    nobody
  );
}

/** Each says something of a part, and nothing is known unless all is. */
export function allOf(statuses: readonly Status[]): Status {
  const good = statuses.filter((status) => status.kind === "good");
  return (
    statuses.find(({ kind }) => kind === "revoked") ??
    allUnknown(statuses) ?? {
      kind: "good",
      until: earliest(...good.map(({ until }) => until)),
      notes: good.flatMap(({ notes }) => notes),
    }
  );
}

function allUnknown(statuses: readonly Status[]): Status | undefined {
  const doubts = statuses.filter((status) => status.kind === "unknown");
  const [first] = doubts;
  return first && unknown(first.code, [...new Set(doubts.map(({ detail }) => detail))].join("; "));
}

/**
 * What a revocation means for what was signed at a proved time. The Notary Project compares that time with the invalidity
 * date alone (trust-store-trust-policy, "Certificate Revocation Evaluation"): without one, or without a proved time, what
 * the certificate signed does not count, whenever and for whatever reason it was revoked.
 */
export function statusOfRevoked(revocation: Revocation, signedAt: Instant | undefined, until: Instant): Status {
  const { at, reason, invalidAt } = revocation;
  const since = invalidAt === undefined ? "" : `, its key not to be trusted from ${invalidAt} on`;
  const detail = `it was revoked at ${at} (${reason})${since}`;
  if (signedAt === undefined || invalidAt === undefined || signedAt >= invalidAt) return { kind: "revoked", detail };
  return { kind: "good", until, notes: [`${detail}, which is after it signed at ${signedAt}`] };
}
