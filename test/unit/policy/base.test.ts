import assert from "node:assert/strict";
import { suite, test } from "node:test";

import * as fc from "fast-check";

import { baseName, PROTECTED_THINGS, type BaseFact } from "../../../src/domain/base-image.ts";
import type { ImageFacts, PlatformFacts } from "../../../src/domain/facts.ts";
import { known } from "../../../src/domain/gap.ts";
import { plus, type Instant } from "../../../src/domain/instant.ts";
import type { VerdictBody } from "../../../src/domain/verdict.ts";
import { basesToVerify, type FoundCandidate } from "../../../src/policy/base-candidate.ts";
import { explainPolicy } from "../../../src/policy/explain.ts";
import type { JudgeInput } from "../../../src/policy/judge.ts";
import { BASE, baseCandidate, foundBase, signedBase, tagSpan } from "../../support/base-facts.ts";
import {
  answer,
  authorityYaml,
  digestFor,
  GAP,
  imageFacts,
  indexFacts,
  judged,
  keySigner,
  linux,
  NOW,
  observed,
  OTHER_SOURCE,
  platformFacts,
  policySet,
  policyYaml,
  REJECTED,
  repository,
  ROOT,
  signature,
  SOURCE,
  verified,
} from "../../support/policy-facts.ts";

const DAY = 86_400_000;
const AUTHORITIES = ["a", "b"].map((name) => authorityYaml(name));
const DEBIAN = "oneOf: [base.example/debian]";

function daysAgo(days: number): Instant {
  return plus(NOW, -days * DAY);
}

function factsOf(base: PlatformFacts["base"]): ImageFacts {
  const layers = Array.from({ length: 5 }, (_, at) => ({
    digest: digestFor(`layer ${at}`),
    diffId: undefined,
    compressedBytes: 1,
    uncompressedBytes: 1,
    entries: 1,
    fileBytes: 1,
    notable: [],
    createdBy: "",
  }));
  return imageFacts({ platforms: [platformFacts({ base, layers })] });
}

function verdictOf(rule: string, base: BaseFact, overrides: Partial<JudgeInput> = {}): VerdictBody {
  return judged(policySet(...AUTHORITIES, policyYaml([`base: { ${rule} }`])), factsOf(known(base)), overrides);
}

function messageOf(verdict: VerdictBody): string {
  return verdict.findings[0]?.message ?? "";
}

function changed(...things: readonly FoundCandidate["changes"][number]["thing"][]): FoundCandidate["changes"] {
  return things.map((thing) => ({
    thing,
    sighting: { layer: digestFor(`layer of ${thing}`), path: `path/of/${thing}`, note: "replaced" },
  }));
}

