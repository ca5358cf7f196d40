import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_SURFACE } from "../../../src/domain/attack-surface.ts";
import { PortError } from "../../../src/domain/errors.ts";
import type { SchemeId, SourceKey } from "../../../src/domain/evidence.ts";
import type { AttestationFact, ImageFacts, Opinion } from "../../../src/domain/facts.ts";
import { parseInstant } from "../../../src/domain/instant.ts";
import { lintFacts, type Flaw, type Lint } from "../../../src/domain/lint.ts";
import { parseReference, type Tag } from "../../../src/domain/reference.ts";
import type { AuthorityName } from "../../../src/domain/trust.ts";
import type { SignedName } from "../../../src/pipeline/assay.ts";
import { cli, digestOfLetter, fakeWorld } from "../../support/cli-fake.ts";

const WEB = "registry.example.com/shop/web:1.2";
const [A, B, C, D] = ["a", "b", "c", "d"].map(digestOfLetter) as [
  ReturnType<typeof digestOfLetter>,
  ReturnType<typeof digestOfLetter>,
  ReturnType<typeof digestOfLetter>,
  ReturnType<typeof digestOfLetter>,
];

const AMD64 = { os: "linux", architecture: "amd64", variant: undefined, osVersion: undefined };
const SIGHTING = { layer: C, path: "bin/sh", note: "ELF" };

const THEN = parseInstant("2026-01-02T03:04:05Z");
const FLAWS: Partial<Record<Lint, readonly Flaw[]>> = {
  "secret-in-environment": [{ what: "TOKEN", sighting: undefined }],
  clutter: [{ what: "its name", sighting: { layer: C, path: "app/.git", note: "" } }],
};

const FACTS: ImageFacts = {
  id: digestOfLetter("1"),
  repository: parseReference(WEB).repository,
  digest: A,
  shape: "index",
  containedIn: [],
  signatures: [
    {
      scheme: "cosign" as SchemeId,
      source: "cosign:tag" as SourceKey,
      via: "tag",
      authority: "release-key" as AuthorityName,
      about: A,
      artifact: D,
      evidence: D,
      opinion: {
        kind: "verified",
        signers: [{ kind: "key", spki: digestOfLetter("e") }],
        notBefore: undefined,
        notAfter: undefined,
        signedAt: [],
        notes: [],
      },
    },
  ],
  attestations: [],
  sources: [
    { about: A, source: "cosign:tag" as SourceKey, state: { kind: "observed", found: 1 } },
    { about: B, source: "cosign:tag" as SourceKey, state: { kind: "observed", found: 0 } },
    {
      about: A,
      source: "cosign:referrers" as SourceKey,
      state: { kind: "gap", gap: { code: "timeout", what: "referrers", detail: "no answer in 30s" } },
    },
  ],
  platforms: [
    {
      digest: B,
      declared: AMD64,
      config: {
        kind: "known",
        value: {
          platform: AMD64,
          user: "app",
          entrypoint: ["/web", "--port=80"],
          cmd: [],
          workingDir: "",
          labels: { "org.example": "x\u001b[2J" },
          created: parseInstant("2026-01-02T03:04:05Z"),
        },
      },
      user: {
        kind: "known",
        value: {
          configured: "app",
          verdict: "nonroot-named",
          uid: 1000,
          gidDocker: 1000,
          gidKubernetes: 0,
          because: "app is uid 1000 in /etc/passwd",
          sightings: [{ layer: C, path: "etc/passwd", note: "" }],
        },
      },
      composition: {
        kind: "known",
        value: {
          kind: "classified",
          class: "minimal",
          modifiers: ["with-shell"],
          because: "a shell and no package manager",
          present: { shell: [SIGHTING], "package-manager": [], setuid: [], "ssh-server": [] },
          packages: 12,
          executables: 3,
          surface: {
            score: 42,
            items: {
              ...NO_SURFACE.items,
              shell: { count: 1, points: 25 },
              "os-package-manager": { count: 2, points: 17 },
            },
          },
          sightings: [],
        },
      },
      lints: lintFacts((lint) => ({ kind: "known", value: FLAWS[lint] ?? [] })),
      base: {
        kind: "known",
        value: {
          kind: "found",
          candidates: [
            {
              repository: parseReference("registry.example.com/base/alpine").repository,
              digest: D,
              index: undefined,
              platform: AMD64,
              tags: [{ tag: "3" as Tag, firstSeen: THEN, lastSeen: THEN, leftAt: THEN }],
              firstSeen: THEN,
              depth: 1,
              isWhole: false,
              changes: [{ thing: "users", sighting: { layer: C, path: "etc/passwd", note: "" } }],
            },
          ],
          hints: [{ from: "annotation org.opencontainers.image.base.name", name: "alpine:3", digest: undefined }],
        },
      },
      layers: [
        {
          digest: C,
          diffId: D,
          compressedBytes: 3_145_728,
          uncompressedBytes: 10_000_000,
          entries: 420,
          fileBytes: 9_000_000,
          notable: ["shell: bin/sh", "12 packages"],
          createdBy: "COPY / /",
        },
        {
          digest: D,
          diffId: undefined,
          compressedBytes: 32,
          uncompressedBytes: undefined,
          entries: undefined,
          fileBytes: undefined,
          notable: [],
          createdBy: "y".repeat(80),
        },
      ],
    },
    {
      digest: C,
      declared: { ...AMD64, architecture: "arm64", variant: "v8" },
      config: { kind: "not-collected" },
      user: { kind: "gap", gap: { code: "too-large", what: "config", detail: "5 MiB" } },
      composition: { kind: "known", value: { kind: "uninspectable", reason: "bomb", detail: "ratio 4000" } },
      lints: lintFacts(() => ({ kind: "not-collected" })),
      base: { kind: "not-collected" },
      layers: [],
    },
  ],
};

