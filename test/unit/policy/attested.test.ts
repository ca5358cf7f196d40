import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { NOT_COLLECTED } from "../../../src/domain/gap.ts";
import { parseInstant } from "../../../src/domain/instant.ts";
import type { AuthorityName, AuthoritySpec } from "../../../src/domain/trust.ts";
import type { VerdictBody } from "../../../src/domain/verdict.ts";
import { compileExpression } from "../../../src/policy/cel/expression.ts";
import { Evaluations } from "../../../src/policy/evaluations.ts";
import { explainPolicy } from "../../../src/policy/explain.ts";
import type { JudgeInput } from "../../../src/policy/judge.ts";
import { needsOf } from "../../../src/policy/needs.ts";
import { parsePolicyFiles } from "../../../src/policy/parse.ts";
import { checkSet } from "../../../src/policy/set-check.ts";
import {
  attestation,
  factsOf,
  SLSA,
  statementsOf,
  unverified,
  type Attested,
} from "../../support/attestation-facts.ts";
import {
  answer,
  authorityYaml,
  GAP,
  imageFacts,
  indexFacts,
  judged,
  keySigner,
  LEAF_A,
  LEAF_B,
  observed,
  OTHER_SOURCE,
  pemOf,
  policySet,
  policyYaml,
  ROOT,
  signature,
  SOURCE,
  verified,
} from "../../support/policy-facts.ts";

const AUTHORITIES = ["ci", "scanner", "vendor"].map((name) => authorityYaml(name));
const at = (text: string) => parseInstant(`2026-11-${text}:00Z`);

function set(...rules: readonly string[]) {
  return policySet(...AUTHORITIES, policyYaml(rules));
}

type Image = { readonly facts?: Parameters<typeof imageFacts>[0]; readonly input?: Partial<JudgeInput> };

function verdictOf(rule: string, attested: readonly Attested[], { facts, input }: Image = {}): VerdictBody {
  return judged(set(rule), imageFacts({ attestations: factsOf(attested), ...facts }), {
    statements: statementsOf(attested),
    ...input,
  });
}

function said(rule: string, ...attested: readonly Attested[]): string {
  return answer(verdictOf(rule, attested));
}

function message(verdict: VerdictBody): string {
  return verdict.findings[0]?.message ?? "";
}

const BAD = {
  kind: "rejected",
  reason: "bad-signature",
  step: "signature",
  detail: "does not fit",
  signer: undefined,
} as const;

const PROVENANCE = `attested: { by: ci, predicateType: ${SLSA} }`;
const asking = (members: string): string => `attested: { by: ci, predicateType: ${SLSA}, ${members} }`;

suite("an attestation", () => {
  test("of the predicate type by the authority is enough where nothing else is asked", () => {
    const verdict = verdictOf(PROVENANCE, [attestation()]);
    assert.equal(answer(verdict), "allow");
    assert.match(message(verdict), /is attested to by ci \(https:\/\/slsa.dev\/provenance\/v1\)/);
    assert.deepEqual(
      verdict.findings[0]?.cites.map(({ kind }) => kind),
      ["attestation"],
    );
  });

  test("of another predicate type alone does not count, and the types that there are are told", () => {
    const verdict = verdictOf(PROVENANCE, [attestation({ type: "https://spdx.dev/Document" })]);
    assert.equal(answer(verdict), "deny unattested");
    assert.match(message(verdict), /there is only "https:\/\/spdx.dev\/Document"/);
  });

  test("that is not there leaves the image unattested", () => {
    const verdict = verdictOf(PROVENANCE, []);
    assert.equal(answer(verdict), "deny unattested");
    assert.match(message(verdict), /no attestation was found/);
  });

  test("by another authority does not count", () => {
    assert.equal(said(PROVENANCE, attestation({ by: "scanner" })), "deny unattested");
  });

  test("that fails for the authority is wrongly signed, with the reason", () => {
    const verdict = verdictOf(PROVENANCE, [unverified("ci", BAD)]);
    assert.equal(answer(verdict), "deny wrongly-signed");
    assert.match(message(verdict), /for ci it fails with bad-signature/);
  });

  test("never stands for a signature, nor a signature for it", () => {
    const facts = { signatures: [signature("ci", verified([keySigner("ci")]))] };
    assert.equal(answer(verdictOf(PROVENANCE, [], { facts })), "deny unattested");
    assert.equal(said("signed: { by: ci }", attestation()), "deny unsigned");
  });

  test("that counts no longer says until when it did", () => {
    const verdict = verdictOf(PROVENANCE, [attestation({ notAfter: at("20T12:00") })]);
    assert.equal(answer(verdict), "deny signature-expired");
    assert.match(message(verdict), /attestation .* counted until 2026-11-20T12:00:00.000Z/);
  });

  test("about another digest does not count", () => {
    assert.equal(said(PROVENANCE, attestation({ about: LEAF_A })), "deny unattested");
  });

  test("from a place where the authority does not look does not count", () => {
    assert.equal(said(PROVENANCE, attestation({ source: OTHER_SOURCE })), "deny unattested");
  });

  test("shows in the verdict as an attestation", () => {
    const { signatures } = verdictOf(PROVENANCE, [attestation()]);
    assert.deepEqual(
      signatures.map(({ role, status }) => [role, status]),
      [["attestation", "verified"]],
    );
  });
});

