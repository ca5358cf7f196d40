import assert from "node:assert/strict";
import { after, test } from "node:test";

import type { Digest } from "../../src/domain/digest.ts";
import { REJECTION_REASONS, type RejectionReason } from "../../src/domain/facts.ts";
import { PathServer } from "../support/http-server.ts";
import { NOTARY_BREAKS, notarySettings } from "../support/notary-breaks.ts";
import { notationDocument, put, pushSignatures, writeTrust } from "../support/notation-world.ts";
import { keyUsage } from "../support/signing/certificates.ts";
import type { CosignOptions } from "../support/signing/cosign-signature.ts";
import { basicConstraints } from "../support/signing/certificates.ts";
import type { KeylessChain } from "../support/signing/keyless-chain.ts";
import { makeKey } from "../support/signing/keys.ts";
import { email, timestampOf, VirtualFulcio } from "../support/signing/virtual-fulcio.ts";
import { chainOf, LEAF_EXTENSIONS, type NotationOptions } from "../support/signing/notation.ts";
import { listOf, listsAt, pointOf } from "../support/signing/revocation.ts";
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

/** The policy asks for the release workflow, and what signs is broken in one thing. */
const keylessWith =
  (signing: (chain: SupplyChain) => Parameters<KeylessChain["legacy"]>[1], members = ""): Break =>
  (chain, image) => {
    chain.writeKeylessPolicy(members);
    return chain.attach(REPOSITORY, chain.keyless.legacy(image, signing(chain)));
  };

/** Serves the revocation list that the certificates of these tests name. */
const lists = await PathServer.start();
after(() => lists.stop());
const SERVERS = { ASSAY_PRIVATE_HOSTS: lists.host };

const x509 = chainOf();
const signedByX509 = async (
  chain: SupplyChain,
  image: Digest,
  signature: Omit<NotationOptions, "image">,
): Promise<void> => {
  const stored = chain.registry.content.manifest(REPOSITORY, image);
  if (stored === undefined) throw new Error("the image was not pushed");
  const { bytes: manifest, mediaType, digest } = stored;
  await pushSignatures(chain.registry, REPOSITORY, { manifest, mediaType, digest }, [signature]);
};

/** An image signed with certificates, under an authority that trusts this root. */
const byCertificate =
  (signature: Omit<NotationOptions, "image">, root = x509[2], members = ""): Break =>
  async (chain, image) => {
    put(chain, "root.crt", root.pem);
    put(chain, "tsa.crt", chain.tsa.root.pem);
    const trust = `trustStores: { ca: [root.crt]${members} }, identities: ["*"]`;
    chain.writePolicy("- signed: { by: x509 }", { documents: notationDocument("x509", trust) });
    await signedByX509(chain, image, signature);
  };

/** The same under a trust policy of one statement. */
const byStatement =
  (statement: object): Break =>
  async (chain, image) => {
    const proper = { name: "x509", registryScopes: ["*"], signatureVerification: { level: "strict" } };
    writeTrust(chain, { version: "1.0", trustPolicies: [{ ...proper, ...statement }] }, { "ca/acme": x509[2] });
    const trust = "trustPolicy: trustpolicy.json, trustStore: truststore";
    chain.writePolicy("- signed: { by: x509 }", { documents: notationDocument("x509", trust) });
    await signedByX509(chain, image, { chain: x509 });
  };
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
  "no-certificate": (chain, image) => {
    chain.writeKeylessPolicy();
    return chain.sign(REPOSITORY, image);
  },
  "certificate-unfit": keylessWith(() => ({
    leaf: { extensions: (proper) => [...proper, basicConstraints()] },
  })),
  "certificate-untrusted": keylessWith(() => ({ leaf: { signer: new VirtualFulcio().intermediate } })),
  "certificate-expired": keylessWith(() => ({ leaf: { notAfter: "2023-11-14T22:13:19Z" } })),
  "sct-missing": keylessWith(() => ({ leaf: { timestamps: () => [] } })),
  "sct-invalid": keylessWith(() => ({
    leaf: { timestamps: (proper) => [timestampOf({ ...proper, log: makeKey() })] },
  })),
  "no-verified-time": keylessWith(() => ({ log: undefined }), "transparencyLog: unsafeIgnored"),
  "wrong-signer": keylessWith(() => ({ leaf: { names: [email("eve@example.com")] } })),
  "extension-mismatch": keylessWith(
    () => ({ leaf: { says: { sourceRepositoryRef: "refs/heads/evil" } } }),
    "extensions: { sourceRepositoryRef: refs/heads/main }",
  ),
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
  ...NOTARY_BREAKS,
  "wrong-predicate": (chain, image) =>
    chain.signBundle(REPOSITORY, image, { predicateType: "https://slsa.dev/provenance/v1" }),
  "no-trust-policy": byStatement({
    registryScopes: ["registry.example.com/another"],
    trustStores: ["ca:acme"],
    trustedIdentities: ["*"],
  }),
  "verification-skipped": byStatement({ signatureVerification: { level: "skip" } }),
  "certificate-revoked": (chain, image) => {
    const url = lists.url("/list.crl");
    const revoked = chainOf({ leaf: { extensions: [...LEAF_EXTENSIONS, listsAt(pointOf([url]))] } });
    const nextUpdate = "2049-01-01T00:00:00Z";
    lists.serve("/list.crl", listOf(revoked[1], { nextUpdate, entries: [{ serial: revoked[0].serial }] }));
    return byCertificate({ chain: revoked }, revoked[2])(chain, image);
  },
};

