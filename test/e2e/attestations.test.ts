import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { preAuthEncoding } from "../../src/crypto/dsse.ts";
import type { Digest } from "../../src/domain/digest.ts";
import type { AttestationFact, ImageFacts } from "../../src/domain/facts.ts";
import { runAssay } from "../support/assay-process.ts";
import { DockerRegistry } from "../support/docker-registry.ts";
import { artifactOf, describe as describeBytes, type Artifact } from "../support/signing/artifact.ts";
import {
  attest,
  attestationManifest,
  attestationText,
  buildkitIndex,
  ENVELOPE_TYPE,
  VULN_PREDICATE,
} from "../support/signing/attestation.ts";
import { signBundle } from "../support/signing/bundle.ts";
import { rekorBundle } from "../support/signing/cosign-signature.ts";
import { makeKey } from "../support/signing/keys.ts";
import { dsseBody } from "../support/signing/log-bodies.ts";
import { SupplyChain } from "../support/supply-chain.ts";

const REPOSITORY = "shop/web";
const CHILD = join(import.meta.dirname, "../support/inspect-child.ts");
const MIB = 1024 * 1024;

/** A small image that runs nothing. */
function imageCalled(name: string): Artifact {
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: { Labels: { name } },
      rootfs: { type: "layers", diff_ids: [] },
    }),
  );
  return artifactOf({ config: describeBytes("application/vnd.oci.image.config.v1+json", config), layers: [] }, [
    config,
  ]);
}

describe("attestations in a real registry that has no referrers API", () => {
  let chain: SupplyChain;
  let registry: DockerRegistry;

  before(async () => {
    [chain, registry] = await Promise.all([SupplyChain.start(), DockerRegistry.start()]);
    chain.writePolicy("- signed: { by: release-key }", { images: [`${registry.host}/**`] });
  });
  after(async () => {
    await Promise.all([registry.close(), chain[Symbol.asyncDispose]()]);
  });

  async function push(...artifacts: readonly Artifact[]): Promise<void> {
    for (const artifact of artifacts) await chain.attach(REPOSITORY, artifact, registry);
  }

  /** As a client does where the registry lists no referrers: an index under the digest's tag. */
  async function pushReferrer(about: Digest, artifact: Artifact): Promise<void> {
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const entry = { mediaType: artifact.mediaType, digest: artifact.digest, size: artifact.manifest.length };
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType,
        manifests: [{ ...entry, artifactType: "application/vnd.oci.empty.v1+json" }],
      }),
    );
    await push(artifact);
    await registry.putManifest(REPOSITORY, manifest, mediaType, [about.replace(":", "-")]);
  }

  function env(): Record<string, string> {
    return chain.env({ ASSAY_UNSAFE_PLAIN_HTTP: registry.host });
  }

  async function inspected(digest: Digest): Promise<ImageFacts> {
    const args = [
      "inspect",
      `${registry.host}/${REPOSITORY}@${digest}`,
      "--format",
      "json",
      "--policy",
      `${chain.folder}/policy`,
    ];
    const { code, out, err } = await runAssay(args, env());
    assert.equal(code, 0, `${out}${err}`);
    return JSON.parse(out) as ImageFacts;
  }

  function told({ source, opinion }: AttestationFact): string {
    return `${source} ${opinion.kind === "rejected" ? opinion.reason : opinion.kind}`;
  }

  test("under cosign's tag are shown with their predicate and their signer", async () => {
    const image = imageCalled("tagged");
    await push(image, attest({ image: image.digest, key: chain.key, log: chain.log }));
    const { attestations, signatures } = await inspected(image.digest);
    assert.deepEqual(attestations.map(told), ["attestation:tag verified"]);
    const [fact] = attestations;
    assert.ok(fact?.opinion.kind === "verified");
    assert.equal(fact.opinion.statement.predicateType, VULN_PREDICATE);
    assert.deepEqual(fact.opinion.signers, [{ kind: "key", spki: chain.key.public.spki }]);
    assert.equal(fact.about, image.digest);
    assert.deepEqual(signatures, []);
  });

  test("as bundles are shown, and never as signatures", async () => {
    const image = imageCalled("bundled");
    await push(image);
    await pushReferrer(
      image.digest,
      signBundle({ image: image.digest, key: chain.key, log: chain.log, predicateType: VULN_PREDICATE }),
    );
    const { attestations, signatures } = await inspected(image.digest);
    assert.deepEqual(attestations.map(told), ["attestation:referrers verified"]);
    assert.deepEqual(
      signatures.map(({ opinion }) => opinion.kind === "rejected" && opinion.reason),
      ["wrong-predicate"],
    );
  });

  test("of BuildKit are shown by the signature on the index that names them", async () => {
    const image = imageCalled("built");
    const { index, manifests } = buildkitIndex([{ image, statements: [attestationText({ image: image.digest })] }]);
    await push(image, ...manifests, index);
    assert.deepEqual((await inspected(index.digest)).attestations.map(told), ["attestation:buildkit no-signature"]);
    await chain.sign(REPOSITORY, index.digest, {}, registry);
    const facts = await inspected(index.digest);
    assert.deepEqual(facts.attestations.map(told), ["attestation:buildkit verified"]);
    const [fact] = facts.attestations;
    assert.equal(fact?.about, image.digest);
    assert.ok(fact?.opinion.kind === "verified");
    assert.match(fact.opinion.notes.join(), /BuildKit's and not signed itself/);
  });

  test("of BuildKit are shown by the signature on their own manifest", async () => {
    const image = imageCalled("built apart");
    const { index, manifests } = buildkitIndex([{ image, statements: [attestationText({ image: image.digest })] }]);
    await push(image, ...manifests, index);
    const [manifest] = manifests;
    assert.ok(manifest);
    await chain.sign(REPOSITORY, manifest.digest, {}, registry);
    assert.deepEqual((await inspected(index.digest)).attestations.map(told), ["attestation:buildkit verified"]);
  });

  test("that do not count say why, each for itself", async () => {
    const image = imageCalled("broken");
    const other = imageCalled("other");
    const stranger = makeKey();
    const good = { image: image.digest, key: chain.key, log: chain.log };
    await push(
      image,
      attest(
        good,
        { ...good, key: stranger },
        { ...good, log: undefined },
        { ...good, statement: () => attestationText({ image: other.digest }) },
      ),
    );
    const { attestations } = await inspected(image.digest);
    assert.deepEqual(attestations.map(told), [
      "attestation:tag verified",
      "attestation:tag unknown-key",
      "attestation:tag log-missing",
      "attestation:tag wrong-subject",
    ]);
    for (const { opinion } of attestations) assert.ok(opinion.kind !== "rejected" || opinion.detail.length > 20);
  });

  test("are told in words", async () => {
    const image = imageCalled("told");
    await push(image, attest({ image: image.digest, key: chain.key, log: chain.log }));
    const { out } = await runAssay(
      ["inspect", `${registry.host}/${REPOSITORY}@${image.digest}`, "--policy", `${chain.folder}/policy`],
      env(),
    );
    assert.match(out, /attestations found\n {2}✔ attestation by release-key: verified\n/);
    assert.match(out, /states https:\/\/cosign\.sigstore\.dev\/attestation\/vuln\/v1, \d+ bytes, sha256:/);
  });

  test("of a hundred megabytes are verified in little more memory than small ones", async () => {
    const small = imageCalled("small");
    const large = imageCalled("large");
    await push(small, attest({ image: small.digest, key: chain.key, log: chain.log }));
    const artifact = largeAttestation(large.digest, 100_000_000, chain);
    await push(large, artifact);
    const size = artifact.blobs[1]?.length ?? 0;
    assert.ok(size > 133_000_000 && size <= 128 * MIB);
    const [first, second] = [await measured(small.digest), await measured(large.digest)];
    assert.deepEqual(first.attestations.map(told), ["attestation:tag verified"]);
    assert.deepEqual(second.attestations.map(told), ["attestation:tag verified"]);
    const growth = (second.peakKib - first.peakKib) / 1024;
    process.stdout.write(
      `memory of an attestation of ${size} bytes: ${growth.toFixed(1)} MiB more than of a small one\n`,
    );
    assert.ok(growth <= 64, `${growth} MiB more`);
  });

  type Measured = { readonly attestations: readonly AttestationFact[]; readonly peakKib: number };

  async function measured(digest: Digest): Promise<Measured> {
    const reference = `${registry.host}/${REPOSITORY}@${digest}`;
    const options = { env: { PATH: process.env["PATH"], ...env() }, maxBuffer: MIB };
    const { stdout } = await promisify(execFile)(process.execPath, [CHILD, reference], options);
    return JSON.parse(stdout) as Measured;
  }
});

