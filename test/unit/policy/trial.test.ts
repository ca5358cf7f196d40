import assert from "node:assert/strict";
import { suite, test } from "node:test";

import type { VerdictBody } from "../../../src/domain/verdict.ts";
import { attestation, statementsOf } from "../../support/attestation-facts.ts";
import {
  answer,
  authorityYaml,
  GAP,
  imageFacts,
  judged,
  keySigner,
  policySet,
  policyYaml,
  ROOT,
  signature,
  SOURCE,
  verified,
} from "../../support/policy-facts.ts";

const OLD = authorityYaml("old");
const BY = (name: string) => signature(name, verified([keySigner(name)]));
const BOTH = "signed: { by: { atLeast: 1, of: [old, new] } }";

function verdictOf(enforcement: string, rule: string, signatures: readonly ReturnType<typeof BY>[]): VerdictBody {
  const set = policySet(OLD, authorityYaml("new", `enforcement: ${enforcement}`), policyYaml([rule]));
  return judged(set, imageFacts({ signatures }));
}

/** What the trials of a verdict say. */
function trials({ findings }: VerdictBody): readonly string[] {
  return findings.flatMap(({ authority, enforcement, outcome, reason, rule }) =>
    authority === undefined ? [] : [`${rule} ${authority} ${enforcement} ${outcome} ${reason ?? ""}`.trim()],
  );
}

suite("an authority that is only tried as yet", () => {
  test("is judged by itself beside the rule, which goes on without it", () => {
    const verdict = verdictOf("audit", BOTH, [BY("old")]);
    assert.deepEqual(trials(verdict), ["rules[0].signed new audit violated unsigned"]);
    assert.deepEqual([verdict.decision, verdict.findings[0]?.outcome], ["allow", "satisfied"]);
    assert.match(
      verdict.findings[1]?.message ?? "",
      /^new is only tried as yet \(enforcement: audit\): .* is not signed by new/,
    );
    assert.deepEqual(trials(verdictOf("audit", BOTH, [BY("old"), BY("new")])), ["rules[0].signed new audit satisfied"]);
  });

  test("with warn gives a warning where it would have denied, and never allows", () => {
    assert.equal(verdictOf("warn", BOTH, [BY("old")]).decision, "warn");
    assert.equal(verdictOf("warn", BOTH, [BY("old"), BY("new")]).decision, "allow");
    const alone = verdictOf("warn", BOTH, [BY("new")]);
    assert.deepEqual([alone.decision, trials(alone)], ["deny", ["rules[0].signed new warn satisfied"]]);
  });

  test("is no trial where a rule of the same strength may rely upon it", () => {
    assert.deepEqual(trials(verdictOf("warn", `{ ${BOTH}, enforcement: warn }`, [BY("new")])), []);
    assert.equal(verdictOf("warn", `{ ${BOTH}, enforcement: warn }`, [BY("new")]).decision, "allow");
    assert.deepEqual(trials(verdictOf("audit", `{ ${BOTH}, enforcement: warn }`, [BY("new")])).length, 1);
    assert.deepEqual(trials(verdictOf("deny", BOTH, [BY("new")])), []);
  });

  test("is tried inside anyOf, and once for each part that names it", () => {
    const verdict = verdictOf("audit", `anyOf: [ { ${BOTH} }, { signed: { by: new } }, { user: nonRoot } ]`, [
      BY("new"),
    ]);
    assert.deepEqual(trials(verdict), ["rules[0].anyOf new audit satisfied", "rules[0].anyOf new audit satisfied"]);
  });

  test("is undetermined where its places were not seen, and the gap is told", () => {
    const set = policySet(OLD, authorityYaml("new", "enforcement: warn"), policyYaml([BOTH]));
    const gap = { about: ROOT, source: SOURCE, state: { kind: "gap", gap: GAP } } as const;
    const verdict = judged(set, imageFacts({ signatures: [BY("old")], sources: [gap] }));
    assert.deepEqual([verdict.decision, trials(verdict)], ["warn", ["rules[0].signed new warn undetermined gap"]]);
    assert.deepEqual(verdict.gaps, [GAP]);
  });

  test("is tried for attestations and in joins", () => {
    const tried = policySet(
      OLD,
      authorityYaml("new", "enforcement: audit"),
      policyYaml([
        'attested: { by: { atLeast: 1, of: [old, new] }, predicateType: vuln, where: "predicate.ok" }',
        'attested: { join: { a: { by: old, predicateType: vuln }, b: { by: new, predicateType: vuln } }, where: "a.predicate.ok && b.predicate.ok" }',
      ]),
    );
    const type = "https://cosign.sigstore.dev/attestation/vuln/v1";
    const attested = [
      attestation({ by: "old", type, predicate: { ok: true } }),
      attestation({ by: "new", type, predicate: { ok: false } }),
    ];
    const verdict = judged(tried, imageFacts({ attestations: attested.map(({ fact }) => fact) }), {
      statements: statementsOf(attested),
    });
    assert.deepEqual(trials(verdict), [
      "rules[0].attested new audit violated predicate-mismatch",
      "rules[1].attested new audit violated predicate-mismatch",
    ]);
    assert.equal(answer(verdict), "deny predicate-mismatch unattested predicate-mismatch");
  });
});

