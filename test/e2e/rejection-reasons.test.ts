import assert from "node:assert/strict";
import { test } from "node:test";

import type { Digest } from "../../src/domain/digest.ts";
import { REJECTION_REASONS, type RejectionReason } from "../../src/domain/facts.ts";
import type { CosignOptions } from "../support/signing/cosign-signature.ts";
import { makeKey } from "../support/signing/keys.ts";
import { keyringOf, packet, PgpKey, signedMessage, type PgpSignatureOptions } from "../support/signing/openpgp.ts";
import { extensionList, simplePayload } from "../support/signing/simple-signing.ts";
import { VirtualLog } from "../support/signing/virtual-log.ts";
import { DISTROLESS_FILES, reasonsOf, SupplyChain, verdictOf } from "../support/supply-chain.ts";

/** Breaks one thing of an image that would otherwise be allowed. */
type Break = (chain: SupplyChain, image: Digest) => Promise<unknown>;

const REPOSITORY = "shop/web";
const ELSEWHERE = `sha256:${"e".repeat(64)}` as Digest;

const signedWith =
  (options: (chain: SupplyChain) => Partial<CosignOptions>): Break =>
  (chain, image) =>
    chain.sign(REPOSITORY, image, { ...proper(chain), ...options(chain) });

/** What makes a signature one that the policy of these tests accepts. */
function proper(chain: SupplyChain): Partial<CosignOptions> {
  return { name: chain.ref(REPOSITORY), annotations: { env: "prod" } };
}

/** An image whose GPG signature is good, by a key of whose keyring one thing is wrong. */
function signedByGpg(parts: (key: PgpKey) => readonly Buffer[], statement?: PgpSignatureOptions): Break {
  return async (chain, image) => {
    const key = new PgpKey();
    chain.writeSimpleSigning(keyringOf(key, parts(key), statement), "registryExtension: true");
    const payload = simplePayload(image, chain.ref(`${REPOSITORY}:1`));
    chain.registry.signatures.set(image, extensionList([signedMessage(key, payload)]));
    return await Promise.resolve();
  };
}

const BREAKS: Readonly<Record<RejectionReason, Break>> = {
  "missing-document": async (chain, image) => {
    const { manifest, mediaType, tag = "" } = chain.legacySignature(image, proper(chain));
    await chain.registry.putManifest(REPOSITORY, manifest, mediaType, [tag]);
  },
  malformed: signedWith(() => ({ payload: (proper) => proper.replace('"critical":', '"critical":{},"critical":') })),
  unsupported: signedWith(() => ({ mediaType: "application/vnd.example.signature" })),
  "no-signature": signedWith(() => ({ layer: ({ "dev.cosignproject.cosign/signature": _, ...rest }) => rest })),
  "bad-signature": signedWith(() => ({ tamper: (signed) => signed.replace("optional", "optional ") })),
  "unknown-key": signedWith(() => ({ key: makeKey() })),
  "key-revoked": signedByGpg((key) => [packet(2, key.sign(key.hashed, { type: 0x20 }))]),
  "key-unfit": signedByGpg(() => [], { hashed: [[27, Uint8Array.of(0x01)]] }),
  "log-missing": signedWith(() => ({ layer: ({ "dev.sigstore.cosign/bundle": _, ...rest }) => rest })),
  "log-untrusted": signedWith(() => ({ log: new VirtualLog() })),
  "log-invalid": signedWith(() => ({ entry: (proper) => ({ ...proper, integratedTime: proper.integratedTime + 1 }) })),
  "log-mismatch": signedWith(() => ({ logged: (proper) => ({ ...proper, content: Buffer.from("another payload") }) })),
  "timestamp-missing": (chain, image) => {
    // The trusted root is what a timestamp would be checked by, so a policy that requires one has to name it.
    chain.writePolicy("- signed: { by: release-key }", { authority: "timestamp: required", logs: "trusted-root" });
    return chain.sign(REPOSITORY, image);
  },
  "timestamp-invalid": (chain, image) => {
    chain.writePolicy("- signed: { by: release-key }", { logs: "trusted-root" });
    return chain.sign(REPOSITORY, image, { timestamp: () => chain.tsa.stamp(Buffer.from("another signature")) });
  },
  "annotation-mismatch": signedWith(() => ({ annotations: { env: "staging" } })),
  "wrong-identity": signedWith((chain) => ({ name: chain.ref("shop/other") })),
  "wrong-subject": async (chain) => {
    const other = await chain.push("shop/other", { user: "65532", labels: { other: "1" } }, DISTROLESS_FILES);
    const signature = chain.legacySignature(other.manifest.descriptor.digest, proper(chain));
    const image = chain.registry.content.in(REPOSITORY).tags.get("1");
    await chain.attach(REPOSITORY, { ...signature, tag: `${String(image).replace(":", "-")}.sig` });
  },
  "wrong-predicate": (chain, image) =>
    chain.signBundle(REPOSITORY, image, { predicateType: "https://slsa.dev/provenance/v1" }),
};

