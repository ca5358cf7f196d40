import { createHash, type BinaryToTextEncoding } from "node:crypto";

import { canonicalJson } from "../../../src/crypto/canonical-json.ts";

/** Bodies as Rekor v1 makes them canonical: what it hashes into the tree, signs in its promise, and hands out. */

function sha256(bytes: Uint8Array, encoding: BinaryToTextEncoding = "hex"): string {
  return createHash("sha256").update(bytes).digest(encoding);
}

function base64(value: Uint8Array | string): string {
  return Buffer.from(value).toString("base64");
}

/** What goes into an entry; each may be another signature's to build an entry that is not about this one. */
export type LoggedParts = { readonly content: Uint8Array; readonly signature: Uint8Array; readonly pem: string };

export function hashedRekordBody({ content, signature, pem }: LoggedParts): Buffer {
  return Buffer.from(
    canonicalJson({
      apiVersion: "0.0.1",
      kind: "hashedrekord",
      spec: {
        data: { hash: { algorithm: "sha256", value: sha256(content) } },
        signature: { content: base64(signature), publicKey: { content: base64(pem) } },
      },
    }),
  );
}

export function dsseBody({ content, signature, pem }: LoggedParts): Buffer {
  return Buffer.from(
    canonicalJson({
      apiVersion: "0.0.1",
      kind: "dsse",
      spec: {
        envelopeHash: { algorithm: "sha256", value: sha256(Buffer.concat([content, signature])) },
        payloadHash: { algorithm: "sha256", value: sha256(content) },
        signatures: [{ signature: base64(signature), verifier: base64(pem) }],
      },
    }),
  );
}

export function intotoBody({ content, signature, pem }: LoggedParts): Buffer {
  return Buffer.from(
    canonicalJson({
      apiVersion: "0.0.2",
      kind: "intoto",
      spec: {
        content: {
          envelope: {
            payloadType: "application/vnd.in-toto+json",
            signatures: [{ publicKey: base64(pem), sig: base64(base64(signature)) }],
          },
          hash: { algorithm: "sha256", value: sha256(Buffer.concat([content, signature])) },
          payloadHash: { algorithm: "sha256", value: sha256(content) },
        },
      },
    }),
  );
}

/** Rekor v2's, where the key is its DER. */
export function dsseBody2(
  { content, signature }: LoggedParts,
  der: Uint8Array,
  kind: "publicKey" | "x509Certificate" = "publicKey",
): Buffer {
  const verifier = { keyDetails: "PKIX_ECDSA_P256_SHA_256", [kind]: { rawBytes: base64(der) } };
  return Buffer.from(
    canonicalJson({
      apiVersion: "0.0.2",
      kind: "dsse",
      spec: {
        dsseV002: {
          payloadHash: { algorithm: "SHA2_256", digest: sha256(content, "base64") },
          signatures: [{ content: base64(signature), verifier }],
        },
      },
    }),
  );
}
