import { InputError } from "../domain/errors.ts";
import type { SignatureEvidence } from "../domain/evidence.ts";
import type { Opinion, RejectionReason, Signer, Step } from "../domain/facts.ts";
import type { Target } from "./scheme.ts";

export type Rejection = Extract<Opinion, { readonly kind: "rejected" }>;

export function rejected(step: Step, reason: RejectionReason, detail: string, signer?: Signer): Rejection {
  return { kind: "rejected", step, reason, detail, signer };
}

type SyncAssess = (evidence: SignatureEvidence, target: Target) => Opinion;

/** Bytes of strangers may be anything: whatever goes wrong in judging them is a rejection, and never a crash or a pass. */
export function guarded(judge: (evidence: SignatureEvidence, target: Target) => Opinion): SyncAssess {
  return (evidence, target) => {
    try {
      return judge(evidence, target);
    } catch (error) {
      const why = error instanceof InputError ? error.message : "the signature could not be read";
      return rejected("parsed", "malformed", why);
    }
  };
}