suite("what was not seen", () => {
  const nowhere = { facts: { sources: [] } };
  const broken = { facts: { sources: [{ about: ROOT, source: SOURCE, state: { kind: "gap", gap: GAP } as const }] } };

  test("leaves an image without attestations undetermined", () => {
    assert.equal(answer(verdictOf(PROVENANCE, [], nowhere)), "deny not-collected?");
    assert.equal(answer(verdictOf(PROVENANCE, [], broken)), "deny gap?");
    assert.equal(
      answer(verdictOf(PROVENANCE, [], { input: { attestationSourcesOf: () => [] } })),
      "deny not-collected?",
    );
  });

  test("does not matter where any will do and one is there", () => {
    assert.equal(answer(verdictOf(asking("select: any"), [attestation()], broken)), "allow");
  });

  test("may be against the image where the latest or all count", () => {
    const one = [attestation({ signedAt: [at("21T10:00")] })];
    assert.equal(answer(verdictOf(asking("select: latest"), one, broken)), "deny gap?");
    assert.equal(answer(verdictOf(asking("select: all"), one, broken)), "deny gap?");
  });

  test("cannot mend one that fails among all", () => {
    const bad = [attestation({ predicate: { ok: false }, signedAt: [at("21T10:00")] })];
    const ok = (select: string) => asking(`select: ${select}, where: "predicate.ok == true"`);
    assert.equal(answer(verdictOf(ok("all"), bad, broken)), "deny predicate-mismatch");
    assert.equal(answer(verdictOf(ok("latest"), bad, broken)), "deny gap?");
  });

  test("an attestation whose check could not be completed leaves it open", () => {
    const open = unverified("ci", { kind: "undetermined", gap: GAP, step: "log", signer: undefined });
    assert.equal(said(PROVENANCE, open), "deny gap?");
    assert.equal(said(asking("select: any"), open, attestation()), "allow");
    assert.equal(said(PROVENANCE, open, attestation()), "deny gap?");
  });

  test("a statement that is not at hand leaves it open, and only if where asks for it", () => {
    const where = asking('where: "predicate.ok"');
    const verdict = verdictOf(where, [attestation({ value: { kind: "gap", gap: GAP } })]);
    assert.equal(answer(verdict), "deny gap?");
    assert.deepEqual(verdict.gaps, [GAP]);
    assert.equal(said(where, attestation({ value: NOT_COLLECTED })), "deny not-collected?");
    assert.equal(
      answer(verdictOf(where, [attestation()], { input: { statements: new Map() } })),
      "deny not-collected?",
    );
    assert.equal(said(PROVENANCE, attestation({ value: NOT_COLLECTED })), "allow");
  });
});

suite("where", () => {
  const typed = asking(`where: "predicate.buildDefinition.buildType == 'https://acme.example/build/v1'"`);
  const built = (buildType: unknown) => attestation({ predicate: { buildDefinition: { buildType } } });

  test("holds for a statement that is so", () =>
    assert.equal(said(typed, built("https://acme.example/build/v1")), "allow"));

  test("that is false tells the expression and the value seen", () => {
    const verdict = verdictOf(typed, [built("https://evil.example/v1")]);
    assert.equal(answer(verdict), "deny predicate-mismatch");
    assert.match(message(verdict), /buildType == 'https:\/\/acme.example\/build\/v1' is false/);
    assert.match(message(verdict), /predicate.buildDefinition.buildType is "https:\/\/evil.example\/v1"/);
  });

  test("of several conditions tells the one that is false", () => {
    const rule = asking('where: "predicate.a == 1 && predicate.b == 2 && predicate.c == 3"');
    const verdict = verdictOf(rule, [attestation({ predicate: { a: 1, b: 7, c: 8 } })]);
    assert.match(message(verdict), /: predicate.b == 2 is false: predicate.b is 7\./);
  });

  test("that cannot be computed is a violation, never a pass", () => {
    const verdict = verdictOf(typed, [attestation({ predicate: {} })]);
    assert.equal(answer(verdict), "deny predicate-error");
    assert.match(message(verdict), /there is no member "buildDefinition"/);
    assert.equal(
      said(asking('where: "predicate.x"'), attestation({ predicate: { x: "true" } })),
      "deny predicate-error",
    );
    assert.equal(
      said(asking('where: "predicate.x || predicate.y == 1"'), attestation({ predicate: { x: 1, y: 2 } })),
      "deny predicate-error",
    );
  });

  test("that costs too much is a violation", () => {
    const rule = asking('where: "predicate.all(a, predicate.all(b, a + b >= 0.0))"');
    const verdict = verdictOf(rule, [attestation({ predicate: Array.from({ length: 5000 }, (_, at) => at) })]);
    assert.equal(answer(verdict), "deny predicate-error");
    assert.match(message(verdict), /costs more/);
  });

  test("sees _type, subject, predicateType and predicate", () => {
    const where = `_type.startsWith('https://in-toto.io/') && size(subject) == 0 && predicateType == '${SLSA}' && has(predicate.x)`;
    assert.equal(said(asking(`where: "${where}"`), attestation({ predicate: { x: null } })), "allow");
  });

  test("over a statement that is no object is a violation", () => {
    assert.equal(
      said(asking('where: "predicate.ok"'), attestation({ value: { kind: "known", value: "text" } })),
      "deny predicate-error",
    );
  });

  test("is evaluated within what all expressions of a judgement may cost together", () => {
    const evaluations = new Evaluations();
    const expression = (text: string) => {
      const compiled = compileExpression(text, ["x"]);
      assert.ok(compiled.kind === "compiled");
      return compiled.expression;
    };
    const heavy = expression("x.all(a, x.all(b, a + b >= 0.0))");
    const light = expression("x.size() > 0");
    const values = new Map([["x", Array.from({ length: 2000 }, (_, at) => at)]]);
    assert.equal(evaluations.of(light, ["first"], values).kind, "true");
    for (let at = 0; at < 10; at++) assert.equal(evaluations.of(heavy, [`heavy ${at}`], values).kind, "error");
    assert.equal(evaluations.of(light, ["another"], values).kind, "error");
    assert.equal(evaluations.of(light, ["first"], values).kind, "true");
  });
});