test("an image with the GPG signature that others below break is allowed", async () => {
  await using chain = await openChain();
  const { manifest } = await chain.push(`${REPOSITORY}:1`, { user: "65532" }, DISTROLESS_FILES);
  await signedByGpg(() => [])(chain, manifest.descriptor.digest);
  assert.equal((await verdictOf(await chain.compose(), chain.ref(`${REPOSITORY}:1`))).decision, "allow");
});

async function openChain(): Promise<SupplyChain> {
  const chain = await SupplyChain.start({ signatureExtension: true });
  chain.writePolicy("- signed: { by: release-key }", {
    authority: "annotations: { env: prod }\nsignedIdentity: matchRepository",
  });
  return chain;
}

test("the image that each negative below breaks is allowed as it is", async () => {
  await using chain = await openChain();
  const { manifest } = await chain.push(`${REPOSITORY}:1`, { user: "65532" }, DISTROLESS_FILES);
  await chain.attach(REPOSITORY, chain.legacySignature(manifest.descriptor.digest, proper(chain)));
  assert.equal((await verdictOf(await chain.compose(), chain.ref(`${REPOSITORY}:1`))).decision, "allow");
});

test("an image whose signature has the timestamp that is required is allowed", async () => {
  await using chain = await openChain();
  chain.writePolicy("- signed: { by: release-key }", { authority: "timestamp: required", logs: "trusted-root" });
  const { manifest } = await chain.push(`${REPOSITORY}:1`, { user: "65532" }, DISTROLESS_FILES);
  const timestamp = (signature: Buffer): Buffer => chain.tsa.stamp(signature);
  await chain.sign(REPOSITORY, manifest.descriptor.digest, { timestamp });
  assert.equal((await verdictOf(await chain.compose(), chain.ref(`${REPOSITORY}:1`))).decision, "allow");
});

for (const reason of REJECTION_REASONS) {
  test(`denies an image whose only signature is rejected as ${reason}`, async () => {
    await using chain = await openChain();
    const { manifest } = await chain.push(`${REPOSITORY}:1`, { user: "65532" }, DISTROLESS_FILES);
    await BREAKS[reason](chain, manifest.descriptor.digest);
    const verdict = await verdictOf(await chain.compose(), chain.ref(`${REPOSITORY}:1`));
    assert.equal(verdict.decision, "deny");
    assert.deepEqual(
      verdict.signatures.map((tried) => [tried.status, tried.reason]),
      [["rejected", reason]],
    );
    assert.deepEqual(reasonsOf(verdict), ["wrongly-signed"]);
  });
}

test("a signature over no image at all is wrong-subject too, never unsigned", async () => {
  await using chain = await openChain();
  const { manifest } = await chain.push(`${REPOSITORY}:1`, { user: "65532" }, DISTROLESS_FILES);
  const tag = `${manifest.descriptor.digest.replace(":", "-")}.sig`;
  await chain.attach(REPOSITORY, { ...chain.legacySignature(ELSEWHERE, proper(chain)), tag });
  const verdict = await verdictOf(await chain.compose(), chain.ref(`${REPOSITORY}:1`));
  assert.deepEqual(
    verdict.signatures.map((tried) => tried.reason),
    ["wrong-subject"],
  );
});