suite("a base rule", () => {
  test("holds for an image built on one of the repositories, and names the digest and the layers", () => {
    const verdict = verdictOf(DEBIAN, foundBase({}));
    assert.equal(answer(verdict), "allow");
    assert.match(messageOf(verdict), new RegExp(`is built on base\\.example/debian@${BASE} \\(2 of 5 layers\\)\\.$`));
    assert.equal(verdict.platforms[0]?.base, `base.example/debian@${BASE} (2 of 5 layers)`);
  });

  test("holds for the base image itself", () => {
    const verdict = verdictOf(DEBIAN, foundBase({ isWhole: true, depth: 5 }));
    assert.equal(answer(verdict), "allow");
    assert.equal(verdict.platforms[0]?.base, `base.example/debian@${BASE} (the image itself)`);
  });

  test("holds for a base further down, whatever the image was built on since", () => {
    const near = { repository: repository("shop.example", "mid"), digest: digestFor("mid"), depth: 3 };
    assert.equal(answer(verdictOf(DEBIAN, foundBase(near, {}))), "allow");
  });

  test("goes by the deepest, whatever lies below it", () => {
    const deep = { digest: digestFor("deep"), depth: 3 };
    assert.match(messageOf(verdictOf(DEBIAN, foundBase(deep, {}))), /3 of 5 layers/);
    const tampered = verdictOf(DEBIAN, foundBase({ ...deep, changes: changed("libc") }, {}));
    assert.equal(answer(tampered), "deny base-tampered");
  });

  test("takes another of the same layers where one fails", () => {
    const twin = { digest: digestFor("twin"), changes: changed("libc") };
    assert.equal(answer(verdictOf(DEBIAN, foundBase(twin, {}))), "allow");
  });

  test("judges every platform by its own base image", () => {
    const { platforms } = indexFacts();
    const [first, second] = platforms;
    assert.ok(first !== undefined && second !== undefined);
    const facts = indexFacts({ platforms: [{ ...first, base: known(foundBase({})) }, second] });
    const verdict = judged(policySet(policyYaml([`base: { ${DEBIAN} }`])), facts);
    assert.equal(answer(verdict), "deny base-unknown");
    assert.match(messageOf(verdict), /linux\/arm64/);
    assert.deepEqual(
      verdict.platforms.map(({ base }) => base.replace(/@.*? /, " ")),
      ["base.example/debian (2 of 0 layers)", "unknown"],
    );
  });

  test("says in words what it asks", () => {
    const explained = (rule: string) => {
      const [policy] = policySet(...AUTHORITIES, policyYaml([`base: { ${rule} }`])).policies;
      assert.ok(policy !== undefined);
      return explainPolicy(policy).find((line) => line.includes("built on"));
    };
    assert.equal(
      explained("oneOf: [a.example/x, 'b.example/**'], notOlderThan: 30d, signedBy: a, allowChanges: [users]"),
      "the image is built on a.example/x or b.example/**, which a tag named less than 30d ago, signed by a, and leaves the program loader, the C library, the trusted certificates, the package database of it as they are, or it is denied",
    );
    assert.equal(
      explained(`oneOf: [a.example/x], allowChanges: [${PROTECTED_THINGS.join(", ")}]`),
      "the image is built on a.example/x, or it is denied",
    );
  });

  test("warns of a pattern that also matches what its author may not mean", () => {
    const { warnings } = policySet(policyYaml(["base: { oneOf: ['gcr.io/distroless*'] }"]));
    assert.match(warnings.map(({ message }) => message).join(), /also matches gcr\.io\/distroless-other/);
  });
});