suite("select", () => {
  const rule = (select: string) => asking(`select: ${select}, where: "predicate.ok"`);
  const scan = (ok: boolean, ...signedAt: readonly string[]) =>
    attestation({ predicate: { ok }, signedAt: signedAt.map(at) });

  test("latest judges the one that was there last, whatever was before", () => {
    assert.equal(said(rule("latest"), scan(false, "20T10:00"), scan(true, "21T10:00")), "allow");
    assert.equal(said(rule("latest"), scan(true, "20T10:00"), scan(false, "21T10:00")), "deny predicate-mismatch");
  });

  test("latest is what is meant where nothing is said", () => {
    const plain = asking('where: "predicate.ok"');
    assert.equal(said(plain, scan(true, "20T10:00"), scan(false, "21T10:00")), "deny predicate-mismatch");
    assert.equal(said(plain, scan(false, "20T10:00"), scan(true, "21T10:00")), "allow");
  });

  test("latest goes by the first of several proved times, so logging an old one again does not make it new", () => {
    assert.equal(
      said(rule("latest"), scan(true, "19T10:00", "21T11:00"), scan(false, "21T10:00")),
      "deny predicate-mismatch",
    );
  });

  test("latest asks all where one has no proved time", () => {
    assert.equal(said(rule("latest"), scan(false), scan(true, "21T10:00")), "deny predicate-mismatch");
    assert.equal(said(rule("latest"), scan(false, "20T10:00"), scan(true)), "deny predicate-mismatch");
    assert.equal(said(rule("latest"), scan(true), scan(true, "20T10:00")), "allow");
  });

  test("latest asks all that are equally late", () => {
    assert.equal(said(rule("latest"), scan(false, "21T10:00"), scan(true, "21T10:00")), "deny predicate-mismatch");
  });

  test("any is content with one", () => {
    assert.equal(said(rule("any"), scan(true, "20T10:00"), scan(false, "21T10:00")), "allow");
    assert.equal(said(rule("any"), scan(false), scan(false)), "deny predicate-mismatch");
  });

  test("all asks every one", () => {
    assert.equal(said(rule("all"), scan(false, "20T10:00"), scan(true, "21T10:00")), "deny predicate-mismatch");
    assert.equal(said(rule("all"), scan(true, "20T10:00"), scan(true, "21T10:00")), "allow");
  });

  test("looks only at attestations that count now", () => {
    const expired = attestation({ predicate: { ok: false }, signedAt: [at("21T11:00")], notAfter: at("21T11:30") });
    assert.equal(said(rule("latest"), scan(true, "21T10:00"), expired), "allow");
    assert.equal(said(rule("all"), scan(true, "21T10:00"), expired), "allow");
  });

  test("looks at attestations of the asked type only", () => {
    const other = attestation({
      type: "https://spdx.dev/Document",
      predicate: { ok: false },
      signedAt: [at("21T11:00")],
    });
    assert.equal(said(rule("latest"), scan(true, "21T10:00"), other), "allow");
    assert.equal(said(rule("all"), scan(true, "21T10:00"), other), "allow");
  });
});

suite("notOlderThan", () => {
  const rule = (extra = "") => asking(`notOlderThan: 24h${extra}`);
  const made = (...times: readonly string[]) => attestation({ signedAt: times.map(at) });

  test("holds until the age is reached, and the verdict says until when", () => {
    const verdict = verdictOf(rule(), [made("21T10:00")]);
    assert.equal(answer(verdict), "allow");
    assert.equal(verdict.validUntil, "2026-11-22T10:00:00.000Z");
    assert.equal(answer(verdictOf(rule(), [made("21T10:00")], { input: { at: at("22T09:59") } })), "allow");
    assert.equal(answer(verdictOf(rule(), [made("21T10:00")], { input: { at: at("22T10:00") } })), "deny too-old");
  });

  test("tells how old it is and how old it may be", () => {
    assert.match(
      message(verdictOf(rule(), [made("19T10:00")])),
      /is of 2026-11-19T10:00:00.000Z, and may not be older than 1d/,
    );
  });

  test("without a proved time is violated, for nobody knows the age", () => {
    assert.equal(said(rule(), made()), "deny no-date");
  });

  test("counts from the first of several proved times", () => {
    assert.equal(said(rule(), made("19T10:00", "21T10:00")), "deny too-old");
  });

  test("does not believe a time in the future", () => {
    assert.equal(said(rule(), made("22T10:00")), "deny no-date");
  });

  test("with any takes one that is young enough, with all asks it of each", () => {
    assert.equal(said(rule(", select: any"), made("19T10:00"), made("21T10:00")), "allow");
    assert.equal(said(rule(", select: all"), made("19T10:00"), made("21T10:00")), "deny too-old");
    assert.equal(said(rule(", select: latest"), made("19T10:00"), made("21T10:00")), "allow");
  });
});

