import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";

import type { Digest } from "../../src/domain/digest.ts";
import { REJECTION_REASONS, type RejectionReason } from "../../src/domain/facts.ts";
import type { CosignOptions } from "../support/signing/cosign-signature.ts";
import { makeKey } from "../support/signing/keys.ts";
import { TestCollection } from "../support/signing/notary/collection.ts";
import { NotaryHttp } from "../support/signing/notary/http-server.ts";
import { makeSigner } from "../support/signing/notary/signer.ts";
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
  "root-untrusted": notaryBreak(() => {
    const other = makeSigner("ecdsa-x509").certificate?.pem;
    return { members: `pins: { rootKeys: [{ inline: ${JSON.stringify(other)} }] }` };
  }),
  "root-changed": notaryBreak((collection, image) => ({
    before: collection.publish(),
    members: "unsafeTrustOnFirstUse: true",
    files: new TestCollection(collection.gun).sign("1", image).publish(),
  })),
  "metadata-rollback": notaryBreak((collection) => {
    const files = collection.publish();
    return { before: collection.raise("targets").publish(), files };
  }),
  "metadata-mismatch": notaryBreak((collection) => ({
    files: collection.publish({ served: { targets: (bytes) => Buffer.concat([bytes, Buffer.from("\n")]) } }),
  })),
  "missing-role": notaryBreak(() => ({ more: ", delegations: [{ role: targets/releases }]" })),
  "conflicting-digests": notaryBreak((collection) => {
    collection.delegate("targets/releases");
    collection.sign("1", ELSEWHERE, "targets/releases");
    return { more: ", delegations: [{ role: targets }, { role: targets/releases }]" };
  }),
  "wrong-predicate": (chain, image) =>
    chain.signBundle(REPOSITORY, image, { predicateType: "https://slsa.dev/provenance/v1" }),
};

/** Signs the image in a Notary collection that is spoilt, instead of with cosign. */
function notaryBreak(spoil: (collection: TestCollection, image: Digest) => Spoiled): Break {
  return async (chain, image) => {
    const server = await NotaryHttp.start();
    closing.push(() => server.close());
    const gun = chain.ref(REPOSITORY);
    const collection = new TestCollection(gun).sign("1", image);
    const pinned = JSON.stringify(collection.root.certificate?.pem);
    const spoiled = spoil(collection, image);
    chain.writePolicy("- signed: { by: dct }", {
      documents: `---
apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: dct }
spec:
  notary: { server: "${server.url}", ${spoiled.members ?? `pins: { rootKeys: [{ inline: ${pinned} }] }`}${spoiled.more ?? ""} }
`,
    });
    const env = { ASSAY_UNSAFE_PLAIN_HTTP: `${chain.host},${server.host}` };
    if (spoiled.before !== undefined) {
      server.collections.set(gun, spoiled.before);
      const app = await chain.compose({ ...dataIn(chain), ...env });
      assert.equal((await verdictOf(app, chain.ref(`${REPOSITORY}:1`))).decision, "allow");
      await app.close(0);
    }
    server.collections.set(gun, spoiled.files ?? collection.publish());
    ENVIRONMENTS.set(chain, env);
  };
}

type Spoiled = {
  /** What was seen before. */
  readonly before?: ReadonlyMap<string, Uint8Array>;
  readonly files?: ReadonlyMap<string, Uint8Array>;
  /** Where trust begins, instead of in the collection's root key. */
  readonly members?: string;
  readonly more?: string;
};

/** What the settings must say besides, for those that need it. */
const ENVIRONMENTS = new WeakMap<SupplyChain, Record<string, string>>();

const closing: (() => Promise<void>)[] = [];
after(() => Promise.all(closing.map((close) => close())));

/** What is remembered outlives an app, for those that compare with it. */
function dataIn(chain: SupplyChain): Record<string, string> {
  return { ASSAY_DATA: join(chain.folder, "data"), ASSAY_SIGNATURES_MAX_AGE: "0s" };
}

async function openChain(): Promise<SupplyChain> {
  const chain = await SupplyChain.start();
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
    const app = await chain.compose({ ...dataIn(chain), ...ENVIRONMENTS.get(chain) });
    const verdict = await verdictOf(app, chain.ref(`${REPOSITORY}:1`));
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
