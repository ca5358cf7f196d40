import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";

import { keyInLog, logMismatch, type Logged } from "../../../src/crypto/log-match.ts";
import { issue } from "../../support/signing/certificates.ts";
import { makeKey } from "../../support/signing/keys.ts";
import { hashedRekordBody } from "../../support/signing/log-bodies.ts";

const PAYLOAD = Buffer.from("a statement");
const [A, B, C] = ["signature a", "signature b", "signature c"].map((text) => Buffer.from(text));
const own = issue({ name: "signer", extensions: [] });
const again = issue({ name: "signer", key: own.key, extensions: [] });
const stranger = makeKey("p256");

/** An entry of the kind dsse with these signatures, each with a PEM of its maker. */
function body(...made: readonly (readonly [Buffer | undefined, string])[]): Buffer {
  const signatures = made.map(([signature, pem]) => ({
    signature: signature?.toString("base64"),
    verifier: Buffer.from(pem).toString("base64"),
  }));
  const payloadHash = { algorithm: "sha256", value: createHash("sha256").update(PAYLOAD).digest("hex") };
  return Buffer.from(JSON.stringify({ apiVersion: "0.0.1", kind: "dsse", spec: { payloadHash, signatures } }));
}

const of = (...signatures: readonly (Buffer | undefined)[]): Logged => ({
  message: PAYLOAD,
  payload: PAYLOAD,
  signatures: signatures.filter((each) => each !== undefined),
  signer: own.key.der,
});
const pem = own.key.pem;

describe("a log entry of several signatures", () => {
  test("is about an artefact with the very same, in any order", () => {
    assert.equal(logMismatch(body([A, pem], [B, pem]), of(A, B)), undefined);
    assert.equal(logMismatch(body([A, pem], [B, pem]), of(B, A)), undefined);
  });

  test("is not about one that has another, fewer or more", () => {
    for (const signatures of [[A, C], [A], [A, B, C], [A, A], []]) {
      assert.equal(logMismatch(body([A, pem], [B, pem]), of(...signatures)), "the log entry holds another signature");
    }
    assert.equal(logMismatch(body([A, pem], [A, pem]), of(A, B)), "the log entry holds another signature");
    assert.equal(logMismatch(body(), of()), "the log entry holds another signature");
  });

  test("holds a stranger's, however many others are the signer's", () => {
    const mixed = body([A, pem], [B, stranger.pem]);
    assert.equal(logMismatch(mixed, of(A, B)), "the log entry holds the signature of another key");
  });
});

describe("a log entry with a certificate", () => {
  test("is about a signature of its key where no certificate is asked for", () => {
    assert.equal(logMismatch(body([A, own.pem]), of(A)), undefined);
    assert.match(logMismatch(body([A, own.pem]), { ...of(A), signer: stranger.der }) ?? "", /another key/);
  });

  test("is about a signature of that very certificate where one is asked for", () => {
    const logged = { ...of(A), certificate: own.der };
    assert.equal(logMismatch(body([A, own.pem]), logged), undefined);
    assert.match(logMismatch(body([A, again.pem]), logged) ?? "", /another certificate, of the same key/);
    assert.match(logMismatch(body([A, pem]), logged) ?? "", /another certificate, of the same key/);
  });

  test("is told from one of a stranger's key beside another certificate of the signer's", () => {
    const logged = { ...of(A, B), certificate: own.der };
    const mixed = body([A, again.pem], [B, stranger.pem]);
    assert.equal(logMismatch(mixed, logged), "the log entry holds the signature of another key");
  });
});

describe("a log entry of an envelope's hash", () => {
  const ENVELOPE = Buffer.from("the envelope's own text");
  const digest = (bytes: Uint8Array): object => ({
    algorithm: "sha256",
    value: createHash("sha256").update(bytes).digest("hex"),
  });
  const entry = (maker: string): Buffer =>
    Buffer.from(
      JSON.stringify({
        apiVersion: "0.0.1",
        kind: "intoto",
        spec: {
          content: { hash: digest(ENVELOPE), payloadHash: digest(PAYLOAD) },
          publicKey: Buffer.from(maker).toString("base64"),
        },
      }),
    );

  test("is about that very envelope by that very key, whatever signatures it holds", () => {
    assert.equal(logMismatch(entry(pem), { ...of(A, B), envelope: ENVELOPE }), undefined);
    assert.match(logMismatch(entry(pem), { ...of(A), envelope: PAYLOAD }) ?? "", /of another envelope/);
    assert.match(logMismatch(entry(stranger.pem), { ...of(A), envelope: ENVELOPE }) ?? "", /of another key/);
    const other = { ...of(A), envelope: ENVELOPE, payload: ENVELOPE };
    assert.match(logMismatch(entry(pem), other) ?? "", /other signed content/);
  });

  test("is about none where the envelope does not stand by itself", () => {
    assert.match(logMismatch(entry(pem), of(A)) ?? "", /intoto 0\.0\.1, and the envelope does not stand by itself/);
  });
});

test("the key that a log names for a signature is that of this signature and not of another in the entry", () => {
  const entry = body([A, stranger.pem], [B, own.pem]);
  assert.deepEqual(keyInLog(entry, A ?? Buffer.alloc(0))?.der, stranger.public.der);
  assert.deepEqual(keyInLog(entry, B ?? Buffer.alloc(0))?.der, own.key.public.der);
  assert.equal(keyInLog(entry, C ?? Buffer.alloc(0)), undefined);
  const record = hashedRekordBody({ content: PAYLOAD, signature: A ?? Buffer.alloc(0), pem });
  assert.deepEqual(keyInLog(record, A ?? Buffer.alloc(0))?.der, own.key.public.der);
});
