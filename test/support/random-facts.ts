import * as fc from "fast-check";

import { baseName, type BaseFact } from "../../src/domain/base-image.ts";
import type { Digest } from "../../src/domain/digest.ts";
import type {
  AttestationFact,
  AttestationOpinion,
  ImageFacts,
  PlatformFacts,
  SignatureFact,
} from "../../src/domain/facts.ts";
import { known, NOT_COLLECTED, type Known } from "../../src/domain/gap.ts";
import { plus, type Instant } from "../../src/domain/instant.ts";
import { isLayerLint, lintFacts, type Flaw, type Lint, type LintFacts } from "../../src/domain/lint.ts";
import { COMPOSITION_ORDER } from "../../src/domain/policy.ts";
import type { Tag } from "../../src/domain/reference.ts";
import type { Statements } from "../../src/domain/statement.ts";
import type { Bases } from "../../src/policy/rules/rule.ts";
import { jsonValue } from "./json-value.ts";
import {
  classified,
  digestFor,
  GAP,
  imageFacts,
  indexFacts,
  keySigner,
  LEAF_A,
  NOW,
  observed,
  linux,
  platformFacts,
  REJECTED,
  repository,
  ROOT,
  signature,
  SOURCE,
  userFact,
  verified,
} from "./policy-facts.ts";

export const AUTHORITIES = ["a", "b", "c"] as const;

const DAY = 86_400_000;
const moment = fc.option(
  fc.integer({ min: -60, max: 60 }).map((days) => plus(NOW, days * DAY)),
  { nil: undefined },
);
const signers = fc.array(fc.constantFrom("alice", "bob", "carol"), { minLength: 1, maxLength: 2 });

const opinion = fc.oneof(
  fc.constant(REJECTED),
  fc.tuple(signers, moment, moment).map(([names, from, to]) => verified(names.map(keySigner), from, to)),
);

export const signatureFacts: fc.Arbitrary<readonly SignatureFact[]> = fc.array(
  fc
    .tuple(fc.constantFrom(...AUTHORITIES), opinion, fc.constantFrom(ROOT, LEAF_A))
    .map(([name, says, about]) => signature(name, says, about)),
  { maxLength: 4 },
);

const TYPES = ["https://t.example/1", "https://t.example/2"] as const;
const PREDICATES = { one: { n: 1, ok: true }, two: { n: 2, ok: false }, empty: {} } as const;
const predicateNames = fc.constantFrom(...(Object.keys(PREDICATES) as (keyof typeof PREDICATES)[]));

/** The statements that are at hand; those called `unseen` are not. */
export const STATEMENTS: Statements = new Map(
  TYPES.flatMap((predicateType) =>
    Object.entries(PREDICATES).map(([name, predicate]) => {
      const digest = statementDigest("seen", name, predicateType);
      return [digest, { digest, predicateType, value: known(jsonValue({ predicateType, predicate })) }] as const;
    }),
  ),
);

function statementDigest(state: "seen" | "unseen", name: string, predicateType: string): Digest {
  return digestFor(`${state} ${name} ${predicateType}`);
}

const OPEN: AttestationOpinion = { kind: "undetermined", gap: GAP, step: "log", signer: undefined };
const REFUSED: AttestationOpinion = {
  kind: "rejected",
  reason: "bad-signature",
  step: "signature",
  detail: "does not fit",
  signer: undefined,
};

function attestationOpinion(state: "seen" | "unseen"): fc.Arbitrary<AttestationOpinion> {
  return fc
    .tuple(signers, moment, moment, fc.array(moment, { maxLength: 2 }), predicateNames, fc.constantFrom(...TYPES))
    .map(([names, from, to, times, name, predicateType]) => ({
      ...verified(names.map(keySigner), from, to),
      signedAt: times.filter((time) => time !== undefined),
      statement: { digest: statementDigest(state, name, predicateType), size: 1, predicateType },
    }));
}

