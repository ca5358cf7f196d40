import assert from "node:assert/strict";
import { test } from "node:test";

import type { SourceKey } from "../../../src/domain/evidence.ts";
import {
  cli,
  denied,
  digestOfLetter,
  fakeWorld,
  finding,
  judged,
  tried,
  verdict,
  type Terminal,
} from "../../support/cli-fake.ts";

const WEB = "registry.example.com/shop/web:1.2";
const A = digestOfLetter("a");
const B = digestOfLetter("b");
const C = digestOfLetter("c");
const D = digestOfLetter("d");

async function report(value: ReturnType<typeof verdict>, terminal: Terminal = {}): Promise<string> {
  const fake = fakeWorld();
  fake.answers[WEB] = judged(value);
  return (await cli(["verify", WEB], fake, terminal)).out;
}

test("leads with what denies and what to do about it, then warnings, then what is in order", async () => {
  const value = denied({
    findings: [
      finding({ rule: "rules[0].pinned", message: "the digest is pinned" }),
      finding({
        rule: "rules[1].age",
        outcome: "violated",
        reason: "too-old",
        enforcement: "warn",
        message: "built 120 days ago, at most 90 are allowed",
        cites: [{ kind: "config", digest: B }],
      }),
      finding({
        rule: "rules[2].user",
        outcome: "undetermined",
        reason: "gap",
        message: "the layers were not all seen",
        cites: [{ kind: "source", source: "cosign:tag", digest: A }],
      }),
      finding({
        rule: "rules[3].signed",
        outcome: "violated",
        reason: "wrongly-signed",
        message: "1 signature was found, and none counts for release-key",
        cites: [{ kind: "signature", digest: C, authority: "release-key" }],
      }),
      finding({
        rule: "rules[4].absent",
        outcome: "violated",
        reason: "present",
        message: "the image holds a shell",
        cites: [{ kind: "layer", digest: D, path: "bin/sh" }],
      }),
    ],
    signatures: [
      tried({
        status: "rejected",
        reason: "log-missing",
        step: "log",
        detail: "no entry of a transparency log",
        signer: undefined,
      }),
      tried({ authority: "ci", artifact: D, source: "cosign:referrers" as SourceKey, via: "referrers-api" }),
    ],
    platforms: [
      { platform: "linux/amd64", digest: A, user: "nonroot", composition: "distroless", base: "unknown" },
      { platform: "linux/arm64/v8", digest: B, user: "root", composition: "full", base: "unknown" },
    ],
    gaps: [{ code: "timeout", what: "registry.example.com blob", detail: "no answer in 30s" }],
    unsafe: ["authority ci: transparencyLog: unsafeIgnored"],
    policies: ["production", "base"],
    validUntil: "2026-03-05T00:00:00.000Z" as never,
  });
  assert.equal(
    await report(value),
    `✖ denied  registry.example.com/shop/web:1.2
  digest  ${A}

  ✖ production rules[3].signed: 1 signature was found, and none counts for release-key
    fix: sign again with the transparency log on, as cosign does unless told otherwise
    see signature ${C} by release-key
  ✖ production rules[4].absent: the image holds a shell
    see /bin/sh in layer ${D}
  ? production rules[2].user: could not tell: the layers were not all seen
    see cosign:tag of ${A}
  ! production rules[1].age: built 120 days ago, at most 90 are allowed (warn only)
    see configuration ${B}
  ✔ production rules[0].pinned: the digest is pinned

  signatures tried
    ✖ cosign by release-key: rejected at step "log", log-missing: no entry of a transparency log
      artifact ${C} from cosign:tag (tag)
    ✔ cosign by ci: verified
      signer key sha256:eeeeeeeeeeeeeeee…, artifact ${D} from cosign:referrers (referrers-api)

  platforms
    platform        user     composition  base     digest
    linux/amd64     nonroot  distroless   unknown  ${A}
    linux/arm64/v8  root     full         unknown  ${B}

  could not see
    timeout: registry.example.com blob: no answer in 30s

  lowered security
    authority ci: transparencyLog: unsafeIgnored

  judged by production, base at 2026-03-01T12:00:00.000Z, holds until 2026-03-05T00:00:00.000Z
`,
  );
});

