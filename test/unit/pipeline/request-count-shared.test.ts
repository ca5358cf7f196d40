import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import { OCI_INDEX } from "../../../src/domain/media-types.ts";
import { allowed, countingVerifier, countsOnce, statusesByAuthority } from "../../support/counted-verification.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { describe as entry, imageOf, type Artifact } from "../../support/signing/artifact.ts";
import { attestationText, buildkitIndex, VULN_PREDICATE } from "../../support/signing/attestation.ts";
import { signBundle } from "../../support/signing/bundle.ts";
import { signCosignLegacy } from "../../support/signing/cosign-signature.ts";
import { REPOSITORY } from "../../support/signing/judging.ts";
import { makeKey } from "../../support/signing/keys.ts";
import { chainOf, NOTATION_SIGNATURE, signNotation } from "../../support/signing/notation.ts";

const key = makeKey();
const files = { "key.pub": key.pem };
const cosign = (discover: string): string =>
  `{ cosign: { keys: [{ file: key.pub }], transparencyLog: unsafeIgnored, discover: [${discover}] } }`;
const attested = (name: string): string => `{ attested: { by: ${name}, predicateType: "${VULN_PREDICATE}" } }`;

/** An image under two tags, with one signature that both authorities' requests would find. */
function underTwoTags(): { readonly images: MemoryImages; readonly image: Artifact } {
  const image = imageOf("web", "1.0");
  const images = new MemoryImages().put(image).put({ ...image, tag: "latest" });
  return { images: images.put(signCosignLegacy({ image: image.digest, key })), image };
}

const oneKey = { authorities: { release: cosign("tag") }, files };

/** What is asked for once the tag is known: the configuration, the signature's manifest, its payload. */
const BEHIND_THE_TAG = 3;

describe("two verifications at the same time", () => {
  test("of one tag share everything", async () => {
    const { images } = underTwoTags();
    const verifier = countingVerifier(images, oneKey);
    await Promise.all([allowed(verifier, `${REPOSITORY}:1.0`), allowed(verifier, `${REPOSITORY}:1.0`)]);
    assert.deepEqual(countsOnce(images.asked), { manifest: 2, blob: 2 });
  });

  test("of two tags of one digest share nothing, and each asks for each thing once", async () => {
    const { images } = underTwoTags();
    const verifier = countingVerifier(images, oneKey);
    await Promise.all([allowed(verifier, `${REPOSITORY}:1.0`), allowed(verifier, `${REPOSITORY}:latest`)]);
    assert.equal(images.asked.length, 2 * (1 + BEHIND_THE_TAG));
    const often = (one: string): number => images.asked.filter((each) => each === one).length;
    assert.deepEqual([...new Set(images.asked)].map(often), [1, 1, 2, 2, 2]);
    assert.deepEqual([often("manifest 1.0"), often("manifest latest")], [1, 1]);
  });

  test("of two tags of one digest, one after the other, cost the second its tag alone", async () => {
    const { images } = underTwoTags();
    const verifier = countingVerifier(images, oneKey);
    await allowed(verifier, `${REPOSITORY}:1.0`);
    assert.equal(images.asked.length, 1 + BEHIND_THE_TAG);
    await allowed(verifier, `${REPOSITORY}:latest`);
    assert.deepEqual(images.asked.slice(1 + BEHIND_THE_TAG), ["manifest latest"]);
  });
});

/** An index of these manifests, each for a platform of its own. */
function indexOf(artifacts: readonly Artifact[]): Artifact {
  const manifests = artifacts.map(({ mediaType, manifest }, at) =>
    entry(mediaType, manifest, { platform: { os: "linux", architecture: ["amd64", "arm64", "s390x"][at] } }),
  );
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
  return { mediaType: OCI_INDEX, manifest, digest: digestOf(manifest), blobs: [], tag: undefined };
}

