import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { policiesOf, verifierOf } from "../../../bench/memory-assay.ts";
import { parseReference } from "../../../src/domain/reference.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { imageOf } from "../../support/signing/artifact.ts";
import { attest } from "../../support/signing/attestation.ts";
import { signBundle } from "../../support/signing/bundle.ts";
import { signCosignLegacy, type CosignOptions } from "../../support/signing/cosign-signature.ts";
import { makeKey } from "../../support/signing/keys.ts";

const AUTHORITIES = 10;
const SIGNATURES = 20;
const image = imageOf("web");
const numbers = Array.from({ length: SIGNATURES }, (_, number) => number);
const keys = Array.from({ length: AUTHORITIES }, () => makeKey());
const keyOf = (number: number) => keys[number % AUTHORITIES] ?? assert.fail();

/** As many authorities as keys, and a rule that asks each of them. */
function policies(rule: (name: string) => string) {
  const names = keys.map((_, at) => `signer-${at}`);
  const authorities = names.map(
    (name) => `apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: ${name} }
spec: { cosign: { keys: [{ file: ${name}.pub }], transparencyLog: unsafeIgnored } }
---
`,
  );
  const text = `${authorities.join("")}apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: all }
spec: { match: { images: ["registry.example.com/**"] }, rules: [${names.map(rule).join(", ")}] }
`;
  return policiesOf(text, Object.fromEntries(names.map((name, at) => [`${name}.pub`, keyOf(at).pem])));
}

/** Everything the registry was asked for, after a verification that allowed the image. */
async function askedBy(images: MemoryImages, rule: (name: string) => string): Promise<readonly string[]> {
  images.put(image);
  const reference = parseReference(`registry.example.com/shop/web@${image.digest}`);
  const answer = await verifierOf(images, policies(rule)).verify(reference, new AbortController().signal);
  assert.ok(answer.kind === "judged");
  assert.equal(answer.verdict.decision, "allow", JSON.stringify(answer.verdict.findings));
  return images.asked;
}

function eachOnce(asked: readonly string[]): void {
  assert.deepEqual(
    asked.filter((one, at) => asked.indexOf(one) !== at),
    [],
  );
}

const signed = (name: string): string => `{ signed: { by: ${name} } }`;

describe(`${AUTHORITIES} authorities and ${SIGNATURES} signatures fetch each document once`, () => {
  test("from the layers of a signature tag", async () => {
    const of = (number: number): CosignOptions => ({
      image: image.digest,
      key: keyOf(number),
      annotations: { number },
    });
    const images = new MemoryImages().put(signCosignLegacy(of(0), ...numbers.slice(1).map(of)));
    const asked = await askedBy(images, signed);
    eachOnce(asked);
    // The payloads and the image's configuration.
    assert.equal(asked.filter((one) => one.startsWith("blob ")).length, SIGNATURES + 1);
  });

  test("from bundles among the referrers", async () => {
    const images = new MemoryImages();
    for (const number of numbers) {
      const annotations = { number: `${number}` };
      images.refer(image.digest, signBundle({ image: image.digest, key: keyOf(number), annotations }), undefined);
    }
    const asked = await askedBy(images, signed);
    eachOnce(asked);
    assert.equal(asked.filter((one) => one.startsWith("blob ")).length, SIGNATURES + 1);
  });

  test("from attestations", async () => {
    const of = (number: number) => ({ image: image.digest, key: keyOf(number), predicate: { number } });
    const images = new MemoryImages().put(attest(of(0), ...numbers.slice(1).map(of)));
    const type = "https://cosign.sigstore.dev/attestation/vuln/v1";
    eachOnce(await askedBy(images, (name) => `{ attested: { by: ${name}, predicateType: "${type}" } }`));
  });
});
