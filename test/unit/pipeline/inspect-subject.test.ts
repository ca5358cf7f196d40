import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Digest } from "../../../src/domain/digest.ts";
import { PortError } from "../../../src/domain/errors.ts";
import { parseReference } from "../../../src/domain/reference.ts";
import type { Verifier } from "../../../src/pipeline/verifier.ts";
import type { NotaryServer } from "../../../src/ports/notary-server.ts";
import { countingVerifier } from "../../support/counted-verification.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { isPortError } from "../../support/port-error.ts";
import { imageOf } from "../../support/signing/artifact.ts";
import { GUN, TestCollection } from "../../support/signing/notary/collection.ts";
import { MemoryNotary, TestMemory } from "../../support/signing/notary/judging.ts";

const TAG = `${GUN}:1.0`;
const signed = imageOf("signed");
const moved = imageOf("moved", "1.0");
const collection = new TestCollection();
const files = { "root.crt": collection.root.certificate?.pem ?? "" };
const never = new AbortController().signal;

type Asked = { readonly notary: NotaryServer; readonly resolve?: string; readonly enforcement?: string };

/** An authority over a registry whose tag was moved off the image that is signed. */
function verifierOf({ notary, resolve = "signedDigest", enforcement = "deny" }: Asked): Verifier {
  const images = new MemoryImages().put(signed).put(moved);
  const members = `server: "https://notary.example.com", resolve: ${resolve}, pins: { rootKeys: [{ file: root.crt }] }`;
  const spec = `{ notary: { ${members} }, enforcement: ${enforcement} }`;
  return countingVerifier(images, { authorities: { dct: spec }, files }, { notary, memory: new TestMemory() });
}

function publishing(name: string, digest: Digest): NotaryServer {
  return new MemoryNotary(new TestCollection(GUN, collection.root).sign(name, digest).publish());
}

/** What both say the reference is, which must be the same; inspected first, since what is remembered must not decide it. */
async function subjectOf(verifier: Verifier, reference = TAG): Promise<readonly [Digest, unknown]> {
  const { facts, signedName } = await verifier.inspect(parseReference(reference), never);
  const answer = await verifier.verify(parseReference(reference), never);
  assert.ok(answer.kind === "judged", JSON.stringify(answer));
  assert.equal(answer.verdict.digest, facts.digest);
  const again = await verifier.inspect(parseReference(reference), never);
  assert.deepEqual([again.facts.digest, again.signedName], [facts.digest, signedName]);
  return [facts.digest, signedName];
}

describe("an image that is inspected is the one that would be judged", () => {
  test("by the digest that is signed, where an authority says what the tag is", async () => {
    const subject = await subjectOf(verifierOf({ notary: publishing("1.0", signed.digest) }));
    assert.deepEqual(subject, [signed.digest, { authorities: ["dct"], isSigned: true }]);
  });

  test("by the registry's tag, and says so, where that authority has signed another name alone", async () => {
    const subject = await subjectOf(verifierOf({ notary: publishing("2.0", signed.digest) }));
    assert.deepEqual(subject, [moved.digest, { authorities: ["dct"], isSigned: false }]);
  });

  test("by the registry's tag, where the authority only vouches for it", async () => {
    const subject = await subjectOf(verifierOf({ notary: publishing("1.0", signed.digest), resolve: "registry" }));
    assert.deepEqual(subject, [moved.digest, undefined]);
  });

  test("by the registry's tag, where the authority is no more than tried", async () => {
    const subject = await subjectOf(verifierOf({ notary: publishing("1.0", signed.digest), enforcement: "warn" }));
    assert.deepEqual(subject, [moved.digest, undefined]);
  });

  test("by the digest that the reference has, whatever is signed under its tag", async () => {
    const verifier = verifierOf({ notary: publishing("1.0", signed.digest) });
    assert.deepEqual(await subjectOf(verifier, `${TAG}@${moved.digest}`), [moved.digest, undefined]);
  });
});

test("neither is shown where the authority that says what the tag is cannot be asked, and both say why", async () => {
  const notary: NotaryServer = {
    metadata: () => Promise.reject(new PortError("unreachable", "the Notary server", "connection refused")),
  };
  const verifier = verifierOf({ notary });
  const why =
    /^registry\.example\.com\/shop\/web:1\.0: what it is, is for the authority dct to say \(resolve: signedDigest\), which could not be asked: the Notary server: connection refused$/;
  const refusal = verifier.inspect(parseReference(TAG), never);
  await assert.rejects(refusal, isPortError("unreachable"));
  await assert.rejects(refusal, { message: why });
  const answer = await verifier.verify(parseReference(TAG), never);
  assert.ok(answer.kind === "unresolved");
  assert.deepEqual([answer.code, answer.retryable], ["unreachable", true]);
  assert.match(answer.message, why);
});