suite("a signature that does not count says whose it is", () => {
  const identity = { kind: "identity", issuer: "https://issuer.example", subject: "eve@example.com" } as const;
  const stranger = {
    kind: "rejected",
    reason: "wrong-signer",
    step: "identity",
    detail: "signed by eve",
    signer: identity,
  } as const;
  const message = (...facts: readonly ReturnType<typeof signature>[]) =>
    judged(policySet(OLD, authorityYaml("new"), policyYaml(["signed: { by: old }"])), imageFacts({ signatures: facts }))
      .findings[0]?.message ?? "";
  const evidence = signature("old", stranger).evidence;

  test("a stranger's is told with the name that an authority would have to give", () => {
    assert.match(
      message(signature("old", stranger)),
      /It is signed correctly, by "eve@example.com" \(issuer "https:\/\/issuer.example"\), whom no authority names\.$/,
    );
    const both = [
      signature("old", stranger),
      { ...signature("new", { ...stranger, reason: "unknown-key", signer: undefined }), evidence },
    ] as const;
    assert.match(message(...both), /whom no authority names/);
    const key = { ...stranger, reason: "unknown-key", signer: keySigner("eve") } as const;
    assert.match(message(signature("old", key)), /by the key sha256:[0-9a-f]{64}, whom no authority names/);
    const dn = { kind: "x509", trustStore: "ca:x", dn: "CN=eve", spki: undefined } as const;
    assert.match(message(signature("old", { ...stranger, signer: dn })), /by the certificate of "CN=eve"/);
    const pgp = { kind: "pgp", fingerprint: "AB12", spki: undefined } as const;
    assert.match(message(signature("old", { ...stranger, signer: pgp })), /by the OpenPGP key AB12/);
  });

  test("a stranger whom the rejection names already is not named again", () => {
    const said = (change: { readonly subject?: string; readonly reason?: "certificate-untrusted" }) => {
      const signer = { ...identity, subject: change.subject ?? identity.subject };
      const name = `"${signer.subject}" (issuer "${identity.issuer}")`;
      const detail = `signed by ${name}, which this authority does not name`;
      return message(signature("old", { ...stranger, ...change, detail, signer }));
    };
    const times = (text: string, name: string) => text.split(name).length - 1;
    const told = said({});
    assert.equal(times(told, identity.subject), 1);
    assert.match(
      told,
      /which this authority does not name\. It is signed correctly, but no authority names this signer\.$/,
    );
    const workflow = `https://github.com/acme/${"deep/".repeat(40)}release.yml@refs/heads/main`;
    assert.equal(times(said({ subject: workflow }), workflow), 1);
    const claimed = said({ reason: "certificate-untrusted" });
    assert.equal(times(claimed, identity.subject), 1);
    assert.match(claimed, /That name is a claim, below a root that no authority trusts\.$/);
  });

  test("one whom an authority of identities cannot name is told all the same", () => {
    const key = { ...stranger, reason: "unknown-key", signer: keySigner("eve") } as const;
    const nameless = { ...signature("new", { ...key, reason: "no-certificate" }), evidence };
    assert.match(message({ ...signature("old", key), evidence }, nameless), /, whom no authority names\.$/);
  });

  test("a name below a root that nobody trusts is told as a claim", () => {
    const dn = { kind: "x509", trustStore: "ca:x", dn: "CN=eve", spki: undefined } as const;
    const claimed = { ...stranger, reason: "certificate-untrusted", signer: dn } as const;
    const said = message(signature("old", claimed));
    assert.match(said, /It says it is signed by the certificate of "CN=eve", below a root that no authority trusts\.$/);
    assert.doesNotMatch(said, /signed correctly/);
  });

  test("what another authority accepts is told with its name", () => {
    const accepted = { ...signature("new", verified([keySigner("new")])), evidence };
    assert.match(message(signature("old", stranger), accepted), /: signed by eve\. But new accepts it\.$/);
  });

  test("nothing is told of a signer whose signature fails for something else", () => {
    const unlogged = {
      kind: "rejected",
      reason: "log-missing",
      step: "log",
      detail: "not logged",
      signer: keySigner("eve"),
    } as const;
    assert.doesNotMatch(message(signature("old", unlogged)), /whom no authority names/);
    const known = { ...signature("new", unlogged), evidence };
    assert.doesNotMatch(message(signature("old", stranger), known), /whom no authority names/);
    assert.doesNotMatch(message(signature("old", { ...stranger, signer: undefined })), /whom no authority names/);
  });

  test("an image that only another authority signed says which", () => {
    assert.match(
      message(BY("new")),
      /no signature was found.*It is signed by new, for which this rule does not ask\.$/,
    );
  });

  test("an attestation says the same", () => {
    const { fact } = attestation({ by: "new" });
    const set = policySet(
      OLD,
      authorityYaml("new"),
      policyYaml(["attested: { by: old, predicateType: slsaprovenance1 }"]),
    );
    const rejected = { ...fact, authority: "old" as typeof fact.authority, opinion: stranger };
    const said = (...attestations: readonly (typeof fact)[]) =>
      judged(set, imageFacts({ attestations })).findings[0]?.message ?? "";
    assert.match(said(rejected), /whom no authority names\.$/);
    assert.match(said(rejected, { ...fact, evidence: rejected.evidence }), /But new accepts it\.$/);
  });
});
