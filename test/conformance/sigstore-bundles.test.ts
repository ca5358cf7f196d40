import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { digestOf } from "../../src/crypto/digest-of.ts";
import { preAuthEncoding } from "../../src/crypto/dsse.ts";
import { parseStatement } from "../../src/crypto/in-toto.ts";
import type { Digest } from "../../src/domain/digest.ts";
import { InputError } from "../../src/domain/errors.ts";
import { instantOf } from "../../src/domain/instant.ts";
import type { AuthoritySpec, CosignAuthority, SigstoreRoot } from "../../src/domain/trust.ts";
import { judgeClaim } from "../../src/schemes/claim.ts";
import { compileProver } from "../../src/schemes/prover.ts";
import { proveBundle } from "../../src/schemes/sigstore-bundle/bundle-signature.ts";
import { parseBundle, type Bundle } from "../../src/schemes/sigstore-bundle/bundle.ts";
import { claimOf } from "../../src/schemes/sigstore-bundle/statement-claim.ts";
import { MemoryImages } from "../support/memory-images.ts";
import { attachBundle } from "../support/signing/bundle.ts";
import { judgeAll, targetOf, verdictOf } from "../support/signing/judging.ts";
import { vectorFolder } from "../support/vectors.ts";
import { cosignSpec, keylessSpec } from "../support/signing/authority-spec.ts";

const folder = vectorFolder("sigstore-conformance");
const skip = folder === undefined ? "sigstore's conformance vectors are absent: set ASSAY_VECTORS" : false;
const cases = folder === undefined ? [] : readdirSync(join(folder, "bundle-verify")).filter((name) => name !== "a.txt");

const BEACON =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ACTIONS = "https://token.actions.githubusercontent.com";

function read(name: string, file: string): Buffer | undefined {
  const path = join(folder ?? "", "bundle-verify", name, file);
  return existsSync(path) ? readFileSync(path) : undefined;
}

function artifactOf(name: string): Buffer {
  return read(name, "artifact") ?? readFileSync(join(folder!, "a.txt"));
}

function rootOf(name: string): SigstoreRoot {
  const json = read(name, "trusted_root.json")?.toString();
  return json === undefined ? { kind: "public-good" } : { kind: "trusted-root", json, from: "trusted_root.json" };
}

/** The authority that a case's options describe (sigstore-conformance, docs/cli_protocol.md). */
function authorityOf(name: string, timestamp: CosignAuthority["timestamp"] = "optional"): AuthoritySpec {
  const shared = { discover: ["referrers"], timestamp } as const;
  const root = rootOf(name);
  if (name.startsWith("managed-key")) {
    const pem = read(name, "key.pub")?.toString();
    const keys = pem === undefined ? [] : [{ pem, from: "key.pub" }];
    return cosignSpec({ keys, transparencyLog: { kind: "required", root }, ...shared });
  }
  const text = (file: string, usual: string) =>
    ({ kind: "exact", text: read(name, file)?.toString().trim() ?? usual }) as const;
  const identity = { issuer: text("issuer", ACTIONS), subject: text("identity", BEACON) };
  return keylessSpec({ identities: [identity], root, ...shared });
}

function messageOf({ content }: Bundle, name: string): Uint8Array {
  if (content.kind === "message") return artifactOf(name);
  return preAuthEncoding(content.envelope.payloadType, content.envelope.payload);
}

/** The whole judgement of a bundle over a file, by the functions that judge those of images. */
function judge(name: string, timestamp?: CosignAuthority["timestamp"]): string {
  try {
    const prover = compileProver(authorityOf(name, timestamp))!;
    const bundle = parseBundle(read(name, "bundle.sigstore.json")!, 1 << 20);
    const proof = proveBundle(bundle, messageOf(bundle, name), prover);
    if (proof.kind === "undetermined") return proof.gap.code;
    if (proof.kind === "rejected") return `${proof.reason}: ${proof.detail}`;
    if (proof.notBefore !== undefined && proof.notBefore > instantOf(Date.now())) return "not yet valid";
    if (bundle.content.kind === "message") return "verified";
    const target = targetOf(digestOf(artifactOf(name)));
    const claim = claimOf(parseStatement(bundle.content.envelope.payload, 1 << 20), target.digest);
    const refusal = judgeClaim(claim, target, prover.rules, proof.signer);
    return refusal === undefined ? "verified" : `${refusal.reason}: ${refusal.detail}`;
  } catch (error) {
    if (error instanceof InputError) return `malformed: ${error.message}`;
    throw error;
  }
}

