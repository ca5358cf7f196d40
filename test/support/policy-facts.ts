import { NO_SURFACE } from "../../src/domain/attack-surface.ts";
import { lintFacts } from "../../src/domain/lint.ts";
import { parseDigest, type Digest } from "../../src/domain/digest.ts";
import type { SchemeId, SourceKey } from "../../src/domain/evidence.ts";
import type {
  CompositionFact,
  ImageFacts,
  Opinion,
  PlatformFacts,
  SignatureFact,
  Signer,
  SourceFact,
  UserFact,
} from "../../src/domain/facts.ts";
import { known, type Gap } from "../../src/domain/gap.ts";
import { parseInstant, type Instant } from "../../src/domain/instant.ts";
import type { Platform } from "../../src/domain/platform.ts";
import { absenteesOf, type Absentee, type CompositionClass, type PolicySet } from "../../src/domain/policy.ts";
import type { Registry, Repository } from "../../src/domain/reference.ts";
import type { AuthorityName } from "../../src/domain/trust.ts";
import type { VerdictBody } from "../../src/domain/verdict.ts";
import { judge, type JudgeInput } from "../../src/policy/judge.ts";
import { matchPolicies } from "../../src/policy/match.ts";
import { parsePolicyFiles } from "../../src/policy/parse.ts";
import { formatProblem } from "../../src/policy/problem.ts";

export const PEM = [
  "-----BEGIN PUBLIC KEY-----",
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqGKq1pRmY7k2bEUcDaZFj8mRCJnE",
  "9xA0mV1nkS6n3hS1x2y3z4A5B6C7D8E9F0G1H2I3J4K5L6M7N8O9PQ==",
  "-----END PUBLIC KEY-----",
  "",
].join("\n");

/** Another key for each name, as far as text goes; nothing here reads the bytes. */
export function pemOf(name: string): string {
  return PEM.replace("MFkw", Buffer.from(name).toString("base64").replaceAll("=", "A"));
}

export const NOW = parseInstant("2026-11-21T12:00:00Z");
export const SOURCE = "cosign:tag" as SourceKey;
export const OTHER_SOURCE = "sigstore-bundle:referrers" as SourceKey;
export const GAP: Gap = { code: "unreachable", what: "registry.example.com/shop/web", detail: "connection refused" };

export function digestFor(text: string): Digest {
  return parseDigest(`sha256:${Buffer.from(text).toString("hex").padStart(64, "0").slice(-64)}`);
}

export const ROOT = digestFor("root");
export const IMAGE = `registry.example.com/shop/web@${ROOT}`;
export const REPOSITORY: Repository = repository("registry.example.com", "shop/web");

export function repository(registry: string, path: string): Repository {
  return { registry: registry as Registry, path };
}

export function authorityYaml(name: string, extra = ""): string {
  return [
    "apiVersion: assay.dev/v1alpha1",
    "kind: Authority",
    `metadata: { name: ${name} }`,
    "spec:",
    `  cosign: { keys: [ { file: ${name}.pub } ] }`,
    ...(extra === "" ? [] : [`  ${extra}`]),
  ].join("\n");
}

/** One policy for every image; `rules` are YAML flow values, one a rule. */
export function policyYaml(rules: readonly string[], spec = "", name = "production"): string {
  return [
    "apiVersion: assay.dev/v1alpha1",
    "kind: Policy",
    `metadata: { name: ${name} }`,
    "spec:",
    ...(spec.includes("match:") ? [] : ['  match: { images: ["**"] }']),
    "  rules:",
    ...rules.map((rule) => `    - ${rule}`),
    ...(spec === "" ? [] : [`  ${spec}`]),
  ].join("\n");
}

/** Parses documents; every key file exists and holds a key of its own. Fails the test on a problem. */
export function policySet(...documents: readonly string[]): PolicySet {
  const parse = parsePolicyFiles([{ name: "policy.yaml", text: documents.join("\n---\n") }], (_, path) =>
    Buffer.from(pemOf(path)),
  );
  if (parse.kind === "parsed") return parse.set;
  throw new Error(parse.problems.map(formatProblem).join("\n"));
}

export function keySigner(name: string): Signer {
  return { kind: "key", spki: digestFor(name) };
}

export function verified(
  signers: readonly Signer[],
  notBefore?: Instant,
  notAfter?: Instant,
): Extract<Opinion, { kind: "verified" }> {
  return { kind: "verified", signers, notBefore, notAfter, signedAt: [], notes: [] };
}

