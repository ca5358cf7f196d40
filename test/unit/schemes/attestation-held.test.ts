import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";

import { preAuthEncoding } from "../../../src/crypto/dsse.ts";
import { digestOf } from "../../../src/crypto/digest-of.ts";
import { plainDescriptor } from "../../../src/domain/descriptor.ts";
import { OCI_MANIFEST } from "../../../src/domain/media-types.ts";
import type { AuthoritySpec } from "../../../src/domain/trust.ts";
import { extractDocument, readExtract, type Extract } from "../../../src/schemes/attestation/extract.ts";
import { extractFrom } from "../../../src/schemes/attestation/extraction.ts";
import { HeldMessage } from "../../../src/schemes/attestation/held-message.ts";
import { attestation } from "../../../src/schemes/attestation/scheme.ts";
import { ATTESTATION, ATTESTATION_TAG } from "../../../src/schemes/attestation/source.ts";
import { signatureEvidence } from "../../../src/schemes/evidence.ts";
import { imageOf } from "../../support/signing/artifact.ts";
import { attestationLayer, type Envelope } from "../../support/signing/attestation.ts";
import { authorityOf, targetOf, verdictOf } from "../../support/signing/judging.ts";
import { KeylessChain } from "../../support/signing/keyless-chain.ts";
import { makeKey, type KeyKind } from "../../support/signing/keys.ts";
import { VirtualLog } from "../../support/signing/virtual-log.ts";

const image = imageOf("held");
const predicate = { list: Array.from({ length: 4000 }, (_, at) => ({ id: at, name: `n${at}` })), result: "passed" };

function envelopeBy(kind: KeyKind): { readonly bytes: Buffer; readonly message: Uint8Array } {
  const bytes = attestationLayer({ image: image.digest, key: makeKey(kind), predicate }).payload;
  const { payload, payloadType } = JSON.parse(bytes.toString()) as Envelope & { readonly payloadType: string };
  return { bytes, message: preAuthEncoding(payloadType, Buffer.from(payload, "base64")) };
}

async function extractOf(bytes: Buffer, left: number): Promise<Extract> {
  const layer = plainDescriptor("application/vnd.dsse.envelope.v1+json", digestOf(bytes), bytes.length);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 1000) {
      await Promise.resolve();
      yield bytes.subarray(at, at + 1000);
    }
  }
  const open = async (): Promise<AsyncIterable<Uint8Array>> => await Promise.resolve(pieces());
  return await extractFrom({ layer, form: "envelope", open }, () => ["predicate.result"], left);
}

async function extracted(bytes: Buffer, left: number): Promise<Extract["content"] & { readonly kind: "read" }> {
  const extract = await extractOf(bytes, left);
  const { content } = readExtract(extractDocument(extract, {}));
  // Here and below not `equal`, which takes minutes to show how hundreds of KiB differ.
  assert.ok(isDeepStrictEqual(content, extract.content));
  assert.ok(content.kind === "read");
  return content;
}

test("what an Ed25519 signature is over is held while there is room, and what rules ask for gets the rest", async () => {
  const { bytes, message } = envelopeBy("ed25519");
  const roomy = await extracted(bytes, message.length + 1000);
  assert.ok(roomy.held !== undefined && Buffer.from(message).equals(roomy.held));
  assert.deepEqual(roomy.statement.kind === "read" && roomy.statement.kept, '{"predicate":{"result":"passed"}}');
  const exact = await extracted(bytes, message.length);
  assert.ok(exact.held !== undefined);
  assert.deepEqual(exact.statement.kind === "read" && exact.statement.kept, undefined);
  const short = await extracted(bytes, message.length - 1);
  assert.ok(short.held === undefined);
  assert.equal(short.message?.size, message.length);
});

test("what signatures of other kinds are over is not held", async () => {
  for (const kind of ["p256", "rsa2048"] as const) {
    const { held } = await extracted(envelopeBy(kind).bytes, 10_000_000);
    assert.ok(held === undefined);
  }
});

test("that an Ed25519 signature is not checked is no word for what else is wrong", async () => {
  const key = makeKey("ed25519");
  const { payload } = attestationLayer({ image: image.digest, key, predicate });
  const extract = await extractOf(payload, 0);
  const judged = async (authority: AuthoritySpec, annotations: Record<string, string>): Promise<string> => {
    const evidence = signatureEvidence({
      scheme: ATTESTATION,
      source: ATTESTATION_TAG,
      about: image.digest,
      artifact: plainDescriptor(OCI_MANIFEST, digestOf("its manifest"), 1),
      part: 0,
      via: "tag",
      documents: [extractDocument(extract, annotations)],
      missing: undefined,
      gaps: [],
    });
    return verdictOf(await attestation.attestor(authority)?.(evidence, targetOf(image.digest), () => undefined));
  };
  const keyed = authorityOf([key], new VirtualLog().trust);
  assert.equal(await judged(keyed, {}), "rejected unsupported at signature");
  const unreadable = { "dev.sigstore.cosign/certificate": "no certificate" };
  assert.equal(await judged(new KeylessChain().authority(), unreadable), "rejected malformed at parsed");
});

test("a message of another length than was said is none", () => {
  const told = (...pieces: readonly string[]) => {
    const held = new HeldMessage(4);
    for (const piece of pieces) held.update(Buffer.from(piece));
    return held.finish();
  };
  assert.deepEqual(told("ab", "cd"), Buffer.from("abcd"));
  for (const wrong of [[], ["abc"], ["ab", "cde"], ["abcd", "e", "f"]]) assert.equal(told(...wrong), undefined);
});
