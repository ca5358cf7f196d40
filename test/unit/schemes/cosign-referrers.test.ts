import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import { OCI_EMPTY, OCI_MANIFEST } from "../../../src/domain/media-types.ts";
import type { CosignAuthority } from "../../../src/domain/trust.ts";
import { cosign } from "../../../src/schemes/cosign/scheme.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { describe as descriptorOf, imageOf, type Artifact } from "../../support/signing/artifact.ts";
import { cosignLayer, cosignReferrer, type CosignOptions } from "../../support/signing/cosign-signature.ts";
import { authorityOf, collectAll, judgeAll, targetOf, verdictOf } from "../../support/signing/judging.ts";
import { makeKey } from "../../support/signing/keys.ts";
import { VirtualLog } from "../../support/signing/virtual-log.ts";

const TYPE = "application/vnd.dev.cosign.artifact.sig.v1+json";
const image = imageOf("web");
const other = imageOf("another image");
const ours = makeKey();
const stranger = makeKey();
const log = new VirtualLog();

function signed(change: Partial<CosignOptions> = {}, manifest: object = {}): Artifact {
  return cosignReferrer(image.digest, [cosignLayer({ image: image.digest, key: ours, log, ...change })], manifest);
}

const spec = (change: Partial<CosignAuthority> = {}): CosignAuthority => authorityOf([ours], log.trust, change);

async function judged(images: MemoryImages, change?: Partial<CosignAuthority>): Promise<readonly string[]> {
  return (await judgeAll(images, targetOf(image.digest), spec(change))).map(verdictOf);
}

const listed = (artifact: Artifact, type: string | undefined = TYPE): MemoryImages =>
  new MemoryImages().refer(image.digest, artifact, type);

describe("a cosign signature whose manifest refers to the image", () => {
  for (const type of [TYPE, "", undefined]) {
    test(`counts where the list says ${type === undefined ? "no type" : `"${type}"`}`, async () => {
      assert.deepEqual(await judged(listed(signed(), type)), ["verified"]);
    });
  }

  for (const type of [OCI_EMPTY, "application/spdx+json"]) {
    test(`is not looked at where the list says "${type}"`, async () => {
      assert.deepEqual(await judged(listed(signed(), type)), []);
    });
  }

  test("counts where its manifest has the type as its artifact type", async () => {
    const config = descriptorOf(OCI_EMPTY, Buffer.from("{}"));
    assert.deepEqual(await judged(listed(signed({}, { config, artifactType: TYPE }))), ["verified"]);
  });

  test("is nothing where its manifest is of another type, whatever the list says", async () => {
    const config = descriptorOf("application/vnd.oci.image.config.v1+json", Buffer.from("{}"));
    assert.deepEqual(await judged(listed(signed({}, { config }))), []);
    assert.deepEqual(await judged(listed(signed({}, { config, artifactType: "application/spdx+json" }))), []);
  });

  test("is looked for only where referrers are, and evidence of another place says nothing", async () => {
    const images = listed(signed());
    assert.deepEqual(await judged(images, { discover: ["referrers"] }), ["verified"]);
    assert.deepEqual(await judged(images, { discover: ["tag"] }), []);
    const [evidence] = await collectAll(images, targetOf(image.digest), spec());
    assert.ok(evidence !== undefined);
    assert.equal(evidence.source, "cosign:referrers");
    const byTag = cosign.authority(spec({ discover: ["tag"] }));
    assert.equal(await byTag?.(evidence, targetOf(image.digest)), undefined);
  });

  test("costs its manifest and its payload, for the list is asked for anyway", async () => {
    const artifact = signed();
    const images = listed(artifact);
    await judged(images, { discover: ["referrers"] });
    assert.deepEqual(images.asked, [
      `referrers ${image.digest}`,
      `manifest ${artifact.digest}`,
      `blob ${digestOf(artifact.blobs[1]!)}`,
    ]);
  });

  test("is kept with its manifest, so that another look asks for the list alone", async () => {
    const artifact = signed();
    const [evidence] = await collectAll(listed(artifact), targetOf(image.digest), spec());
    const kept = evidence?.documents.map(({ descriptor }) => descriptor.digest);
    assert.deepEqual(kept, [artifact.digest, digestOf(artifact.blobs[1]!)]);
  });

  test("is one of several in one manifest, and of several manifests", async () => {
    const layers = [ours, stranger].map((key) => cosignLayer({ image: image.digest, key, log }));
    const images = listed(cosignReferrer(image.digest, layers)).refer(
      image.digest,
      signed({ annotations: { a: "b" } }),
      TYPE,
    );
    assert.deepEqual(await judged(images), ["verified", "rejected unknown-key at signature", "verified"]);
  });
});