export const REJECTED: Opinion = {
  kind: "rejected",
  reason: "bad-signature",
  step: "signature",
  detail: "the signature does not fit the key",
  signer: undefined,
};

export function signature(authority: string, opinion: Opinion, about: Digest = ROOT, source = SOURCE): SignatureFact {
  return {
    scheme: "cosign" as SchemeId,
    source,
    via: "tag",
    authority: authority as AuthorityName,
    about,
    artifact: digestFor(`artifact of ${authority}`),
    evidence: digestFor(`evidence of ${authority}`),
    opinion,
  };
}

export function observed(about: Digest = ROOT, source = SOURCE): SourceFact {
  return { about, source, state: { kind: "observed", found: 0 } };
}

export function linux(architecture: string): Platform {
  return { os: "linux", architecture, variant: undefined, osVersion: undefined };
}

export function userFact(verdict: UserFact["verdict"]): UserFact {
  return {
    configured: verdict === "root" ? "" : "1000",
    verdict,
    uid: verdict === "root" ? 0 : 1000,
    gidDocker: 0,
    gidKubernetes: 0,
    because: "as the test says",
    sightings: [],
  };
}

export function classified(one: CompositionClass, ...present: readonly Absentee[]): CompositionFact {
  const seen = (thing: Absentee) =>
    present.includes(thing) ? [{ layer: digestFor("layer"), path: `bin/${thing}`, note: "" }] : [];
  return {
    kind: "classified",
    class: one,
    modifiers: [],
    because: "as the test says",
    present: absenteesOf(seen),
    packages: 0,
    executables: 0,
    surface: NO_SURFACE,
    sightings: [],
  };
}

export function platformFacts(
  overrides: Partial<PlatformFacts> = {},
  platform: Platform = linux("amd64"),
): PlatformFacts {
  return {
    digest: ROOT,
    declared: undefined,
    config: known({
      platform,
      user: "1000",
      entrypoint: [],
      cmd: [],
      workingDir: "",
      labels: {},
      created: parseInstant("2026-11-01T00:00:00Z"),
      historyCreated: undefined,
    }),
    user: known(userFact("nonroot")),
    composition: known(classified("distroless")),
    lints: lintFacts(() => known([])),
    base: known({ kind: "unknown", because: "as the test says", hints: [] }),
    layers: [],
    ...overrides,
  };
}

/** A single-platform image in which all was seen and nothing is wrong, without signatures. */
export function imageFacts(overrides: Partial<ImageFacts> = {}): ImageFacts {
  return {
    id: digestFor("facts"),
    repository: REPOSITORY,
    digest: ROOT,
    shape: "image",
    containedIn: [],
    signatures: [],
    attestations: [],
    sources: [observed()],
    platforms: [platformFacts()],
    ...overrides,
  };
}

export const LEAF_A = digestFor("leaf a");
export const LEAF_B = digestFor("leaf b");

/** An index of linux/amd64 and linux/arm64, each part and the whole looked at for signatures. */
export function indexFacts(overrides: Partial<ImageFacts> = {}): ImageFacts {
  return imageFacts({
    shape: "index",
    sources: [observed(ROOT), observed(LEAF_A), observed(LEAF_B)],
    platforms: [
      platformFacts({ digest: LEAF_A, declared: linux("amd64") }, linux("amd64")),
      platformFacts({ digest: LEAF_B, declared: linux("arm64") }, linux("arm64")),
    ],
    ...overrides,
  });
}

/** Judges by all policies of the set that match the test's repository. */
export function judged(set: PolicySet, facts: ImageFacts, overrides: Partial<JudgeInput> = {}): VerdictBody {
  return judge({
    facts,
    image: IMAGE,
    set,
    matched: matchPolicies(set, facts.repository),
    at: NOW,
    resolvedAt: NOW,
    unmatched: "deny",
    sourcesOf: () => [SOURCE],
    attestationSourcesOf: () => [SOURCE],
    statements: new Map(),
    bases: new Map(),
    ...overrides,
  });
}

/** `deny unsigned`, `allow`: the decision and the reasons of what is not satisfied. */
export function answer(verdict: VerdictBody): string {
  const reasons = verdict.findings.flatMap(({ outcome, reason }) =>
    outcome === "satisfied" ? [] : [outcome === "undetermined" ? `${reason}?` : `${reason}`],
  );
  return [verdict.decision, ...reasons].join(" ");
}
