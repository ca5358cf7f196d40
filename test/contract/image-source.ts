import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { digestOf } from "../../src/crypto/digest-of.ts";
import { plainDescriptor } from "../../src/domain/descriptor.ts";
import type { Digest } from "../../src/domain/digest.ts";
import type { PortCode } from "../../src/domain/errors.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/domain/media-types.ts";
import type { Repository } from "../../src/domain/reference.ts";
import type { ImageSource } from "../../src/ports/image-source.ts";
import { collect } from "../support/collect.ts";
import {
  putImage,
  putIndex,
  putReferrer,
  putReferrersTag,
  type ImageTarget,
  type Put,
  type PutImage,
} from "../support/image-builder.ts";
import { isPortError } from "../support/port-error.ts";
import { digestReference, tagReference } from "../support/references.ts";

/** A place that images were put into, and the source that reads it. */
export type World = {
  readonly target: ImageTarget;
  /** The source over what has been put so far. */
  readonly open: () => Promise<ImageSource>;
  readonly repository: Repository;
  /** Whether it answers by the referrers API, or only by tag. */
  readonly via: "referrers-api" | "referrers-tag";
  /** Whether it lists its repositories, or the code by which it refuses. */
  readonly catalog: "listed" | PortCode;
  /** Puts what the signature extension is to serve for a digest; absent where there is none, and then what asking says. */
  readonly putSignatures: ((digest: Digest, list: Uint8Array) => void) | PortCode | "none";
  readonly close: () => Promise<void>;
};

const never = new AbortController().signal;
const ABSENT = digestOf("nobody put this") satisfies Digest;
const LARGE = Buffer.alloc(3 * 1024 * 1024, "assay ");

type Content = { image: PutImage; index: Put; signature: Put; lone: PutImage };

async function fill(target: ImageTarget, path: string): Promise<Content> {
  const image = await putImage(target, path, { tags: ["v1", "latest"], layers: [Buffer.from("small"), LARGE] });
  const platform = { os: "linux", architecture: "amd64" };
  const index = await putIndex(target, path, [{ descriptor: image.descriptor, platform }], { tags: ["multi"] });
  const payload = Buffer.from("a signature");
  const artifactType = "application/vnd.test.signature";
  const signature = await putReferrer(target, path, image.descriptor, {
    artifactType,
    payload,
    annotations: { a: "b" },
  });
  await putReferrersTag(target, path, image.descriptor.digest, [{ descriptor: signature.descriptor, artifactType }]);
  const lone = await putImage(target, path, { config: { author: "lone" } });
  return { image, index, signature, lone };
}

