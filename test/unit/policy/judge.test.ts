import assert from "node:assert/strict";
import { suite, test } from "node:test";

import type { AuthoritySpec } from "../../../src/domain/trust.ts";
import type { ImageFacts, PlatformFacts } from "../../../src/domain/facts.ts";
import { known, NOT_COLLECTED } from "../../../src/domain/gap.ts";
import { ABSENTEES, type Absentee } from "../../../src/domain/policy.ts";
import { parseInstant, plus } from "../../../src/domain/instant.ts";
import { lintFacts, type Flaw, type LintFacts } from "../../../src/domain/lint.ts";
import {
  answer,
  authorityYaml,
  classified,
  digestFor,
  GAP,
  IMAGE,
  imageFacts,
  indexFacts,
  judged,
  keySigner,
  LEAF_A,
  LEAF_B,
  linux,
  NOW,
  observed,
  OTHER_SOURCE,
  platformFacts,
  policySet,
  policyYaml,
  REJECTED,
  ROOT,
  signature,
  SOURCE,
  userFact,
  verified,
} from "../../support/policy-facts.ts";

function keyFileOf(spec: AuthoritySpec): string | undefined {
  return spec.kind === "cosign" ? spec.keys[0]?.from : undefined;
}

const ALICE = keySigner("alice");
const BOB = keySigner("bob");

/** A set with one policy, its authorities `a` to `d` included where named. */
function rules(...written: readonly string[]) {
  return withSpec("", ...written);
}

function withSpec(spec: string, ...written: readonly string[]) {
  return policySet(...["a", "b", "c", "d"].map((name) => authorityYaml(name)), policyYaml(written, spec));
}

function answered(facts: ImageFacts, ...written: readonly string[]): string {
  return answer(judged(rules(...written), facts));
}

suite("the decision", () => {
  test("is deny when no policy speaks, and says so", () => {
    const verdict = judged(rules("user: nonRoot"), imageFacts(), { matched: [] });
    assert.equal(answer(verdict), "deny no-policy");
    assert.match(verdict.findings[0]?.message ?? "", /No policy says anything about registry\.example\.com\/shop\/web/);
    assert.deepEqual(verdict.unsafe, []);
  });

  test("for images without a policy is weakened only as spelled, and shows it", () => {
    const set = rules("user: nonRoot");
    const warned = judged(set, imageFacts(), { matched: [], unmatched: "unsafe-warn" });
    const allowed = judged(set, imageFacts(), { matched: [], unmatched: "unsafe-allow" });
    assert.deepEqual([answer(warned), warned.unsafe], ["warn no-policy", ["unsafeUnmatched: warn"]]);
    assert.deepEqual([answer(allowed), allowed.unsafe], ["allow no-policy", ["unsafeUnmatched: allow"]]);
  });

  test("is deny for a matched policy without rules, whatever unmatched images get", () => {
    const set = rules("user: nonRoot");
    const matched = set.policies.map((policy) => ({ ...policy, rules: [] }));
    assert.equal(judged(set, imageFacts(), { matched, unmatched: "unsafe-allow" }).decision, "deny");
  });

  test("is deny if one of several policies is not satisfied", () => {
    const set = policySet(policyYaml(["user: nonRoot"], "", "one"), policyYaml(["absent: [shell]"], "", "two"));
    const shell = imageFacts({ platforms: [platformFacts({ composition: known(classified("slim", "shell")) })] });
    assert.equal(answer(judged(set, imageFacts())), "allow");
    assert.equal(answer(judged(set, shell)), "deny present");
    assert.deepEqual(judged(set, shell).policies, ["one", "two"]);
  });

  test("warns or only notes where enforcement says so, and lists that as a weakening", () => {
    const root = imageFacts({ platforms: [platformFacts({ user: known(userFact("root")) })] });
    const warn = judged(rules("{ user: nonRoot, enforcement: warn }"), root);
    const audit = judged(rules("{ user: nonRoot, enforcement: audit }"), root);
    assert.deepEqual(
      [answer(warn), warn.unsafe],
      ["warn root-user", ["policy production: rules[0].user: enforcement: warn"]],
    );
    assert.deepEqual(
      [answer(audit), audit.unsafe],
      ["allow root-user", ["policy production: rules[0].user: enforcement: audit"]],
    );
  });

  test("takes enforcement from the policy where the rule has none", () => {
    const root = imageFacts({ platforms: [platformFacts({ user: known(userFact("root")) })] });
    assert.equal(judged(withSpec("enforcement: warn", "user: nonRoot"), root).decision, "warn");
    assert.equal(judged(withSpec("enforcement: warn", "{ user: nonRoot, enforcement: deny }"), root).decision, "deny");
  });

  test("enforces what could not be told like a violation", () => {
    const unseen = imageFacts({ platforms: [platformFacts({ user: { kind: "gap", gap: GAP } })] });
    const verdict = judged(rules("user: nonRoot"), unseen);
    assert.equal(answer(verdict), "deny gap?");
    assert.deepEqual(verdict.gaps, [GAP]);
    assert.equal(answered(unseen, "{ user: nonRoot, enforcement: warn }"), "warn gap?");
  });

  test("carries the image, the digest, the instants and all signatures tried", () => {
    const facts = imageFacts({ signatures: [signature("a", verified([ALICE])), signature("b", REJECTED)] });
    const verdict = judged(rules("signed: { by: a }"), facts);
    assert.deepEqual([verdict.image, verdict.digest, verdict.decidedAt, verdict.resolvedAt], [IMAGE, ROOT, NOW, NOW]);
    assert.deepEqual(
      verdict.signatures.map(({ authority, status, reason, signer }) => [authority, status, reason, signer]),
      [
        ["a", "verified", undefined, ALICE],
        ["b", "rejected", "bad-signature", undefined],
      ],
    );
    assert.deepEqual(verdict.platforms, [
      {
        platform: "linux/amd64",
        digest: ROOT,
        user: "nonroot (1000)",
        composition: "distroless",
        base: "unknown",
      },
    ]);
  });
});