/** A list of components as scanners write it, `bytes` long, attested by this chain's key. */
function largeAttestation(image: Digest, bytes: number, { key, log }: SupplyChain): Artifact {
  const component = (at: number): string =>
    JSON.stringify({
      type: "library",
      "bom-ref": `pkg:npm/name-${at}@1.2.${at}`,
      name: `name-${at}`,
      version: `1.2.${at}`,
      licenses: [{ license: { id: "MIT" } }],
      hashes: [{ alg: "SHA-256", content: "ab".repeat(32) }],
    });
  const thousand = Array.from({ length: 1000 }, (_, at) => component(at)).join(",");
  const components = Array.from({ length: Math.floor(bytes / (thousand.length + 1)) }, () => thousand).join(",");
  const head = attestationText({ image, predicateType: "https://cyclonedx.org/bom", predicate: { components: [] } });
  const content = Buffer.from(head.replace('"components":[]', `"components":[${components}]`));
  const signature = key.sign(preAuthEncoding("application/vnd.in-toto+json", content));
  const envelope = Buffer.from(
    `{"payloadType":"application/vnd.in-toto+json","payload":"${content.toString("base64")}","signatures":[{"keyid":"","sig":"${signature.toString("base64")}"}]}`,
  );
  const entry = log.append(dsseBody({ content, signature, pem: key.pem }));
  const annotations = { "dev.cosignproject.cosign/signature": "", "dev.sigstore.cosign/bundle": rekorBundle(entry) };
  const layer = { payload: envelope, descriptor: describeBytes(ENVELOPE_TYPE, envelope, { annotations }) };
  return attestationManifest(image, [layer]);
}