describe("one verification of an index", () => {
  test("of three platforms, signed each and together in two schemes for four authorities, asks for each thing once", async () => {
    const leaves = ["amd64", "arm64", "s390x"].map((text) => imageOf(text));
    const index = indexOf(leaves);
    const chains = [chainOf(), chainOf()];
    const images = new MemoryImages();
    for (const signed of [index, ...leaves]) {
      images.put(signed).put(signCosignLegacy({ image: signed.digest, key }));
      for (const chain of chains) {
        images.refer(signed.digest, signNotation({ image: signed, chain }), NOTATION_SIGNATURE);
      }
    }
    const roots = chains.map(([, , root], at) => [`${at}.crt`, root.pem]);
    const notation = (at: number): string => `{ notation: { trustStores: { ca: [${at}.crt] }, identities: ["*"] } }`;
    const verifier = countingVerifier(images, {
      authorities: { one: cosign("tag"), two: cosign("tag, referrers"), three: notation(0), four: notation(1) },
      files: { ...files, ...Object.fromEntries(roots) },
    });
    const verdict = await allowed(verifier, `${REPOSITORY}@${index.digest}`);
    assert.equal(verdict.platforms.length, 3);
    assert.deepEqual(statusesByAuthority(verdict), {
      one: { verified: 4 },
      two: { verified: 4 },
      three: { verified: 4, rejected: 4 },
      four: { verified: 4, rejected: 4 },
    });
    // Of each of the four that are signed: itself, the signature tag, two referrers; their list; three signatures' bytes.
    const counts = { manifest: 4 * (1 + 1 + 2), referrers: 4, blob: leaves.length + 4 * 3 };
    assert.deepEqual(countsOnce(images.asked), counts);
  });

  test("that names one manifest for three platforms fetches it, its configuration and its signature once", async () => {
    const leaf = imageOf("web");
    const index = indexOf([leaf, leaf, leaf]);
    const images = new MemoryImages()
      .put(leaf)
      .put(index)
      .put(signCosignLegacy({ image: leaf.digest, key }));
    const verdict = await allowed(countingVerifier(images, oneKey), `${REPOSITORY}@${index.digest}`);
    assert.equal(verdict.platforms.length, 3);
    // Index, manifest and signature, with the signature tag of the index, which is not there.
    assert.deepEqual(countsOnce(images.asked), { manifest: 4, blob: 2 });
  });

  test("fetches BuildKit's attestation manifests once, though they are looked at before and after the subject is known", async () => {
    const leaves = ["one", "two", "three"].map((text) => imageOf(text));
    const { index, manifests } = buildkitIndex(
      leaves.map((image) => ({ image, statements: [attestationText({ image: image.digest })] })),
    );
    const images = new MemoryImages().put(index).put(signCosignLegacy({ image: index.digest, key }));
    for (const artifact of [...leaves, ...manifests]) images.put(artifact);
    const verifier = countingVerifier(images, { ...oneKey, rules: (name) => [attested(name)] });
    const verdict = await allowed(verifier, `${REPOSITORY}@${index.digest}`);
    const statements = verdict.signatures.filter(({ role, status }) => role === "attestation" && status === "verified");
    assert.equal(statements.length, 3);
    // Seven manifests; the attestation tags of what runs and the index, and the signature tags of what may vouch beside it.
    const counts = { manifest: 7 + 4 + 4, blob: 3 + 3 + 1 };
    assert.deepEqual(countsOnce(images.asked), counts);
  });
});

test("a bundle that may be a signature or an attestation is fetched once for whoever looks for either", async () => {
  const image = imageOf("web");
  const images = new MemoryImages().put(image);
  for (const predicateType of [undefined, VULN_PREDICATE]) {
    // A client that does not say in the manifest what the bundle states.
    const manifest = (proper: object): object => ({ ...proper, annotations: {} });
    const more = predicateType === undefined ? {} : { predicateType };
    images.refer(image.digest, signBundle({ image: image.digest, key, manifest, ...more }), undefined);
  }
  const verifier = countingVerifier(images, {
    authorities: { release: cosign("referrers") },
    files,
    rules: (name) => [`{ signed: { by: ${name} } }`, attested(name)],
  });
  const verdict = await allowed(verifier, `${REPOSITORY}@${image.digest}`);
  const verified = verdict.signatures.filter(({ status }) => status === "verified");
  assert.deepEqual(verified.map(({ role }) => role).sort(), ["attestation", "signature"]);
  assert.deepEqual(countsOnce(images.asked), { manifest: 3, referrers: 1, blob: 3 });
});
