import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { checkLogEntry } from "../../src/crypto/log-entry.ts";
import { keyOfVerifier, logMismatch } from "../../src/crypto/log-match.ts";
import { parsePublicKey } from "../../src/crypto/public-key.ts";
import type { LogRoot } from "../../src/crypto/transparency-log.ts";
import { checkTimestamp } from "../../src/crypto/timestamp.ts";
import { parseTrustedRoot } from "../../src/crypto/trusted-root.ts";
import { InputError } from "../../src/domain/errors.ts";
import type { CosignAuthority } from "../../src/domain/trust.ts";
import { compileProver } from "../../src/schemes/prover.ts";
import { publicGoodRoot } from "../../src/schemes/sigstore-root.ts";
import { proveBundle } from "../../src/schemes/sigstore-bundle/bundle-signature.ts";
import { parseBundle, type Bundle } from "../../src/schemes/sigstore-bundle/bundle.ts";
import { preAuthEncoding } from "../../src/crypto/dsse.ts";
import { vectorFolder } from "../support/vectors.ts";

const folder = vectorFolder("sigstore-conformance");
const skip = folder === undefined ? "sigstore's conformance vectors are absent: set ASSAY_VECTORS" : false;
const cases = folder === undefined ? [] : readdirSync(join(folder, "bundle-verify")).filter((name) => name !== "a.txt");

function read(name: string, file: string): Buffer | undefined {
  const path = join(folder ?? "", "bundle-verify", name, file);
  return existsSync(path) ? readFileSync(path) : undefined;
}

