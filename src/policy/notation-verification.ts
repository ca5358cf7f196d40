import { z } from "zod";

import { InputError } from "../domain/errors.ts";
import type { NotationAction, NotationCheck, NotationStatement } from "../domain/trust.ts";
import { identitiesProblem } from "../domain/x509-identity.ts";
import { struct } from "./schema.ts";

type Level = NotationStatement["level"];
export type Override = Readonly<Partial<Record<NotationCheck, NotationAction | undefined>>>;

const failing = z.enum(["enforce", "log"]);

/** Which checks a level may be changed in (trust-store-trust-policy specification, "Custom Verification Level"). */
export const override = struct({
  authenticity: failing.optional(),
  authenticTimestamp: failing.optional(),
  expiry: failing.optional(),
  revocation: z.enum(["enforce", "log", "skip"]).optional(),
});

export const verifyTimestamp = z.enum(["always", "afterCertExpiry"]);

/** In the order integrity, authenticity, authentic timestamp, expiry, revocation ("Signature Verification details"). */
const ACTIONS: Readonly<Record<Level, readonly [NotationAction, NotationAction, NotationAction]>> = {
  strict: ["enforce", "enforce", "enforce"],
  permissive: ["enforce", "enforce", "log"],
  audit: ["enforce", "log", "log"],
  skip: ["skip", "skip", "skip"],
};

/** What becomes of each failed check under a level and the changes to it. Integrity is never changed. */
export function actionsOf(level: Level, changes: Override = {}): NotationStatement["actions"] {
  const [integrity, authenticity, others] = ACTIONS[level];
  return {
    integrity,
    authenticity: changes.authenticity ?? authenticity,
    authenticTimestamp: changes.authenticTimestamp ?? others,
    expiry: changes.expiry ?? others,
    revocation: changes.revocation ?? others,
  };
}

/** What a statement has below full strength, as the operator spelled it. */
export function weakeningsOfStatement({ level, actions }: NotationStatement): readonly string[] {
  const weaker = level === "strict" ? [] : [`level: ${level}`];
  const plain = actionsOf(level);
  const changed = (Object.keys(actions) as readonly NotationCheck[]).filter(
    (check) => actions[check] !== plain[check] && actions[check] !== "enforce",
  );
  return [...weaker, ...changed.map((check) => `override: ${check}: ${actions[check]}`)];
}

/** Why identities cannot be used, in words for the operator. */
export function problemOfIdentities(identities: readonly string[]): string | undefined {
  try {
    return identitiesProblem(identities);
  } catch (error) {
    if (error instanceof InputError) return `is refused: ${error.message}`;
    throw error;
  }
}