suite("an image on no allowed base", () => {
  const UNKNOWN: BaseFact = { kind: "unknown", because: "as the test says", hints: [] };

  test("is denied where nothing is known of its base, and told what to have collected", () => {
    const verdict = verdictOf("oneOf: [base.example/debian, 'gcr.io/distroless/**']", UNKNOWN);
    assert.equal(answer(verdict), "deny base-unknown");
    assert.match(
      messageOf(verdict),
      /is built on no known image: as the test says\. Have base\.example\/debian or gcr\.io\/distroless\/\*\* collected as base images, and build in layers/,
    );
    assert.equal(verdict.platforms[0]?.base, "unknown");
  });

  test("is shown its builder's word, which counts for nothing", () => {
    const hints = [{ from: "label x", name: 'base.example/debian:12"\n', digest: BASE }];
    const verdict = verdictOf(DEBIAN, { ...UNKNOWN, hints });
    assert.equal(answer(verdict), "deny base-unknown");
    assert.match(
      messageOf(verdict),
      /By its builder's word \(label x\) it is built on "base\.example\/debian:12\\"\\n@/,
    );
  });

  test("is denied as uninspectable where its layers are, and undetermined for another operating system", () => {
    const composition = known({ kind: "uninspectable", reason: "limit", detail: "x" } as const);
    const set = policySet(policyYaml([`base: { ${DEBIAN} }`]));
    const facts = imageFacts({ platforms: [platformFacts({ base: known(UNKNOWN), composition })] });
    assert.equal(answer(judged(set, facts)), "deny uninspectable");
    const windows = platformFacts({ base: known(UNKNOWN), composition }, { ...linux("amd64"), os: "windows" });
    assert.equal(answer(judged(set, imageFacts({ platforms: [windows] }))), "deny uninspectable?");
  });

  test("is told what it is built on instead", () => {
    const other = foundBase({ repository: repository("docker.io", "library/alpine") });
    const verdict = verdictOf(DEBIAN, other);
    assert.equal(answer(verdict), "deny wrong-base");
    assert.match(
      messageOf(verdict),
      /is built on docker\.io\/library\/alpine@.*\(2 of 5 layers\)\. This policy allows base\.example\/debian/,
    );
  });

  const LOOKALIKES: readonly (readonly [string, string])[] = [
    ["evil.example", "base.example/debian"],
    ["evil-base.example", "debian"],
    ["base.example.evil.example", "debian"],
    ["base.example", "evil/debian"],
    ["base.example", "debian-evil"],
    ["base.example", "debian/evil"],
    ["base.example:5000", "debian"],
  ];
  for (const [host, path] of LOOKALIKES) {
    test(`is denied on ${host}/${path}, which only looks like an allowed one`, () => {
      assert.equal(answer(verdictOf(DEBIAN, foundBase({ repository: repository(host, path) }))), "deny wrong-base");
    });
  }

  test("is undetermined where the base could not be seen or was never asked for", () => {
    const set = policySet(policyYaml([`base: { ${DEBIAN} }`]));
    const gap = judged(set, factsOf({ kind: "gap", gap: GAP }));
    assert.deepEqual([answer(gap), gap.gaps], ["deny gap?", [GAP]]);
    assert.equal(answer(judged(set, factsOf({ kind: "not-collected" }))), "deny not-collected?");
    assert.equal(gap.platforms[0]?.base, "could not be read (unreachable: registry.example.com/shop/web)");
  });

  test("is denied where there is nothing that could be run", () => {
    const facts = imageFacts({ platforms: [], shape: "artifact" });
    assert.equal(answer(judged(policySet(policyYaml([`base: { ${DEBIAN} }`])), facts)), "deny not-runnable");
  });
});

suite("changes to protected things of the base", () => {
  for (const thing of PROTECTED_THINGS) {
    test(`deny an image that replaces ${thing}, unless that is allowed`, () => {
      const base = foundBase({ changes: changed(thing) });
      const verdict = verdictOf(DEBIAN, base);
      assert.equal(answer(verdict), "deny base-tampered");
      assert.deepEqual(verdict.findings[0]?.cites, [
        { kind: "layer", digest: digestFor(`layer of ${thing}`), path: `path/of/${thing}` },
      ]);
      assert.match(
        messageOf(verdict),
        new RegExp(`/path/of/${thing} \\(replaced\\)\\. .* allowChanges: \\[${thing}\\]`),
      );
      assert.equal(answer(verdictOf(`${DEBIAN}, allowChanges: [${thing}]`, base)), "allow");
      const others = PROTECTED_THINGS.filter((other) => other !== thing).join(", ");
      assert.equal(answer(verdictOf(`${DEBIAN}, allowChanges: [${others}]`, base)), "deny base-tampered");
    });
  }

  test("shows a few of many, and cites all that are not allowed", () => {
    const changes = [...changed("users"), ...Array.from({ length: 5 }, () => changed("libc")).flat()];
    const verdict = verdictOf(`${DEBIAN}, allowChanges: [users]`, foundBase({ changes }));
    assert.equal(verdict.findings[0]?.cites.length, 5);
    assert.match(messageOf(verdict), /change the C library of it: .*, …\./);
    assert.doesNotMatch(messageOf(verdict), /users/);
  });
});

