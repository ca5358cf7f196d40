import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { digestOf } from "../../src/crypto/digest-of.ts";
import { openLayout } from "../../src/adapters/oci-layout/layout.ts";
import { DockerRegistry } from "../support/docker-registry.ts";
import { jsonBytes, putImage, putIndex, type Put } from "../support/image-builder.ts";
import { LayoutWriter, tarOf } from "../support/layout-writer.ts";
import { tagReference } from "../support/references.ts";
import { openRegistryClient } from "../support/registry-client.ts";
import { skopeoCopy, skopeoPush } from "../support/skopeo.ts";

const never = new AbortController().signal;

async function writeLayout(folder: string): Promise<Put> {
  const writer = new LayoutWriter();
  const image = await putImage(writer, "", { layers: [Buffer.from("not looked at")] });
  const platform = { os: "linux", architecture: "amd64" };
  const index = await putIndex(writer, "", [{ descriptor: image.descriptor, platform }], { tags: ["v1"] });
  await writer.writeFolder(folder);
  return index;
}

/** What `docker save` writes, as far as it is read. */
function dockerArchive(): Buffer {
  const layer = tarOf([{ name: "etc/os-release", bytes: Buffer.from("ID=test\n") }]);
  const rootfs = { type: "layers", diff_ids: [digestOf(layer)] };
  const config = jsonBytes({ architecture: "amd64", os: "linux", config: { User: "1000" }, rootfs, history: [{}] });
  const manifest = jsonBytes([{ Config: "config.json", RepoTags: null, Layers: ["layer.tar"] }]);
  return tarOf([
    { name: "config.json", bytes: config },
    { name: "layer.tar", bytes: layer },
    { name: "manifest.json", bytes: manifest },
  ]);
}

describe("what skopeo writes", { timeout: 60_000 }, () => {
  for (const options of [{}, { auth: "basic", tls: true }, { auth: "token" }] as const) {
    test(`to docker-registry is read back unchanged: ${JSON.stringify(options)}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "assay-skopeo-"));
      const registry = await DockerRegistry.start(options);
      const hosts = registry.tokens === undefined ? [registry.host] : [registry.host, registry.tokens.host];
      const source = openRegistryClient({
        ...(registry.ca === undefined ? { plainHttpHosts: hosts } : { trustedHosts: hosts, ca: [registry.ca] }),
        credentials: async () => ({ kind: "password", ...registry.account }),
      });
      try {
        const index = await writeLayout(join(folder, "layout"));
        await skopeoPush(`oci:${join(folder, "layout")}:v1`, registry, "team/app:v1");
        const document = await source.resolve(tagReference(registry.repository("team/app"), "v1"), never);
        assert.deepEqual(document?.descriptor, index.descriptor);
      } finally {
        await Promise.all([source.close(), registry.close()]);
        await rm(folder, { recursive: true });
      }
    });
  }

  test("from an archive of Docker's is read with its configuration and layer", async () => {
    const folder = await mkdtemp(join(tmpdir(), "assay-skopeo-"));
    const registry = await DockerRegistry.start();
    const source = openRegistryClient({ plainHttpHosts: [registry.host] });
    try {
      await writeFile(join(folder, "docker.tar"), dockerArchive());
      await skopeoPush(`docker-archive:${join(folder, "docker.tar")}`, registry, "team/docker:v1");
      const repository = registry.repository("team/docker");
      const document = (await source.resolve(tagReference(repository, "v1"), never)) ?? assert.fail();
      const manifest = JSON.parse(Buffer.from(document.bytes).toString("utf8"));
      assert.equal(manifest.mediaType, "application/vnd.docker.distribution.manifest.v2+json");
      const config = await source.blob(
        repository,
        { ...manifest.config, annotations: {}, foreign: false },
        4096,
        never,
      );
      assert.match(Buffer.from(config?.bytes ?? []).toString("utf8"), /"User":"1000"/);
    } finally {
      await Promise.all([source.close(), registry.close()]);
      await rm(folder, { recursive: true });
    }
  });

  test("as a layout and as a tar file of one is read", async () => {
    const folder = await mkdtemp(join(tmpdir(), "assay-skopeo-"));
    try {
      const index = await writeLayout(join(folder, "layout"));
      await skopeoCopy(`oci:${join(folder, "layout")}:v1`, `oci:${join(folder, "copy")}:v2`);
      await skopeoCopy(`oci:${join(folder, "layout")}:v1`, `oci-archive:${join(folder, "copy.tar")}:v2`);
      const copy = await openLayout({ kind: "folder", path: join(folder, "copy"), tag: "v2" });
      const tar = await openLayout({ kind: "archive", path: join(folder, "copy.tar"), tag: "v2" });
      assert.equal(copy.root.digest, index.descriptor.digest);
      assert.equal(tar.root.digest, index.descriptor.digest);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