suite("several who must attest", () => {
  const two = (extra = "") =>
    `attested: { by: { atLeast: 2, of: [ci, scanner, vendor] }, predicateType: ${SLSA}${extra} }`;

  test("are counted as distinct signers", () => {
    assert.equal(said(two(), attestation({ by: "ci" }), attestation({ by: "scanner" })), "allow");
    const verdict = verdictOf(two(), [attestation({ by: "ci" })]);
    assert.equal(answer(verdict), "deny threshold");
    assert.match(message(verdict), /attested to by ci only, and 2 of \(ci, scanner, vendor\)/);
  });

  test("are not counted twice for one key", () => {
    const same = [attestation({ by: "ci", signer: "one" }), attestation({ by: "scanner", signer: "one" })];
    assert.equal(said(two(), ...same), "deny threshold");
  });

  test("must each have attested what is asked", () => {
    const where = ', where: "predicate.ok"';
    const ok = (by: string, value: boolean) => attestation({ by, predicate: { ok: value } });
    assert.equal(said(two(where), ok("ci", true), ok("scanner", true)), "allow");
    const verdict = verdictOf(two(where), [ok("ci", true), ok("scanner", false)]);
    assert.equal(answer(verdict), "deny predicate-mismatch");
    assert.match(message(verdict), /by scanner .* ci alone does not suffice/);
  });

  test("are not replaced by one that is only tried as yet", () => {
    const warned = policySet(authorityYaml("ci", "enforcement: warn"), policyYaml([PROVENANCE]));
    const one = attestation();
    const verdict = judged(warned, imageFacts({ attestations: [one.fact] }), { statements: statementsOf([one]) });
    assert.equal(answer(verdict), "deny unattested");
    assert.match(message(verdict), /ci has attested something, but is not relied upon \(enforcement: warn\)/);
    assert.deepEqual(verdict.unsafe, ["authority ci: enforcement: warn"]);
  });
});

suite("an index", () => {
  const rule = (extra: string, spec: string) => policySet(...AUTHORITIES, policyYaml([asking(extra)], spec));
  const judge = (extra: string, attested: readonly Attested[], signatures = "either") =>
    answer(
      judged(rule(extra, `platforms: { signatures: ${signatures} }`), indexFacts({ attestations: factsOf(attested) }), {
        statements: statementsOf(attested),
      }),
    );
  const scan = (about: typeof ROOT, ok: boolean, time: string) =>
    attestation({ about, predicate: { ok }, signedAt: [at(time)] });
  const OK = 'where: "predicate.ok"';

  test("is attested as a whole, or on every platform", () => {
    assert.equal(judge(OK, [scan(ROOT, true, "21T10:00")]), "allow");
    assert.equal(judge(OK, [scan(LEAF_A, true, "21T10:00"), scan(LEAF_B, true, "21T10:00")]), "allow");
    assert.equal(judge(OK, [scan(LEAF_A, true, "21T10:00")]), "deny unattested");
  });

  test("is not excused by an older word about the whole when the latest about a platform is against it", () => {
    const attested = [scan(ROOT, true, "20T10:00"), scan(LEAF_A, false, "21T10:00")];
    assert.equal(judge(OK, attested), "deny predicate-mismatch");
    assert.equal(judge(`select: any, ${OK}`, attested), "allow");
  });

  test("is judged as signatures are: the digest asked for, or each platform's own", () => {
    const whole = [scan(ROOT, true, "21T10:00")];
    const parts = [scan(LEAF_A, true, "21T10:00"), scan(LEAF_B, true, "21T10:00")];
    assert.deepEqual([judge(OK, whole, "index"), judge(OK, parts, "index")], ["allow", "deny unattested"]);
    assert.deepEqual([judge(OK, whole, "each"), judge(OK, parts, "each")], ["deny unattested", "allow"]);
  });

  test("whose platforms were not looked at is undetermined where a later word may be there", () => {
    const one = [scan(ROOT, true, "21T10:00")];
    const facts = indexFacts({ attestations: factsOf(one), sources: [observed(ROOT)] });
    assert.equal(answer(judged(rule(OK, ""), facts, { statements: statementsOf(one) })), "deny not-collected?");
  });
});

