import assert from "node:assert/strict";
import { test } from "node:test";

import { parseDescriptor, plainDescriptor, type Descriptor } from "../../../src/domain/descriptor.ts";
import { isDigest, parseDigest } from "../../../src/domain/digest.ts";
import { InputError } from "../../../src/domain/errors.ts";
import {
  isBuildkitAttestation,
  isRunnable,
  MAX_INDEX_ENTRIES,
  MAX_LAYERS,
  parseManifest,
  type Manifest,
} from "../../../src/domain/manifest.ts";
import * as media from "../../../src/domain/media-types.ts";
import { jsonValue } from "../../support/json-value.ts";

const GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const DIGEST = `sha256:${"5e".repeat(32)}`;

function descriptor(mediaType: string, more: object = {}): object {
  return { mediaType, digest: DIGEST, size: 7, ...more };
}

const IMAGE = {
  schemaVersion: 2,
  mediaType: media.OCI_MANIFEST,
  config: descriptor(media.OCI_CONFIG),
  layers: [descriptor(GZIP_LAYER)],
};
const INDEX = {
  schemaVersion: 2,
  mediaType: media.OCI_INDEX,
  manifests: [descriptor(media.OCI_MANIFEST, { platform: { os: "linux", architecture: "amd64" } })],
};

function refused(value: unknown, about: RegExp, servedAs?: string): void {
  assert.throws(
    () => parseManifest(jsonValue(value), servedAs),
    (error) => error instanceof InputError && error.code === "manifest" && about.test(error.message),
    JSON.stringify(value).slice(0, 300),
  );
}

function image(more: object = {}): Manifest {
  const manifest = parseManifest(jsonValue({ ...IMAGE, ...more }), undefined);
  assert.equal(manifest.kind, "manifest");
  return manifest;
}

/** An image whose first layer's descriptor is changed. */
function withLayer(more: object): object {
  return { ...IMAGE, layers: [descriptor(GZIP_LAYER, more)] };
}

test("an image manifest is read whole", () => {
  const subject = descriptor(media.OCI_MANIFEST);
  const manifest = image({ artifactType: "application/x", subject, annotations: { a: "1" }, other: [1] });
  assert.equal(manifest.mediaType, media.OCI_MANIFEST);
  assert.equal(manifest.artifactType, "application/x");
  assert.deepEqual(manifest.annotations, { a: "1" });
  const plain = (mediaType: string): Descriptor => plainDescriptor(mediaType, parseDigest(DIGEST), 7);
  assert.deepEqual(manifest.config, plain(media.OCI_CONFIG));
  assert.deepEqual(manifest.layers, [plain(GZIP_LAYER)]);
  assert.deepEqual(manifest.subject, plain(media.OCI_MANIFEST));
});

test("an index is read whole", () => {
  const index = parseManifest(jsonValue(INDEX), media.OCI_INDEX);
  assert.equal(index.kind, "index");
  assert.equal(index.manifests.length, 1);
  assert.equal(index.manifests[0]?.platform?.architecture, "amd64");
  assert.deepEqual(parseManifest(jsonValue({ ...INDEX, manifests: [] }), undefined).annotations, {});
});

test("optional members that are null are absent", () => {
  const nothing = { artifactType: null, subject: null, annotations: null };
  assert.deepEqual(image(nothing), image());
  const bare = { urls: null, annotations: null, platform: null, artifactType: null, data: null };
  assert.deepEqual(image({ layers: [descriptor(GZIP_LAYER, bare)] }), image());
  const served = parseManifest(jsonValue({ ...IMAGE, mediaType: null }), media.OCI_MANIFEST);
  assert.deepEqual(served, image());
});

test("refuses a document that is both manifest and index, even where the other half is null", () => {
  refused({ ...IMAGE, manifests: INDEX.manifests }, /ambiguous: it is an image manifest that also has manifests/);
  refused({ ...IMAGE, manifests: [] }, /ambiguous/);
  refused({ ...IMAGE, manifests: null }, /ambiguous/);
  refused({ ...INDEX, config: IMAGE.config }, /ambiguous: it is an index that also has config or layers/);
  refused({ ...INDEX, layers: [] }, /ambiguous/);
  refused({ ...INDEX, layers: null }, /ambiguous/);
  refused({ ...INDEX, mediaType: media.OCI_MANIFEST }, /ambiguous/);
  refused({ ...IMAGE, mediaType: media.OCI_INDEX }, /ambiguous/);
});

