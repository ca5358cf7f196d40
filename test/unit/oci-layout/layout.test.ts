import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import * as fc from "fast-check";

import { openLayout, type LayoutLocation } from "../../../src/adapters/oci-layout/layout.ts";
import { digestOf } from "../../../src/crypto/digest-of.ts";
import { hexOf, type Digest } from "../../../src/domain/digest.ts";
import { InputError, PortError } from "../../../src/domain/errors.ts";
import { isPortError } from "../../support/port-error.ts";
import { collect } from "../../support/collect.ts";
import { jsonBytes, putImage, putIndex, putReferrer, type PutImage } from "../../support/image-builder.ts";
import { LayoutWriter, paxRecord, tarOf, type TarEntry } from "../../support/layout-writer.ts";
import { digestReference, repositoryAt, tagReference } from "../../support/references.ts";

const never = new AbortController().signal;
const REPOSITORY = repositoryAt("registry.example.com", "shop/web");

describe("an OCI layout", { timeout: 30_000 }, () => {
  let parent = "";
  let count = 0;
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), "assay-layouts-"));
  });
  after(() => rm(parent, { recursive: true }));

  async function write(
    fill: (writer: LayoutWriter) => Promise<unknown>,
  ): Promise<{ path: string; writer: LayoutWriter }> {
    const writer = new LayoutWriter();
    await fill(writer);
    count += 1;
    const path = join(parent, `layout-${count}`);
    await writer.writeFolder(path);
    return { path, writer };
  }

  async function single(): Promise<{ path: string; image: PutImage; writer: LayoutWriter }> {
    let image: PutImage | undefined;
    const { path, writer } = await write(async (target) => {
      image = await putImage(target, "", {});
    });
    return { path, writer, image: image ?? assert.fail() };
  }

  const blobPath = (path: string, digest: Digest): string => join(path, "blobs/sha256", hexOf(digest));
  const open = (path: string, tag?: string) => openLayout({ kind: "folder", path, tag });

  test("without a tag is the one image in it, whatever refers to that image", async () => {
    const { path } = await write(async (target) => {
      const image = await putImage(target, "", {});
      await putReferrer(target, "", image.descriptor, {
        artifactType: "application/vnd.test",
        payload: Buffer.from("s"),
      });
      await putImage(target, "", {
        config: { author: "sig" },
        tags: [`${image.descriptor.digest.replace(":", "-")}.sig`],
      });
    });
    const layout = await open(path);
    const first = JSON.parse(await readFile(join(path, "index.json"), "utf8")).manifests[0].digest;
    assert.equal(layout.root.digest, first);
    const { via, descriptors } = await layout.referrers(REPOSITORY, layout.root.digest, never);
    assert.equal(via, "referrers-api");
    assert.deepEqual(
      descriptors.map(({ artifactType }) => artifactType),
      ["application/vnd.test"],
    );
  });

  test("with several images has to be told which, and lists the tags", async () => {
    const { path } = await write(async (target) => {
      await putImage(target, "", { tags: ["one"] });
      await putImage(target, "", { config: { author: "b" }, tags: ["two"] });
    });
    await assert.rejects(open(path), (error: Error) => error instanceof InputError && /one, two/.test(error.message));
    await assert.rejects(open(path, "three"), InputError);
    assert.notEqual((await open(path, "one")).root.digest, (await open(path, "two")).root.digest);
  });

  test("with one tag on two images is refused", async () => {
    const { path } = await write(async (target) => {
      await putImage(target, "", { tags: ["v1"] });
      await putImage(target, "", { config: { author: "b" }, tags: ["v1"] });
    });
    await assert.rejects(open(path, "v1"), isPortError("malformed"));
  });

  test("answers under the name it is given, and for no other repository", async () => {
    const { path, image } = await single();
    const as = tagReference(REPOSITORY, "9.9");
    const layout = await openLayout({ kind: "folder", path }, { as });
    assert.deepEqual((await layout.resolve(as, never))?.descriptor, image.descriptor);
    assert.equal(await layout.resolve(tagReference(REPOSITORY, "other"), never), undefined);
    const elsewhere = repositoryAt("registry.example.com", "shop/base");
    await assert.rejects(layout.resolve(tagReference(elsewhere, "9.9"), never), isPortError("unsupported"));
    await assert.rejects(layout.manifest(elsewhere, image.descriptor.digest, never), isPortError("unsupported"));
    await assert.rejects(layout.referrers(elsewhere, image.descriptor.digest, never), isPortError("unsupported"));
    await assert.rejects(layout.blob(elsewhere, image.config.descriptor, 4096, never), isPortError("unsupported"));
    await assert.rejects(collect(layout.tags(elsewhere, never)), isPortError("unsupported"));
  });

  test("knows the type of a manifest that only an index lists", async () => {
    const { path, writer } = await single();
    const lone = jsonBytes({ schemaVersion: 2, config: {}, layers: [] });
    const digest = await writer.putBlob("", lone);
    const list = await writer.putBlob("", jsonBytes({ schemaVersion: 2, manifests: [] }));
    await writer.writeFolder(path);
    const layout = await open(path);
    const typeOf = async (wanted: Digest) => (await layout.manifest(REPOSITORY, wanted, never))?.descriptor.mediaType;
    assert.equal(await typeOf(digest), "application/vnd.oci.image.manifest.v1+json");
    assert.equal(await typeOf(list), "application/vnd.oci.image.index.v1+json");
    const layer = await writer.putBlob("", Buffer.from("not JSON"));
    await writer.writeFolder(path);
    await assert.rejects(layout.manifest(REPOSITORY, layer, never), isPortError("malformed"));
  });

  test("whose bytes are not their name is refused when they are read", async () => {
    const { path, image } = await single();
    const layout = await open(path);
    const [{ descriptor, bytes } = assert.fail()] = image.layers;
    await writeFile(blobPath(path, descriptor.digest), Buffer.alloc(bytes.byteLength, "x"));
    await assert.rejects(layout.blob(REPOSITORY, descriptor, 4096, never), isPortError("digest-mismatch"));
    const stream = await layout.stream(REPOSITORY, descriptor, never);
    await assert.rejects(collect(stream ?? assert.fail()), isPortError("digest-mismatch"));
    await truncate(blobPath(path, descriptor.digest), 3);
    await assert.rejects(layout.blob(REPOSITORY, descriptor, 4096, never), isPortError("digest-mismatch"));
    const forged = Buffer.alloc(image.bytes.byteLength, " ");
    await writeFile(blobPath(path, image.descriptor.digest), forged);
    const reference = digestReference(REPOSITORY, image.descriptor.digest);
    await assert.rejects(layout.resolve(reference, never), isPortError("digest-mismatch"));
  });

  test("with a link that leads out of it is refused, and read where the link stays inside", async () => {
    const { path, image } = await single();
    const { descriptor } = image.config;
    await rename(blobPath(path, descriptor.digest), join(path, "moved"));
    await symlink("../../moved", blobPath(path, descriptor.digest));
    const layout = await open(path);
    assert.ok(await layout.blob(REPOSITORY, descriptor, 4096, never));
    await rename(join(path, "moved"), join(parent, "outside"));
    await rm(blobPath(path, descriptor.digest));
    await symlink(join(parent, "outside"), blobPath(path, descriptor.digest));
    await assert.rejects(layout.blob(REPOSITORY, descriptor, 4096, never), isPortError("malformed"));
    await assert.rejects(layout.stream(REPOSITORY, descriptor, never), isPortError("malformed"));
  });

  test("whose folder of blobs is a link out of it is refused", async () => {
    const { path, image } = await single();
    await rename(join(path, "blobs"), join(parent, "blobs-outside"));
    await symlink(join(parent, "blobs-outside"), join(path, "blobs"));
    await assert.rejects(open(path), isPortError("malformed"));
    assert.ok(image);
  });

  test("with a pipe or a folder in a blob's place is refused without waiting", async () => {
    const { path, image } = await single();
    const layout = await open(path);
    const place = blobPath(path, image.config.descriptor.digest);
    await rm(place);
    execFileSync("mkfifo", [place]);
    await assert.rejects(layout.blob(REPOSITORY, image.config.descriptor, 4096, never), isPortError("malformed"));
    await rm(place);
    await mkdir(place);
    await assert.rejects(layout.blob(REPOSITORY, image.config.descriptor, 4096, never), isPortError("malformed"));
  });

  test("takes no digest that is a path", async () => {
    const { path } = await single();
    const layout = await open(path);
    for (const text of ["sha256:../../index.json", "sha256:ABC", "md5:abc", "../oci-layout"]) {
      await assert.rejects(layout.manifest(REPOSITORY, text as Digest, never), InputError, text);
    }
  });

  test("that is none is refused as such", async () => {
    const { path, writer } = await single();
    const files = writer.files();
    const broken: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
      "no oci-layout": { "oci-layout": undefined },
      "no index.json": { "index.json": undefined },
      "another version": { "oci-layout": '{"imageLayoutVersion":"2.0.0"}' },
      "no version": { "oci-layout": "{}" },
      "no JSON": { "index.json": "{" },
      "a manifest for an index": { "index.json": '{"schemaVersion":2,"config":{},"layers":[]}' },
      "an empty index": { "index.json": '{"schemaVersion":2,"manifests":[]}' },
      "a digest that is a path": {
        "index.json": '{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:../x","size":1}]}',
      },
    };
    for (const [name, changes] of Object.entries(broken)) {
      const changed = new Map<string, Uint8Array>(files);
      for (const [file, text] of Object.entries(changes)) {
        if (text === undefined) changed.delete(file);
        else changed.set(file, Buffer.from(text));
      }
      await rm(path, { recursive: true });
      for (const [file, bytes] of changed) {
        await mkdir(join(path, file, ".."), { recursive: true });
        await writeFile(join(path, file), bytes);
      }
      await assert.rejects(open(path), InputError, name);
    }
    await assert.rejects(open(join(parent, "nowhere")), InputError);
    await assert.rejects(openLayout({ kind: "archive", path: parent }), InputError);
    await assert.rejects(openLayout({ kind: "archive", path: join(parent, "nowhere") }), InputError);
  });

  async function archive(
    entries: readonly TarEntry[],
    change: (bytes: Buffer) => Buffer = (bytes) => bytes,
  ): Promise<LayoutLocation> {
    count += 1;
    const path = join(parent, `archive-${count}.tar`);
    await writeFile(path, change(tarOf(entries)));
    return { kind: "archive", path };
  }

  async function entriesOf(): Promise<{ entries: TarEntry[]; image: PutImage }> {
    const { writer, image } = await single();
    return { entries: [...writer.files()].map(([name, bytes]) => ({ name, bytes })), image };
  }

  test("in a tar is read with folders, dots, long names and foreign entries beside it", async () => {
    const { entries, image } = await entriesOf();
    const big = Buffer.alloc(2000, "sha512 named");
    const name = `./blobs/sha512/${hexOf(digestOf(big, "sha512"))}`;
    const location = await archive([
      { name: "./", type: "5" },
      { name: "pax_global_header", type: "g", bytes: paxRecord("comment", "made by a test") },
      ...entries.map((entry) => ({ ...entry, name: `./${entry.name}` })),
      { name, bytes: big },
      { name: "manifest.json", bytes: Buffer.from("[]") },
      { name: "latest", type: "2", link: "/etc/passwd" },
    ]);
    const layout = await openLayout(location);
    assert.deepEqual(layout.root.digest, image.descriptor.digest);
    const descriptor = { ...image.config.descriptor, digest: digestOf(big, "sha512"), size: big.byteLength };
    assert.deepEqual(Buffer.from((await layout.blob(REPOSITORY, descriptor, 4096, never))?.bytes ?? []), big);
  });

  test("in a tar made by GNU tar is read", async () => {
    const { path, image } = await single();
    const file = join(parent, "gnu.tar");
    execFileSync("tar", ["-C", path, "-cf", file, "."]);
    assert.equal((await openLayout({ kind: "archive", path: file })).root.digest, image.descriptor.digest);
  });

  test("in a tar takes no blob from a link", async () => {
    const { entries, image } = await entriesOf();
    const name = `blobs/sha256/${hexOf(image.config.descriptor.digest)}`;
    for (const type of ["1", "2"]) {
      const location = await archive(
        entries.map((entry) => (entry.name === name ? { name, type, link: "index.json" } : entry)),
      );
      const layout = await openLayout(location);
      assert.equal(await layout.blob(REPOSITORY, image.config.descriptor, 4096, never), undefined);
    }
  });

  test("in a tar with two files of one name is refused", async () => {
    const { entries } = await entriesOf();
    const twice = [...entries, { name: "./index.json", bytes: Buffer.from("{}") }];
    await assert.rejects(openLayout(await archive(twice)), isPortError("malformed"));
  });

  test("in a tar that is compressed, cut short, forged or sized by a global header is refused", async () => {
    const { entries } = await entriesOf();
    const { gzipSync } = await import("node:zlib");
    const size = tarOf(entries).byteLength;
    const bad = [
      await archive(entries, (bytes) => gzipSync(bytes)),
      await archive(entries, (bytes) => bytes.subarray(0, size - 1024 - 700)),
      await archive(entries, (bytes) => bytes.subarray(0, size - 1024)),
      await archive(entries, (bytes) => Buffer.concat([bytes.subarray(0, 10), Buffer.from("X"), bytes.subarray(11)])),
      await archive([{ name: "g", type: "g", bytes: paxRecord("size", "1") }, ...entries]),
      await archive([{ name: "x", type: "x", bytes: paxRecord("size", "-1") }, ...entries]),
      await archive([{ name: "x", type: "x", bytes: Buffer.from("99 path=short\n") }, ...entries]),
      await archive([{ name: "x", type: "x", bytes: Buffer.from("not a record") }, ...entries]),
    ];
    for (const location of bad) await assert.rejects(openLayout(location), isPortError("malformed"), location.path);
    const large = await archive([{ name: "x", type: "x", bytes: Buffer.alloc(70_000) }, ...entries]);
    await assert.rejects(openLayout(large), isPortError("too-large"));
  });

  test("in a tar with any byte changed is read right or refused", async () => {
    const { entries, image } = await entriesOf();
    const bytes = tarOf(entries);
    const path = join(parent, "flipped.tar");
    const at = fc.integer({ min: 0, max: bytes.byteLength - 1 });
    await fc.assert(
      fc.asyncProperty(at, fc.integer({ min: 1, max: 255 }), async (position, change) => {
        const flipped = Buffer.from(bytes);
        flipped[position] = (flipped[position] ?? 0) ^ change;
        await writeFile(path, flipped);
        try {
          const layout = await openLayout({ kind: "archive", path });
          const document = await layout.blob(REPOSITORY, image.config.descriptor, 4096, never);
          assert.ok(document === undefined || Buffer.compare(document.bytes, image.config.bytes) === 0);
        } catch (error) {
          assert.ok(error instanceof InputError || error instanceof PortError, String(error));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("lists as referrers what its fallback tag and its subjects name, each once", async () => {
    const { path } = await write(async (target) => {
      const image = await putImage(target, "", { tags: ["v1"] });
      const parts = { artifactType: "application/vnd.test", payload: Buffer.from("s") };
      const named = await putReferrer(target, "", image.descriptor, parts);
      const tag = image.descriptor.digest.replace(":", "-");
      await putIndex(target, "", [{ descriptor: named.descriptor }, { descriptor: image.descriptor }], { tags: [tag] });
    });
    const layout = await open(path, "v1");
    const { via, descriptors } = await layout.referrers(REPOSITORY, layout.root.digest, never);
    assert.equal(via, "referrers-tag");
    assert.equal(descriptors.length, 2);
  });
});