function world(facts: ImageFacts = FACTS, signedName?: SignedName) {
  const fake = fakeWorld();
  fake.inspected[WEB] = () => Promise.resolve({ kind: "image", facts, signedName });
  return fake;
}

test("says by whose word the tag is this digest, in both formats", async () => {
  const signed = world(FACTS, { authorities: ["dct"], isSigned: true });
  const lines = (await cli(["inspect", WEB], signed)).out.split("\n");
  assert.equal(lines[2], "  name         signed as this digest by dct, wherever the registry's tag points");
  const unsigned = world(FACTS, { authorities: ["dct", "other\u001b[2J"], isSigned: false });
  const { out } = await cli(["inspect", WEB], unsigned);
  assert.match(
    out,
    /^ {2}name {9}not signed by dct, other\\x1b\[2J: the digest is what the registry's tag points to$/m,
  );
  const json = JSON.parse((await cli(["inspect", WEB, "--format", "json"], signed)).out) as Record<string, unknown>;
  assert.deepEqual(json["signedName"], { authorities: ["dct"], isSigned: true });
  const plain = JSON.parse((await cli(["inspect", WEB, "--format", "json"], world())).out) as object;
  assert.ok(!("signedName" in plain));
});

test("shows configuration, user, composition, layers, signatures and sources of each platform", async () => {
  const ran = await cli(["inspect", WEB], world());
  assert.equal(ran.code, 0);
  assert.equal(ran.err, "");
  assert.equal(
    ran.out,
    `registry.example.com/shop/web
  digest       ${A}
  shape        index

linux/amd64  ${B}
  created      2026-01-02T03:04:05.000Z
  entrypoint   "/web" "--port=80"
  command      none
  folder       /
  label        org.example=x\\x1b[2J
  user         nonroot-named (uid 1000, gid 1000, gid 0 under Kubernetes), from USER app: app is uid 1000 in /etc/passwd
               /etc/passwd in ${C}
  composition  minimal (with-shell): a shell and no package manager
  contains     12 packages, 3 executables
  surface      42 of 100: shell 25 (1 found), os-package-manager 17 (2 found)
  has          shell
               /bin/sh in ${C}, ELF
  base         registry.example.com/base/alpine@${D}, its lowest layer
               was 3 until 2026-01-02T03:04:05.000Z
               users changed above it: /etc/passwd in ${C}
               annotation org.opencontainers.image.base.name says alpine:3, which proves nothing
  lints        13 of 15 clean
               secret-in-environment: TOKEN
               clutter: its name (/app/.git in ${C})
  layers
    #  digest               packed   unpacked  entries  created by
    1  sha256:cccccccccccc  3.0 MiB  9.5 MiB   420      COPY / /
       ├ shell: bin/sh
       └ 12 packages
    2  sha256:dddddddddddd  32 B     -         -        ${"y".repeat(59)}…

linux/arm64/v8  ${C}
  config       was not looked at
  user         could not be seen: too-large: config: 5 MiB
  composition  cannot be read, bomb: ratio 4000
  base         was not looked at
  lints        0 of 15 clean

signatures found
  ✔ cosign by release-key: verified
    signer key sha256:eeeeeeeeeeeeeeee…, artifact ${D} from cosign:tag (tag)

sources looked at
  cosign:tag: 1 found for ${A}
  cosign:tag: nothing found for ${B}
  cosign:referrers: could not be seen for ${A}: timeout: referrers: no answer in 30s
`,
  );
});

test("says of a signature that counts for nobody why not", async () => {
  const [signature] = FACTS.signatures;
  const opinion = {
    kind: "rejected",
    reason: "unknown-key",
    step: "signature",
    detail: "another key",
    signer: undefined,
  } as const;
  const { out } = await cli(["inspect", WEB], world({ ...FACTS, signatures: [{ ...signature!, opinion }] }));
  assert.match(out, /✖ cosign by release-key: rejected at step "signature", unknown-key: another key/);
});

test("shows what was attested and by whom, and why what does not count does not", async () => {
  const [signature] = FACTS.signatures;
  const { opinion: _, ...place } = signature!;
  const seen = { ...place, scheme: "attestation", source: "attestation:tag" } as unknown as Omit<
    AttestationFact,
    "opinion"
  >;
  const statement = { digest: D, size: 420, predicateType: "https://slsa.dev/provenance/v1" };
  const verified = { ...(signature!.opinion as Opinion & { kind: "verified" }), statement };
  const gap = { code: "too-large", what: "attestation x", detail: "y" } as const;
  const unread = { kind: "undetermined", gap, step: "fetched", signer: undefined } as const;
  const attestations = [
    { ...seen, opinion: verified },
    { ...seen, opinion: unread },
  ];
  const { out } = await cli(["inspect", WEB], world({ ...FACTS, attestations }));
  assert.ok(
    out.includes(`attestations found
  ✔ attestation by release-key: verified
    signer key sha256:eeeeeeeeeeeeeeee…, artifact ${D} from attestation:tag (tag)
    states https://slsa.dev/provenance/v1, 420 bytes, ${D}
  ? attestation by release-key: not determined at step "fetched", too-large: attestation x
`),
    out,
  );
});

test("counts one package and one executable as one", async () => {
  const [platform] = FACTS.platforms;
  const composition = platform!.composition;
  assert.equal(composition.kind, "known");
  const value = composition.kind === "known" ? composition.value : assert.fail();
  const few = { ...platform!, composition: { kind: "known", value: { ...value, packages: 1, executables: 1 } } };
  const { out } = await cli(["inspect", WEB], world({ ...FACTS, platforms: [few] } as ImageFacts));
  assert.match(out, /contains {5}1 package, 1 executable\n/);
});

test("gives all facts as JSON", async () => {
  const { out } = await cli(["inspect", WEB, "--format", "json"], world());
  assert.deepEqual(JSON.parse(out), JSON.parse(JSON.stringify(FACTS)));
});

test("asks for an app that needs no policies, and for the platform named", async () => {
  const fake = world();
  await cli(["inspect", WEB, "--platform", "linux/arm64"], fake);
  assert.deepEqual(fake.composed[0]?.options, {
    purpose: "inspect",
    inlinePolicies: [],
    localImages: [],
    platform: "linux/arm64",
  });
  assert.deepEqual(fake.calls, ["close app 0"]);
});

test("exits 2 for a registry that cannot be reached and 1 for an image that is not there", async () => {
  const away = fakeWorld();
  away.inspected[WEB] = () =>
    Promise.reject(new PortError("unreachable", "registry.example.com", "connection refused"));
  assert.equal((await cli(["inspect", WEB], away)).code, 2);
  const none = fakeWorld();
  none.inspected[WEB] = () =>
    Promise.resolve({ kind: "unresolved", image: WEB, code: "not-found", message: "no such tag", retryable: false });
  const ran = await cli(["inspect", WEB, "--format", "json"], none);
  assert.equal(ran.code, 1);
  assert.equal(JSON.parse(ran.out).problem.code, "not-found");
});

test("takes exactly one image", async () => {
  for (const words of [[], [WEB, WEB]]) assert.equal((await cli(["inspect", ...words], world())).code, 3);
});

const SMALL = "registry.example.com/shop/web:distroless";

/** The same image with less in it. */
function smaller(): ImageFacts {
  const [amd64] = FACTS.platforms;
  const composition = amd64!.composition;
  assert.ok(composition.kind === "known" && composition.value.kind === "classified");
  const value = { ...composition.value, class: "distroless" as const, packages: 3, surface: NO_SURFACE };
  const lints = lintFacts((lint) => ({
    kind: "known",
    value: lint === "latest-tag" ? [{ what: "it is latest", sighting: undefined }] : [],
  }));
  return { ...FACTS, digest: B, platforms: [{ ...amd64!, lints, composition: { kind: "known", value } }] };
}

function twoImages() {
  const fake = world();
  fake.inspected[SMALL] = () => Promise.resolve({ kind: "image", facts: smaller() });
  return fake;
}

test("compares two images, so that moving to a smaller base shows its gain", async () => {
  const ran = await cli(["inspect", WEB, "--diff", SMALL], twoImages());
  assert.equal(ran.code, 0, ran.err);
  assert.equal(
    ran.out,
    `from ${WEB}@${A}
to   ${SMALL}@${B}

linux/amd64  42 of 42 points of attack surface less
                        from           to             change
  composition           minimal        distroless
  user                  nonroot-named  nonroot-named
  attack surface        42             0              -42
    shell               1              0              -1
    os-package-manager  2              0              -2
  packages              12             3              -9
  executables           3              3
  packed                3.0 MiB        3.0 MiB
  unpacked              -              -
  mended  secret-in-environment, clutter
  broken  latest-tag

linux/arm64/v8  only in the first
`,
  );
});

test("gives the comparison as JSON, in which what is not known of one is absent", async () => {
  const { out } = await cli(["inspect", SMALL, "--diff", WEB, "--format", "json"], twoImages());
  const diff = JSON.parse(out);
  assert.equal(diff.from, `${SMALL}@${B}`);
  assert.deepEqual(diff.platforms[0].surface, { from: 0, to: 42 });
  assert.deepEqual(diff.platforms[0].items.shell, { from: { count: 0, points: 0 }, to: { count: 1, points: 25 } });
  assert.deepEqual(diff.platforms[0].uncompressedBytes, {});
  assert.deepEqual(diff.only, { from: [], to: ["linux/arm64/v8"] });
});

test("compares two images of one platform each whatever those are", async () => {
  const fake = world({ ...FACTS, platforms: FACTS.platforms.slice(1) });
  fake.inspected[SMALL] = () => Promise.resolve({ kind: "image", facts: smaller() });
  const { out } = await cli(["inspect", WEB, "--diff", SMALL], fake);
  assert.match(out, /^linux\/arm64\/v8 and linux\/amd64 {2}the attack surface of one of them is not known$/m);
});

test("tells which of two images cannot be looked at", async () => {
  const fake = twoImages();
  fake.inspected[SMALL] = () =>
    Promise.resolve({ kind: "unresolved", image: SMALL, code: "not-found", message: "no such tag", retryable: false });
  const ran = await cli(["inspect", WEB, "--diff", SMALL], fake);
  assert.equal(ran.code, 1);
  assert.match(ran.out, new RegExp(SMALL));
});