suite("signed", () => {
  const SIGNED = "signed: { by: a }";

  test("holds for a signature of the named authority", () => {
    const verdict = judged(rules(SIGNED), imageFacts({ signatures: [signature("a", verified([ALICE]))] }));
    assert.equal(answer(verdict), "allow");
    assert.deepEqual(verdict.findings[0]?.cites, [
      { kind: "signature", digest: digestFor("artifact of a"), authority: "a" },
    ]);
  });

  test("tells unsigned, wrongly signed and could not tell apart", () => {
    assert.equal(answered(imageFacts(), SIGNED), "deny unsigned");
    assert.equal(answered(imageFacts({ signatures: [signature("a", REJECTED)] }), SIGNED), "deny wrongly-signed");
    const gap = imageFacts({ sources: [{ about: ROOT, source: SOURCE, state: { kind: "gap", gap: GAP } }] });
    assert.equal(answered(gap, SIGNED), "deny gap?");
  });

  test("does not hold for a signature of another authority", () => {
    assert.equal(answered(imageFacts({ signatures: [signature("b", verified([ALICE]))] }), SIGNED), "deny unsigned");
  });

  test("does not hold for a signature on another digest", () => {
    const facts = imageFacts({ signatures: [signature("a", verified([ALICE]), digestFor("other"))] });
    assert.equal(answered(facts, SIGNED), "deny unsigned");
  });

  test("does not hold for a signature that names no signer", () => {
    assert.equal(answered(imageFacts({ signatures: [signature("a", verified([]))] }), SIGNED), "deny wrongly-signed");
  });

  test("reports the rejection that came furthest", () => {
    const early = { ...REJECTED, step: "parsed" as const, reason: "malformed" as const, detail: "not JSON" };
    const late = {
      ...REJECTED,
      step: "subject" as const,
      reason: "wrong-subject" as const,
      detail: "covers another digest",
    };
    const facts = imageFacts({ signatures: [signature("a", early), signature("a", late)] });
    assert.match(
      judged(rules(SIGNED), facts).findings[0]?.message ?? "",
      /for a it fails with wrong-subject: covers another digest \(and 1 more/,
    );
  });

  test("does not hold for a signature from a place where the authority does not look", () => {
    const elsewhere = signature("a", verified([ALICE]), ROOT, OTHER_SOURCE);
    const facts = imageFacts({ signatures: [elsewhere], sources: [observed(), observed(ROOT, OTHER_SOURCE)] });
    assert.equal(answer(judged(rules(SIGNED), facts)), "deny unsigned");
    assert.equal(answer(judged(rules(SIGNED), facts, { sourcesOf: () => [SOURCE, OTHER_SOURCE] })), "allow");
  });

  test("takes a place without a fact about it for one that was not looked at", () => {
    const facts = imageFacts({ sources: [observed(ROOT, OTHER_SOURCE)] });
    assert.equal(answered(facts, SIGNED), "deny not-collected?");
    const half = imageFacts();
    assert.equal(
      answer(judged(rules(SIGNED), half, { sourcesOf: () => [SOURCE, OTHER_SOURCE] })),
      "deny not-collected?",
    );
  });

  test("takes an authority that no scheme serves for one that was not looked for", () => {
    assert.equal(answer(judged(rules(SIGNED), imageFacts(), { sourcesOf: () => [] })), "deny not-collected?");
  });

  test("never holds for an authority that the set does not have", () => {
    const set = rules(SIGNED);
    const facts = imageFacts({ signatures: [signature("a", verified([ALICE]))] });
    assert.equal(judged({ ...set, authorities: [] }, facts).decision, "deny");
  });

  test("ignores a gap that could not change the answer", () => {
    const gap = { about: ROOT, source: OTHER_SOURCE, state: { kind: "gap", gap: GAP } } as const;
    const facts = imageFacts({ signatures: [signature("a", verified([ALICE]))], sources: [observed(), gap] });
    const verdict = judged(rules(SIGNED), facts, { sourcesOf: () => [SOURCE, OTHER_SOURCE] });
    assert.deepEqual([answer(verdict), verdict.gaps], ["allow", []]);
    const both = judged(rules("signed: { by: { atLeast: 2, of: [a, b] } }"), imageFacts({ sources: [gap] }), {
      sourcesOf: (spec) => (keyFileOf(spec) === "a.pub" ? [OTHER_SOURCE] : [OTHER_SOURCE]),
    });
    assert.equal(answer(both), "deny gap?");
  });

  test("is violated, not undetermined, where filling the gap would still leave too few", () => {
    const facts = imageFacts({
      sources: [observed(), { about: ROOT, source: OTHER_SOURCE, state: { kind: "gap", gap: GAP } }],
    });
    const verdict = judged(rules("signed: { by: { atLeast: 2, of: [a, b] } }"), facts, {
      sourcesOf: (spec) => (keyFileOf(spec) === "a.pub" ? [OTHER_SOURCE] : [SOURCE]),
    });
    assert.equal(answer(verdict), "deny unsigned");
  });
});

suite("thresholds", () => {
  const TWO = "signed: { by: { atLeast: 2, of: [a, b, c] } }";

  test("count distinct signers over distinct members", () => {
    const by = (...pairs: readonly (readonly [string, ...(typeof ALICE)[]])[]) =>
      answered(imageFacts({ signatures: pairs.map(([name, ...signers]) => signature(name, verified(signers))) }), TWO);
    assert.equal(by(["a", ALICE], ["b", BOB]), "allow");
    assert.equal(by(["a", ALICE], ["b", ALICE]), "deny threshold");
    assert.equal(by(["a", ALICE], ["a", BOB]), "deny threshold");
    assert.equal(by(["a", ALICE], ["b", ALICE], ["a", BOB]), "allow");
    assert.equal(by(["a", ALICE, BOB], ["b", ALICE]), "allow");
    assert.equal(by(), "deny unsigned");
  });

  test("count one signer once, in whatever scheme its signatures come", () => {
    const places = { sourcesOf: () => [SOURCE, OTHER_SOURCE] };
    const sources = [observed(), observed(ROOT, OTHER_SOURCE)];
    const byBundle = (signer: typeof ALICE) => ({
      ...signature("b", verified([signer]), ROOT, OTHER_SOURCE),
      scheme: "sigstore-bundle" as never,
    });
    const by = (signer: typeof ALICE) =>
      imageFacts({ sources, signatures: [signature("a", verified([ALICE])), byBundle(signer)] });
    const once = judged(rules(TWO), by(ALICE), places);
    assert.equal(answer(once), "deny threshold");
    assert.match(
      once.findings[0]?.message ?? "",
      /by a, b only, and 2 of \(a, b, c\) .* They share a key or an identity/,
    );
    assert.equal(answer(judged(rules(TWO), by(BOB), places)), "allow");
  });

  test("take a member that is named twice for one, however many have signed for it", () => {
    const facts = imageFacts({ signatures: [signature("a", verified([ALICE])), signature("a", verified([BOB]))] });
    const verdict = judged(rules("signed: { by: { atLeast: 2, of: [a, a, b] } }"), facts);
    assert.equal(answer(verdict), "deny threshold");
    assert.doesNotMatch(verdict.findings[0]?.message ?? "", /They share/);
  });

  test("nest, and spend each signer once in the whole tree", () => {
    const tree = "signed: { by: { atLeast: 2, of: [a, { atLeast: 2, of: [b, c] }, { atLeast: 1, of: [d] }] } }";
    const by = (...names: readonly string[]) =>
      answered(imageFacts({ signatures: names.map((name) => signature(name, verified([keySigner(name)]))) }), tree);
    assert.equal(by("a", "d"), "allow");
    assert.equal(by("b", "c", "d"), "allow");
    assert.equal(by("a", "b", "c"), "allow");
    assert.equal(by("b", "c"), "deny threshold");
    assert.equal(by("a", "b"), "deny threshold");
  });
});

suite("the enforcement of an authority", () => {
  const set = (enforcement: string, rule: string) =>
    policySet(authorityYaml("a", `enforcement: ${enforcement}`), policyYaml([rule]));
  const facts = imageFacts({ signatures: [signature("a", verified([ALICE]))] });

  test("keeps its signatures from satisfying a rule that is enforced more strongly", () => {
    const table = ["deny", "warn", "audit"].map((authority) =>
      ["deny", "warn", "audit"].map((rule) => {
        const verdict = judged(set(authority, `{ signed: { by: a }, enforcement: ${rule} }`), facts);
        return verdict.findings[0]?.outcome === "satisfied";
      }),
    );
    assert.deepEqual(table, [
      [true, true, true],
      [false, true, true],
      [false, false, true],
    ]);
  });

  test("keeps a gap of its own from leaving such a rule open, which filling it could not satisfy", () => {
    const gap = imageFacts({ sources: [{ about: ROOT, source: SOURCE, state: { kind: "gap", gap: GAP } }] });
    const [ruled] = judged(set("warn", "signed: { by: a }"), gap).findings;
    assert.deepEqual([ruled?.outcome, ruled?.reason], ["violated", "unsigned"]);
    assert.equal(answer(judged(set("deny", "signed: { by: a }"), gap)), "deny gap?");
  });

  test("is told where it mattered, and listed as a weakening", () => {
    const verdict = judged(set("warn", "signed: { by: a }"), facts);
    assert.equal(answer(verdict), "deny unsigned");
    assert.match(verdict.findings[0]?.message ?? "", /a has signed, but is not relied upon \(enforcement: warn\)/);
    assert.deepEqual(verdict.unsafe, ["authority a: enforcement: warn"]);
    assert.equal(verdict.signatures[0]?.status, "verified");
  });

  test("shows the unsafe options of authorities that the matched policies name, and of no other", () => {
    const weak = authorityYaml("a").replace("{ keys:", "{ transparencyLog: unsafeIgnored, keys:");
    const named = policySet(weak, authorityYaml("b"), policyYaml(["signed: { by: a }"]));
    const other = policySet(weak, authorityYaml("b"), policyYaml(["signed: { by: b }"]));
    assert.deepEqual(judged(named, facts).unsafe, ["authority a: transparencyLog: unsafeIgnored"]);
    assert.deepEqual(judged(other, facts).unsafe, []);
  });
});

suite("signatures and platforms", () => {
  const by = (mode: string, facts: ImageFacts) =>
    answer(judged(withSpec(`platforms: { signatures: ${mode} }`, "signed: { by: a }"), facts));
  const on = (...digests: readonly (typeof ROOT)[]) =>
    digests.map((digest) => signature("a", verified([ALICE]), digest));
  const CONTAINER = digestFor("index that lists it");

  test("either takes the whole, or every part", () => {
    assert.equal(by("either", indexFacts({ signatures: on(ROOT) })), "allow");
    assert.equal(by("either", indexFacts({ signatures: on(LEAF_A, LEAF_B) })), "allow");
    assert.equal(by("either", indexFacts({ signatures: on(LEAF_A) })), "deny unsigned");
    assert.equal(by("either", indexFacts()), "deny unsigned");
  });

  test("either takes an index that is known to list the image", () => {
    const facts = { containedIn: [CONTAINER], sources: [observed(), observed(CONTAINER)] };
    assert.equal(by("either", imageFacts({ ...facts, signatures: on(CONTAINER) })), "allow");
    assert.equal(by("either", imageFacts({ signatures: on(CONTAINER) })), "deny unsigned");
    assert.equal(by("index", imageFacts({ ...facts, signatures: on(CONTAINER) })), "deny unsigned");
  });

  test("either joins the signers of whole and part", () => {
    const set = rules("signed: { by: { atLeast: 2, of: [a, b] } }");
    const facts = indexFacts({
      signatures: [
        signature("a", verified([ALICE]), ROOT),
        signature("b", verified([BOB]), LEAF_A),
        signature("b", verified([BOB]), LEAF_B),
      ],
    });
    assert.equal(answer(judged(set, facts)), "allow");
  });

  test("index takes nothing but the digest that was resolved", () => {
    assert.equal(by("index", indexFacts({ signatures: on(ROOT) })), "allow");
    assert.equal(by("index", indexFacts({ signatures: on(LEAF_A, LEAF_B) })), "deny unsigned");
  });

  test("each takes nothing but every part's own signature", () => {
    assert.equal(by("each", indexFacts({ signatures: on(ROOT) })), "deny unsigned");
    assert.equal(by("each", indexFacts({ signatures: on(LEAF_A) })), "deny unsigned");
    assert.equal(by("each", indexFacts({ signatures: on(LEAF_A, LEAF_B) })), "allow");
  });

  test("an extra platform must be signed although only names others", () => {
    const set = withSpec("platforms: { only: [linux/amd64] }", "signed: { by: a }");
    assert.equal(answer(judged(set, indexFacts({ signatures: on(LEAF_A) }))), "deny unsigned");
  });

  test("an image without a runnable part does not pass for want of anything to check", () => {
    const nothing = indexFacts({ platforms: [] });
    assert.equal(by("each", nothing), "deny not-runnable");
    assert.equal(by("either", nothing), "deny unsigned");
    assert.equal(by("index", nothing), "deny unsigned");
  });

  test("a gap on a part matters only if the whole is not signed", () => {
    const gaps = [
      observed(ROOT),
      observed(LEAF_A),
      { about: LEAF_B, source: SOURCE, state: { kind: "gap", gap: GAP } } as const,
    ];
    assert.equal(by("either", indexFacts({ sources: gaps, signatures: on(ROOT) })), "allow");
    assert.equal(by("either", indexFacts({ sources: gaps, signatures: on(LEAF_A) })), "deny gap?");
    assert.equal(by("either", indexFacts({ sources: gaps })), "deny unsigned");
    assert.equal(by("each", indexFacts({ sources: gaps, signatures: on(LEAF_A) })), "deny gap?");
  });
});

suite("pinned", () => {
  const pin = (...digests: readonly (typeof ROOT)[]) => `pinned: { digests: ['${digests.join("', '")}'] }`;

  test("holds for the digest that was resolved, and for nothing else", () => {
    assert.equal(answered(imageFacts(), pin(ROOT)), "allow");
    assert.equal(answered(imageFacts(), pin(LEAF_A)), "deny not-pinned");
  });

  test("holds for an index by its own digest or by all of its parts", () => {
    assert.equal(answered(indexFacts(), pin(ROOT)), "allow");
    assert.equal(answered(indexFacts(), pin(LEAF_A, LEAF_B)), "allow");
    assert.equal(answered(indexFacts(), pin(LEAF_A)), "deny not-pinned");
    assert.equal(answered(indexFacts({ platforms: [] }), pin(LEAF_A)), "deny not-pinned");
  });

  test("holds for a part of a pinned index", () => {
    assert.equal(answered(imageFacts({ containedIn: [LEAF_A] }), pin(LEAF_A)), "allow");
  });
});

suite("user", () => {
  const run = (verdict: Parameters<typeof userFact>[0], rule = "user: nonRoot") =>
    answered(imageFacts({ platforms: [platformFacts({ user: known(userFact(verdict)) })] }), rule);

  test("holds only for a user who is known not to be root", () => {
    assert.equal(run("nonroot"), "allow");
    assert.equal(run("nonroot-named"), "deny named-user");
    assert.equal(run("root"), "deny root-user");
    assert.equal(run("unresolvable"), "deny user-unresolvable");
    assert.equal(run("invalid"), "deny user-invalid");
    assert.equal(run("nonroot-named", "user: { is: nonRoot, allowNamed: true }"), "allow");
    assert.equal(run("root", "user: { is: nonRoot, allowNamed: true, of: image }"), "deny root-user");
  });

  test("believes a Windows user only where more than the configuration says that it is Windows", () => {
    const windows = { ...linux("amd64"), os: "windows" };
    const facts = (declared: typeof windows | undefined) =>
      imageFacts({ platforms: [platformFacts({ user: known(userFact("nonroot")), declared }, windows)] });
    assert.equal(answered(facts(undefined), "user: nonRoot"), "deny user-unresolvable");
    assert.equal(answered(facts(linux("amd64")), "user: nonRoot"), "deny user-unresolvable");
    assert.equal(answered(facts(windows), "user: nonRoot"), "allow");
    const only = (names: string) =>
      answer(judged(withSpec(`platforms: { only: [${names}] }`, "user: nonRoot"), facts(undefined)));
    assert.equal(only("windows/amd64"), "allow");
    assert.equal(only("windows/amd64, linux/amd64"), "deny user-unresolvable");
  });

  test("is undetermined where it was not collected", () => {
    const facts = imageFacts({ platforms: [platformFacts({ user: NOT_COLLECTED })] });
    assert.equal(answered(facts, "user: nonRoot"), "deny not-collected?");
  });

  test("is judged on every platform, and a violation outweighs a gap", () => {
    const [first, second] = indexFacts().platforms;
    assert.ok(first !== undefined && second !== undefined);
    const root = { ...second, user: known(userFact("root")) };
    const verdict = judged(
      rules("user: nonRoot"),
      indexFacts({ platforms: [{ ...first, user: { kind: "gap", gap: GAP } }, root] }),
    );
    assert.equal(answer(verdict), "deny root-user");
    assert.match(
      verdict.findings[0]?.message ?? "",
      /\(linux\/arm64\) runs as root: no USER; as the test says\. Set USER/,
    );
  });
});

suite("composition and absent", () => {
  const made = (composition: Parameters<typeof platformFacts>[0], rule: string, os = "linux") =>
    answered(imageFacts({ platforms: [platformFacts(composition, { ...linux("amd64"), os })] }), rule);

  test("composition orders the classes from scratch to full", () => {
    const at = (one: Parameters<typeof classified>[0]) =>
      made({ composition: known(classified(one)) }, "composition: { atMost: distroless }");
    assert.deepEqual(
      ["scratch", "distroless-static", "chiseled", "distroless"].map((one) => at(one as "scratch")),
      Array(4).fill("allow"),
    );
    assert.deepEqual(
      ["micro", "minimal", "slim", "full"].map((one) => at(one as "micro")),
      Array(4).fill("deny composition"),
    );
  });

  test("absent names what is there and cites the layer", () => {
    const facts = imageFacts({ platforms: [platformFacts({ composition: known(classified("slim", "setuid")) })] });
    const verdict = judged(rules("absent: [shell, setuid]"), facts);
    assert.equal(answer(verdict), "deny present");
    assert.deepEqual(verdict.findings[0]?.cites, [{ kind: "layer", digest: digestFor("layer"), path: "bin/setuid" }]);
    assert.equal(answered(facts, "absent: [shell]"), "allow");
  });

  for (const thing of ABSENTEES) {
    test(`absent denies an image that holds ${thing}, says what to do, and allows one that holds only other things`, () => {
      const others = ABSENTEES.filter((one) => one !== thing);
      const holding = (...things: readonly Absentee[]) =>
        imageFacts({ platforms: [platformFacts({ composition: known(classified("full", ...things)) })] });
      const { findings } = judged(rules(`absent: [${thing}]`), holding(...ABSENTEES));
      assert.deepEqual(findings[0]?.cites, [{ kind: "layer", digest: digestFor("layer"), path: `bin/${thing}` }]);
      assert.match(
        findings[0]?.message ?? "",
        / holds .*: \/bin\/[a-z-]+\. Remove it, or build on a base image without it\./,
      );
      assert.equal(answered(holding(...others), `absent: [${thing}]`), "allow");
    });
  }

  for (const rule of ["composition: { atMost: full }", "absent: [shell]"]) {
    test(`layers that cannot be read break ${rule}, and are ignorance for another operating system`, () => {
      const uninspectable = known({ kind: "uninspectable", reason: "bomb", detail: "too much" } as const);
      assert.equal(made({ composition: uninspectable }, rule), "deny uninspectable");
      assert.equal(made({ composition: uninspectable }, rule, "windows"), "deny uninspectable?");
      assert.equal(
        made({ composition: uninspectable, declared: linux("amd64") }, rule, "windows"),
        "deny uninspectable",
      );
      assert.equal(made({ composition: { kind: "gap", gap: GAP } }, rule), "deny gap?");
      assert.equal(made({ composition: NOT_COLLECTED }, rule), "deny not-collected?");
    });
  }
});

suite("clean", () => {
  const flaw = (what: string, path?: string): Flaw => ({
    what,
    sighting: path === undefined ? undefined : { layer: digestFor("layer"), path, note: "" },
  });
  const linted = (answers: Partial<LintFacts>, more: Partial<PlatformFacts> = {}) =>
    imageFacts({ platforms: [platformFacts({ lints: { ...lintFacts(() => known([])), ...answers }, ...more })] });
  const SECRETS = [1, 2, 3, 4].map((number) => flaw(`layer ${number} holds a key`, `key${number}`));

  test("holds if every lint that is named found nothing, whatever others found", () => {
    assert.equal(answered(linted({ clutter: known([flaw("x")]) }), "clean: [no-healthcheck, secret-in-file]"), "allow");
    const verdict = judged(rules("clean: [clutter, no-healthcheck]"), linted({}));
    assert.match(verdict.findings[0]?.message ?? "", /passes the lints clutter, no-healthcheck\.$/);
  });

  test("tells three flaws of a lint, cites all, and names the next lint's as well", () => {
    const facts = linted({ "secret-in-file": known(SECRETS), "latest-tag": known([flaw("it is named latest")]) });
    const verdict = judged(rules("clean: [secret-in-file, latest-tag, clutter]"), facts);
    assert.equal(answer(verdict), "deny unclean");
    assert.equal(
      verdict.findings[0]?.message,
      `${IMAGE} (linux/amd64) fails the lint secret-in-file: layer 1 holds a key; layer 2 holds a key; layer 3 holds a key; and 1 more. ${IMAGE} (linux/amd64) fails the lint latest-tag: it is named latest.`,
    );
    const layers = SECRETS.map((_, at) => ({ kind: "layer", digest: digestFor("layer"), path: `key${at + 1}` }));
    assert.deepEqual(verdict.findings[0]?.cites, [...layers, { kind: "config", digest: ROOT }]);
  });

  test("is broken by what one lint found though another could not look", () => {
    const facts = linted({ "no-healthcheck": known([flaw("x")]), clutter: { kind: "gap", gap: GAP } });
    assert.equal(answered(facts, "clean: [clutter, no-healthcheck]"), "deny unclean");
    assert.equal(answered(facts, "clean: [clutter]"), "deny gap?");
    assert.equal(
      answered(linted({ clutter: NOT_COLLECTED }), "clean: [clutter, no-healthcheck]"),
      "deny not-collected?",
    );
  });

  test("is broken by layers that cannot be read only where a lint needs them", () => {
    const composition = known({ kind: "uninspectable", reason: "bomb", detail: "too much" } as const);
    assert.equal(answered(linted({}, { composition }), "clean: [clutter]"), "deny uninspectable");
    assert.equal(answered(linted({}, { composition }), "clean: [no-healthcheck]"), "allow");
  });
});

suite("age", () => {
  const born = (created: string | undefined, historyCreated?: string) => {
    const facts = platformFacts();
    assert.ok(facts.config.kind === "known");
    const instant = (text: string | undefined) => (text === undefined ? undefined : parseInstant(text));
    const dates = { created: instant(created), historyCreated: instant(historyCreated) };
    const config = known({ ...facts.config.value, ...dates });
    return imageFacts({ platforms: [{ ...facts, config }] });
  };
  const RULE = "age: { atMost: 30d }";

  test("holds until the age is reached and not at it", () => {
    assert.equal(answered(born("2026-10-22T12:00:00.001Z"), RULE), "allow");
    assert.equal(answered(born("2026-10-22T12:00:00Z"), RULE), "deny too-old");
    const verdict = judged(rules(RULE), born("2026-11-01T00:00:00Z"));
    assert.deepEqual([verdict.validFrom, verdict.validUntil], ["2026-10-31T23:55:00.000Z", "2026-12-01T00:00:00.000Z"]);
  });

  test("is not believed from dates that builds write for none, or from the future", () => {
    for (const date of [
      undefined,
      "1970-01-01T00:00:00Z",
      "1980-01-01T00:00:01Z",
      "1990-01-01T00:00:00Z",
      "2026-11-21T12:05:01Z",
      "9999-12-31T23:59:59Z",
    ]) {
      assert.equal(answered(born(date), RULE), "deny no-date", date);
    }
    assert.equal(answered(born("2026-11-21T12:04:59Z"), RULE), "allow");
  });

  test("is told by the later of the image's own date and its history's, and says by which", () => {
    const said = (created: string | undefined, history?: string) => {
      const verdict = judged(rules(RULE), born(created, history));
      return `${answer(verdict)}: ${/as its [a-z ]+ says|neither .* history/.exec(verdict.findings[0]?.message ?? "")?.[0]}`;
    };
    const [old, young] = ["2026-01-01T00:00:00Z", "2026-11-20T00:00:00Z"];
    assert.equal(said(young), "allow: as its creation date says");
    assert.equal(said(young, old), "allow: as its creation date says");
    assert.equal(said(old, young), "allow: as its history says");
    assert.equal(said("1970-01-01T00:00:00Z", young), "allow: as its history says");
    assert.equal(said(undefined, old), "deny too-old: as its history says");
    assert.equal(said(young, "2027-01-01T00:00:00Z"), "deny no-date: as its history says");
    assert.equal(
      said("1980-01-01T00:00:00Z", "1980-01-01T00:00:00Z"),
      "deny no-date: neither of its own nor in its history",
    );
  });

  test("a date in the future ends by itself", () => {
    const verdict = judged(rules(RULE), born("2026-11-21T13:00:00Z"));
    assert.deepEqual([answer(verdict), verdict.validUntil], ["deny no-date", "2026-11-21T12:55:00.000Z"]);
  });

  test("is undetermined without the configuration", () => {
    assert.equal(
      answered(imageFacts({ platforms: [platformFacts({ config: NOT_COLLECTED })] }), RULE),
      "deny not-collected?",
    );
  });
});

suite("platforms.only", () => {
  const judgeOnly = (only: string, facts: ImageFacts) =>
    answer(judged(withSpec(`platforms: { only: [${only}] }`, "user: nonRoot"), facts));
  const [amd, arm] = indexFacts().platforms;
  assert.ok(amd !== undefined && arm !== undefined);
  const ROOT_ON_ARM = indexFacts({ platforms: [amd, { ...arm, user: known(userFact("root")) }] });

  test("leaves out what is not named, and judges what is", () => {
    assert.equal(judgeOnly("linux/amd64", ROOT_ON_ARM), "allow");
    assert.equal(judgeOnly("linux/arm64", ROOT_ON_ARM), "deny root-user");
    assert.equal(judgeOnly("linux/arm64/v8", ROOT_ON_ARM), "deny root-user");
  });

  test("that selects nothing is a violation, not a pass", () => {
    assert.equal(judgeOnly("linux/s390x", ROOT_ON_ARM), "deny no-platform");
  });

  test("never leaves out what is, by index or configuration, a named platform", () => {
    const lying = { ...arm, declared: linux("amd64"), user: known(userFact("root")) };
    assert.equal(judgeOnly("linux/amd64", indexFacts({ platforms: [amd, lying] })), "deny root-user");
    const alsoLying = { ...amd, declared: linux("s390x"), user: known(userFact("root")) };
    assert.equal(judgeOnly("linux/amd64", indexFacts({ platforms: [amd, alsoLying] })), "deny root-user");
    const silent = { ...arm, declared: undefined, config: NOT_COLLECTED, user: known(userFact("root")) };
    assert.equal(judgeOnly("linux/amd64", indexFacts({ platforms: [amd, silent] })), "deny root-user");
  });

  test("leaves out nothing that a node falls back to where the index declares no better", () => {
    const bad = { ...arm, user: known(userFact("root")) };
    const i386 = platformFacts({ ...bad, declared: linux("386") }, linux("386"));
    const arm32 = platformFacts({ ...bad, declared: linux("arm") }, linux("arm"));
    const undeclared = platformFacts({ ...bad, declared: undefined }, linux("s390x"));
    const byConfigOnly = { ...amd, declared: linux("s390x") };
    assert.equal(judgeOnly("linux/amd64", indexFacts({ platforms: [amd, i386] })), "allow");
    assert.equal(judgeOnly("linux/amd64", indexFacts({ platforms: [byConfigOnly, i386] })), "deny root-user");
    assert.equal(judgeOnly("linux/amd64", indexFacts({ platforms: [byConfigOnly, undeclared] })), "deny root-user");
    assert.equal(
      judgeOnly("linux/arm64", indexFacts({ platforms: [{ ...arm, declared: linux("s390x") }, arm32] })),
      "deny root-user",
    );
    assert.equal(judgeOnly("linux/amd64", indexFacts({ platforms: [i386] })), "deny no-platform");
  });
});

suite("content rules on what cannot be run", () => {
  for (const rule of [
    "user: nonRoot",
    "composition: { atMost: full }",
    "absent: [shell]",
    "clean: [clutter]",
    "age: { atMost: 30d }",
  ]) {
    test(`${rule} does not hold for want of anything to break it`, () => {
      assert.equal(answered(imageFacts({ platforms: [] }), rule), "deny not-runnable");
      assert.equal(answered(imageFacts({ shape: "artifact" }), rule), "deny not-runnable");
    });
  }
});

suite("anyOf and static answers", () => {
  const ANY = `anyOf: [ { pinned: { digests: ['${LEAF_A}'] } }, { signed: { by: a } } ]`;

  test("anyOf holds if one alternative does, whatever is unknown of the others", () => {
    assert.equal(answered(imageFacts({ digest: LEAF_A, sources: [] }), ANY), "allow");
    assert.equal(answered(imageFacts({ signatures: [signature("a", verified([ALICE]))] }), ANY), "allow");
  });

  test("anyOf is undetermined if an alternative is, and else says why each failed", () => {
    assert.equal(answered(imageFacts({ sources: [] }), ANY), "deny not-collected?");
    const verdict = judged(rules(ANY), imageFacts());
    assert.equal(answer(verdict), "deny unsigned");
    assert.match(
      verdict.findings[0]?.message ?? "",
      /none of 2 alternatives\. \(1\) pinned: .* \(2\) signed: .*no signature was found/,
    );
  });

  test("deny refuses and unsafeAllow lets through, which shows", () => {
    assert.equal(answered(imageFacts(), "deny: { message: frozen }"), "deny static-deny");
    const verdict = judged(rules("unsafeAllow: { reason: vendor image }"), imageFacts());
    assert.deepEqual(
      [answer(verdict), verdict.unsafe],
      ["allow", ["policy production: rules[0].unsafeAllow: unsafeAllow: vendor image"]],
    );
  });

  test("unsafeAllow shows wherever it stands, should a set hold it inside anyOf", () => {
    const set = rules("user: nonRoot");
    const hidden = { kind: "anyOf", rules: [{ kind: "unsafeAllow", reason: "vendor" }] } as const;
    const matched = set.policies.map((policy) => ({
      ...policy,
      rules: policy.rules.map((one) => ({ ...one, rule: hidden })),
    }));
    assert.deepEqual(judged(set, imageFacts(), { matched }).unsafe, [
      "policy production: rules[0].anyOf: unsafeAllow: vendor",
    ]);
  });

  test("unsafeAllow in one policy excuses nothing in another", () => {
    const set = policySet(
      policyYaml(["unsafeAllow: { reason: x }"], "", "one"),
      policyYaml(["deny: { message: y }"], "", "two"),
    );
    assert.equal(judged(set, imageFacts()).decision, "deny");
  });
});

suite("time", () => {
  const bound = (notBefore: string | undefined, notAfter: string | undefined, at = NOW) =>
    judged(
      rules("signed: { by: a }"),
      imageFacts({
        signatures: [
          signature(
            "a",
            verified(
              [ALICE],
              notBefore === undefined ? undefined : parseInstant(notBefore),
              notAfter === undefined ? undefined : parseInstant(notAfter),
            ),
          ),
        ],
      }),
      { at },
    );

  test("a signature counts from notBefore until just before notAfter", () => {
    assert.equal(answer(bound("2026-11-21T12:00:00Z", undefined)), "allow");
    assert.equal(answer(bound("2026-11-21T12:00:00.001Z", undefined)), "deny signature-not-yet-valid");
    assert.equal(answer(bound(undefined, "2026-11-21T12:00:00.001Z")), "allow");
    assert.equal(answer(bound(undefined, "2026-11-21T12:00:00Z")), "deny signature-expired");
  });

  test("the verdict says between which instants it holds", () => {
    const verdict = bound("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
    assert.deepEqual([verdict.validFrom, verdict.validUntil], ["2026-11-01T00:00:00.000Z", "2026-12-01T00:00:00.000Z"]);
    assert.equal(bound(NOW, undefined).validFrom, NOW);
    assert.equal(bound(undefined, NOW).validFrom, NOW);
    const open = bound(undefined, undefined);
    assert.deepEqual([open.validFrom, open.validUntil], [undefined, undefined]);
    const early = bound("2026-12-01T00:00:00Z", undefined);
    assert.deepEqual([answer(early), early.validUntil], ["deny signature-not-yet-valid", "2026-12-01T00:00:00.000Z"]);
    assert.equal(answer(bound("2026-12-01T00:00:00Z", undefined, plus(NOW, 20 * 86_400_000))), "allow");
  });
});

test("an authority's name in facts is not enough: the policy must name it", () => {
  const facts = imageFacts({ signatures: [signature("nobody", verified([ALICE]))] });
  assert.equal(answered(facts, "signed: { by: { atLeast: 1, of: [a, b] } }"), "deny unsigned");
});