suite("a join", () => {
  const SCAN = "https://cosign.sigstore.dev/attestation/vuln/v1";
  const VEX = "https://openvex.dev/ns/v0.2.0";
  const WHERE =
    "scan.predicate.scanner.result.Results.all(r, r.Vulnerabilities.filter(v, v.Severity == 'CRITICAL')" +
    ".all(v, vex.predicate.statements.exists(s, s.vulnerability.name == v.VulnerabilityID && s.status in ['not_affected', 'fixed'])))";
  const join = (scan = "", vex = "") =>
    `attested: { join: { scan: { by: scanner, predicateType: vuln${scan} }, vex: { by: vendor, predicateType: openvex${vex} } }, where: "${WHERE}" }`;
  const found =
    (...ids: readonly string[]) =>
    (time: string) =>
      attestation({
        by: "scanner",
        type: SCAN,
        signedAt: [at(time)],
        predicate: {
          scanner: {
            uri: "pkg:github/aquasecurity/trivy@0.50.0",
            result: {
              Results: [
                {
                  Vulnerabilities: [
                    ...ids.map((VulnerabilityID) => ({ VulnerabilityID, Severity: "CRITICAL" })),
                    { VulnerabilityID: "CVE-2026-0001", Severity: "LOW" },
                  ],
                },
              ],
            },
          },
        },
      });
  const excused =
    (status: string, ...ids: readonly string[]) =>
    (time: string) =>
      attestation({
        by: "vendor",
        type: VEX,
        signedAt: [at(time)],
        predicate: {
          "@context": "https://openvex.dev/ns/v0.2.0",
          statements: ids.map((name) => ({ vulnerability: { name }, status })),
        },
      });

  test("applies a VEX to a scan: every critical vulnerability has a statement that it does not matter", () => {
    const scan = found("CVE-2026-1111", "CVE-2026-2222")("21T10:00");
    assert.equal(said(join(), scan, excused("not_affected", "CVE-2026-1111", "CVE-2026-2222")("21T10:00")), "allow");
    assert.equal(said(join(), scan, excused("not_affected", "CVE-2026-1111")("21T10:00")), "deny predicate-mismatch");
    assert.equal(
      said(join(), scan, excused("under_investigation", "CVE-2026-1111", "CVE-2026-2222")("21T10:00")),
      "deny predicate-mismatch",
    );
    assert.equal(said(join(), found()("21T10:00"), excused("fixed")("21T10:00")), "allow");
  });

  test("needs each of its attestations", () => {
    const verdict = verdictOf(join(), [found()("21T10:00")]);
    assert.equal(answer(verdict), "deny unattested");
    assert.match(message(verdict), /not attested to by vendor with https:\/\/openvex.dev\/ns/);
  });

  test("asks each of several statements of latest, and one of any", () => {
    const scans = [found("CVE-2026-1111")("20T10:00"), found("CVE-2026-2222")("21T10:00")];
    const vexes = [excused("fixed", "CVE-2026-2222")("20T10:00"), excused("fixed", "CVE-2026-9999")("21T10:00")];
    assert.equal(said(join("", ", select: any"), ...scans, ...vexes), "allow");
    assert.equal(said(join(), ...scans, ...vexes), "deny predicate-mismatch");
    assert.equal(said(join(", select: all", ", select: any"), ...scans, ...vexes), "deny predicate-mismatch");
    const both = excused("fixed", "CVE-2026-1111", "CVE-2026-2222")("19T10:00");
    assert.equal(said(join(", select: all", ", select: any"), ...scans, ...vexes, both), "allow");
  });

  test("takes another excuse for each scan where any will do", () => {
    const scans = [found("CVE-2026-1111")("20T10:00"), found("CVE-2026-2222")("21T10:00")];
    const vexes = [excused("fixed", "CVE-2026-1111")("20T10:00"), excused("fixed", "CVE-2026-2222")("21T10:00")];
    assert.equal(said(join(", select: all", ", select: any"), ...scans, ...vexes), "allow");
    assert.equal(said(join(", select: all", ", select: all"), ...scans, ...vexes), "deny predicate-mismatch");
  });

  test("holds each of its queries to its own where and age", () => {
    const scan = found()("20T10:00");
    const vex = excused("fixed")("21T10:00");
    assert.equal(said(join(", notOlderThan: 24h"), scan, vex), "deny too-old");
    const own = (name: string) => join(`, where: "predicate.scanner.uri.contains('${name}')"`);
    assert.deepEqual(
      [said(own("trivy"), scan, vex), said(own("grype"), scan, vex)],
      ["allow", "deny predicate-mismatch"],
    );
  });

  test("that cannot be computed is a violation", () => {
    const scan = attestation({ by: "scanner", type: SCAN, signedAt: [at("21T10:00")], predicate: {} });
    assert.equal(said(join(), scan, excused("fixed")("21T10:00")), "deny predicate-error");
  });

  test("is undetermined while a further statement that any would do may be unseen", () => {
    const scan = attestation({ by: "scanner", type: SCAN, predicate: {} });
    const facts = (state: "gap" | "observed") => ({
      sources: [
        { about: ROOT, source: SOURCE, state: { kind: "observed", found: 1 } as const },
        {
          about: ROOT,
          source: OTHER_SOURCE,
          state: state === "gap" ? ({ kind: "gap", gap: GAP } as const) : ({ kind: "observed", found: 0 } as const),
        },
      ],
    });
    const looks = (spec: AuthoritySpec) =>
      spec.kind === "cosign" && spec.keys.some(({ from }) => from === "vendor.pub") ? [SOURCE, OTHER_SOURCE] : [SOURCE];
    const rule = `attested: { join: { scan: { by: scanner, predicateType: vuln }, vex: { by: vendor, predicateType: openvex, select: any } }, where: "has(scan.predicate.x) || vex.predicate.statements.size() > 0" }`;
    const attested = [scan, excused("fixed")("21T10:00")];
    const input = { attestationSourcesOf: looks };
    assert.equal(answer(verdictOf(rule, attested, { facts: facts("observed"), input })), "deny predicate-mismatch");
    assert.equal(answer(verdictOf(rule, attested, { facts: facts("gap"), input })), "deny gap?");
    const latest = rule.replace(", select: any", "");
    assert.equal(answer(verdictOf(latest, attested, { facts: facts("gap"), input })), "deny gap?");
  });

  test("is undetermined while another who may attest, and whose statement must fit too, was not seen", () => {
    const scan = found()("21T10:00");
    const vex = excused("fixed")("21T10:00");
    const rule = join().replace("by: scanner", "by: { atLeast: 1, of: [scanner, ci] }");
    const facts = {
      sources: [
        { about: ROOT, source: SOURCE, state: { kind: "observed", found: 1 } as const },
        { about: ROOT, source: OTHER_SOURCE, state: { kind: "gap", gap: GAP } as const },
      ],
    };
    const looks = (spec: AuthoritySpec) =>
      spec.kind === "cosign" && spec.keys.some(({ from }) => from === "ci.pub") ? [OTHER_SOURCE] : [SOURCE];
    assert.equal(answer(verdictOf(rule, [scan, vex], { facts, input: { attestationSourcesOf: looks } })), "deny gap?");
    assert.equal(answer(verdictOf(join(), [scan, vex], { facts, input: { attestationSourcesOf: looks } })), "allow");
  });

  test("of more combinations than are tried is a violation", () => {
    const many = (by: string, type: string) =>
      Array.from({ length: 50 }, () => attestation({ by, type, predicate: { a: 1 } }));
    const rule = `attested: { join: { scan: { by: scanner, predicateType: vuln, select: any }, vex: { by: vendor, predicateType: openvex, select: any } }, where: "scan.predicate.a == vex.predicate.a" }`;
    assert.equal(said(rule, ...many("scanner", SCAN), ...many("vendor", VEX)), "deny predicate-error");
    assert.equal(said(rule, ...many("scanner", SCAN).slice(0, 30), ...many("vendor", VEX)), "allow");
  });
});