/** What every image source keeps, whatever it reads. */
export function imageSourceContract(name: string, start: () => Promise<World>): void {
  describe(`an image source over ${name}`, { timeout: 60_000 }, () => {
    let world: World;
    let source: ImageSource;
    let content: Content;
    before(async () => {
      world = await start();
      content = await fill(world.target, world.repository.path);
      source = await world.open();
    });
    after(() => world.close());

    test("resolves a tag to the manifest's bytes, type, digest and size", async () => {
      const document = await source.resolve(tagReference(world.repository, "v1"), never);
      assert.deepEqual(document?.descriptor, content.image.descriptor);
      assert.deepEqual(Buffer.from(document.bytes), content.image.bytes);
      assert.equal(document.descriptor.mediaType, OCI_MANIFEST);
    });

    test("resolves an index as itself", async () => {
      const document = await source.resolve(tagReference(world.repository, "multi"), never);
      assert.equal(document?.descriptor.digest, content.index.descriptor.digest);
      assert.equal(document.descriptor.mediaType, OCI_INDEX);
    });

    test("resolves a digest that has no tag", async () => {
      const { descriptor } = content.lone;
      const document = await source.resolve(digestReference(world.repository, descriptor.digest), never);
      assert.deepEqual(document?.descriptor, descriptor);
    });

    test("says undefined for a tag and for digests that are not there", async () => {
      assert.equal(await source.resolve(tagReference(world.repository, "absent"), never), undefined);
      assert.equal(await source.resolve(digestReference(world.repository, ABSENT), never), undefined);
      assert.equal(await source.manifest(world.repository, ABSENT, never), undefined);
      const absent = plainDescriptor("application/octet-stream", ABSENT, 15);
      assert.equal(await source.blob(world.repository, absent, 1024, never), undefined);
      assert.equal(await source.stream(world.repository, absent, never), undefined);
      assert.equal(await source.head(tagReference(world.repository, "absent"), never), undefined);
    });

    test("tells a tag's digest without its body", async () => {
      assert.equal(await source.head(tagReference(world.repository, "latest"), never), content.image.descriptor.digest);
    });

    test("gives a manifest by its digest", async () => {
      const document = await source.manifest(world.repository, content.signature.descriptor.digest, never);
      assert.deepEqual(Buffer.from(document?.bytes ?? []), content.signature.bytes);
    });

    test("gives a whole blob", async () => {
      const { config } = content.image;
      const document = await source.blob(world.repository, config.descriptor, 4096, never);
      assert.deepEqual(document?.descriptor, config.descriptor);
      assert.deepEqual(Buffer.from(document.bytes), config.bytes);
    });

    test("refuses a blob larger than the limit", async () => {
      const { descriptor } = content.image.config;
      const asked = source.blob(world.repository, descriptor, descriptor.size - 1, never);
      await assert.rejects(asked, isPortError("too-large"));
    });

    test("refuses a blob whose descriptor states another size", async () => {
      for (const change of [-1, 1]) {
        const { descriptor } = content.image.config;
        const asked = source.blob(world.repository, { ...descriptor, size: descriptor.size + change }, 4096, never);
        await assert.rejects(asked, isPortError("digest-mismatch"));
      }
    });

    test("streams a large blob whole", async () => {
      const stream = await source.stream(world.repository, content.image.layers[1]?.descriptor ?? assert.fail(), never);
      assert.equal(digestOf(Buffer.concat(await collect(stream ?? assert.fail()))), digestOf(LARGE));
    });

    test("lets go of a stream that is not read to its end", async () => {
      const stream = await source.stream(world.repository, content.image.layers[1]?.descriptor ?? assert.fail(), never);
      for await (const chunk of stream ?? assert.fail()) {
        assert.ok(chunk.byteLength > 0);
        break;
      }
      assert.ok(await source.resolve(tagReference(world.repository, "v1"), never));
    });

    test("ends a stream when its signal fires", async () => {
      const controller = new AbortController();
      const layer = content.image.layers[1]?.descriptor ?? assert.fail();
      const stream = await source.stream(world.repository, layer, controller.signal);
      controller.abort();
      await assert.rejects(collect(stream ?? assert.fail()), isPortError("aborted"));
    });

    test("lists what refers to a digest", async () => {
      const { via, descriptors } = await source.referrers(world.repository, content.image.descriptor.digest, never);
      assert.equal(via, world.via);
      assert.deepEqual(
        descriptors.map(({ digest }) => digest),
        [content.signature.descriptor.digest],
      );
      assert.equal(descriptors[0]?.artifactType, "application/vnd.test.signature");
    });

    test("lists nothing for a digest that nothing refers to", async () => {
      const { descriptors } = await source.referrers(world.repository, content.lone.descriptor.digest, never);
      assert.deepEqual(descriptors, []);
    });

    test("gives what the signature extension serves, or says that there is none", async () => {
      const { repository, putSignatures } = world;
      const { digest } = content.image.descriptor;
      const ask = (of: Digest, limit = 1024) => source.signatures(repository, of, limit, never);
      if (putSignatures === "none") return assert.equal(await ask(digest), undefined);
      if (typeof putSignatures === "string") return assert.rejects(ask(digest), isPortError(putSignatures));
      const list = Buffer.from('{"signatures":[]}');
      putSignatures(digest, list);
      assert.deepEqual(Buffer.from((await ask(digest)) ?? []), list);
      assert.equal(await ask(ABSENT), undefined);
      return assert.rejects(ask(digest, list.length - 1), isPortError("too-large"));
    });

    test("lists the tags", async () => {
      const tags = await collect(source.tags(world.repository, never));
      assert.deepEqual(tags.filter((tag) => !tag.startsWith("sha256-")).sort(), ["latest", "multi", "v1"]);
    });

    test("lists repositories, or says that it cannot", async () => {
      const listed = collect(source.repositories(world.repository.registry, never));
      if (world.catalog !== "listed") return assert.rejects(listed, isPortError(world.catalog));
      return assert.deepEqual(
        (await listed).map(({ path }) => path),
        [world.repository.path],
      );
    });
  });
}
