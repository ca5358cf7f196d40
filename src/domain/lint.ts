import type { Known } from "./gap.ts";
import type { Sighting } from "./sighting.ts";

/** Questions of good practice, each by the name a policy may require it by. */
export const LINTS = [
  "root-reachable",
  "secret-in-environment",
  "secret-in-file",
  "empty-password",
  "duplicate-id",
  "world-writable",
  "clutter",
  "added-archive",
  "package-cache",
  "privileged-build",
  "host-volume",
  "no-healthcheck",
  "no-build-date",
  "latest-tag",
  "preloaded-library",
] as const;
export type Lint = (typeof LINTS)[number];

/** Those that only the layers answer; the others are answered by the configuration, its history and the reference. */
const LAYER_LINTS: ReadonlySet<Lint> = new Set<Lint>([
  "root-reachable",
  "secret-in-file",
  "empty-password",
  "duplicate-id",
  "world-writable",
  "clutter",
  "preloaded-library",
]);

export function isLayerLint(lint: Lint): boolean {
  return LAYER_LINTS.has(lint);
}

/** One thing a lint found. Secrets are named by where they are, never shown. */
export type Flaw = {
  readonly what: string;
  /** Absent for what stands in the configuration or its history. */
  readonly sighting: Sighting | undefined;
};

/** An empty list is a clean answer. */
export type LintFacts = Readonly<Record<Lint, Known<readonly Flaw[]>>>;

/** One answer for each lint. */
export function lintFacts(answer: (lint: Lint) => Known<readonly Flaw[]>): LintFacts {
  return Object.fromEntries(LINTS.map((lint) => [lint, answer(lint)])) as Record<Lint, Known<readonly Flaw[]>>;
}