suite("a policy over what builders and scanners attest", () => {
  const ROWS: readonly (readonly [string, string, string, unknown, unknown])[] = [
    [
      "SLSA provenance 1.0",
      `predicateType: slsaprovenance1, where: "predicate.buildDefinition.externalParameters.workflow.repository == 'https://github.com/acme/shop' && predicate.runDetails.builder.id.startsWith('https://github.com/actions/runner/')"`,
      "https://slsa.dev/provenance/v1",
      {
        buildDefinition: {
          buildType: "https://actions.github.io/buildtypes/workflow/v1",
          externalParameters: { workflow: { ref: "refs/heads/main", repository: "https://github.com/acme/shop" } },
        },
        runDetails: { builder: { id: "https://github.com/actions/runner/github-hosted" } },
      },
      {
        buildDefinition: { externalParameters: { workflow: { repository: "https://github.com/evil/shop" } } },
        runDetails: { builder: { id: "https://github.com/actions/runner/github-hosted" } },
      },
    ],
    [
      "SLSA provenance 0.2",
      `predicateType: slsaprovenance, where: "predicate.builder.id.matches('^https://tekton[.]dev/chains/v[0-9]+$') && predicate.materials.all(m, m.uri.startsWith('git+https://github.com/acme/'))"`,
      "https://slsa.dev/provenance/v0.2",
      {
        builder: { id: "https://tekton.dev/chains/v2" },
        materials: [{ uri: "git+https://github.com/acme/shop@refs/heads/main" }],
      },
      { builder: { id: "https://tekton.dev/chains/v2" }, materials: [{ uri: "git+https://github.com/other/shop" }] },
    ],
    [
      "an SPDX document",
      `predicateType: spdxjson, where: "predicate.packages.all(p, !(p.licenseConcluded in ['AGPL-3.0-only', 'AGPL-3.0-or-later'])) && predicate.packages.size() > 0"`,
      "https://spdx.dev/Document/v2.3",
      { spdxVersion: "SPDX-2.3", packages: [{ name: "musl", licenseConcluded: "MIT" }] },
      { spdxVersion: "SPDX-2.3", packages: [{ name: "x", licenseConcluded: "AGPL-3.0-only" }] },
    ],
    [
      "a CycloneDX document",
      `predicateType: cyclonedx, where: "!predicate.components.exists(c, c.name == 'log4j-core' && c.version.startsWith('2.14.'))"`,
      "https://cyclonedx.org/bom",
      { bomFormat: "CycloneDX", components: [{ name: "log4j-core", version: "2.24.3" }] },
      { bomFormat: "CycloneDX", components: [{ name: "log4j-core", version: "2.14.1" }] },
    ],
    [
      "a vulnerability scan",
      `predicateType: vuln, where: "timestamp(predicate.metadata.scanFinishedOn) > timestamp('2026-11-20T00:00:00Z') && predicate.scanner.result.Results.all(r, !has(r.Vulnerabilities) || !r.Vulnerabilities.exists(v, v.Severity == 'CRITICAL'))"`,
      "https://cosign.sigstore.dev/attestation/vuln/v1",
      {
        metadata: { scanStartedOn: "2026-11-21T10:00:00Z", scanFinishedOn: "2026-11-21T10:02:00Z" },
        scanner: { result: { Results: [{ Target: "alpine" }, { Vulnerabilities: [{ Severity: "LOW" }] }] } },
      },
      {
        metadata: { scanFinishedOn: "2026-11-21T10:02:00Z" },
        scanner: { result: { Results: [{ Vulnerabilities: [{ Severity: "CRITICAL" }] }] } },
      },
    ],
    [
      "an OpenVEX document",
      `predicateType: openvex, where: "predicate['@context'].startsWith('https://openvex.dev/ns') && predicate.statements.all(s, s.status != 'affected')"`,
      "https://openvex.dev/ns/v0.2.0",
      {
        "@context": "https://openvex.dev/ns/v0.2.0",
        statements: [{ vulnerability: { name: "CVE-1" }, status: "fixed" }],
      },
      {
        "@context": "https://openvex.dev/ns/v0.2.0",
        statements: [{ vulnerability: { name: "CVE-1" }, status: "affected" }],
      },
    ],
    [
      "a verification summary",
      `predicateType: vsa, where: "predicate.verificationResult == 'PASSED' && 'SLSA_BUILD_LEVEL_3' in predicate.verifiedLevels && predicate.resourceUri.startsWith('registry.example.com/shop/') && timestamp(predicate.timeVerified) - timestamp('2026-11-01T00:00:00Z') > duration('24h')"`,
      "https://slsa.dev/verification_summary/v1",
      {
        timeVerified: "2026-11-20T09:00:00Z",
        resourceUri: "registry.example.com/shop/web",
        verificationResult: "PASSED",
        verifiedLevels: ["SLSA_BUILD_LEVEL_3"],
      },
      {
        timeVerified: "2026-11-20T09:00:00Z",
        resourceUri: "registry.example.com/shop/web",
        verificationResult: "FAILED",
        verifiedLevels: ["SLSA_BUILD_LEVEL_3"],
      },
    ],
  ];
  for (const [name, members, type, good, bad] of ROWS) {
    test(`can ask of ${name}`, () => {
      const rule = `attested: { by: ci, ${members} }`;
      assert.equal(said(rule, attestation({ type, predicate: good })), "allow");
      assert.equal(said(rule, attestation({ type, predicate: bad })), "deny predicate-mismatch");
    });
  }
});