function attestationOf(opinions: fc.Arbitrary<AttestationOpinion>): fc.Arbitrary<AttestationFact> {
  return fc
    .tuple(fc.constantFrom(...AUTHORITIES), opinions, fc.constantFrom(ROOT, LEAF_A))
    .map(([name, opinion, about]) => ({ ...signature(name, REJECTED, about), opinion }));
}

const seenAttestations = fc.array(attestationOf(fc.oneof(attestationOpinion("seen"), fc.constant(REFUSED))), {
  maxLength: 3,
});
const anyAttestations = fc.array(
  attestationOf(
    fc.oneof(
      { weight: 6, arbitrary: attestationOpinion("seen") },
      attestationOpinion("unseen"),
      fc.constant(REFUSED),
      fc.constant(OPEN),
    ),
  ),
  { maxLength: 5 },
);

/** What an attestation turns out to be once everything about it is seen. */
function filledAttestation(fact: AttestationFact, opinion: AttestationOpinion): AttestationFact {
  if (fact.opinion.kind === "undetermined") return { ...fact, opinion };
  if (fact.opinion.kind !== "verified") return fact;
  const { statement } = fact.opinion;
  const name = Object.keys(PREDICATES).find(
    (one) => statementDigest("unseen", one, statement.predicateType) === statement.digest,
  );
  if (name === undefined) return fact;
  const digest = statementDigest("seen", name, statement.predicateType);
  return { ...fact, opinion: { ...fact.opinion, statement: { ...statement, digest } } };
}

/** Known, or unseen in one of the two ways. */
function maybe<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Known<T>> {
  return fc.oneof(
    { weight: 3, arbitrary: value.map(known) },
    fc.constant(NOT_COLLECTED),
    fc.constant({ kind: "gap", gap: GAP } as const),
  );
}

const users = fc
  .constantFrom("root", "nonroot", "nonroot-named", "unresolvable", "invalid")
  .map((one) => userFact(one as "root"));
const contents = fc.oneof(
  fc
    .tuple(fc.constantFrom(...COMPOSITION_ORDER), fc.subarray(["shell", "setuid", "interpreter"] as const))
    .map(([one, things]) => classified(one, ...things)),
  fc.constant({ kind: "uninspectable", reason: "limit", detail: "" } as const),
);
const configs = moment.map((created) => {
  const { config } = platformFacts();
  if (config.kind !== "known") throw new Error("the builder gives a configuration");
  return { ...config.value, created };
});

const found = fc.constantFrom<readonly Flaw[]>([], [{ what: "as the test says", sighting: undefined }]);
/** Answers for the lints that random rules name; those that layers answer are unknown where the layers are. */
const LINTED = ["secret-in-file", "no-healthcheck"] as const;
const lintAnswers = fc
  .tuple(found, found)
  .map((answers) => new Map(LINTED.map((lint, at) => [lint as Lint, answers[at] ?? []])));

function lintsOf(answers: ReadonlyMap<Lint, readonly Flaw[]>, { config, composition }: Content): LintFacts {
  return lintFacts((lint) => {
    const source = isLayerLint(lint) ? composition : config;
    return source.kind === "known" ? known(answers.get(lint) ?? []) : source;
  });
}

type Content = Pick<PlatformFacts, "config" | "composition">;
const BASE_REPOSITORIES = [repository("base.example", "debian"), repository("other.example", "base.example/debian")];
const tagSpans = fc.array(
  fc.tuple(fc.constantFrom("1", "2"), fc.integer({ min: -60, max: 60 }), fc.boolean()).map(([tag, days, left]) => {
    const seen = plus(NOW, days * DAY);
    return { tag: tag as Tag, firstSeen: seen, lastSeen: seen, leftAt: left ? seen : undefined };
  }),
  { maxLength: 2 },
);
const candidates = fc
  .record({
    repository: fc.constantFrom(...BASE_REPOSITORIES),
    digest: fc.constantFrom("one", "two", "three").map((name) => digestFor(`base ${name}`)),
    tags: tagSpans,
    depth: fc.integer({ min: 1, max: 3 }),
    things: fc.subarray(["users", "libc"] as const),
  })
  .map(({ things, ...one }) => ({
    ...one,
    index: undefined,
    platform: linux("amd64"),
    firstSeen: NOW,
    isWhole: false,
    changes: things.map((thing) => ({ thing, sighting: { layer: ROOT, path: thing, note: "replaced" } })),
  }));