suite("the age of a base", () => {
  const FRESH = `${DEBIAN}, notOlderThan: 30d`;

  test("is the time since its last tag left it", () => {
    const left = (...days: readonly number[]) =>
      foundBase({ tags: days.map((day) => tagSpan(`t${day}`, daysAgo(day))) });
    assert.equal(answer(verdictOf(FRESH, left(29))), "allow");
    assert.equal(answer(verdictOf(FRESH, left(400, 29))), "allow");
    const outdated = verdictOf(FRESH, left(400, 31));
    assert.equal(answer(outdated), "deny base-outdated");
    assert.match(
      messageOf(outdated),
      new RegExp(`its last tag left it on ${daysAgo(31)}, longer ago than 30d\\. Build anew`),
    );
  });

  test("does not count while a tag is there, however old the image", () => {
    const tags = [tagSpan("old", daysAgo(400)), tagSpan("12", undefined, daysAgo(40))];
    const verdict = verdictOf(FRESH, foundBase({ tags, firstSeen: daysAgo(900) }));
    assert.deepEqual([answer(verdict), verdict.validUntil], ["allow", undefined]);
  });

  test("is unknown of a base without tags, of which the first sight says nothing", () => {
    const verdict = verdictOf(FRESH, foundBase({ tags: [], firstSeen: NOW }));
    assert.equal(answer(verdict), "deny base-age-unknown");
    assert.match(messageOf(verdict), /No tag of .* was ever seen/);
    assert.equal(answer(verdictOf(DEBIAN, foundBase({ tags: [] }))), "allow");
  });

  test("names what the tag is now, where that is known", () => {
    const now = { digest: digestFor("now"), depth: 1, tags: [tagSpan("12")], changes: changed("libc") };
    const verdict = verdictOf(FRESH, foundBase({ tags: [tagSpan("12", daysAgo(31))] }, now));
    assert.equal(answer(verdict), "deny base-outdated");
    assert.match(messageOf(verdict), new RegExp(`; 12 is ${digestFor("now")} now\\.`));
    for (const elsewhere of [repository("other.example", "debian"), repository("base.example", "other")]) {
      const other = foundBase({ tags: [tagSpan("12", daysAgo(31))] }, { ...now, repository: elsewhere });
      assert.doesNotMatch(messageOf(verdictOf(FRESH, other)), /12 is/);
    }
  });

  test("makes the verdict valid from and until the instants at which it turns", () => {
    const leftAt = daysAgo(29);
    const fresh = verdictOf(FRESH, foundBase({ tags: [tagSpan("12", leftAt)] }));
    assert.deepEqual([fresh.validFrom, fresh.validUntil], [undefined, plus(leftAt, 30 * DAY)]);
    const at = plus(leftAt, 30 * DAY);
    const late = verdictOf(FRESH, foundBase({ tags: [tagSpan("12", leftAt)] }), { at });
    assert.deepEqual([answer(late), late.validFrom, late.validUntil], ["deny base-outdated", at, undefined]);
  });

  test("whatever the tags and the instant, is as a plain comparison has it, and holds as long as it says", () => {
    const spans = fc.array(
      fc.tuple(fc.integer({ min: -90, max: 10 }), fc.boolean()).map(([day, left]) => {
        const at = plus(NOW, day * DAY);
        return left ? tagSpan("12", at) : tagSpan("12", undefined, at);
      }),
      { maxLength: 3 },
    );
    const bases = fc.array(spans, { minLength: 1, maxLength: 3 });
    const instants = fc.integer({ min: -100, max: 100 }).map((day) => plus(NOW, day * DAY));
    fc.assert(
      fc.property(bases, instants, fc.nat(200 * DAY), (tags, at, later) => {
        const base = foundBase(...tags.map((each, index) => ({ tags: each, digest: digestFor(`base ${index}`) })));
        const plain = (when: Instant) =>
          tags.some((each) => each.some(({ leftAt }) => leftAt === undefined || when < plus(leftAt, 30 * DAY)));
        const first = verdictOf(FRESH, base, { at });
        assert.equal(first.decision === "allow", plain(at));
        const until = first.validUntil ?? plus(at, later + 1);
        const within = plus(at, Math.min(later, Date.parse(until) - Date.parse(at) - 1));
        assert.deepEqual({ ...verdictOf(FRESH, base, { at: within }), decidedAt: at }, first);
      }),
      { numRuns: 300 },
    );
  });
});

