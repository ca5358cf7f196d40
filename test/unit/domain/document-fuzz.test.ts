import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { parseStrictJson } from "../../../src/crypto/strict-json.ts";
import { InputError } from "../../../src/domain/errors.ts";
import { parseImageConfig } from "../../../src/domain/image-config.ts";
import type { JsonValue } from "../../../src/domain/json.ts";
import { parseManifest } from "../../../src/domain/manifest.ts";
import { DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from "../../../src/domain/media-types.ts";

const DIGEST = `sha256:${"5e".repeat(32)}`;
const CONFIG = { mediaType: OCI_CONFIG, digest: DIGEST, size: 7 };
const LAYER = {
  mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
  digest: DIGEST,
  size: 1,
  urls: [],
  annotations: { "a.é": "\u0001" },
};
const LEAF = { mediaType: OCI_MANIFEST, digest: DIGEST, size: 9, platform: { os: "linux", architecture: "arm64" } };

const MANIFEST = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: CONFIG, layers: [LAYER, LAYER], annotations: {} };
const INDEX = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [LEAF], subject: CONFIG };
const IMAGE_CONFIG = {
  created: "2026-01-02T03:04:05Z",
  os: "linux",
  architecture: "amd64",
  config: { User: "1000", Env: ["A=1"], Labels: { a: "b" }, Volumes: { "/d": {} } },
  rootfs: { type: "layers", diff_ids: [DIGEST] },
  history: [{ created_by: "x", empty_layer: true }],
};

const DOCUMENTS: readonly (readonly [object, (value: JsonValue) => unknown])[] = [
  [MANIFEST, (value) => parseManifest(value, undefined)],
  [{ ...MANIFEST, mediaType: undefined }, (value) => parseManifest(value, DOCKER_MANIFEST)],
  [INDEX, (value) => parseManifest(value, OCI_INDEX)],
  [IMAGE_CONFIG, parseImageConfig],
];

const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...Buffer.from('"{}[]:,0-9.\\ntuSLe')));
const mutation = fc.record({ at: fc.nat(), remove: fc.nat(3), put: fc.array(byte, { maxLength: 3 }) });

function mutated(bytes: Buffer, { at, remove, put }: { at: number; remove: number; put: number[] }): Buffer {
  const place = at % (bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, place), Buffer.from(put), bytes.subarray(place + remove)]);
}

test("whatever bytes change in a document, it is read or refused, and nothing else is thrown", () => {
  const seen = { read: 0, refused: 0 };
  fc.assert(
    fc.property(fc.constantFrom(...DOCUMENTS), fc.array(mutation, { minLength: 1, maxLength: 3 }), (which, changes) => {
      const [document, parse] = which;
      const bytes = changes.reduce(mutated, Buffer.from(JSON.stringify(document)));
      try {
        parse(parseStrictJson(bytes, { code: "manifest", name: "document", maxBytes: 1 << 16 }));
        seen.read += 1;
      } catch (error) {
        assert.ok(error instanceof InputError, String(error));
        assert.ok(error.message.length < 1500);
        seen.refused += 1;
      }
    }),
    { numRuns: 10_000 },
  );
  assert.ok(seen.read > 500 && seen.refused > 500, JSON.stringify(seen));
});

test("whatever value stands in a document's place for another, it is read or refused", () => {
  const value = fc.jsonValue({ maxDepth: 2 });
  const odd = fc.oneof(value, fc.constantFrom(DIGEST, OCI_INDEX, -1, 1e300, "", {}, [], null, [LAYER], [LEAF]));
  fc.assert(
    fc.property(fc.constantFrom(...DOCUMENTS), fc.nat(), odd, (which, at, put) => {
      const [document, parse] = which;
      const keys = Object.keys(document);
      const changed = { ...document, [keys[at % keys.length] ?? ""]: put };
      const bytes = Buffer.from(JSON.stringify(changed).replaceAll(/\\ud[89a-f]../g, "?"));
      try {
        parse(parseStrictJson(bytes, { code: "manifest", name: "document", maxBytes: 1 << 16 }));
      } catch (error) {
        assert.ok(error instanceof InputError, String(error));
      }
    }),
    { numRuns: 5000 },
  );
});
