import assert from "node:assert/strict";
import { test } from "node:test";

import type { Dossier, SourceKey } from "../../../src/domain/evidence.ts";
import { NOT_ASKED, type Observation } from "../../../src/domain/gap.ts";
import { parseInstant, plus } from "../../../src/domain/instant.ts";
import { isCovered } from "../../../src/pipeline/coverage.ts";
import { dossierFreshUntil } from "../../../src/pipeline/freshness.ts";
import type { Plan } from "../../../src/pipeline/plan.ts";
import type { Place } from "../../../src/schemes/scheme.ts";
import { sampleDossier } from "../../support/evidence-samples.ts";

const AGES = { signaturesMs: 3_600_000, absenceMs: 30_000 };
const NOON = parseInstant("2026-11-21T12:00:00Z");
const SOURCE = "cosign:tag" as SourceKey;
const nothing = (): Promise<readonly []> => Promise.resolve([]);
const PLACE: Place = { key: SOURCE, collect: nothing };
const PLAN: Plan = { places: [PLACE], vouchers: [], statements: [], layers: "never", platforms: [], bases: false };
const GAP = { kind: "gap", at: NOON, gap: { code: "timeout", what: "x", detail: "y" } } as const;

type List = Dossier["signatures"][number]["content"];

/** A dossier of one image with one list, everything else seen. */
function dossierWith(content: List, layer?: Observation<never>): Dossier {
  const sample = sampleDossier();
  const [leaf] = sample.subject.leaves;
  const [evidence] = sample.leaves;
  assert.ok(leaf !== undefined && evidence !== undefined);
  const layers = evidence.layers.slice(0, 1).map((one) => (layer === undefined ? one : { ...one, content: layer }));
  const { digest } = sample.subject.root.descriptor;
  return {
    subject: { ...sample.subject, leaves: [{ ...leaf, descriptor: sample.subject.root.descriptor }], containedIn: [] },
    signatures: [{ about: digest, source: SOURCE, content }],
    leaves: [{ ...evidence, manifest: digest, layers }],
  };
}

const [signed] = sampleDossier().signatures;
const FULL = signed?.content.kind === "observed" ? signed.content.value : [];
const listed: List = { kind: "observed", at: NOON, value: FULL };
const absent: List = { kind: "observed", at: NOON, value: [] };

test("a list ages in an hour, an absence in half a minute, a gap in five seconds", () => {
  assert.equal(dossierFreshUntil(dossierWith(listed), PLAN, AGES), plus(NOON, 3_600_000));
  assert.equal(dossierFreshUntil(dossierWith(absent), PLAN, AGES), plus(NOON, 30_000));
  assert.equal(dossierFreshUntil(dossierWith(GAP), PLAN, AGES), plus(NOON, 5000));
  const partly: List = { ...listed, value: FULL.map((evidence) => ({ ...evidence, gaps: [GAP.gap] })) };
  assert.equal(dossierFreshUntil(dossierWith(partly), PLAN, AGES), plus(NOON, 5000));
});

test("what the plan does not ask for ages nothing, and bytes never age", () => {
  assert.equal(dossierFreshUntil(dossierWith(GAP), { ...PLAN, places: [] }, AGES), undefined);
});

test("an answer is served until just before its observations are stale", () => {
  const staleAt = plus(NOON, 3_600_000);
  assert.equal(isCovered(dossierWith(listed), PLAN, AGES, plus(staleAt, -1)), true);
  assert.equal(isCovered(dossierWith(listed), PLAN, AGES, staleAt), false);
});

test("nothing is answered from a place that was never asked, or layers that are asked for and were not", () => {
  assert.equal(isCovered(dossierWith(NOT_ASKED), PLAN, AGES, NOON), false);
  const other: Plan = { ...PLAN, places: [PLACE, { key: "sigstore-bundle:referrers" as SourceKey, collect: nothing }] };
  assert.equal(isCovered(dossierWith(listed), other, AGES, NOON), false);
  assert.equal(isCovered(dossierWith(listed, NOT_ASKED), PLAN, AGES, NOON), true);
});
