import type { RejectionReason, Step } from "../../domain/facts.ts";

/** Why a trust collection, or one name in it, is not believed. */
export type Refusal = {
  readonly kind: "refused";
  readonly step: Step;
  readonly reason: RejectionReason;
  readonly detail: string;
};

export function refused(step: Step, reason: RejectionReason, detail: string): Refusal {
  return { kind: "refused", step, reason, detail };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "refused";
}
