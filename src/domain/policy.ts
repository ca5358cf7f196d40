import type { ProtectedThing } from "./base-image.ts";
import type { Brand } from "./brand.ts";
import type { Digest } from "./digest.ts";
import type { Lint } from "./lint.ts";
import type { Authority, AuthorityName } from "./trust.ts";

/** What a violated rule does: refuse, let through with a warning, or only be counted. */
export type Enforcement = "deny" | "warn" | "audit";

/** Where in the operator's files a thing was written; line and column count from 1. */
export type SourceLocation = { readonly file: string; readonly line: number; readonly column: number };

/** Who must have signed: one authority, or so many distinct signers over distinct members. */
export type Signatories =
  | { readonly kind: "authority"; readonly name: AuthorityName }
  | { readonly kind: "at-least"; readonly count: number; readonly of: readonly Signatories[] };

/** Classes of content from least to most, as composition rules order them. */
export const COMPOSITION_ORDER = [
  "scratch",
  "distroless-static",
  "chiseled",
  "distroless",
  "micro",
  "minimal",
  "slim",
  "full",
] as const;
export type CompositionClass = (typeof COMPOSITION_ORDER)[number];

/** Things an image can be required not to contain. */
export const ABSENTEES = [
  "shell",
  "package-manager",
  "setuid",
  "ssh-server",
  "interpreter",
  "compiler",
  "network-tool",
  "language-package-manager",
  "privilege-tool",
] as const;
export type Absentee = (typeof ABSENTEES)[number];

/** One entry for each thing. */
export function absenteesOf<T>(of: (thing: Absentee) => T): Readonly<Record<Absentee, T>> {
  return Object.fromEntries(ABSENTEES.map((thing) => [thing, of(thing)])) as Record<Absentee, T>;
}

/** Which of several attestations must hold what is asked. */
export type AttestationSelection = "latest" | "any" | "all";

/** Attestations of one predicate type by somebody. `where` is CEL over the verified statement. */
export type AttestationQuery = {
  readonly by: Signatories;
  readonly predicateType: string;
  readonly where: string | undefined;
  readonly notOlderThanMs: number | undefined;
  readonly select: AttestationSelection;
};

export type AttestedContent =
  | { readonly kind: "single"; readonly query: AttestationQuery }
  /** Statements by name, which one expression speaks about together. */
  | { readonly kind: "join"; readonly queries: Readonly<Record<string, AttestationQuery>>; readonly where: string };

/** Built on one of these repositories' images; `allowChanges` names what the layers above may replace all the same. */
export type BaseRule = {
  readonly kind: "base";
  readonly oneOf: readonly ImagePattern[];
  readonly notOlderThanMs: number | undefined;
  readonly signedBy: Signatories | undefined;
  readonly allowChanges: readonly ProtectedThing[];
};

export type Rule =
  | { readonly kind: "signed"; readonly by: Signatories }
  | { readonly kind: "attested"; readonly content: AttestedContent }
  | { readonly kind: "pinned"; readonly digests: readonly Digest[] }
  | { readonly kind: "user"; readonly is: "nonRoot"; readonly of: "image" | "effective"; readonly allowNamed: boolean }
  | { readonly kind: "composition"; readonly atMost: CompositionClass }
  | { readonly kind: "absent"; readonly things: readonly Absentee[] }
  | { readonly kind: "clean"; readonly lints: readonly Lint[] }
  | BaseRule
  | { readonly kind: "age"; readonly atMostMs: number }
  | { readonly kind: "anyOf"; readonly rules: readonly Rule[] }
  | { readonly kind: "deny"; readonly message: string }
  | { readonly kind: "unsafeAllow"; readonly reason: string };

export type RuleKind = Rule["kind"];

export type PolicyRule = { readonly rule: Rule; readonly enforcement: Enforcement; readonly at: SourceLocation };

/** An image pattern, host apart from path, parsed once. `*` stays in a segment, `**` crosses segments. */
export type ImagePattern = Brand<
  { readonly text: string; readonly host: string; readonly path: string },
  "ImagePattern"
>;

export type Operation = "CREATE" | "UPDATE" | "CONNECT" | "DELETE";

export type Match = {
  readonly images: readonly ImagePattern[];
  readonly exceptImages: readonly ImagePattern[];
  /** Admission only, as are labels and operations: globs of namespace names; empty matches every namespace. */
  readonly namespaces: readonly string[];
  /** Admission only: labels the object must carry, each with one of the values. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly operations: readonly Operation[];
};

/**
 * What an admission request says of the object that names the image. `undefined` is "not told", which a policy's
 * restriction never takes for a mismatch.
 */
export type AdmissionContext = {
  readonly namespace: string | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly operation: Operation | undefined;
};

export type PlatformSelection = { readonly only: readonly string[]; readonly signatures: "index" | "each" | "either" };

export type Policy = {
  readonly name: string;
  readonly match: Match;
  readonly rules: readonly PolicyRule[];
  readonly platforms: PlatformSelection;
  readonly at: SourceLocation;
};

/** What the operator should know about files that were nevertheless accepted. */
export type PolicyWarning = { readonly message: string; readonly at: SourceLocation };

/** All policies in force at once; a verdict names one revision. */
export type PolicySet = {
  readonly authorities: readonly Authority[];
  readonly policies: readonly Policy[];
  readonly warnings: readonly PolicyWarning[];
};
