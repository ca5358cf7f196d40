import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { digestOf } from "../../src/crypto/digest-of.ts";
import type { AuthoritySpec, CosignAuthority, KeylessAuthority, SignedIdentity } from "../../src/domain/trust.ts";
import { MemoryImages } from "../support/memory-images.ts";
import { describe as descriptor } from "../support/signing/artifact.ts";
import { cosignManifest } from "../support/signing/cosign-signature.ts";
import { judgeAll, targetOf, verdictOf } from "../support/signing/judging.ts";
import { vectorFolder } from "../support/vectors.ts";
import { cosignSpec, keylessSpec } from "../support/signing/authority-spec.ts";

const folder = vectorFolder("containers-image");
const skip = folder === undefined ? "the fixtures of containers/image are absent: set ASSAY_VECTORS" : false;

/** A `dir:` image keeps each signature as a line of its format's name and the layer's parts as JSON. */
type Kept = { readonly mimeType: string; readonly payload: string; readonly annotations: Record<string, string> };

function fixture(...path: string[]): string {
  return readFileSync(join(folder!, ...path), "utf8");
}

function keysOf(...names: string[]): CosignAuthority["keys"] {
  return names.map((name) => ({ pem: fixture("fixtures", name), from: name }));
}

const UNLOGGED = { kind: "unsafe-ignored" } as const;
const REPOSITORY: SignedIdentity = {
  kind: "exactRepository",
  repository: "192.168.64.2:5000/cosign-signed-single-sample",
};

function judge(image: string, trust: Partial<CosignAuthority> = {}, requested?: string): Promise<readonly string[]> {
  const spec = cosignSpec({ keys: keysOf("cosign.pub"), discover: ["tag"], transparencyLog: UNLOGGED, ...trust });
  return judgeBy(spec, image, requested);
}