test("tells a signature that could not be judged from one that was rejected", async () => {
  const unseen = tried({ status: "undetermined", step: "log", detail: "unreachable: rekor.example.com" });
  const bare = tried({ status: "undetermined", authority: "ci" });
  const rejected = tried({ status: "rejected", authority: "vendor" });
  const shown = await report(denied({ signatures: [unseen, bare, rejected] }));
  assert.match(shown, /\? cosign by release-key: not determined at step "log", unreachable: rekor\.example\.com\n/);
  assert.match(shown, /\? cosign by ci: not determined\n/);
  assert.match(shown, /✖ cosign by vendor: rejected\n/);
});

test("keeps an allowed image short", async () => {
  assert.equal(
    await report(verdict({ signatures: [] })),
    `✔ allowed  registry.example.com/shop/web:1.2
  digest  ${A}

  ✔ production rules[0].signed: signed by release-key

  judged by production at 2026-03-01T12:00:00.000Z
`,
  );
});

test("tells how to sign an image that nobody signed, by its digest", async () => {
  assert.match(await report(denied()), new RegExp(`cosign sign --key KEY registry\\.example\\.com/shop/web@${A}\\n`));
});

test("names each kind of signer so that two can be told apart", async () => {
  const signers = [
    { kind: "identity", issuer: "https://issuer.example", subject: "release@example.com" },
    { kind: "x509", trustStore: "ca:corp", dn: "CN=release", spki: undefined },
    { kind: "pgp", fingerprint: "0123456789ABCDEF0123456789ABCDEF01234567", spki: undefined },
  ] as const;
  const text = await report(verdict({ signatures: signers.map((signer) => tried({ signer })) }));
  assert.match(text, /signer release@example\.com \(https:\/\/issuer\.example\),/);
  assert.match(text, /signer CN=release \(ca:corp\),/);
  assert.match(text, /signer PGP 89ABCDEF01234567,/);
});

test("uses colours on a terminal, and none elsewhere, with NO_COLOR or on a dumb one", async () => {
  const escape = "\u001b[";
  assert.ok((await report(denied(), { outIsTerminal: true })).includes(escape));
  assert.ok((await report(denied(), { outIsTerminal: true, env: { NO_COLOR: "" } })).includes(escape));
  for (const terminal of [
    {},
    { outIsTerminal: true, env: { NO_COLOR: "1" } },
    { outIsTerminal: true, env: { TERM: "dumb" } },
  ]) {
    assert.ok(!(await report(denied(), terminal)).includes(escape));
  }
});

test("escapes everything a terminal would act on, wherever it stands in a verdict", async () => {
  const bad = "x\u001b]0;owned\u0007\r\n\u009b31m\u202egnp.exe\u200b";
  const shown = String.raw`x\x1b]0;owned\x07\r\n\x9b31m\u202egnp.exe\u200b`;
  const value = denied({
    image: `registry.example.com/${bad}`,
    findings: [
      finding({
        outcome: "violated",
        reason: "present",
        message: bad,
        policy: bad,
        cites: [{ kind: "layer", digest: D, path: bad }],
      }),
    ],
    signatures: [
      tried({
        status: "rejected",
        reason: "malformed",
        step: "parsed",
        detail: bad,
        signer: { kind: "identity", issuer: bad, subject: bad },
      }),
    ],
    platforms: [{ platform: bad, digest: B, user: bad, composition: bad, base: bad }],
    gaps: [{ code: "malformed", what: bad, detail: bad }],
    unsafe: [bad],
    policies: [bad],
  });
  const text = await report(value);
  assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
  assert.equal(text.split(shown).length - 1, 15);
});

test("keeps JSON free of raw control characters without changing what it says", async () => {
  const bad = "\u001b[2J\u0085\u202e\u{e0041}\ud800 é 日本";
  const fake = fakeWorld();
  fake.answers[WEB] = judged(denied({ policies: [bad] }));
  const { out } = await cli(["verify", WEB, "--format", "json"], fake);
  assert.doesNotMatch(out.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\p{Cs}]/u);
  assert.match(out, /é 日本/);
  assert.deepEqual(JSON.parse(out).policies, [bad]);
});