suite("signatures of the base", () => {
  const SIGNED = `${DEBIAN}, signedBy: a`;
  const BY_A = signature("a", verified([keySigner("alice")]), BASE);
  const by = (rule: string, bases: JudgeInput["bases"], base = foundBase({})) => verdictOf(rule, base, { bases });

  test("satisfy where those who are asked for made them", () => {
    const verdict = by(SIGNED, signedBase(BY_A));
    assert.equal(answer(verdict), "allow");
    assert.match(messageOf(verdict), /base\.example\/debian@\S+ is signed by a\.$/);
    assert.deepEqual(verdict.findings[0]?.cites, [{ kind: "signature", digest: BY_A.artifact, authority: "a" }]);
  });

  test("may be on the index that the base was reached through, and that was looked at", () => {
    const index = digestFor("the index");
    const [[name, facts] = []] = [...signedBase(signature("a", verified([keySigner("alice")]), index))];
    assert.ok(name !== undefined && facts !== undefined);
    const base = foundBase({ index });
    const seen = new Map([[name, { ...facts, sources: [observed(BASE), observed(index)] }]]);
    assert.equal(answer(by(SIGNED, seen, base)), "allow");
    assert.equal(answer(by(SIGNED, seen)), "deny base-unsigned");
    assert.equal(answer(by(SIGNED, signedBase(), base)), "deny not-collected?");
  });

  const SHORT: readonly (readonly [string, JudgeInput["bases"], RegExp])[] = [
    ["by nobody", signedBase(), /is not signed as asked\. .* is not signed by a: no signature was found/],
    [
      "by another authority",
      signedBase(signature("b", verified([keySigner("bob")]), BASE)),
      /It is signed by b, for which/,
    ],
    [
      "so that it is rejected",
      signedBase(signature("a", REJECTED, BASE)),
      /fails with bad-signature: the signature does not fit/,
    ],
    [
      "for another digest",
      signedBase(signature("a", verified([keySigner("alice")]), digestFor("other"))),
      /no signature was found/,
    ],
    [
      "for the image and not for its base",
      signedBase(signature("a", verified([keySigner("alice")]), ROOT)),
      /no signature was found/,
    ],
    [
      "by a signature that ended",
      signedBase(signature("a", verified([keySigner("alice")], undefined, daysAgo(1)), BASE)),
      /counted until/,
    ],
    [
      "from a place where the authority does not look",
      signedBase({ ...BY_A, source: OTHER_SOURCE }),
      /no signature was found/,
    ],
  ];
  for (const [how, bases, message] of SHORT) {
    test(`deny an image on a base that is signed ${how}`, () => {
      const verdict = by(SIGNED, bases);
      assert.equal(answer(verdict), "deny base-unsigned");
      assert.match(messageOf(verdict), message);
    });
  }

  test("of the image itself say nothing about its base", () => {
    const facts = { ...factsOf(known(foundBase({}))), signatures: [signature("a", verified([keySigner("alice")]))] };
    const set = policySet(...AUTHORITIES, policyYaml([`base: { ${SIGNED} }`]));
    assert.equal(answer(judged(set, facts, { bases: signedBase() })), "deny base-unsigned");
  });

  test("of the same digest in another repository say nothing about this one", () => {
    const mirror = repository("mirror.example", "debian");
    const [[, facts] = []] = [...signedBase(BY_A)];
    assert.ok(facts !== undefined);
    const bases = new Map([[baseName({ repository: mirror, digest: BASE }), { ...facts, repository: mirror }]]);
    assert.equal(answer(by(SIGNED, bases)), "deny not-collected?");
  });

  test("are counted by the same thresholds as those of an image", () => {
    const rule = `${DEBIAN}, signedBy: { atLeast: 2, of: [a, b] }`;
    const alone = by(rule, signedBase(BY_A, signature("b", verified([keySigner("alice")]), BASE)));
    assert.equal(answer(alone), "deny base-unsigned");
    assert.match(messageOf(alone), /They share a key or an identity/);
    const both = signedBase(BY_A, signature("b", verified([keySigner("bob")]), BASE));
    assert.equal(answer(by(rule, both)), "allow");
  });

  test("are undetermined where they were not collected or could not be seen", () => {
    assert.equal(answer(by(SIGNED, new Map())), "deny not-collected?");
    const [[name, facts] = []] = [...signedBase()];
    assert.ok(name !== undefined && facts !== undefined);
    const source = { about: BASE, source: SOURCE, state: { kind: "gap", gap: GAP } } as const;
    const verdict = by(SIGNED, new Map([[name, { ...facts, sources: [source] }]]));
    assert.deepEqual([answer(verdict), verdict.gaps], ["deny gap?", [GAP]]);
  });

  test("are not waited for where they could not help", () => {
    assert.equal(answer(by(SIGNED, new Map(), foundBase({ changes: changed("libc") }))), "deny base-tampered");
    const outdated = foundBase({ tags: [tagSpan("12", daysAgo(31))] });
    assert.equal(answer(by(`${SIGNED}, notOlderThan: 30d`, new Map(), outdated)), "deny base-outdated");
  });

  test("decide with what else is asked, and the candidate that came furthest says why", () => {
    const rule = `${SIGNED}, notOlderThan: 30d`;
    const tampered = { digest: digestFor("tampered"), changes: changed("libc") };
    const outdated = { digest: digestFor("outdated"), tags: [tagSpan("12", daysAgo(31))] };
    assert.equal(answer(by(rule, signedBase(), foundBase(tampered, outdated, {}))), "deny base-unsigned");
    assert.equal(answer(by(rule, signedBase(), foundBase(tampered, outdated))), "deny base-outdated");
    assert.equal(answer(by(rule, signedBase(), foundBase(tampered))), "deny base-tampered");
    assert.equal(answer(by(rule, new Map(), foundBase(tampered, outdated, {}))), "deny not-collected?");
    assert.equal(answer(by(rule, signedBase(BY_A), foundBase(tampered, outdated, {}))), "allow");
  });

  test("of an authority that is only tried as yet are tried, shown and not relied upon", () => {
    const set = policySet(authorityYaml("a", "enforcement: audit"), policyYaml([`base: { ${SIGNED} }`]));
    const verdict = judged(set, factsOf(known(foundBase({}))), { bases: signedBase(BY_A) });
    assert.deepEqual(
      verdict.findings.map(({ authority, outcome, reason }) => [authority, outcome, reason]),
      [
        [undefined, "violated", "base-unsigned"],
        ["a", "satisfied", undefined],
      ],
    );
    assert.deepEqual(verdict.unsafe, ["authority a: enforcement: audit"]);
  });
});