/** Why each of the cases that must fail does, so that none fails for another's reason. */
const FAULTS: Readonly<Record<string, RegExp>> = {
  "bundle-empty-certificate-chain_fail": /^malformed: .*x509CertificateChain has no certificate/,
  "bundle-from-wrong-instance_fail": /^certificate-untrusted: /,
  "bundle-invalid-base64-signature_fail": /^malformed: .*signature is not base64/,
  "bundle-malformed-json_fail": /^malformed: bundle is not acceptable JSON/,
  "bundle-negative-log-index_fail": /^malformed: log entry/,
  "bundle-unknown-version_fail": /^malformed: bundle is of the version/,
  "bundle-with-root-cert_fail": /^malformed: /,
  "checkpoint-bad-keyhint_fail": /^log-invalid: .*checkpoint is not signed by the log's key/,
  "checkpoint-wrong-roothash_fail": /^log-invalid: .*checkpoint/,
  "dsse-invalid-sig_fail": /^bad-signature: /,
  "dsse-mismatch-envelope_fail": /^log-mismatch: .*other signed content/,
  "dsse-mismatch-sig_fail": /^log-mismatch: .*another signature/,
  "inclusion-proof-corrupted-hash_fail": /^log-invalid: .*inclusion proof/,
  "incorrect-public-key_fail": /^log-invalid: .*promise/,
  "integrated-time-in-future_fail": /^certificate-expired: /,
  "intoto-expired-certificate_fail": /^certificate-untrusted: /,
  "intoto-log-entry-mismatch_fail": /^malformed: log entry/,
  "intoto-missing-inclusion-proof_fail": /^malformed: .*has no inclusionProof/,
  "intoto-set-outside-signing-cert-validity_fail": /^certificate-expired: /,
  "intoto-tsa-timestamp-outside-cert-validity_fail": /^certificate-expired: /,
  "invalid-checkpoint-signature_fail": /^log-invalid: .*checkpoint is not signed by the log's key/,
  "invalid-ct-key_fail": /^sct-invalid: /,
  "invalid-inclusion-proof_fail": /^malformed: .*checkpoint is not an object/,
  "managed-key-no-key_fail": /^malformed: a cosign authority has no keys/,
  "managed-key-wrong-key_fail": /^malformed: key\.pub is not a public key/,
  "message-digest-mismatch_fail": /^bad-signature: the digest beside the signature/,
  "rekor2-checkpoint-missing-log-signature_fail": /^log-invalid: /,
  "rekor2-checkpoint-missing-origin_fail": /^log-invalid: /,
  "rekor2-checkpoint-missing-root-hash_fail": /^log-invalid: /,
  "rekor2-checkpoint-missing-size_fail": /^log-invalid: /,
  "rekor2-checkpoint-no-matching-signature_fail": /^log-invalid: .*not signed by the log's key/,
  "rekor2-dsse-invalid-sig_fail": /^bad-signature: /,
  "rekor2-dsse-mismatch-envelope_fail": /^log-mismatch: .*other signed content/,
  "rekor2-dsse-mismatch-sig_fail": /^log-mismatch: .*another signature/,
  "rekor2-no-inclusion-proof_fail": /^log-missing: /,
  "rekor2-no-timestamp_fail": /^no-verified-time: /,
  "rekor2-timestamp-outside-trust-root-tsa-validity_fail": /^timestamp-invalid: .*its time .* is outside/,
  "rekor2-timestamp-outside-tsa-cert-validity_fail": /^timestamp-invalid: /,
  "rekor2-timestamp-payload-mismatch_fail": /^timestamp-invalid: .*over something else/,
  "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail": /^no-verified-time: /,
  "rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail": /^no-verified-time: /,
  "rekor2-timestamp-with-incorrect-time_fail": /^malformed: .*signedTimestamp is not base64/,
  "set-invalid-signature_fail": /^log-invalid: .*promise/,
  "signature-mismatch_fail": /^bad-signature: /,
  "trust-root-tlog-missing-validity-start_fail": /^malformed: .*validFor\.start is not a string/,
  "wrong-hashedrekord-artifact_fail": /^log-mismatch: .*other signed content/,
  "wrong-hashedrekord-cert-and-sig_fail": /^log-mismatch: /,
  "wrong-hashedrekord-entry_fail": /^log-mismatch: /,
  "wrong-material_fail": /^bad-signature: /,
};

