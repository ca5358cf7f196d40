import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { createSafeFetch } from "../../../src/adapters/http/safe-fetch.ts";
import { parseReference } from "../../../src/domain/reference.ts";
import type { Verifier } from "../../../src/pipeline/verifier.ts";
import { MAX_DOCUMENT_BYTES } from "../../../src/records/documents.ts";
import { allowed, countingVerifier } from "../../support/counted-verification.ts";
import { PathServer } from "../../support/http-server.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { imageOf } from "../../support/signing/artifact.ts";
import { extension } from "../../support/signing/certificates.ts";
import { octets } from "../../support/signing/der.ts";
import { chainOf, LEAF_EXTENSIONS, NOTATION_SIGNATURE, signNotation } from "../../support/signing/notation.ts";
import { base64Of, GUN, TestCollection } from "../../support/signing/notary/collection.ts";
import { MemoryNotary, TestMemory } from "../../support/signing/notary/judging.ts";
import { listOf, listsAt, pointOf } from "../../support/signing/revocation.ts";

const image = imageOf("web");
const BY_DIGEST = `${GUN}@${image.digest}`;
const PADDING = MAX_DOCUMENT_BYTES + 1024 * 1024;

/** What is remembered answers, and another verification asks for nothing: neither the registry nor `others`. */
async function assertRemembered(verifier: Verifier, asked: () => number): Promise<void> {
  const first = asked();
  assert.ok(first > 0);
  const recalled = await verifier.recall(parseReference(BY_DIGEST), 0, AbortSignal.timeout(120_000));
  assert.ok(recalled?.kind === "judged", "what was collected is not whole");
  assert.equal(recalled.verdict.decision, "allow");
  await allowed(verifier, BY_DIGEST);
  assert.equal(asked(), first);
}

describe("evidence larger than any document of a registry is kept, and not fetched for each judgement", () => {
  let web: PathServer;
  let fetch: ReturnType<typeof createSafeFetch>;
  before(async () => {
    web = await PathServer.start();
    fetch = createSafeFetch({ plainHttpHosts: [web.host] });
  });
  after(() => Promise.all([fetch.close(), web.stop()]));

  test("such as a list of revoked certificates", async () => {
    const extensions = [...LEAF_EXTENSIONS, listsAt(pointOf([web.url("/acme.crl")]))];
    const chain = chainOf({ leaf: { extensions } });
    const [, authority, root] = chain;
    const padding = extension("1.3.6.1.4.1.99999.1", octets(Buffer.alloc(PADDING)), false);
    web.serve("/acme.crl", listOf(authority, { nextUpdate: "2049-01-01T00:00:00Z", extensions: [padding] }));
    const images = new MemoryImages().put(image);
    images.refer(image.digest, signNotation({ image, chain }), NOTATION_SIGNATURE);
    const spec = '{ notation: { trustStores: { ca: [root.crt] }, identities: ["*"] } }';
    const policies = { authorities: { corp: spec }, files: { "root.crt": root.pem } };
    const verifier = countingVerifier(images, policies, { fetch });
    await allowed(verifier, BY_DIGEST);
    assert.deepEqual(web.asked, ["GET /acme.crl"]);
    await assertRemembered(verifier, () => images.asked.length + web.asked.length);
  });

  test("such as the targets of a Notary collection", async () => {
    const collection = new TestCollection().sign("1.0", image.digest);
    const custom = { padding: "p".repeat(PADDING) };
    const hashes = { sha256: base64Of(image.digest) };
    (collection.targets["targets"] ??= {})["padded"] = { length: 1, hashes, custom };
    const notary = new MemoryNotary(collection.publish());
    const images = new MemoryImages().put(image);
    const spec = '{ notary: { server: "https://notary.example.com", pins: { rootKeys: [{ file: root.crt }] } } }';
    const policies = { authorities: { dct: spec }, files: { "root.crt": collection.root.certificate?.pem ?? "" } };
    const verifier = countingVerifier(images, policies, { notary, memory: new TestMemory() });
    await allowed(verifier, BY_DIGEST);
    await assertRemembered(verifier, () => images.asked.length + notary.asked.length);
  });
});