suite("a predicate type", () => {
  const finds = (asked: string, found: string) =>
    said(`attested: { by: ci, predicateType: "${asked}" }`, attestation({ type: found })) === "allow";

  test("without its version finds every version of the documents that carry one", () => {
    assert.equal(finds("spdx", "https://spdx.dev/Document"), true);
    assert.equal(finds("spdx", "https://spdx.dev/Document/v2.3"), true);
    assert.equal(finds("cyclonedx", "https://cyclonedx.org/bom/v1.6"), true);
    assert.equal(finds("https://openvex.dev/ns", "https://openvex.dev/ns/v0.2.0"), true);
  });

  test("is otherwise only itself", () => {
    assert.equal(finds("https://spdx.dev/Document/v2.3", "https://spdx.dev/Document"), false);
    assert.equal(finds("spdx", "https://spdx.dev/Document/evil"), false);
    assert.equal(finds("spdx", "https://spdx.dev/DocumentX"), false);
    assert.equal(finds("slsaprovenance1", "https://slsa.dev/provenance/v1.1"), false);
    assert.equal(finds("https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v1/"), false);
  });

  test("of one's own is taken as it is written", () => {
    assert.equal(finds("https://acme.example/review/v1", "https://acme.example/review/v1"), true);
    assert.equal(finds("cosign.sigstore.dev/attestation/v1", "cosign.sigstore.dev/attestation/v1"), true);
  });
});