/** Reasons that more than one scheme has, broken in the second. */
const ALSO: Readonly<Partial<Record<RejectionReason, Break>>> = {
  "certificate-unfit": (chain, image) => {
    const unfit = chainOf({ leaf: { extensions: [keyUsage(0x84, 2)] } });
    return byCertificate({ chain: unfit }, unfit[2])(chain, image);
  },
  "certificate-untrusted": byCertificate({ chain: x509 }, chainOf()[2]),
  "certificate-expired": (chain, image) => {
    const late = chainOf({ leaf: { notBefore: "2025-01-01T00:00:00Z" } });
    const timestamp = (signature: Buffer): Buffer => chain.tsa.stamp(signature, { at: "2024-05-01T12:00:00Z" });
    return byCertificate({ chain: late, timestamp }, late[2], ", tsa: [tsa.crt]")(chain, image);
  },
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

test("an image that the release workflow signed without a key is allowed", async () => {
  await using chain = await openChain();
  chain.writeKeylessPolicy("extensions: { sourceRepositoryRef: refs/heads/main }");
  const { manifest } = await chain.push(`${REPOSITORY}:1`, { user: "65532" }, DISTROLESS_FILES);
  const leaf = { says: { sourceRepositoryRef: "refs/heads/main" } };
  await chain.attach(REPOSITORY, chain.keyless.legacy(manifest.descriptor.digest, { leaf }));
  const verdict = await verdictOf(await chain.compose(), chain.ref(`${REPOSITORY}:1`));
  assert.equal(verdict.decision, "allow", JSON.stringify(verdict.findings));
});

test("an image whose signature has the timestamp that is required is allowed", async () => {
  await using chain = await openChain();
  chain.writePolicy("- signed: { by: release-key }", { authority: "timestamp: required", logs: "trusted-root" });
  const { manifest } = await chain.push(`${REPOSITORY}:1`, { user: "65532" }, DISTROLESS_FILES);
  const timestamp = (signature: Buffer): Buffer => chain.tsa.stamp(signature);
  await chain.sign(REPOSITORY, manifest.descriptor.digest, { timestamp });
  assert.equal((await verdictOf(await chain.compose(), chain.ref(`${REPOSITORY}:1`))).decision, "allow");
});

test("an image that is signed with certificates of a chain in a store is allowed", async () => {
  await using chain = await openChain();
  const { manifest } = await chain.push(`${REPOSITORY}:1`, { user: "65532" }, DISTROLESS_FILES);
  await byCertificate({ chain: x509 })(chain, manifest.descriptor.digest);
  assert.equal((await verdictOf(await chain.compose(SERVERS), chain.ref(`${REPOSITORY}:1`))).decision, "allow");
});

const ALL = [...Object.entries(BREAKS), ...Object.entries(ALSO)];

test("every reason of a rejection is broken here", () =>
  assert.deepEqual(Object.keys(BREAKS).sort(), [...REJECTION_REASONS].sort()));

for (const [reason, breakIt] of ALL) {
  test(`denies an image whose only signature is rejected as ${reason}`, async () => {
    await using chain = await openChain();
    const { manifest } = await chain.push(`${REPOSITORY}:1`, { user: "65532" }, DISTROLESS_FILES);
    await breakIt(chain, manifest.descriptor.digest);
    const verdict = await verdictOf(
      await chain.compose({ ...SERVERS, ...notarySettings(chain) }),
      chain.ref(`${REPOSITORY}:1`),
    );
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