export const baseFacts: fc.Arbitrary<BaseFact> = fc.oneof(
  fc.constant({ kind: "unknown", because: "as the test says", hints: [] } as const),
  {
    weight: 4,
    arbitrary: fc
      .array(candidates, { minLength: 1, maxLength: 3 })
      .map((found) => ({ kind: "found", candidates: found, hints: [] }) as const),
  },
);

/** Signatures of every base image there is: of one by two, of another by one of them, of the last by nobody. */
export const BASES: Bases = new Map(
  BASE_REPOSITORIES.flatMap((repository) =>
    Object.entries({ one: ["a", "b"], two: ["a"], three: [] }).map(([name, names]) => {
      const digest = digestFor(`base ${name}`);
      const signatures = names.map((by) => signature(by, verified([keySigner(by)]), digest));
      const facts = imageFacts({ repository, digest, signatures, sources: [observed(digest)], platforms: [] });
      return [baseName(facts), facts] as const;
    }),
  ),
);

const sourceState = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: "observed", found: 0 } as const) },
  fc.constant({ kind: "not-collected" } as const),
  fc.constant({ kind: "gap", gap: GAP } as const),
);

/** Images and indexes with any mixture of what was seen, what was not, and what was never asked. */
export const randomFacts: fc.Arbitrary<ImageFacts> = fc
  .record({
    single: fc.boolean(),
    signatures: signatureFacts,
    attestations: anyAttestations,
    user: maybe(users),
    composition: maybe(contents),
    config: maybe(configs),
    answers: lintAnswers,
    origin: maybe(baseFacts),
    states: fc.tuple(sourceState, sourceState, sourceState),
  })
  .map(({ single, signatures, attestations, user, composition, config, answers, origin, states }) => {
    const base = single ? imageFacts() : indexFacts();
    const digests = [ROOT, ...base.platforms.map(({ digest }) => digest)];
    return {
      ...base,
      signatures,
      attestations,
      sources: [...new Set(digests)].map((about, at) => ({
        about,
        source: SOURCE,
        state: states[at] ?? observed().state,
      })),
      platforms: base.platforms.map((platform, at) =>
        at === 0
          ? { ...platform, user, composition, config, base: origin, lints: lintsOf(answers, { composition, config }) }
          : platform,
      ),
    };
  });

/** Everything unseen replaced by something seen: one possible outcome of looking. */
export function fillGaps(facts: ImageFacts): fc.Arbitrary<ImageFacts> {
  const attested = fc.record({
    found: seenAttestations,
    opinions: fc.array(attestationOpinion("seen"), { minLength: 1 }),
  });
  return fc
    .record({
      user: users,
      composition: contents,
      config: configs,
      base: baseFacts,
      answers: lintAnswers,
      found: signatureFacts,
      attested,
    })
    .map((seen) => {
      const fill = <T>(one: Known<T>, value: T): Known<T> => (one.kind === "known" ? one : known(value));
      const open = facts.sources.filter(({ state }) => state.kind !== "observed").map(({ about }) => about);
      return {
        ...facts,
        sources: facts.sources.map((source) => ({ ...source, state: { kind: "observed", found: 0 } as const })),
        signatures: [...facts.signatures, ...seen.found.filter(({ about }) => open.includes(about))],
        attestations: [
          ...facts.attestations.map((fact, at) =>
            filledAttestation(fact, seen.attested.opinions[at % seen.attested.opinions.length] ?? REFUSED),
          ),
          ...seen.attested.found.filter(({ about }) => open.includes(about)),
        ],
        platforms: facts.platforms.map((platform) => ({
          ...platform,
          user: fill(platform.user, seen.user),
          composition: fill(platform.composition, seen.composition),
          config: fill(platform.config, seen.config),
          lints: lintFacts((lint) => fill(platform.lints[lint], seen.answers.get(lint) ?? [])),
          base: fill(platform.base, seen.base),
        })),
      };
    });
}