suite("a rule that could not work is refused where it is written", () => {
  const problemsOf = (rule: string) => {
    const text = [...AUTHORITIES, policyYaml([rule])].join("\n---\n");
    const parse = parsePolicyFiles([{ name: "p.yaml", text }], (_, path) => Buffer.from(pemOf(path)));
    return parse.kind === "refused"
      ? parse.problems.map((one) => `${one.at.line}:${one.at.column} ${one.message}`).join("\n")
      : "parsed";
  };
  const JOIN = (where: string, vex = "") =>
    `attested: { join: { scan: { by: scanner, predicateType: vuln }, vex: { by: vendor, predicateType: openvex${vex} } }, where: "${where}" }`;

  const ROWS: readonly (readonly [string, RegExp])[] = [
    [
      asking('where: "predicate.x == "'),
      /^25:81 spec\.rules\[0\]\.attested\.where: character 16: expected a value, found the end/,
    ],
    [asking('where: "predicat.x == 1"'), /character 1: nothing is called "predicat" here; did you mean "predicate"\?/],
    [
      asking("where: \"predicate.x.startWith('a')\""),
      /character 13: there is no method "startWith"; did you mean "startsWith"\?/,
    ],
    [
      asking("where: \"now - timestamp(predicate.t) < duration('1h')\""),
      /there is no clock in an expression: .*notOlderThan/,
    ],
    [asking('where: "true"'), /true whatever the statement says: leave where out/],
    [asking('where: "1 == 2"'), /false whatever it reads/],
    [asking('where: "has(predicate.x) || true"'), /true whatever the statement says/],
    [asking("where: \"predicate.x.matches('(')\""), /the pattern is none of RE2/],
    [asking('where: "size(predicate)"'), /gives a whole number, and must give true or false/],
    [asking('where: ""'), /where: is empty/],
    ["attested: { by: ci, predicateType: slsa }", /is no predicate type: write its URI, or a short name/],
    ["attested: { by: nobody, predicateType: spdx }", /no authority is named "nobody"/],
    [asking("notOlderThan: 0s"), /is not between 1ms/],
    [asking("select: newest"), /is "newest", expected one of latest, any, all/],
    [asking("wher: x"), /unknown key "wher"; did you mean "where"/],
    [JOIN("scan.predicate.x"), /join\.vex: is joined, but where says nothing of it/],
    [JOIN("scan.predicate.x && vex.x && predicate.y"), /nothing is called "predicate" here/],
    [
      "attested: { join: { scan: { by: scanner, predicateType: vuln } }, where: 'scan.x' }",
      /has 1 statements: name 2 to 4/,
    ],
    [
      "attested: { join: { Scan: { by: scanner, predicateType: vuln } }, where: 'scan.x' }",
      /is not a name for a joined statement/,
    ],
    [
      JOIN("scan.x && vex.x", "").replace("by: vendor", "by: { atLeast: 2, of: [ci, vendor] }, select: any"),
      /any one statement would do, but 2 of \(ci, vendor\) are asked for/,
    ],
  ];
  for (const [rule, expected] of ROWS) test(rule.slice(0, 90), () => assert.match(problemsOf(rule), expected));

  test("an authority whose kind makes no attestations, at the place where it is named", () => {
    const read = policySet(...AUTHORITIES, policyYaml([asking("select: any")]));
    const where = { file: "p.yaml", line: 9, column: 3 };
    const document = {
      file: "p.yaml",
      value: { spec: { rules: [{ attested: { by: "ci", predicateType: SLSA } }] } },
      where: (path: readonly PropertyKey[]) => ({ ...where, file: path.join(".") }),
    };
    for (const kind of ["notary", "notation", "simpleSigning"] as const) {
      const authorities = read.authorities.map((authority) => ({
        authority: authority.name === "ci" ? { ...authority, spec: { kind } as unknown as AuthoritySpec } : authority,
        document,
      }));
      const problems = checkSet(
        authorities,
        read.policies.map((policy) => ({ policy, document })),
        ["ci"],
      );
      assert.deepEqual(
        problems.map((one) => [one.at.file, one.message.includes(`is of the kind ${kind}`)]),
        [["spec.rules.0.attested.by", true]],
      );
    }
  });
});

suite("a rule about attestations", () => {
  test("counts as a use of its authorities", () => {
    const warnings = policySet(...AUTHORITIES, policyYaml([PROVENANCE])).warnings.map((one) => one.message);
    assert.deepEqual(warnings, [
      'the authority "scanner" is named by no rule',
      'the authority "vendor" is named by no rule',
    ]);
  });

  test("asks for its attesters, and for no more of a statement than where reads", () => {
    const rule = asking(
      `where: "predicate.buildDefinition.buildType == 'x' && predicate.a['b.c'].d == 1 && predicate.a.l.exists(s, s.x == subject)"`,
    );
    assert.deepEqual(needsOf(set(rule).policies), {
      authorities: [],
      attesters: ["ci" as AuthorityName],
      layers: "never",
      bases: false,
      baseSigners: [],
      statements: [
        {
          attesters: ["ci" as AuthorityName],
          predicateType: SLSA,
          paths: ["predicate.buildDefinition.buildType", "predicate.a", "subject"],
        },
      ],
    });
    assert.deepEqual(needsOf(set(PROVENANCE).policies).statements, []);
  });

  test("that joins asks of each statement what is read under its name", () => {
    const rule = `attested: { join: { scan: { by: scanner, predicateType: vuln, where: "predicate.metadata.ok" }, vex: { by: vendor, predicateType: openvex } }, where: "scan.predicate.result == 1 && vex.predicate.x == scan.predicate.y && size(vex) > 0" }`;
    assert.deepEqual(
      needsOf(set(rule).policies).statements.map(({ predicateType, paths }) => [predicateType, paths]),
      [
        [
          "https://cosign.sigstore.dev/attestation/vuln/v1",
          ["predicate.metadata.ok", "predicate.result", "predicate.y"],
        ],
        ["https://openvex.dev/ns", ["_type", "subject", "predicateType", "predicate"]],
      ],
    );
  });

  test("reads in words", () => {
    const words = (rule: string) => explainPolicy(set(rule).policies[0]!).at(-1);
    assert.equal(
      words(asking('notOlderThan: 24h, where: "predicate.ok"')),
      `the image is attested to by ci with ${SLSA}, made less than 1d ago, the latest of them such that predicate.ok, or it is denied`,
    );
    assert.match(
      words(
        `attested: { join: { a: { by: ci, predicateType: spdx }, b: { by: vendor, predicateType: vuln } }, where: "a.x == b.x" }`,
      ) ?? "",
      /^the image is attested to as a by ci with .*, and as b by vendor with .*, which together are such that a\.x == b\.x, or it is denied$/,
    );
  });
});
