import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { createSafeFetch } from "../../../src/adapters/http/safe-fetch.ts";
import { createNotaryServer } from "../../../src/adapters/notary/notary-server.ts";
import { hexOf } from "../../../src/domain/digest.ts";
import { allowed, countingVerifier, countsOnce, statusesByAuthority } from "../../support/counted-verification.ts";
import { PathServer } from "../../support/http-server.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { imageOf } from "../../support/signing/artifact.ts";
import { basicConstraints, issue } from "../../support/signing/certificates.ts";
import { chainOf, NOTATION_SIGNATURE, signNotation } from "../../support/signing/notation.ts";
import { GUN, TestCollection } from "../../support/signing/notary/collection.ts";
import { NotaryHttp } from "../../support/signing/notary/http-server.ts";
import { MemoryNotary, TestMemory } from "../../support/signing/notary/judging.ts";
import { makeSigner } from "../../support/signing/notary/signer.ts";
import { keyringOf, PgpKey, signedMessage } from "../../support/signing/openpgp.ts";
import { extensionList, simplePayload } from "../../support/signing/simple-signing.ts";

const AUTHORITIES = 5;
const SIGNATURES = 8;
const image = imageOf("web", "1.0");
const BY_DIGEST = `${GUN}@${image.digest}`;
const numbers = Array.from({ length: SIGNATURES }, (_, number) => number);
const signers = Array.from({ length: AUTHORITIES }, (_, number) => number);

/** `make` for each signer, under a name by its number. */
function named<T>(make: (signer: number) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(signers.map((signer) => [`signer-${signer}`, make(signer)]));
}

/** Each authority judges all signatures and believes its own signer's; three signers made two of the eight. */
const EACH_ITS_OWN = named((signer) => {
  const own = numbers.filter((number) => number % AUTHORITIES === signer).length;
  return { verified: own, rejected: SIGNATURES - own };
});

