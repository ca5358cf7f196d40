import type { PortCode } from "./errors.ts";
import type { Instant } from "./instant.ts";

/** A place we looked at and could not see: data, so that "could not tell" is never taken for "is not there". */
export type Gap = { readonly code: PortCode; readonly what: string; readonly detail: string };

/** One source of evidence: seen, not seen, or never asked for. The last is never an absence. */
export type Observation<T> =
  | { readonly kind: "observed"; readonly at: Instant; readonly value: T }
  | { readonly kind: "gap"; readonly at: Instant; readonly gap: Gap }
  | { readonly kind: "not-asked" };

export const NOT_ASKED = { kind: "not-asked" } as const;

/** What is known of one thing once evidence was examined; the pure half's counterpart of `Observation`. */
export type Known<T> =
  | { readonly kind: "known"; readonly value: T }
  | { readonly kind: "gap"; readonly gap: Gap }
  | { readonly kind: "not-collected" };

export const NOT_COLLECTED = { kind: "not-collected" } as const;

export function known<T>(value: T): Known<T> {
  return { kind: "known", value };
}

/** Applies a pure step to what was observed; a gap stays that gap. */
export function knownFrom<T, U>(observation: Observation<T>, step: (value: T) => U): Known<U> {
  switch (observation.kind) {
    case "observed":
      return known(step(observation.value));
    case "gap":
      return { kind: "gap", gap: observation.gap };
    case "not-asked":
      return NOT_COLLECTED;
  }
}
