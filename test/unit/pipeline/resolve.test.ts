import assert from "node:assert/strict";
import { test } from "node:test";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import { IN_TOTO, OCI_INDEX, OCI_MANIFEST } from "../../../src/domain/media-types.ts";
import { InputError } from "../../../src/domain/errors.ts";
import { parseReference } from "../../../src/domain/reference.ts";
import type { Document } from "../../../src/domain/subject.ts";
import { plainDescriptor } from "../../../src/domain/descriptor.ts";
import { resolveSubject } from "../../../src/pipeline/resolve.ts";
import type { ImageSource } from "../../../src/ports/image-source.ts";
import { SYSTEM_CLOCK } from "../../support/system-clock.ts";
import { image, type BuiltImage } from "../../support/tar.ts";

const REFERENCE = parseReference("registry.example.com/shop/web:1");
const NEVER = new AbortController().signal;

/** Manifests by digest; whatever else is asked for is a mistake of the code under test. */
class Manifests {
  readonly #documents = new Map<string, Document>();

  put(value: object | Uint8Array, mediaType: string): Document {
    const bytes = value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value));
    const document = { descriptor: plainDescriptor(mediaType, digestOf(bytes), bytes.length), bytes };
    this.#documents.set(document.descriptor.digest, document);
    return document;
  }

  putImage(label: string, architecture = "amd64"): BuiltImage & { readonly document: Document } {
    const built = image({ user: "1000", architecture, labels: { label } }, []);
    return { ...built, document: this.put(built.manifest.bytes, OCI_MANIFEST) };
  }

  putIndex(entries: readonly object[]): Document {
    return this.put({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries }, OCI_INDEX);
  }

  forget(document: Document): void {
    this.#documents.delete(document.descriptor.digest);
  }

  resolve(root: Document) {
    const images = {
      manifest: (_: unknown, digest: string) => Promise.resolve(this.#documents.get(digest)),
    } as unknown as ImageSource;
    return resolveSubject(REFERENCE, root, { images, clock: SYSTEM_CLOCK }, NEVER);
  }
}

function entry({ descriptor }: Document, more: object = {}): object {
  const { mediaType, digest, size } = descriptor;
  return { mediaType, digest, size, ...more };
}

const on = (architecture: string): object => ({ platform: { os: "linux", architecture } });

test("an image is its own only leaf", async () => {
  const manifests = new Manifests();
  const { document } = manifests.putImage("a");
  const subject = await manifests.resolve(document);
  assert.equal(subject.shape, "image");
  assert.deepEqual(
    subject.leaves.map((leaf) => leaf.descriptor.digest),
    [document.descriptor.digest],
  );
});

test("leaves of nested indexes are all found, each digest once", async () => {
  const manifests = new Manifests();
  const [one, two] = [manifests.putImage("one").document, manifests.putImage("two", "arm64").document];
  const inner = manifests.putIndex([entry(two, on("arm64")), entry(one, on("amd64"))]);
  const root = manifests.putIndex([entry(one, on("amd64")), entry(inner), entry(one, on("amd64"))]);
  const subject = await manifests.resolve(root);
  assert.equal(subject.shape, "index");
  assert.deepEqual(subject.leaves.map((leaf) => leaf.descriptor.digest).sort(), [
    ...[one, two].map((document) => document.descriptor.digest).sort(),
  ]);
});

test("one manifest listed for two platforms is a leaf on each, whichever comes first", async () => {
  const manifests = new Manifests();
  const { document } = manifests.putImage("both");
  const root = manifests.putIndex([
    entry(document, { platform: { os: "windows", architecture: "amd64" } }),
    entry(document, on("amd64")),
  ]);
  const subject = await manifests.resolve(root);
  assert.deepEqual(
    subject.leaves.map((leaf) => leaf.declared?.os),
    ["windows", "linux"],
  );
});

test("a leaf that the registry does not have, or serves as something else, is a gap and stays a leaf", async () => {
  const manifests = new Manifests();
  const [kept, lost] = [manifests.putImage("kept").document, manifests.putImage("lost").document];
  const lying = manifests.putImage("lying").document;
  const root = manifests.putIndex([
    entry(kept, on("amd64")),
    entry(lost, on("arm64")),
    entry(lying, { ...on("s390x"), size: lying.descriptor.size + 1 }),
  ]);
  manifests.forget(lost);
  const subject = await manifests.resolve(root);
  const codes = subject.leaves.map((leaf) =>
    leaf.manifest.kind === "gap" ? leaf.manifest.gap.code : leaf.manifest.kind,
  );
  assert.deepEqual(codes.sort(), ["digest-mismatch", "not-found", "observed"]);
});

test("an attestation manifest of BuildKit is no leaf, and a runnable manifest that poses as one is", async () => {
  const manifests = new Manifests();
  const app = manifests.putImage("app").document;
  const attestation = manifests.put(
    {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf("{}"), size: 2 },
      layers: [{ mediaType: IN_TOTO, digest: digestOf("statement"), size: 9 }],
    },
    OCI_MANIFEST,
  );
  const posing = manifests.putImage("posing").document;
  const marks = {
    platform: { os: "unknown", architecture: "unknown" },
    annotations: { "vnd.docker.reference.type": "attestation-manifest" },
  };
  const root = manifests.putIndex([entry(app, on("amd64")), entry(attestation, marks), entry(posing, marks)]);
  const subject = await manifests.resolve(root);
  assert.deepEqual(subject.leaves.map((leaf) => leaf.descriptor.digest).sort(), [
    ...[app, posing].map((document) => document.descriptor.digest).sort(),
  ]);
  assert.deepEqual(
    subject.attestations.map((one) => one.digest),
    [attestation.descriptor.digest],
  );
});

test("an index nested too deeply, or with too many manifests in all, is refused", async () => {
  const manifests = new Manifests();
  let deep = manifests.putIndex([entry(manifests.putImage("deep").document)]);
  for (let depth = 0; depth < 3; depth += 1) deep = manifests.putIndex([entry(deep)]);
  await assert.rejects(
    manifests.resolve(deep),
    (error) => error instanceof InputError && /nested deeper/.test(error.message),
  );

  const half = (name: string): Document =>
    manifests.putIndex(
      Array.from({ length: 300 }, (_, at) => ({
        mediaType: OCI_MANIFEST,
        digest: digestOf(`${name} ${at}`),
        size: 10,
      })),
    );
  const wide = manifests.putIndex([entry(half("a")), entry(half("b"))]);
  await assert.rejects(
    manifests.resolve(wide),
    (error) => error instanceof InputError && /more than 512/.test(error.message),
  );
});

test("what no runtime would start is an artefact without leaves", async () => {
  const manifests = new Manifests();
  const empty = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf("{}"), size: 2 };
  const chart = manifests.put(
    {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: empty,
      layers: [{ ...empty, mediaType: "application/vnd.example.chart" }],
    },
    OCI_MANIFEST,
  );
  const subject = await manifests.resolve(chart);
  assert.deepEqual([subject.shape, subject.leaves.length], ["artifact", 0]);
});
