import assert from "node:assert/strict";
import { test } from "node:test";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import type { LayerEvidence } from "../../../src/domain/evidence.ts";
import type { CompositionFact } from "../../../src/domain/facts.ts";
import { NOT_ASKED, type Known } from "../../../src/domain/gap.ts";
import { instantOf } from "../../../src/domain/instant.ts";
import { isLayerLint, LINTS } from "../../../src/domain/lint.ts";
import { inspectImage, INSPECTIONS_VERSION } from "../../../src/inspections/index.ts";
import { factsOf, inspected, walked } from "../../support/layer-facts.ts";
import { imageConfig, type ConfigSpec, type EntrySpec } from "../../support/tar.ts";

const BASE = walked({ "etc/passwd": "app:x:1000:1000::/:\n" });
const TOP = walked({ app: { mode: 0o755, body: "\x7fELF" } });
const GAP = { code: "unreachable", what: "layer", detail: "down" } as const;

function unseen(evidence: LayerEvidence): LayerEvidence {
  return { ...evidence, content: { kind: "gap", at: instantOf(0), gap: GAP } };
}

function unasked(evidence: LayerEvidence): LayerEvidence {
  return { ...evidence, content: NOT_ASKED };
}

function bomb(evidence: LayerEvidence): LayerEvidence {
  return {
    ...evidence,
    content: {
      kind: "observed",
      at: instantOf(0),
      value: { kind: "uninspectable", reason: "bomb", detail: "too large" },
    },
  };
}

function typed(evidence: LayerEvidence, change: Partial<LayerEvidence["descriptor"]>): LayerEvidence {
  return { ...evidence, descriptor: { ...evidence.descriptor, ...change } };
}

function inspect(layers: readonly LayerEvidence[], config: ConfigSpec = {}): ReturnType<typeof inspectImage> {
  return inspectImage(imageConfig({ user: "app", ...config }, [BASE.built, TOP.built]), layers);
}

function reasonOf(composition: Known<CompositionFact>): string {
  if (composition.kind !== "known") return composition.kind;
  return composition.value.kind === "uninspectable" ? composition.value.reason : composition.value.class;
}

test("joins all layers into one content", () => {
  const { composition, user } = inspect([BASE.evidence, TOP.evidence]);
  assert.equal(reasonOf(composition), "scratch");
  assert.equal(user.kind === "known" ? user.value.verdict : user.kind, "nonroot-named");
});

const REFUSED: readonly (readonly [string, string, readonly LayerEvidence[], ConfigSpec?])[] = [
  ["fewer layers than the configuration names", "layer-count", [BASE.evidence]],
  ["no layers where the configuration names some", "layer-count", []],
  ["layers in another order", "diff-id-mismatch", [TOP.evidence, BASE.evidence]],
  [
    "a layer that unpacks to something else",
    "diff-id-mismatch",
    [BASE.evidence, TOP.evidence],
    { diffIds: [BASE.built.diffId, digestOf("other")] },
  ],
  ["a layer that cannot be vouched for", "bomb", [BASE.evidence, bomb(TOP.evidence)]],
  [
    "an encrypted layer",
    "encrypted",
    [
      BASE.evidence,
      typed(unasked(TOP.evidence), { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip+encrypted" }),
    ],
  ],
  [
    "a layer of an unknown type",
    "unknown-media-type",
    [BASE.evidence, typed(TOP.evidence, { mediaType: "application/vnd.erofs.layer.v1" })],
  ],
  ["a foreign layer", "foreign", [BASE.evidence, typed(TOP.evidence, { foreign: true })]],
  [
    "a layer of a foreign type",
    "foreign",
    [BASE.evidence, typed(TOP.evidence, { mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" })],
  ],
  ["another operating system", "operating-system", [BASE.evidence, TOP.evidence], { os: "freebsd" }],
  ["Windows", "operating-system", [BASE.evidence, TOP.evidence], { os: "windows" }],
  ["Linux spelled otherwise", "operating-system", [BASE.evidence, TOP.evidence], { os: "Linux" }],
  ["an uninspectable layer above a gap", "bomb", [unseen(BASE.evidence), bomb(TOP.evidence)]],
  [
    "a mismatch below a layer not asked for",
    "diff-id-mismatch",
    [BASE.evidence, unasked(TOP.evidence)],
    { diffIds: [digestOf("other"), TOP.built.diffId] },
  ],
];

for (const [what, reason, layers, config] of REFUSED) {
  test(`cannot inspect an image with ${what}, and resolves no name in it`, () => {
    const { composition, user } = inspect(layers, config);
    assert.equal(reasonOf(composition), reason);
    assert.ok(user.kind === "known" && ["unresolvable", "invalid"].includes(user.value.verdict), JSON.stringify(user));
  });
}

test("leaves all unknown while one layer is a gap, whichever it is", () => {
  for (const layers of [
    [unseen(BASE.evidence), TOP.evidence],
    [BASE.evidence, unseen(TOP.evidence)],
    [unseen(BASE.evidence), unasked(TOP.evidence)],
  ]) {
    const { base, composition, lints, user } = inspect(layers);
    const unknown = { kind: "gap", gap: GAP };
    assert.deepEqual([user, composition, base], [unknown, unknown, unknown]);
    for (const lint of LINTS.filter(isLayerLint)) assert.deepEqual(lints[lint], unknown, lint);
    for (const lint of LINTS.filter((one) => !isLayerLint(one))) assert.equal(lints[lint].kind, "known", lint);
  }
});

test("leaves all not collected while one layer was never asked for", () => {
  const { base, composition, lints, user } = inspect([BASE.evidence, unasked(TOP.evidence)]);
  const unknown = { kind: "not-collected" };
  assert.deepEqual([user, composition, base], [unknown, unknown, unknown]);
  for (const lint of LINTS.filter(isLayerLint)) assert.deepEqual(lints[lint], unknown, lint);
  for (const lint of LINTS.filter((one) => !isLayerLint(one))) assert.equal(lints[lint].kind, "known", lint);
});

test("cannot inspect an image whose layers two unpackers would lay differently", () => {
  const { composition, user } = inspected(
    { user: "app" },
    { "opt/old": { mode: 0o755 }, "etc/passwd": "app:x:7:7::/:" },
    [
      [".wh.opt", ""],
      ["opt/new", { mode: 0o755 }],
    ],
  );
  assert.equal(reasonOf(composition), "ambiguous-layers");
  assert.equal(user.kind === "known" ? user.value.verdict : user.kind, "unresolvable");
});

test("takes no more work from an image than the limits allow", () => {
  const deep = "d/".repeat(240);
  const spec = Object.fromEntries(
    Array.from({ length: 3000 }, (_, index): [string, EntrySpec] => [`f${index}/${deep}x`, { mode: 0o755 }]),
  );
  assert.equal(reasonOf(inspected({}, spec).composition), "ambiguous-layers");
});

test("gives the same answer for facts that were stored and read again", () => {
  const facts = factsOf(TOP.built.bytes);
  assert.ok(!("reason" in facts));
  assert.deepEqual(JSON.parse(JSON.stringify(facts)), facts);
});

test("names the versions of its inspections", () => {
  const names = INSPECTIONS_VERSION.split(" ").map((one) => one.replace(/@[1-9][0-9]*$/, ""));
  assert.deepEqual(names, ["base", "composition", "user", ...LINTS].sort());
});
