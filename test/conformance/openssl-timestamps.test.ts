import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";

import { checkTimestamp } from "../../src/crypto/timestamp.ts";
import { parseTrustedRoot } from "../../src/crypto/trusted-root.ts";

const FOLDER = resolve(import.meta.dirname, "../fixtures/keyless");
const { timestampAuthorities } = parseTrustedRoot(readFileSync(join(FOLDER, "keys/trusted_root.json"), "utf8"), "root");

type Entry = { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> };
type Manifest = { readonly layers?: readonly Entry[]; readonly manifests?: readonly Entry[] };
type Envelope = { readonly signatures: readonly [{ readonly sig: string }] };
type Bundle = {
  readonly verificationMaterial: {
    readonly timestampVerificationData: { readonly rfc3161Timestamps: readonly [{ readonly signedTimestamp: string }] };
  };
  readonly dsseEnvelope: Envelope;
};

function blob(digest: string): Buffer {
  return readFileSync(join(FOLDER, "blobs", digest.replace(":", "/")));
}

/** The last layer attached to a repository's image under a tag that ends so. */
function attached(repository: string, suffix: string): Entry {
  const index = JSON.parse(readFileSync(join(FOLDER, "index.json"), "utf8")) as { manifests: Entry[] };
  const isIt = new RegExp(`^${repository}:sha256-[0-9a-f]{64}${suffix}$`);
  const entry = index.manifests.find((each) =>
    isIt.test(each.annotations?.["org.opencontainers.image.ref.name"] ?? ""),
  );
  const document = JSON.parse(blob(entry!.digest).toString()) as Manifest;
  const [referrer] = document.manifests ?? [];
  const manifest = referrer === undefined ? document : (JSON.parse(blob(referrer.digest).toString()) as Manifest);
  return manifest.layers!.at(-1)!;
}

/** What the annotation form carries: the token, and the layer's signature. */
function annotated(
  repository: string,
  suffix: string,
): { readonly token: Buffer; readonly layer: Buffer; readonly signature: Buffer } {
  const { digest, annotations = {} } = attached(repository, suffix);
  const { SignedRFC3161Timestamp: token } = JSON.parse(annotations["dev.sigstore.cosign/rfc3161timestamp"]!) as Record<
    string,
    string
  >;
  const signature = annotations["dev.cosignproject.cosign/signature"]!;
  return { token: base64(token!), layer: blob(digest), signature: base64(signature) };
}

function bundled(repository: string): { readonly token: Buffer; readonly signature: Buffer } {
  const { verificationMaterial, dsseEnvelope } = JSON.parse(blob(attached(repository, "").digest).toString()) as Bundle;
  const [{ signedTimestamp }] = verificationMaterial.timestampVerificationData.rfc3161Timestamps;
  return { token: base64(signedTimestamp), signature: signatureOf(dsseEnvelope) };
}

function signatureOf(envelope: Envelope): Buffer {
  return base64(envelope.signatures[0].sig);
}

function base64(text: string): Buffer {
  return Buffer.from(text, "base64");
}

function kindOf(token: Buffer, message: Uint8Array): string {
  return checkTimestamp(token, [message], timestampAuthorities).kind;
}

describe("tokens by openssl that real cosign clients asked for", () => {
  for (const repository of [
    "keyless/timestamped",
    "keyless/timestamp-only",
    "keyless/timestamped-by-3",
    "certificate/timestamped",
  ]) {
    test(`${repository}: the signature's time is proved, and no other message's`, () => {
      const { token, signature, layer } = annotated(repository, ".sig");
      assert.equal(kindOf(token, signature), "proved");
      assert.equal(kindOf(token, layer), "invalid");
    });
  }

  for (const repository of [
    "bundle/timestamped",
    "bundle/timestamp-only",
    "bundle/tiles",
    "bundle/key-tiles",
    "bundle/certificate-rsa",
  ]) {
    test(`${repository}: the envelope's signature has its time proved without certificates in the token`, () => {
      const { token, signature } = bundled(repository);
      assert.equal(kindOf(token, signature), "proved");
      assert.equal(kindOf(token, Buffer.concat([signature, signature])), "invalid");
    });
  }

  test("attestations: 2.5 has the envelope's bytes stamped, 3.1 the envelope's signature", () => {
    const former = annotated("keyless/signed-and-attested", ".att");
    assert.equal(kindOf(former.token, former.layer), "proved");
    assert.equal(kindOf(former.token, signatureOf(JSON.parse(former.layer.toString()) as Envelope)), "invalid");
    const latter = annotated("keyless/attested-by-3", ".att");
    assert.equal(kindOf(latter.token, latter.layer), "invalid");
    assert.equal(kindOf(latter.token, signatureOf(JSON.parse(latter.layer.toString()) as Envelope)), "proved");
  });

  test("a stranger's token says nothing", () => {
    const annotation = annotated("keyless/other-timestamps", ".sig");
    assert.equal(kindOf(annotation.token, annotation.signature), "unknown");
    const bundle = bundled("bundle/other-timestamps");
    assert.equal(kindOf(bundle.token, bundle.signature), "unknown");
  });
});
