import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { openLayout } from "../../../src/adapters/oci-layout/layout.ts";
import { plainDescriptor, type Descriptor } from "../../../src/domain/descriptor.ts";
import { MAX_INDEX_ENTRIES, MAX_REFERRERS } from "../../../src/domain/manifest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../../src/domain/media-types.ts";
import { parseReference } from "../../../src/domain/reference.ts";
import type { Verdict } from "../../../src/domain/verdict.ts";
import type { ImageSource } from "../../../src/ports/image-source.ts";
import { digestOf } from "../../../src/crypto/digest-of.ts";
import { MAX_SIGNATURES } from "../../../src/schemes/limits.ts";
import { countingVerifier } from "../../support/counted-verification.ts";
import { jsonBytes, type ImageTarget } from "../../support/image-builder.ts";
import { LayoutWriter } from "../../support/layout-writer.ts";
import { openRegistryClient } from "../../support/registry-client.ts";
import { TestRegistry } from "../../support/registry.ts";
import { imageOf, type Artifact } from "../../support/signing/artifact.ts";
import { BUNDLE_TYPE, signBundle } from "../../support/signing/bundle.ts";
import { makeKey } from "../../support/signing/keys.ts";

const PATH = "shop/web";
const key = makeKey();
const other = makeKey();
const image = imageOf("web");
const signatures = Array.from({ length: MAX_SIGNATURES }, (_, number) =>
  // One alone is by the key that is asked for, and it comes last.
  signBundle({
    image: image.digest,
    key: number === MAX_SIGNATURES - 1 ? key : other,
    annotations: { number: `${number}` },
  }),
);

async function putArtifact(target: ImageTarget, artifact: Artifact): Promise<void> {
  for (const blob of artifact.blobs) await target.putBlob(PATH, blob);
  await target.putManifest(PATH, artifact.manifest, artifact.mediaType);
}

function listed({ digest, manifest }: Artifact, artifactType = BUNDLE_TYPE): Descriptor {
  return { ...plainDescriptor(OCI_MANIFEST, digest, manifest.length), artifactType };
}

/** Entries of no interest, which no request is worth. */
function others(count: number): readonly Descriptor[] {
  return Array.from({ length: count }, (_, number) => {
    const descriptor = plainDescriptor(OCI_MANIFEST, digestOf(`bill of materials ${number}`), 400);
    return { ...descriptor, artifactType: "application/spdx+json" };
  });
}

/** The image with its signatures, and a list of referrers under the fallback tag. */
async function fill(target: ImageTarget, list: readonly Descriptor[]): Promise<void> {
  await putArtifact(target, image);
  for (const signature of signatures) await putArtifact(target, signature);
  const manifests = list.map(({ mediaType, digest, size, artifactType }) => ({
    mediaType,
    digest,
    size,
    artifactType,
  }));
  const index = jsonBytes({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });
  await target.putManifest(PATH, index, OCI_INDEX, [image.digest.replace(":", "-")]);
}

async function judge(images: ImageSource, host: string): Promise<Verdict> {
  const cosign = "{ cosign: { keys: [{ file: key.pub }], transparencyLog: unsafeIgnored, discover: [referrers] } }";
  const policies = { authorities: { release: cosign }, files: { "key.pub": key.pem }, match: `${host}/**` };
  const reference = parseReference(`${host}/${PATH}@${image.digest}`);
  const answer = await countingVerifier(images, policies).verify(reference, AbortSignal.timeout(120_000));
  assert.ok(answer.kind === "judged", JSON.stringify(answer));
  return answer.verdict;
}

const FULL = [...others(MAX_REFERRERS - MAX_SIGNATURES), ...signatures.map((signature) => listed(signature))];
const ONE_TOO_MANY = [...others(1), ...FULL];

function assertNamesTheList({ decision, findings, gaps }: Verdict, what: string, mend: RegExp): void {
  assert.equal(decision, "deny");
  assert.deepEqual(
    findings.map(({ outcome, reason }) => [outcome, reason]),
    [["undetermined", "gap"]],
  );
  assert.ok(gaps.length > 0);
  for (const { code, detail } of gaps) {
    assert.equal(code, "too-many");
    assert.ok(detail.includes(what), detail);
    assert.match(detail, mend);
  }
}

describe("a list of referrers longer than any image's index", { timeout: 300_000 }, () => {
  test("has a limit of its own", () => assert.deepEqual([MAX_INDEX_ENTRIES, MAX_REFERRERS], [512, 4096]));

  describe("under the tag of a registry without the API", () => {
    let registry: TestRegistry;
    let images: ReturnType<typeof openRegistryClient>;
    before(async () => {
      registry = await TestRegistry.start({ referrersApi: false });
      images = openRegistryClient({ plainHttpHosts: [registry.host] });
    });
    after(() => Promise.all([images.close(), registry.close()]));

    test("is followed to the last of a thousand signatures", async () => {
      await fill(registry, FULL);
      const verdict = await judge(images, registry.host);
      assert.equal(verdict.decision, "allow");
      assert.equal(verdict.signatures.length, 1000);
      assert.deepEqual(
        verdict.signatures.filter(({ status }) => status === "verified").map(({ artifact }) => artifact),
        [signatures.at(-1)?.digest],
      );
    });

    test("is not followed beyond its limit, which says what to delete", async () => {
      await fill(registry, ONE_TOO_MANY);
      const what = `referrers tag ${image.digest.replace(":", "-")}: it has more than the 4096 referrers allowed`;
      assertNamesTheList(await judge(images, registry.host), what, /delete signatures, attestations/);
    });

    test("is refused as a whole where more than a thousand of it may be signatures", async () => {
      const more = others(1).map((each) => ({ ...each, artifactType: BUNDLE_TYPE }));
      await fill(registry, [...more, ...signatures.map((signature) => listed(signature))]);
      const what = "1001 possible bundles, more than the 1000 allowed";
      assertNamesTheList(await judge(images, registry.host), what, /remove old ones/);
    });
  });

  describe("in a layout", () => {
    const folder = mkdtempSync(join(tmpdir(), "assay-many-referrers-"));
    after(() => rmSync(folder, { recursive: true, force: true }));
    const host = "registry.example.com";
    const as = parseReference(`${host}/${PATH}@${image.digest}`);

    async function layoutOf(name: string, list: readonly Descriptor[]): Promise<ImageSource> {
      const writer = new LayoutWriter();
      await fill(writer, list);
      const path = join(folder, `${name}.tar`);
      await writer.writeArchive(path);
      return await openLayout({ kind: "archive", path }, { as });
    }

    test("is followed to the last of a thousand signatures", async () => {
      const verdict = await judge(await layoutOf("full", FULL), host);
      assert.equal(verdict.decision, "allow");
      assert.equal(verdict.signatures.length, 1000);
    });

    test("is not followed beyond its limit, which says what to do", async () => {
      const what = "it has 4097 referrers, more than the 4096 allowed";
      assertNamesTheList(await judge(await layoutOf("more", ONE_TOO_MANY), host), what, /copy the image anew/);
    });
  });
});