/** `undefined` if every step passes, or what was wrong. */
function problemOf(step: () => string | undefined): string | undefined {
  try {
    return step();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

function bundleOf(name: string): Bundle {
  return parseBundle(read(name, "bundle.sigstore.json")!, 1 << 20);
}

function artifactOf(name: string): Buffer {
  return read(name, "artifact") ?? readFileSync(join(folder!, "a.txt"));
}

function messageOf(bundle: Bundle, name: string): Uint8Array {
  const { content } = bundle;
  return content.kind === "dsse"
    ? preAuthEncoding(content.envelope.payloadType, content.envelope.payload)
    : artifactOf(name);
}

/** The whole judgement of a bundle by a managed key, up to what it says of an image. */
function keyProblem(name: string, timestamp: CosignAuthority["timestamp"] = "optional"): string | undefined {
  const pem = read(name, "key.pub")?.toString();
  const json = read(name, "trusted_root.json")?.toString();
  const spec: CosignAuthority = {
    kind: "cosign",
    keys: pem === undefined ? [] : [{ pem, from: "key.pub" }],
    discover: ["referrers"],
    transparencyLog: {
      kind: "required",
      root: json === undefined ? { kind: "public-good" } : { kind: "trusted-root", json, from: "trusted_root.json" },
    },
    timestamp,
    annotations: {},
    signedIdentity: undefined,
  };
  const bundle = bundleOf(name);
  const proved = proveBundle(bundle, messageOf(bundle, name), compileProver(spec)!);
  return proved.kind === "rejected" ? `${proved.reason}: ${proved.detail}` : undefined;
}

describe("sigstore's conformance cases with a managed key", { skip }, () => {
  const managed = cases.filter((name) => name.startsWith("managed-key"));

  test("are the four known ones", () => assert.equal(managed.length, 4));

  for (const name of managed) {
    test(name, () => {
      const problem = problemOf(() => keyProblem(name));
      assert.equal(problem === undefined, !name.endsWith("_fail"), problem);
    });
  }

  test("has the public-good instance's timestamp where it has one, which suffices where one is required", () => {
    assert.equal(
      problemOf(() => keyProblem("managed-key-happy-path", "required")),
      undefined,
    );
    assert.match(problemOf(() => keyProblem("managed-key-and-trusted-root", "required")) ?? "", /^timestamp-missing/);
  });

  test("fail by another key in the place of the right one", () => {
    const bundle = bundleOf("managed-key-happy-path");
    const other = bundleOf("managed-key-and-trusted-root");
    const pem = read("managed-key-happy-path", "key.pub")!.toString();
    const key = parsePublicKey(pem, "key.pub");
    const logged = { message: artifactOf("a"), payload: undefined, signer: key.der } as const;
    for (const [entry, signed, why] of [
      [bundle.entries[0]!, bundle, undefined],
      [bundle.entries[0]!, other, "the log entry holds another signature"],
      [other.entries[0]!, bundle, "the log entry holds another signature"],
    ] as const) {
      const signatures = signed.content.kind === "message" ? [signed.content.signature] : [];
      assert.equal(logMismatch(entry.body, { ...logged, signatures }), why);
    }
  });
});

/** What the log has to say of a bundle, whoever signed it: its entries are proved and are about its signature and key. */
function logProblem(name: string): string | undefined {
  const json = read(name, "trusted_root.json")?.toString();
  const root: LogRoot = json === undefined ? publicGoodRoot().logs : parseTrustedRoot(json, name).logs;
  const bundle = bundleOf(name);
  if (bundle.entries.length === 0) return "no entry";
  const key =
    bundle.material.kind === "certificate"
      ? keyOfVerifier({ kind: "certificate", der: bundle.material.leaf })
      : undefined;
  const { content } = bundle;
  const signatures = content.kind === "dsse" ? content.envelope.signatures.map(({ sig }) => sig) : [content.signature];
  for (const entry of bundle.entries) {
    const check = checkLogEntry(entry, root);
    if (check.kind === "unproved") return `${check.reason}: ${check.detail}`;
    const signer = key?.der ?? parsePublicKey(read(name, "key.pub")!.toString(), "key.pub").der;
    const payload = content.kind === "dsse" ? content.envelope.payload : undefined;
    const mismatch = logMismatch(entry.body, { message: messageOf(bundle, name), payload, signatures, signer });
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

/** Cases whose fault is in the log entry, the trusted root's logs or the bundle's form, which keys and certificates share. */
const LOG_FAULTS = [
  "bundle-empty-certificate-chain_fail",
  "bundle-from-wrong-instance_fail",
  "bundle-invalid-base64-signature_fail",
  "bundle-malformed-json_fail",
  "bundle-negative-log-index_fail",
  "bundle-unknown-version_fail",
  "checkpoint-bad-keyhint_fail",
  "checkpoint-wrong-roothash_fail",
  "dsse-mismatch-envelope_fail",
  "dsse-mismatch-sig_fail",
  "inclusion-proof-corrupted-hash_fail",
  "intoto-log-entry-mismatch_fail",
  "intoto-missing-inclusion-proof_fail",
  "invalid-checkpoint-signature_fail",
  "invalid-inclusion-proof_fail",
  "rekor2-checkpoint-missing-log-signature_fail",
  "rekor2-checkpoint-missing-origin_fail",
  "rekor2-checkpoint-missing-root-hash_fail",
  "rekor2-checkpoint-missing-size_fail",
  "rekor2-checkpoint-no-matching-signature_fail",
  "rekor2-dsse-mismatch-envelope_fail",
  "rekor2-dsse-mismatch-sig_fail",
  "rekor2-no-inclusion-proof_fail",
  "set-invalid-signature_fail",
  "signature-mismatch_fail",
  "trust-root-tlog-missing-validity-start_fail",
  "wrong-hashedrekord-artifact_fail",
  "wrong-hashedrekord-cert-and-sig_fail",
  "wrong-hashedrekord-entry_fail",
  "wrong-material_fail",
];

describe("the log entries of sigstore's conformance cases", { skip }, () => {
  for (const name of cases.filter((each) => !each.endsWith("_fail"))) {
    test(`are proved and about their signature: ${name}`, () =>
      assert.equal(
        problemOf(() => logProblem(name)),
        undefined,
      ));
  }
  for (const name of LOG_FAULTS) {
    test(`are refused: ${name}`, () =>
      assert.notEqual(
        problemOf(() => logProblem(name)),
        undefined,
      ));
  }
});

/** What the timestamps of a bundle prove, whoever signed it, under the case's own trusted root. */
function stampProblem(name: string): string | undefined {
  const json = read(name, "trusted_root.json")?.toString();
  const { timestampAuthorities } = json === undefined ? publicGoodRoot() : parseTrustedRoot(json, name);
  const { content, timestamps } = bundleOf(name);
  const signature = content.kind === "dsse" ? content.envelope.signatures[0]!.sig : content.signature;
  const checks = timestamps.map((token) => checkTimestamp(token, signature, timestampAuthorities));
  const [check] = checks;
  if (check === undefined) return "no timestamp";
  assert.equal(checks.length, 1);
  return check.kind === "proved" ? undefined : `${check.kind}: ${check.detail}`;
}

/** Cases whose fault is in the timestamp or in what the trusted root says of its authority. */
const STAMP_FAULTS: Readonly<Record<string, RegExp>> = {
  "rekor2-no-timestamp_fail": /^no timestamp/,
  "rekor2-timestamp-outside-trust-root-tsa-validity_fail": /^invalid: its time .* is outside/,
  "rekor2-timestamp-outside-tsa-cert-validity_fail": /^invalid/,
  "rekor2-timestamp-payload-mismatch_fail": /^invalid: it is over something else/,
  "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail": /^unknown/,
  "rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail": /^unknown/,
  "rekor2-timestamp-with-incorrect-time_fail": /signedTimestamp is not base64/,
};

describe("the timestamps of sigstore's conformance cases", { skip }, () => {
  const stamped = cases.filter((name) => !name.endsWith("_fail") && bundleOf(name).timestamps.length > 0);

  test("are those of fourteen valid bundles", () => assert.equal(stamped.length, 14));

  for (const name of stamped) {
    test(`prove a time: ${name}`, () =>
      assert.equal(
        problemOf(() => stampProblem(name)),
        undefined,
      ));
  }
  for (const [name, why] of Object.entries(STAMP_FAULTS)) {
    test(`prove none: ${name}`, () => assert.match(problemOf(() => stampProblem(name)) ?? "proved", why));
  }
});