const signatories: fc.Arbitrary<string> = fc.constantFrom(
  "a",
  "b",
  "{ atLeast: 1, of: [a, b] }",
  "{ atLeast: 2, of: [a, b] }",
  "{ atLeast: 2, of: [a, b, c] }",
  "{ atLeast: 2, of: [a, { atLeast: 2, of: [b, c] }] }",
  "{ atLeast: 1, of: [c, { atLeast: 2, of: [a, b] }] }",
);

const query = fc
  .tuple(
    signatories,
    fc.constantFrom(...TYPES),
    fc.constantFrom("", ', where: "predicate.ok"', ', where: "predicate.n == 1"', ', where: "!has(predicate.n)"'),
    fc.constantFrom("", "", ", notOlderThan: 30d"),
    fc.constantFrom("latest", "any", "all"),
  )
  .map(([by, type, where, age, select]) => `by: ${by}, predicateType: "${type}"${where}${age}, select: ${select}`);

const join = fc
  .tuple(query, query, fc.constantFrom("x.predicate.n == y.predicate.n", "has(x.predicate.n) && y.predicate.ok"))
  .filter(([x, y]) => ![x, y].some((one) => one.includes("atLeast: 2") && one.includes("select: any")))
  .map(([x, y, where]) => `join: { x: { ${x} }, y: { ${y} } }, where: "${where}"`);

export const attestedRule: fc.Arbitrary<string> = fc
  .oneof({ weight: 2, arbitrary: query }, join)
  .map((members) => `attested: { ${members} }`);

const plainRule: fc.Arbitrary<string> = fc.oneof(
  { weight: 2, arbitrary: attestedRule },
  signatories.map((by) => `signed: { by: ${by} }`),
  fc.constantFrom(
    "user: nonRoot",
    "user: { is: nonRoot, allowNamed: true }",
    "composition: { atMost: distroless }",
    "absent: [shell]",
    "absent: [interpreter, network-tool]",
    "clean: [secret-in-file]",
    "clean: [no-healthcheck, secret-in-file]",
    "age: { atMost: 30d }",
    "base: { oneOf: [base.example/**] }",
    "base: { oneOf: [base.example/**, other.example/**], notOlderThan: 30d, allowChanges: [users] }",
    "base: { oneOf: [base.example/**, other.example/**], signedBy: a, allowChanges: [users, libc] }",
    "base: { oneOf: [base.example/**], signedBy: { atLeast: 2, of: [a, b] }, allowChanges: [users, libc] }",
    `pinned: { digests: ['${ROOT}'] }`,
    `pinned: { digests: ['${LEAF_A}'] }`,
  ),
);

export const ruleText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: plainRule },
  fc.tuple(plainRule, plainRule).map(([one, other]) => `anyOf: [ { ${one} }, { ${other} } ]`),
);

/** Rules of a policy, each with an enforcement; `spec` is the policy's own choice about signatures. */
export const policyText: fc.Arbitrary<{ readonly rules: readonly string[]; readonly spec: string }> = fc.record({
  rules: fc.array(
    fc
      .tuple(ruleText, fc.constantFrom("deny", "deny", "warn", "audit"))
      .map(([rule, enforcement]) => `{ ${rule}, enforcement: ${enforcement} }`),
    { minLength: 1, maxLength: 3 },
  ),
  spec: fc.constantFrom("index", "each", "either").map((mode) => `platforms: { signatures: ${mode} }`),
});

export const instants: fc.Arbitrary<Instant> = fc.integer({ min: -70, max: 70 }).map((days) => plus(NOW, days * DAY));