describe("sigstore's conformance cases", { skip }, () => {
  test("are the seventy known ones, of which forty-nine must fail", () => {
    const failing = cases.filter((name) => name.endsWith("_fail"));
    assert.deepEqual(failing.toSorted(), Object.keys(FAULTS).toSorted());
    assert.deepEqual([cases.length, failing.length], [70, 49]);
  });

  for (const name of cases) {
    const fault = FAULTS[name];
    if (fault === undefined) test(`${name} verifies`, () => assert.equal(judge(name), "verified"));
    else test(`${name} does not, and says why`, () => assert.match(judge(name), fault));
  }

  test("have the public-good instance's timestamp where they have one, which suffices where one is required", () => {
    assert.equal(judge("managed-key-happy-path", "required"), "verified");
    assert.match(judge("managed-key-and-trusted-root", "required"), /^timestamp-missing/);
  });

  test("verify for nobody else than who signed", () => {
    const name = "happy-path-v0.3";
    const bundle = parseBundle(read(name, "bundle.sigstore.json")!, 1 << 20);
    const keyless = authorityOf(name);
    assert.ok(keyless.kind === "keyless");
    // What @sigstore/verify takes for unanchored expressions, and accepts (T-ID-01).
    for (const subject of ["github", "", BEACON.replaceAll("/", "."), `${BEACON}x`, BEACON.slice(0, -1)]) {
      const identities = [
        { issuer: { kind: "exact", text: ACTIONS }, subject: { kind: "exact", text: subject } },
      ] as const;
      const proof = proveBundle(bundle, messageOf(bundle, name), compileProver({ ...keyless, identities })!);
      assert.equal(proof.kind === "rejected" && proof.reason, "wrong-signer");
    }
  });
});

/** The case's bundle as a referrer of the image of this digest, judged by the scheme. */
async function judgeAsReferrer(name: string, image: Digest): Promise<string> {
  const images = new MemoryImages();
  images.refer(image, attachBundle({ image }, read(name, "bundle.sigstore.json")!), undefined);
  try {
    return (await judgeAll(images, targetOf(image), authorityOf(name))).map(verdictOf).join();
  } catch (error) {
    if (error instanceof InputError) return "refused";
    throw error;
  }
}

const OTHER = `sha256:${"0".repeat(64)}` as Digest;

describe("sigstore's conformance cases as referrers of an image", { skip }, () => {
  const isEnvelope = (name: string): boolean => read(name, "bundle.sigstore.json")!.includes("dsseEnvelope");

  for (const name of cases) {
    test(`${name} is no signature of an image`, async () => {
      // The statements are all provenance of the artefact; a file's signature is over the file's bytes, not its digest.
      const own = await judgeAsReferrer(name, digestOf(artifactOf(name)));
      const other = await judgeAsReferrer(name, OTHER);
      if (name.endsWith("_fail")) {
        for (const verdict of [own, other]) assert.match(verdict, /^(?:rejected|refused)/);
        return;
      }
      const file = "rejected unsupported at parsed";
      assert.equal(own, isEnvelope(name) ? "rejected wrong-predicate at predicate" : file);
      assert.equal(other, isEnvelope(name) ? "rejected wrong-subject at subject" : file);
    });
  }
});