suite("the base images whose signatures are looked for", () => {
  const names = (rules: readonly string[], facts: ImageFacts) =>
    basesToVerify(policySet(...AUTHORITIES, policyYaml(rules)).policies, facts).map(baseName);
  const many = (count: number) =>
    factsOf(
      known({
        kind: "found",
        candidates: Array.from({ length: count }, (_, at) => baseCandidate({ digest: digestFor(`base ${at}`) })),
        hints: [],
      }),
    );

  test("are none where no rule asks for signers", () => {
    assert.deepEqual(names([`base: { ${DEBIAN} }`, "signed: { by: a }"], many(2)), []);
  });

  test("are those that could satisfy a rule, those inside anyOf too", () => {
    const facts = factsOf(
      known(
        foundBase(
          {},
          { digest: digestFor("tampered"), changes: changed("libc") },
          { digest: digestFor("other"), repository: repository("other.example", "x") },
        ),
      ),
    );
    assert.deepEqual(names([`anyOf: [ { base: { ${DEBIAN}, signedBy: a } } ]`], facts), [baseName(baseCandidate())]);
    assert.equal(names([`base: { ${DEBIAN}, signedBy: a, allowChanges: [libc] }`], facts).length, 2);
  });

  test("are the deepest eight for each rule, each once", () => {
    assert.equal(names([`base: { ${DEBIAN}, signedBy: a }`, `base: { ${DEBIAN}, signedBy: b }`], many(12)).length, 8);
  });

  test("are none of a platform whose base is not known", () => {
    assert.deepEqual(names([`base: { ${DEBIAN}, signedBy: a }`], factsOf({ kind: "gap", gap: GAP })), []);
  });
});
