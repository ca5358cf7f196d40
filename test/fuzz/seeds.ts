import assert from "node:assert/strict";

import { formatKeptRoot } from "../../src/adapters/sigstore-tuf/kept-root.ts";
import { parseCertificate } from "../../src/crypto/certificate.ts";
import { readKeyring } from "../../src/crypto/openpgp/keyring.ts";
import { parseTrustedRoot } from "../../src/crypto/trusted-root.ts";
import { parseInstant } from "../../src/domain/instant.ts";
import { encodeRemembered } from "../../src/schemes/notary-v1/remembered.ts";
import { imageOf } from "../support/signing/artifact.ts";
import { bundleOf, statementText } from "../support/signing/bundle.ts";
import { cosignLayer } from "../support/signing/cosign-signature.ts";
import { authorityOf } from "../support/signing/judging.ts";
import { KeylessChain } from "../support/signing/keyless-chain.ts";
import { makeKey } from "../support/signing/keys.ts";
import { dsseBody, hashedRekordBody, intotoBody } from "../support/signing/log-bodies.ts";
import { chainOf, envelopeOf } from "../support/signing/notation.ts";
import { TestCollection } from "../support/signing/notary/collection.ts";
import { keyringOf, PgpKey, signedMessage } from "../support/signing/openpgp.ts";
import { answerOf, chainOf as revokedChainOf, listOf } from "../support/signing/revocation.ts";
import { simplePayload } from "../support/signing/simple-signing.ts";
import { TRUST_POLICY } from "../support/signing/trust-policy-text.ts";
import { VirtualLog } from "../support/signing/virtual-log.ts";

const key = makeKey();
const log = new VirtualLog();
const image = imageOf("fuzzed");
const chain = new KeylessChain();
const issued = chain.fulcio.issue();
const signed = cosignLayer({ image: image.digest, key, log, certificate: { pem: issued.pem } });
const { annotations } = signed.descriptor as { readonly annotations: Readonly<Record<string, string>> };
const bundle = bundleOf({ image: image.digest, key, log });
const notation = { image, chain: chainOf(), metadata: { a: "1" } };
const pgp = new PgpKey();
const revoked = revokedChainOf([]);
const collection = new TestCollection();
collection.sign("1.0", image.digest);
const published = collection.publish();
const timestamp = chain.stamp(signed.payload);
const trustedRoot = JSON.stringify(chain.rootJson());
const parts = { content: signed.payload, signature: key.sign(signed.payload), pem: key.pem };

const EXPRESSIONS = [
  "predicate.a[0] == 1 && predicate.a.exists(x, x == 'b') || size(predicate.a) > 3",
  "timestamp(predicate.time) < timestamp('2027-01-01T00:00:00Z') ? has(predicate.b) : predicate.a.all(x, x != null)",
  "predicate.time.matches('^2026-[0-9]+') && predicate.a[3].c * 2.0 >= 5.0 - 0x1",
  "predicate.a.map(x, [x]).filter(y, y[0] in [1, 'b']).size() == 2",
];

/** One good input or more of each sort. */
export const SEEDS = {
  payload: signed.payload,
  simplePayload: Buffer.from(simplePayload(image.digest, "registry.example.com/shop/web:1.0")),
  annotations,
  annotation: (name: string): Buffer => Buffer.from(annotations[name] ?? assert.fail(name)),
  timestampAnnotation: Buffer.from(JSON.stringify({ SignedRFC3161Timestamp: timestamp.toString("base64") })),
  manifest: image.manifest,
  bundle: Buffer.from(JSON.stringify(bundle)),
  keylessBundle: chain.bundle(image.digest, { issued }).blobs[1] ?? assert.fail(),
  envelope: Buffer.from(JSON.stringify(bundle.dsseEnvelope)),
  statement: Buffer.from(statementText({ image: image.digest })),
  logBodies: [hashedRekordBody(parts), dsseBody(parts), intotoBody(parts)],
  checkpoint: Buffer.from(log.checkpoint(3, Buffer.alloc(32, 1))),
  certificate: issued.der,
  crl: listOf(revoked.authority),
  ocsp: answerOf(revoked.leaf, revoked.authority),
  timestamp,
  jws: envelopeOf({ ...notation, format: "jws" }),
  cose: envelopeOf({ ...notation, format: "cose" }),
  trustPolicy: Buffer.from(TRUST_POLICY),
  keyring: Buffer.from(keyringOf(pgp)),
  message: Buffer.from(signedMessage(pgp, Buffer.from("this digest, under this name"))),
  notary: published,
  remembered: encodeRemembered({
    firstSeen: parseInstant("2026-11-21T07:31:00Z"),
    root: published.get("root.json") ?? assert.fail(),
    roles: [{ name: "targets", version: 1, threshold: 1, keys: [image.digest] }],
  }),
  trustedRoot: Buffer.from(trustedRoot),
  keptRoot: Buffer.from(
    formatKeptRoot({
      json: trustedRoot,
      readAt: parseInstant("2026-11-21T07:31:00Z"),
      expires: parseInstant("2026-12-21T07:31:00Z"),
    }),
  ),
  cel: EXPRESSIONS.map((text) => Buffer.from(text)),
};

const strange = revokedChainOf([]);
const [timestamps] = parseTrustedRoot(JSON.stringify(new KeylessChain().rootJson()), "root.json").timestampAuthorities;

/** Whom nobody of the seeds is signed by: whatever becomes of a seed, it is not these who said it. */
export const STRANGERS = {
  authority: authorityOf([makeKey()], log.trust),
  keyring: readKeyring([{ bytes: keyringOf(new PgpKey()), from: "strangers.gpg" }]),
  leaf: parseCertificate(strange.leaf.der),
  issuer: parseCertificate(strange.authority.der),
  timestamps: timestamps ?? assert.fail("a trusted root names a timestamp authority"),
};
