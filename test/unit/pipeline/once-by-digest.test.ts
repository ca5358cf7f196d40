import assert from "node:assert/strict";
import { test } from "node:test";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import { plainDescriptor } from "../../../src/domain/descriptor.ts";
import { PortError } from "../../../src/domain/errors.ts";
import { parseReference } from "../../../src/domain/reference.ts";
import { onceByDigest } from "../../../src/pipeline/once-by-digest.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { isPortError } from "../../support/port-error.ts";
import { artifactOf, describe, imageOf } from "../../support/signing/artifact.ts";

const { repository } = parseReference("registry.example.com/shop/web");
const elsewhere = parseReference("registry.example.com/shop/other").repository;
const never = new AbortController().signal;
const bytes = Buffer.from("a payload");
const blob = plainDescriptor("text/plain", digestOf(bytes), bytes.length);
const LIMIT = 1024;

function stored(): MemoryImages {
  return new MemoryImages().put(artifactOf({ layers: [describe("text/plain", bytes)] }, [bytes]));
}

test("shares a blob between all who ask for it, each with the descriptor it was asked for by", async () => {
  const images = stored();
  const once = onceByDigest(images);
  const annotated = { ...blob, annotations: { role: "payload" } };
  const [plain, other] = await Promise.all([
    once.blob(repository, blob, LIMIT, never),
    once.blob(repository, annotated, 2 * LIMIT, never),
  ]);
  assert.deepEqual([plain?.descriptor, other?.descriptor], [blob, annotated]);
  assert.deepEqual(Buffer.from(other?.bytes ?? []), bytes);
  assert.deepEqual(images.asked, [`blob ${blob.digest}`]);
});

test("gives a blob to nobody for whom it is too large, or who says that it has another size", async () => {
  const once = onceByDigest(stored());
  assert.ok(await once.blob(repository, blob, LIMIT, never));
  await assert.rejects(once.blob(repository, blob, blob.size - 1, never), isPortError("too-large"));
  await assert.rejects(once.blob(repository, { ...blob, size: 3 }, LIMIT, never), isPortError("digest-mismatch"));
});

test("takes what one repository has for no other's", async () => {
  const images = stored();
  const once = onceByDigest(images);
  await once.blob(repository, blob, LIMIT, never);
  await once.blob(elsewhere, blob, LIMIT, never);
  assert.equal(images.asked.length, 2);
});

test("asks again for what could not be had, and keeps asking for tags and lists", async () => {
  const image = imageOf("web", "1.0");
  const images = new MemoryImages().put(image);
  let failures = 1;
  const manifest = images.manifest.bind(images);
  images.manifest = async (...asked) => {
    failures -= 1;
    if (failures >= 0) throw new PortError("timeout", "the registry", "it did not answer");
    return await manifest(...asked);
  };
  const once = onceByDigest(images);
  await assert.rejects(once.manifest(repository, image.digest, never), isPortError("timeout"));
  for (let time = 0; time < 2; time++) assert.ok(await once.manifest(repository, image.digest, never));
  const tag = parseReference("registry.example.com/shop/web:1.0");
  for (let time = 0; time < 2; time++) {
    assert.ok(await once.resolve(tag, never));
    await once.referrers(repository, image.digest, never);
  }
  const asked = [`manifest ${image.digest}`, "manifest 1.0", `referrers ${image.digest}`];
  assert.deepEqual(images.asked, [...asked, ...asked.slice(1)]);
});
