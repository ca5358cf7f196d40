import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";

import type { App } from "../../src/app.ts";
import { parseReference } from "../../src/domain/reference.ts";
import type { Verdict } from "../../src/domain/verdict.ts";
import { DockerRegistry } from "../support/docker-registry.ts";
import { PathServer } from "../support/http-server.ts";
import { manifestOf, notationDocument, pushSignatures, put, writeTrust } from "../support/notation-world.ts";
import { chainOf, LEAF_EXTENSIONS, type NotationOptions } from "../support/signing/notation.ts";
import { listOf, listsAt, pointOf } from "../support/signing/revocation.ts";
import { TestTimestampAuthority } from "../support/signing/timestamp-authority.ts";
import { DISTROLESS_FILES, putImageInto, SupplyChain, verdictOf } from "../support/supply-chain.ts";
import { image, layer } from "../support/tar.ts";

const REPOSITORY = "shop/web";
const ACME = 'identities: ["x509.subject: C=US, ST=WA, O=acme"]';
const chain = chainOf();
const expired = chainOf({ leaf: { notBefore: "2024-01-01T00:00:00Z", notAfter: "2024-06-01T00:00:00Z" } });
const stranger = chainOf();
const tsa = new TestTimestampAuthority();

describe("images with Notary Project signatures in a registry without the referrers API", () => {
  let world: SupplyChain;
  let registry: DockerRegistry;
  let lists: PathServer;
  let images = 0;
  let app: App;

  before(async () => {
    [world, registry, lists] = await Promise.all([SupplyChain.start(), DockerRegistry.start(), PathServer.start()]);
  });
  after(async () => {
    await Promise.all([world[Symbol.asyncDispose](), registry.close(), lists.stop()]);
  });

  /** Pushes a new image with these signatures and verifies it under a policy that asks for the authority of these members. */
  async function verify(members: string, ...signatures: readonly Omit<NotationOptions, "image">[]): Promise<Verdict> {
    const tag = String((images += 1));
    const built = image({ user: "65532", labels: { tag } }, [layer(DISTROLESS_FILES)]);
    await putImageInto(registry, REPOSITORY, built, [tag]);
    if (signatures.length > 0) await pushSignatures(registry, REPOSITORY, manifestOf(built), signatures);
    for (const [name, { pem }] of Object.entries({ root: chain[2], expired: expired[2], tsa: tsa.root }))
      put(world, `${name}.crt`, pem);
    world.writePolicy("- signed: { by: x509 }", {
      images: [`${registry.host}/**`],
      documents: notationDocument("x509", members),
    });
    app = await world.compose({ ASSAY_UNSAFE_PLAIN_HTTP: registry.host, ASSAY_PRIVATE_HOSTS: lists.host });
    return await verdictOf(app, `${registry.host}/${REPOSITORY}:${tag}`);
  }

  const OWN = `trustStores: { ca: [root.crt] }, ${ACME}`;
  const reasons = ({ findings }: Verdict) => findings.map(({ outcome, reason }) => reason ?? outcome);
  const tried = ({ signatures }: Verdict) => signatures.map(({ status, reason }) => reason ?? status);

  for (const format of ["jws", "cose"] as const) {
    test(`are allowed by a ${format} envelope of a trusted chain and identity`, async () => {
      const verdict = await verify(OWN, { chain, format });
      assert.equal(verdict.decision, "allow");
      assert.deepEqual(
        verdict.signatures.map(({ signer, via }) => [signer?.kind === "x509" && signer.dn, via]),
        [["CN=signer,OU=release,O=acme,ST=WA,C=US", "referrers-tag"]],
      );
      assert.deepEqual(verdict.unsafe, []);
      assert.equal(verdict.validUntil, "2040-01-01T00:00:00.000Z");
    });
  }

  test("are denied without a signature, and by a stranger's", async () => {
    assert.deepEqual(reasons(await verify(OWN)), ["unsigned"]);
    const wrong = await verify(OWN, { chain: stranger });
    assert.deepEqual(
      [wrong.decision, reasons(wrong), tried(wrong)],
      ["deny", ["wrongly-signed"], ["certificate-untrusted"]],
    );
  });

  test("are allowed by one good signature among several", async () => {
    const verdict = await verify(OWN, { chain: stranger }, { chain }, { chain, signature: () => Buffer.alloc(64) });
    assert.equal(verdict.decision, "allow");
    assert.deepEqual(tried(verdict).toSorted(), ["bad-signature", "certificate-untrusted", "verified"]);
  });

  test("are denied once the certificate has expired, and allowed with a timestamp", async () => {
    const trust = `trustStores: { ca: [expired.crt] }, ${ACME}`;
    assert.deepEqual(reasons(await verify(trust, { chain: expired })), ["signature-expired"]);
    const stamped = { chain: expired, timestamp: (signature: Buffer) => tsa.stamp(signature) };
    assert.equal((await verify(trust.replace("crt] }", "crt], tsa: [tsa.crt] }"), stamped)).decision, "allow");
  });

  test("show in their verdict what the level leaves out", async () => {
    const verdict = await verify(`${OWN}, level: audit`, { chain: stranger });
    assert.equal(verdict.decision, "allow");
    assert.deepEqual(verdict.unsafe, ["authority x509: level: audit"]);
    assert.match(
      verdict.signatures[0]?.notes.join("\n") ?? "",
      /authenticity is only logged and fails with certificate-untrusted/,
    );
  });

  test("are judged by a trust policy and a trust store as users have them", async () => {
    const statement = {
      name: "acme",
      registryScopes: [`${registry.host}/${REPOSITORY}`],
      trustStores: ["ca:acme"],
      trustedIdentities: ["*"],
    };
    const policy = { version: "1.0", trustPolicies: [{ ...statement, signatureVerification: { level: "strict" } }] };
    writeTrust(world, policy, { "ca/acme": chain[2] });
    assert.equal((await verify("trustPolicy: trustpolicy.json, trustStore: truststore", { chain })).decision, "allow");
    assert.deepEqual(
      tried(await verify("trustPolicy: trustpolicy.json, trustStore: truststore", { chain: stranger })),
      ["certificate-untrusted"],
    );
  });

  test("are not allowed while nobody tells whether the signer's certificate is revoked", async () => {
    const url = lists.url("/a.crl");
    const listed = chainOf({ leaf: { extensions: [...LEAF_EXTENSIONS, listsAt(pointOf([url]))] } });
    put(world, "listed.crt", listed[2].pem);
    const trust = `trustStores: { ca: [listed.crt] }, ${ACME}`;
    const untold = await verify(trust, { chain: listed });
    assert.deepEqual(
      [untold.decision, tried(untold), untold.findings[0]?.outcome],
      ["deny", ["undetermined"], "undetermined"],
    );
    lists.serve("/a.crl", listOf(listed[1], { nextUpdate: "2049-01-01T00:00:00Z" }));
    assert.equal((await verify(trust, { chain: listed })).decision, "allow");
    lists.serve(
      "/a.crl",
      listOf(listed[1], { nextUpdate: "2049-01-01T00:00:00Z", entries: [{ serial: listed[0].serial }] }),
    );
    assert.deepEqual(tried(await verify(trust, { chain: listed })), ["certificate-revoked"]);
    assert.equal((await verify(`${trust}, override: { revocation: skip }`, { chain: listed })).decision, "allow");
  });

  test("are looked up again once the answer about a certificate has ended, however young the list of signatures is", async () => {
    const url = lists.url("/short.crl");
    const listed = chainOf({ leaf: { extensions: [...LEAF_EXTENSIONS, listsAt(pointOf([url]))] } });
    put(world, "short.crt", listed[2].pem);
    const end = Math.floor(Date.now() / 1000) * 1000 + 3000;
    const text = new Date(end).toISOString();
    lists.serve("/short.crl", listOf(listed[1], { nextUpdate: text.replace(".000", "") }));
    const first = await verify(`trustStores: { ca: [short.crt] }, ${ACME}`, { chain: listed });
    assert.deepEqual([first.decision, first.validUntil], ["allow", text]);
    lists.serve("/short.crl", listOf(listed[1], { nextUpdate: "2039-01-01T00:00:00Z" }));
    await setTimeout(end - Date.now() + 5);
    const { signal } = new AbortController();
    const image = parseReference(first.image);
    assert.equal(await app.assay.inForce(image, { tagMaxAgeMs: 60_000 }, signal), undefined);
    const second = await verdictOf(app, first.image);
    assert.deepEqual([second.decision, second.validUntil], ["allow", "2039-01-01T00:00:00.000Z"]);
  });

  test("never have anything looked up for chains that nobody configured", async () => {
    lists.reset();
    const url = lists.url("/b.crl");
    const listed = chainOf({ leaf: { extensions: [...LEAF_EXTENSIONS, listsAt(pointOf([url]))] } });
    await verify(OWN, { chain: listed });
    assert.deepEqual(lists.asked, []);
  });
});