async function judgeBy(spec: AuthoritySpec, image: string, requested?: string): Promise<readonly string[]> {
  const path = join(folder!, "fixtures", image);
  const digest = digestOf(existsSync(join(path, "manifest.json")) ? readFileSync(join(path, "manifest.json")) : "");
  const signatures = readdirSync(path)
    .filter((name) => name.startsWith("signature-"))
    .toSorted();
  const layers = signatures.map((name) => {
    const kept = JSON.parse(readFileSync(join(path, name), "utf8").replace(/^[^{]*/, "")) as Kept;
    const payload = Buffer.from(kept.payload, "base64");
    return { payload, descriptor: descriptor(kept.mimeType, payload, { annotations: kept.annotations }) };
  });
  const images = new MemoryImages().put(cosignManifest(digest, layers));
  return (await judgeAll(images, targetOf(digest, requested), spec)).map(verdictOf);
}

const BAD = "rejected bad-signature at signature";

describe("cosign-signed images of containers/image", { skip }, () => {
  const ROWS: Readonly<Record<string, readonly string[]>> = {
    "dir-img-cosign-valid": ["verified"],
    "dir-img-cosign-valid-with-tag": ["verified"],
    "dir-img-cosign-valid-2": ["verified", "verified"],
    "dir-img-cosign-mixed": [BAD, "verified"],
    "dir-img-cosign-manifest-digest-error": ["rejected wrong-subject at subject"],
    "dir-img-cosign-modified-manifest": ["rejected wrong-subject at subject"],
    "dir-img-cosign-no-manifest": ["rejected wrong-subject at subject"],
    "dir-img-cosign-other-attachment": ["rejected unsupported at found"],
    "dir-img-cosign-key-rekor-valid": ["rejected unknown-key at signature"],
    "dir-img-cosign-fulcio-rekor-valid": ["rejected unknown-key at signature"],
    "dir-img-cosign-pki-valid": ["rejected unknown-key at signature"],
  };
  for (const [image, expected] of Object.entries(ROWS)) {
    test(`${image} by cosign.pub: ${expected.join(", ")}`, async () => assert.deepEqual(await judge(image), expected));
  }

  test("another key made none of the signatures of dir-img-cosign-valid-2", async () => {
    assert.deepEqual(await judge("dir-img-cosign-valid-2", { keys: keysOf("cosign2.pub") }), [BAD, BAD]);
    assert.deepEqual(await judge("dir-img-cosign-mixed", { keys: keysOf("cosign2.pub", "cosign.pub") }), [
      BAD,
      "verified",
    ]);
  });

  test("an image signed in no log is refused where the log is required", async () => {
    const transparencyLog = { kind: "required", root: { kind: "public-good" } } as const;
    assert.deepEqual(await judge("dir-img-cosign-valid", { transparencyLog }), ["rejected log-missing at log"]);
  });

  test("the name of a signature is held against the rule of containers-policy.json", async () => {
    assert.deepEqual(await judge("dir-img-cosign-valid", { signedIdentity: REPOSITORY }), ["verified"]);
    const other = await judge("dir-img-cosign-valid-with-tag", { signedIdentity: REPOSITORY });
    assert.deepEqual(other, ["rejected wrong-identity at identity"]);
    const exact = { signedIdentity: { kind: "matchExact" } } as const;
    const tagged = await judge("dir-img-cosign-valid-with-tag", exact, "192.168.64.2:5000/skopeo-signed:tag");
    assert.deepEqual(tagged, ["verified"]);
  });

  test("an image logged in the public Rekor verifies with its log's key, and with the built-in root", async () => {
    const text = fixture("fixtures", "dir-img-cosign-key-rekor-valid", "signature-1").replace(/^[^{]*/, "");
    const bundle = JSON.parse((JSON.parse(text) as Kept).annotations["dev.sigstore.cosign/bundle"]!) as {
      Payload: { body: string; integratedTime: number };
    };
    type Body = { spec: { signature: { publicKey: { content: string } } } };
    const body = JSON.parse(Buffer.from(bundle.Payload.body, "base64").toString()) as Body;
    const pem = Buffer.from(body.spec.signature.publicKey.content, "base64").toString();
    const keys = [{ pem, from: "the signer" }];
    const rekor = { kind: "rekor-keys", keys: [{ pem: fixture("rekor", "rekor.pub"), from: "rekor.pub" }] } as const;
    for (const root of [rekor, { kind: "public-good" } as const]) {
      const transparencyLog = { kind: "required", root } as const;
      assert.deepEqual(await judge("dir-img-cosign-key-rekor-valid", { keys, transparencyLog }), ["verified"]);
    }
    const wrong = { kind: "rekor-keys", keys: keysOf("cosign.pub") } as const;
    const judged = await judge("dir-img-cosign-key-rekor-valid", {
      keys,
      transparencyLog: { kind: "required", root: wrong },
    });
    assert.deepEqual(judged, ["rejected log-untrusted at log"]);
  });
});

const exact = (text: string) => ({ kind: "exact", text }) as const;
const certificates = (name: string) => [{ pem: fixture("fixtures", name), from: name }];

describe("certificate-signed images of containers/image", { skip }, () => {
  const FULCIO = "dir-img-cosign-fulcio-rekor-valid";
  const GITHUB = "https://github.com/login/oauth";

  const base = keylessSpec({
    identities: [{ issuer: exact(GITHUB), subject: exact("mitr@redhat.com") }],
    discover: ["tag"],
    root: { kind: "public-good" },
  });
  const fulcio = (change: Partial<KeylessAuthority> = {}) => judgeBy({ ...base, ...change }, FULCIO);

  test(`${FULCIO} verifies by the public-good root, and by Fulcio's own certificate`, async () => {
    assert.deepEqual(await fulcio(), ["verified"]);
    const own = { roots: certificates("fulcio_v1.crt.pem"), intermediates: [] };
    assert.deepEqual(await fulcio({ certificateAuthority: own }), ["verified"]);
  });

  test(`${FULCIO} does not verify for another subject, issuer or root`, async () => {
    const wrong = ["rejected wrong-signer at identity"];
    for (const [issuer, subject] of [
      [GITHUB, "this-does-not-match@example.com"],
      ["https://this-does-not-match.example.com", "mitr@redhat.com"],
    ] as const) {
      assert.deepEqual(await fulcio({ identities: [{ issuer: exact(issuer), subject: exact(subject) }] }), wrong);
    }
    const own = { roots: certificates("pki_root_crts.pem"), intermediates: [] };
    assert.deepEqual(await fulcio({ certificateAuthority: own }), ["rejected certificate-untrusted at chain"]);
  });

  const PKI = "dir-img-cosign-pki-valid";
  const pki = (subject: string, roots = "pki_root_crts.pem", change: Partial<KeylessAuthority> = {}) =>
    judgeBy(
      {
        ...base,
        identities: [{ issuer: undefined, subject: exact(subject) }],
        certificateAuthority: { roots: certificates(roots), intermediates: certificates("pki_intermediate_crts.pem") },
        transparencyLog: "unsafe-ignored",
        sct: "unsafe-ignored",
        ...change,
      },
      PKI,
    );

  test(`${PKI} verifies by its root, for the e-mail address and for the host name`, async () => {
    assert.deepEqual(await pki("qiwan@redhat.com"), ["verified"]);
    assert.deepEqual(await pki("myhost.example.com"), ["verified"]);
  });

  test(`${PKI} verifies with the intermediate that it brings along`, async () => {
    const certificateAuthority = { roots: certificates("pki_root_crts.pem"), intermediates: [] };
    assert.deepEqual(await pki("qiwan@redhat.com", undefined, { certificateAuthority }), ["verified"]);
  });

  test(`${PKI} does not verify for another name, or by another root`, async () => {
    assert.deepEqual(await pki("this-does-not-match@example.com"), ["rejected wrong-signer at identity"]);
    const untrusted = ["rejected certificate-untrusted at chain"];
    assert.deepEqual(await pki("qiwan@redhat.com", "fulcio_v1.crt.pem"), untrusted);
  });

  test(`${PKI} does not verify where log or SCT is not ignored`, async () => {
    const log = await pki("qiwan@redhat.com", undefined, { transparencyLog: "required" });
    assert.deepEqual(log, ["rejected log-missing at log"]);
    const sct = await pki("qiwan@redhat.com", undefined, { sct: "required" });
    assert.deepEqual(sct, ["rejected sct-missing at chain"]);
  });
});
