import assert from "node:assert/strict";
import { test } from "node:test";

import { canonicalJson } from "../../../src/crypto/canonical-json.ts";
import { digestOf } from "../../../src/crypto/digest-of.ts";
import type { BaseCandidate } from "../../../src/domain/base-image.ts";
import { NOT_ASKED, type Observation } from "../../../src/domain/gap.ts";
import { plus } from "../../../src/domain/instant.ts";
import { outlineOf } from "../../../src/pipeline/outline.ts";
import { SAMPLE_BASE, SAMPLE_TIME, sampleDossier } from "../../support/evidence-samples.ts";

const LATER = plus(SAMPLE_TIME, 60_000);

function outline(bases: Observation<readonly BaseCandidate[]>): string {
  const dossier = sampleDossier();
  return canonicalJson(outlineOf({ ...dossier, leaves: dossier.leaves.map((leaf) => ({ ...leaf, bases })) }));
}

function outlineWith(change: Partial<BaseCandidate>, at = SAMPLE_TIME): string {
  return outline({ kind: "observed", at, value: [{ ...SAMPLE_BASE, ...change }] });
}

const [span] = SAMPLE_BASE.tags;
assert.ok(span);

test("a base image that was looked up again, its tag seen again, changes nothing", () => {
  assert.equal(outlineWith({}, LATER), outlineWith({}));
  assert.equal(outlineWith({ tags: [{ ...span, lastSeen: LATER }] }), outlineWith({}));
  const two = [span, { ...span, tag: "other" as typeof span.tag }];
  assert.equal(outlineWith({ tags: two.toReversed() }), outlineWith({ tags: two }));
});

test("whatever of a base image changes an answer changes the outline", () => {
  const outlines = [
    outlineWith({}),
    outlineWith({ tags: [{ ...span, leftAt: LATER }] }),
    outlineWith({ tags: [] }),
    outlineWith({ depth: 2 }),
    outlineWith({ digest: digestOf("another") }),
    outlineWith({ index: undefined }),
    outlineWith({ repository: { ...SAMPLE_BASE.repository, path: "another" } }),
    outline({ kind: "observed", at: SAMPLE_TIME, value: [] }),
    outline({ kind: "gap", at: SAMPLE_TIME, gap: { code: "timeout", what: "x", detail: "y" } }),
    outline(NOT_ASKED),
  ];
  assert.equal(new Set(outlines).size, outlines.length);
});