describe(`${AUTHORITIES} authorities and ${SIGNATURES} signatures fetch each once`, () => {
  for (const format of ["jws", "cose"] as const) {
    test(`from notation's ${format} envelopes among the referrers, though each authority has another root`, async () => {
      const chains = signers.map(() => chainOf());
      const images = new MemoryImages().put(image);
      for (const number of numbers) {
        const chain = chains[number % AUTHORITIES] ?? assert.fail();
        const signature = signNotation({ format, image, chain, metadata: { number: `${number}` } });
        images.refer(image.digest, signature, NOTATION_SIGNATURE);
      }
      const verifier = countingVerifier(images, {
        authorities: named((signer) => `{ notation: { trustStores: { ca: [${signer}.crt] }, identities: ["*"] } }`),
        files: Object.fromEntries(chains.map(([, , root], signer) => [`${signer}.crt`, root.pem])),
      });
      const verdict = await allowed(verifier, BY_DIGEST);
      assert.deepEqual(statusesByAuthority(verdict), EACH_ITS_OWN);
      // The image and the signatures; the configuration and the envelopes.
      const counts = { manifest: 1 + SIGNATURES, referrers: 1, blob: 1 + SIGNATURES };
      assert.deepEqual(countsOnce(images.asked), counts);
    });
  }

  const keys = signers.map(() => new PgpKey());
  const keyrings = Object.fromEntries(keys.map((key, signer) => [`${signer}.gpg`, keyringOf(key)]));
  const messages = numbers.map((number) =>
    signedMessage(keys[number % AUTHORITIES] ?? assert.fail(), simplePayload(image.digest, `${GUN}:1.0`)),
  );

  test("from the registry's signature extension", async () => {
    const images = new MemoryImages().put(image);
    images.extension = extensionList(messages);
    const verifier = countingVerifier(images, {
      authorities: named((signer) => `{ simpleSigning: { keyrings: [${signer}.gpg], registryExtension: true } }`),
      files: keyrings,
    });
    assert.deepEqual(statusesByAuthority(await allowed(verifier, BY_DIGEST)), EACH_ITS_OWN);
    assert.deepEqual(countsOnce(images.asked), { manifest: 1, signatures: 1, blob: 1 });
  });

  describe("from servers beside the registry", () => {
    let web: PathServer;
    let notary: NotaryHttp;
    let fetch: ReturnType<typeof createSafeFetch>;
    before(async () => {
      [web, notary] = await Promise.all([PathServer.start(), NotaryHttp.start()]);
      fetch = createSafeFetch({ plainHttpHosts: [web.host, notary.host] });
    });
    after(() => Promise.all([fetch.close(), web.stop(), notary.close()]));

    test("a lookaside is asked for each file, and for the first that is not there, once", async () => {
      const folder = `/shop/web@sha256=${hexOf(image.digest)}`;
      messages.forEach((message, at) => web.serve(`${folder}/signature-${at + 1}`, message));
      const images = new MemoryImages().put(image);
      const verifier = countingVerifier(
        images,
        {
          // A slash at its end names no other place.
          authorities: named(
            (signer) =>
              `{ simpleSigning: { keyrings: [${signer}.gpg], lookaside: "${web.url(signer === 0 ? "/" : "")}" } }`,
          ),
          files: keyrings,
        },
        { fetch },
      );
      assert.deepEqual(statusesByAuthority(await allowed(verifier, BY_DIGEST)), EACH_ITS_OWN);
      const files = [...numbers.map((number) => number + 1), SIGNATURES + 1];
      assert.deepEqual(
        web.asked,
        files.map((number) => `GET ${folder}/signature-${number}`),
      );
      assert.deepEqual(countsOnce(images.asked), { manifest: 1, blob: 1 });
    });

    const corp = issue({ name: "corp", extensions: [basicConstraints()] });
    const root = makeSigner("ecdsa-x509", { name: GUN, issuer: corp });
    const collection = new TestCollection(GUN, root).sign("1.0", image.digest);
    for (const role of ["targets/qa", "targets/releases"]) {
      collection.delegate(role);
      collection.sign("1.0", image.digest, role);
    }
    const files = {
      "root.crt": root.certificate?.pem ?? "",
      "root.pub": root.key.pem,
      "other.crt": issue({ name: GUN, extensions: [] }).pem,
      "corp.crt": corp.pem,
    };
    /** Five ways to begin trust in one collection, and so five states to be remembered of it. */
    const PINS = [
      "pins: { rootKeys: [{ file: root.crt }] }",
      "pins: { rootKeys: [{ file: root.pub }] }",
      "pins: { rootKeys: [{ file: root.crt }, { file: other.crt }] }",
      "pins: { ca: [{ file: corp.crt }] }",
      "unsafeTrustOnFirstUse: true",
    ];
    const TARGETS = named((signer) => PINS[signer] ?? assert.fail());
    const DELEGATED = named((signer) => {
      const roles = signer % 2 === 0 ? "{ role: targets/qa }" : "{ role: targets/qa }, { role: targets/releases }";
      return `${PINS[0]}, delegations: [${roles}]`;
    });

    for (const [what, members] of [
      ["that pin it in five ways", TARGETS],
      ["that ask for other delegations", DELEGATED],
    ] as const) {
      for (const resolve of ["registry", "signedDigest"] as const) {
        test(`a Notary server is asked for each role once, by authorities ${what}, with resolve: ${resolve}`, async () => {
          notary.requests.length = 0;
          const published = collection.publish();
          notary.collections.set(GUN, published);
          const memory = new TestMemory();
          const images = new MemoryImages().put(image);
          const authorities = Object.entries(members).map(([name, more]) => {
            return [name, `{ notary: { server: "${notary.url}", resolve: ${resolve}, ${more} } }`];
          });
          const verifier = countingVerifier(
            images,
            { authorities: Object.fromEntries(authorities), files },
            { fetch, memory, notary: createNotaryServer({ fetch, plainHttpHosts: [notary.host] }) },
          );
          const verdict = await allowed(verifier, `${GUN}:1.0`);
          assert.deepEqual(
            statusesByAuthority(verdict),
            named(() => ({ verified: 1 })),
          );
          assert.equal(memory.writes, members === TARGETS ? AUTHORITIES : 1);
          // Root, timestamp, snapshot, targets and both delegations.
          assert.equal(published.size, 6);
          assert.deepEqual(
            notary.requests.map(({ path }) => path).sort(),
            [...published.keys()].map((file) => `/v2/${GUN}/_trust/tuf/${file}`).sort(),
          );
          assert.deepEqual(countsOnce(images.asked), { manifest: 1, blob: 1 });
        });
      }
    }

    test("a collection published anew between two of its files is looked at again, by all authorities together", async () => {
      const before = collection.publish();
      const after = collection.raise("targets", "snapshot", "timestamp").publish();
      /** Of the former state, the timestamp alone is seen. */
      class Publishing extends MemoryNotary {
        override async metadata(from: { readonly gun: string }, file: string): Promise<Uint8Array | undefined> {
          const bytes = await super.metadata(from, file);
          if (file === "timestamp.json") this.files = after;
          return bytes;
        }
      }
      const server = new Publishing(before);
      const authorities = Object.entries(TARGETS).map(([name, more]) => {
        return [name, `{ notary: { server: "https://notary.example.com", ${more} } }`];
      });
      const images = new MemoryImages().put(image);
      const policies = { authorities: Object.fromEntries(authorities), files };
      const verifier = countingVerifier(images, policies, { notary: server, memory: new TestMemory() });
      const verdict = await allowed(verifier, `${GUN}:1.0`);
      assert.deepEqual(
        statusesByAuthority(verdict),
        named(() => ({ verified: 1 })),
      );
      // The former snapshot is not there any more, and then all is as published.
      const lost = [...before.keys()].filter((file) => file.startsWith("snapshot."));
      assert.deepEqual(server.asked.toSorted(), ["root.json", "timestamp.json", ...lost, ...after.keys()].sort());
    });
  });
});