test("refuses a document that says it is another type than it was served as", () => {
  refused(IMAGE, /says it is ".*manifest\.v1\+json" but was served as ".*index/, media.OCI_INDEX);
  refused(INDEX, /but was served as/, media.DOCKER_LIST);
  refused({ ...IMAGE, mediaType: "" }, /says it is "" but was served as/, media.OCI_MANIFEST);
  refused({ ...IMAGE, mediaType: undefined }, /has no media type/);
  refused({ ...IMAGE, mediaType: undefined }, /neither an image manifest nor an index/, "application/json");
  refused({ ...IMAGE, mediaType: "a\nb" }, /media type "a\\nb", which is neither/);
  refused({ ...IMAGE, mediaType: 1 }, /manifest\.mediaType is not a string/);
});

test("refuses schema 1 and versions that do not exist", () => {
  const schema1 = { schemaVersion: 1, name: "a/b", tag: "1", fsLayers: [], history: [], signatures: [] };
  refused(schema1, /Docker schema 1/, "application/vnd.docker.distribution.manifest.v1+prettyjws");
  refused({ ...IMAGE, fsLayers: [] }, /Docker schema 1/);
  refused({ ...IMAGE, fsLayers: null }, /Docker schema 1/);
  for (const version of [0, 3, -2]) refused({ ...IMAGE, schemaVersion: version }, /schemaVersion is -?\d, expected 2/);
  for (const version of ["2", 2.5, null, undefined]) {
    refused({ ...IMAGE, schemaVersion: version }, /schemaVersion is not a whole number/);
  }
});

test("refuses keys that a runtime would fold into known ones, at every level", () => {
  for (const key of [
    "Config",
    "CONFIG",
    "Layers",
    "LAYERS",
    "layer\u017f",
    "MediaType",
    "Manifests",
    "FSLayers",
    "Subject",
  ]) {
    refused({ ...IMAGE, [key]: [] }, /manifest is ambiguous: the key/);
  }
  for (const key of ["Digest", "DIGEST", "Size", "\u017fize", "SIZE", "MediaType", "URLs", "dige\u017ft"]) {
    refused(withLayer({ [key]: 1 }), /manifest\.layers\[0\] is ambiguous/);
    refused({ ...IMAGE, config: descriptor(media.OCI_CONFIG, { [key]: 1 }) }, /manifest\.config is ambiguous/);
  }
  const platform = { os: "linux", architecture: "amd64", Variant: "v8" };
  refused(
    { ...INDEX, manifests: [descriptor(media.OCI_MANIFEST, { platform })] },
    /manifests\[0\]\.platform is ambiguous/,
  );
});

test("annotations may differ only in case, since they are data", () => {
  assert.deepEqual(image({ annotations: { a: "1", A: "2", layers: "3", Layers: "4" } }).annotations["A"], "2");
  refused({ ...IMAGE, annotations: { a: 1 } }, /manifest\.annotations\.a is not a string/);
  refused({ ...IMAGE, annotations: ["a"] }, /manifest\.annotations is not an object/);
});

test("refuses digests that are not of a known algorithm, exact length and lower case", () => {
  const hex = "5e".repeat(32);
  const wrong: readonly unknown[] = [
    `sha256:${hex.slice(1)}`,
    `sha256:${hex}0`,
    `sha256:${hex.toUpperCase()}`,
    `SHA256:${hex}`,
    `sha512:${hex}`,
    `md5:${hex.slice(32)}`,
    `blake3:${hex}`,
    `sha256:../../../../etc/passwd`,
    `../../${DIGEST}`,
    `${DIGEST}/../x`,
    `${DIGEST}\n`,
    "",
    hex,
  ];
  for (const digest of wrong) {
    assert.equal(isDigest(String(digest)), false);
    refused(withLayer({ digest }), /manifest\.layers\[0\]\.digest is not a digest: "/);
    refused(
      { ...INDEX, manifests: [descriptor(media.OCI_MANIFEST, { digest })] },
      /manifests\[0\]\.digest is not a digest/,
    );
  }
  for (const digest of [null, 1, undefined, [DIGEST]])
    refused(withLayer({ digest }), /layers\[0\]\.digest is not a string/);
});

test("refuses sizes that are negative, fractional, too large for exact counting, or no numbers", () => {
  refused(withLayer({ size: -1 }), /layers\[0\]\.size is negative/);
  for (const size of [1.5, 2 ** 53, 1e300, "7", null, undefined, true]) {
    refused(withLayer({ size }), /layers\[0\]\.size is not a whole number/);
  }
  assert.equal(image({ layers: [descriptor(GZIP_LAYER, { size: 0 })] }).layers[0]?.size, 0);
});

test("refuses members of the wrong type or missing", () => {
  refused({ ...IMAGE, config: undefined }, /manifest\.config is not an object/);
  refused({ ...IMAGE, config: null }, /manifest\.config is not an object/);
  refused({ ...IMAGE, layers: undefined }, /has no layers/);
  refused({ ...IMAGE, layers: null }, /has no layers/);
  refused({ ...IMAGE, layers: {} }, /manifest\.layers is not an array/);
  refused({ ...IMAGE, layers: [null] }, /manifest\.layers\[0\] is not an object/);
  refused({ ...IMAGE, layers: ["x"] }, /manifest\.layers\[0\] is not an object/);
  refused({ ...INDEX, manifests: undefined }, /index has no manifests/);
  refused({ ...IMAGE, subject: "x" }, /manifest\.subject is not an object/);
  refused({ ...IMAGE, subject: {} }, /manifest\.subject\.size is not/);
  refused(withLayer({ urls: "https://a" }), /layers\[0\]\.urls is not an array/);
  refused(withLayer({ mediaType: null }), /layers\[0\]\.mediaType is not a string/);
  for (const value of [[], "null", 1, '"x"']) refused(value, /manifest is not an object/, media.OCI_MANIFEST);
});

test("refuses more layers and entries than anything honest has", () => {
  const layers = (count: number): object => ({ ...IMAGE, layers: Array(count).fill(IMAGE.layers[0]) });
  const entries = (count: number): object => ({ ...INDEX, manifests: Array(count).fill(INDEX.manifests[0]) });
  assert.equal(parseManifest(jsonValue(layers(MAX_LAYERS)), undefined).kind, "manifest");
  assert.equal(parseManifest(jsonValue(entries(MAX_INDEX_ENTRIES)), undefined).kind, "index");
  refused(layers(MAX_LAYERS + 1), /has 501 layers, more than the 500 allowed/);
  refused(entries(MAX_INDEX_ENTRIES + 1), /has 513 entries, more than the 512 allowed/);
});

test("a descriptor with URLs is foreign", () => {
  const place = { code: "manifest", path: "layer" } as const;
  const foreign = (urls: unknown): boolean =>
    parseDescriptor(jsonValue(descriptor(GZIP_LAYER, { urls })), place).foreign;
  assert.equal(foreign(["https://example.com/layer"]), true);
  assert.equal(foreign([]), false);
  assert.equal(foreign(null), false);
});

test("a descriptor's refusal has the code and place of its document", () => {
  const place = { code: "layout", path: "index.json" } as const;
  assert.throws(
    () => parseDescriptor(jsonValue(descriptor(GZIP_LAYER, { digest: "x" })), place),
    (error) => error instanceof InputError && error.code === "layout" && error.message.startsWith("index.json.digest"),
  );
});

test("whatever a runtime could start counts as runnable", () => {
  const odd = descriptor("application/x");
  assert.ok(isRunnable(image()));
  assert.ok(isRunnable(image({ layers: [] })));
  assert.ok(isRunnable(image({ layers: [odd] })));
  for (const layer of [GZIP_LAYER, `${GZIP_LAYER}:chunked`, "application/vnd.oci.image.layer.v1.tar+lz4"]) {
    assert.ok(isRunnable(image({ config: odd, layers: [odd, descriptor(layer)] })), layer);
  }
  assert.ok(isRunnable(image({ config: odd, layers: [odd], mediaType: media.DOCKER_MANIFEST })));
  assert.ok(isRunnable(image({ annotations: { "vnd.docker.reference.type": "attestation-manifest" } })));
});

test("an artefact with neither configuration nor layer of an image is not runnable", () => {
  const bundle = descriptor("application/vnd.dev.sigstore.bundle.v0.3+json");
  assert.equal(isRunnable(image({ config: descriptor(media.OCI_EMPTY), layers: [bundle] })), false);
});

test("a BuildKit attestation bears all three marks, and nothing less is left uninspected", () => {
  const platform = { os: "unknown", architecture: "unknown" };
  const annotations = { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": DIGEST };
  const entry = (more: object): Descriptor =>
    parseDescriptor(jsonValue(descriptor(media.OCI_MANIFEST, { platform, annotations, ...more })), {
      code: "manifest",
      path: "entry",
    });
  const attestation = image({ layers: [descriptor(media.IN_TOTO), descriptor(media.IN_TOTO)] });
  assert.ok(isBuildkitAttestation(entry({}), attestation));
  assert.equal(isBuildkitAttestation(entry({ platform: { os: "linux", architecture: "amd64" } }), attestation), false);
  assert.equal(
    isBuildkitAttestation(entry({ platform: { os: "unknown", architecture: "amd64" } }), attestation),
    false,
  );
  assert.equal(isBuildkitAttestation(entry({ platform: null }), attestation), false);
  assert.equal(isBuildkitAttestation(entry({ annotations: null }), attestation), false);
  assert.equal(isBuildkitAttestation(entry({ annotations: { "vnd.docker.reference.type": "x" } }), attestation), false);
  assert.equal(isBuildkitAttestation(entry({}), image()), false);
  assert.equal(isBuildkitAttestation(entry({}), image({ layers: [] })), false);
  const mixed = image({ layers: [descriptor(media.IN_TOTO), descriptor(GZIP_LAYER)] });
  assert.equal(isBuildkitAttestation(entry({}), mixed), false);
});

test("layers that cannot be unpacked are known as such", () => {
  assert.equal(media.layerPacking(GZIP_LAYER), "gzip");
  assert.equal(media.layerPacking("application/vnd.oci.image.layer.v1.tar"), "tar");
  assert.equal(media.layerPacking("application/vnd.docker.image.rootfs.diff.tar.gzip"), "gzip");
  for (const type of ["application/vnd.oci.image.layer.v1.tar+lz4", `${GZIP_LAYER}+encrypted`, "", "constructor"]) {
    assert.equal(media.layerPacking(type), "unknown");
  }
});
