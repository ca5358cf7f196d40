import assert from "node:assert/strict";
import { test } from "node:test";

import type { Dossier, LeafEvidence } from "../../../src/domain/evidence.ts";
import { instantOf } from "../../../src/domain/instant.ts";
import { parseManifest } from "../../../src/domain/manifest.ts";
import { OCI_MANIFEST } from "../../../src/domain/media-types.ts";
import { parseReference } from "../../../src/domain/reference.ts";
import { parseStrictJson } from "../../../src/crypto/strict-json.ts";
import { examine } from "../../../src/pipeline/examine.ts";
import { compileTrust } from "../../../src/pipeline/trust.ts";
import { SCHEMES } from "../../../src/schemes/index.ts";
import { baseCandidate } from "../../support/base-facts.ts";
import { walked } from "../../support/layer-facts.ts";
import { digestFor } from "../../support/policy-facts.ts";
import { image, type LayerSpec } from "../../support/tar.ts";

const NAME = "org.opencontainers.image.base.name";
const at = instantOf(0);
const LAYERS: readonly LayerSpec[] = [
  { "etc/passwd": "root:x:0:0::/:", "bin/tool": { mode: 0o755, body: "\x7fELF" } },
  { "etc/passwd": "app:x:1:1::/:" },
];

/** Everything collected of one image of these layers, as a registry would have it. */
function dossierOf(bases: LeafEvidence["bases"]): Dossier {
  const layers = LAYERS.map(walked);
  const built = image(
    { labels: { [NAME]: "label.example/x" } },
    layers.map((one) => one.built),
  );
  const { descriptor } = built.manifest;
  const read = parseManifest(
    parseStrictJson(built.manifest.bytes, { code: "manifest", name: "manifest", maxBytes: 100_000 }),
    OCI_MANIFEST,
  );
  assert.ok(read.kind === "manifest");
  const manifest = { ...read, annotations: { [NAME]: "annotation.example/x" } };
  const document = { descriptor, bytes: built.manifest.bytes };
  const reference = parseReference(`registry.example.com/shop/web@${descriptor.digest}`);
  const leaf = {
    declared: undefined,
    descriptor,
    manifest: { kind: "observed", at, value: { document, manifest } },
  } as const;
  return {
    subject: {
      requested: reference,
      repository: reference.repository,
      resolvedAt: at,
      root: document,
      shape: "image",
      leaves: [leaf],
      attestations: [],
      containedIn: [],
    },
    signatures: [],
    leaves: [
      {
        manifest: descriptor.digest,
        declared: undefined,
        config: { kind: "observed", at, value: built.config },
        layers: layers.map((one) => one.evidence),
        bases,
      },
    ],
  };
}

async function baseOf(bases: LeafEvidence["bases"]) {
  const { platforms } = await examine(dossierOf(bases), compileTrust([], SCHEMES), SCHEMES);
  return platforms[0]?.base;
}

test("examines the candidates that were collected, with what the manifest and the configuration say beside them", async () => {
  const candidate = baseCandidate({ depth: 1 });
  const fact = await baseOf({
    kind: "observed",
    at,
    value: [candidate, baseCandidate({ digest: digestFor("x"), depth: 7 })],
  });
  assert.ok(fact?.kind === "known" && fact.value.kind === "found", JSON.stringify(fact));
  const [only, ...more] = fact.value.candidates;
  assert.deepEqual(more, []);
  assert.deepEqual([only?.digest, only?.depth, only?.isWhole], [candidate.digest, 1, false]);
  assert.deepEqual(
    only?.changes.map(({ thing }) => thing),
    ["users"],
  );
  assert.deepEqual(
    fact.value.hints.map(({ name }) => name),
    ["annotation.example/x", "label.example/x"],
  );
});

test("knows nothing of a base that the catalogue was not asked for", async () => {
  assert.deepEqual(await baseOf({ kind: "not-asked" }), { kind: "not-collected" });
});
