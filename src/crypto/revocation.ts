import type { Instant } from "../domain/instant.ts";
import type { Extension } from "./certificate-extensions.ts";
import { derError, generalizedTimeOf, readDer, smallInteger, TAG, type DerValue } from "./der.ts";

/** In the order of their numbers (RFC 5280 section 5.3.1); 7 is not used. */
const REASONS = [
  "unspecified",
  "keyCompromise",
  "cACompromise",
  "affiliationChanged",
  "superseded",
  "cessationOfOperation",
  "certificateHold",
  undefined,
  "removeFromCRL",
  "privilegeWithdrawn",
  "aACompromise",
] as const;
export type RevocationReason = Exclude<(typeof REASONS)[number], undefined>;

/** That a certificate was revoked, as its authority says. */
export type Revocation = {
  readonly at: Instant;
  readonly reason: RevocationReason;
  /** Since when the key must be taken to be another's, where that is said. */
  readonly invalidAt: Instant | undefined;
};

const REASON = "2.5.29.21";
const INVALIDITY_DATE = "2.5.29.24";

export function reasonOf(value: DerValue | undefined): RevocationReason {
  const reason = REASONS[smallInteger(value, TAG.enumerated)];
  if (reason === undefined) throw derError("a reason of revocation that is none");
  return reason;
}

/** An entry of a list or a revoked answer: its extensions say why, unless the answer itself did. Throws `InputError`. */
export function revocationOf(
  at: Instant,
  extensions: ReadonlyMap<string, Extension>,
  stated?: RevocationReason,
): Revocation {
  refuseCritical(extensions, [REASON, INVALIDITY_DATE]);
  const [reason, date] = [extensions.get(REASON), extensions.get(INVALIDITY_DATE)];
  return {
    at,
    reason: stated ?? (reason === undefined ? "unspecified" : reasonOf(readDer(reason.value))),
    invalidAt: date && generalizedTimeOf(readDer(date.value)),
  };
}

/** RFC 5280 sections 5.2 and 5.3: what must be understood and is not makes the whole unusable. Throws `InputError`. */
export function refuseCritical(extensions: ReadonlyMap<string, Extension>, known: readonly string[]): void {
  const unknown = [...extensions].find(([oid, { critical }]) => critical && !known.includes(oid));
  if (unknown !== undefined) throw derError(`it demands the extension ${unknown[0]}, which is not known`);
}