const subject = (digest: string): object => ({ mediaType: OCI_MANIFEST, digest, size: 1 });
const payload = signed().blobs[1] ?? Buffer.alloc(0);

/** One broken thing of an otherwise valid signature. */
const BROKEN: Readonly<Record<string, readonly [() => MemoryImages, string]>> = {
  "a payload that is for another image": [
    () => listed(cosignReferrer(image.digest, [cosignLayer({ image: other.digest, key: ours, log })])),
    "rejected wrong-subject at subject",
  ],
  "a manifest that refers to another image": [
    () => listed(signed({}, { subject: subject(other.digest) })),
    "rejected wrong-subject at found",
  ],
  "a manifest that refers to nothing": [
    () => listed(signed({}, { subject: undefined })),
    "rejected wrong-subject at found",
  ],
  "a stranger's signature": [() => listed(signed({ key: stranger })), "rejected unknown-key at signature"],
  "a payload that was changed": [
    () => listed(signed({ tamper: (text) => text.replace("{", "{ ") })),
    "rejected bad-signature at signature",
  ],
  "no log entry": [() => listed(signed({ log: undefined })), "rejected log-missing at log"],
  "no layer": [() => listed(signed({}, { layers: [] })), "rejected no-signature at found"],
  "a layer of another type": [
    () => listed(signed({}, { layers: [descriptorOf("text/plain", payload)] })),
    "rejected unsupported at found",
  ],
  "a manifest that cannot be read": [() => listed(signed({}, { layers: "none" })), "rejected malformed at parsed"],
  "a manifest that is gone": [
    () => {
      const artifact = signed();
      return listed(artifact).forget(artifact.digest);
    },
    "rejected missing-document at fetched",
  ],
  "a payload that is gone": [() => listed(signed()).forget(digestOf(payload)), "rejected missing-document at fetched"],
};

describe("a cosign signature whose manifest refers to the image does not count with", () => {
  for (const [what, [images, verdict]] of Object.entries(BROKEN)) {
    test(what, async () => assert.deepEqual(await judged(images()), [verdict]));
  }

  test("more than a thousand fellows in all manifests, which is an error and not the first thousand", async () => {
    const layer = cosignLayer({ image: image.digest, key: ours, log });
    const images = new MemoryImages();
    for (const count of [600, 401]) {
      images.refer(
        image.digest,
        cosignReferrer(
          image.digest,
          Array.from({ length: count }, () => layer),
        ),
        TYPE,
      );
    }
    await assert.rejects(judged(images), { name: "PortError", code: "too-many" });
  });

  test("more payload than may be held together", async () => {
    const images = new MemoryImages();
    for (let count = 0; count < 17; count += 1) {
      const { descriptor } = cosignLayer({ image: image.digest, key: ours, log });
      const layers = [{ ...descriptor, digest: digestOf(String(count)), size: 4 << 20 }];
      images.refer(image.digest, signed({}, { layers }), TYPE);
    }
    await assert.rejects(judged(images), { name: "PortError", code: "too-large" });
  });

  test("manifests that list no type and are gone are told of once, by the look for bundles", async () => {
    const artifact = signed();
    assert.deepEqual(await judged(listed(artifact, "").forget(artifact.digest)), [
      "rejected missing-document at fetched",
    ]);
  });
});
