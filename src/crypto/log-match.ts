import { X509Certificate } from "node:crypto";

import { InputError } from "../domain/errors.ts";
import { certificateOfPem } from "./certificate-pem.ts";
import { hashOfContent, type Content } from "./hashed-bytes.ts";
import { parseLogBody, type LogBody, type LoggedEnvelope, type LoggedSignature, type Verifier } from "./log-body.ts";
import { derOfPem, parsePublicKey, publicKeyOfSpki, type PublicKey } from "./public-key.ts";

/** The signature that an entry must be about, all of it: signed bytes, signatures, key. */
export type Logged = {
  /** Exactly what was signed; an envelope's pre-authentication encoding. Entries of the kind hashedrekord hold its hash. */
  readonly message: Content;
  /** An envelope's payload, whose hash entries of the kinds dsse and intoto hold. */
  readonly payload: Content | undefined;
  /** An envelope's own text, where it stands by itself: entries of the kind intoto 0.0.1 hold its hash. */
  readonly envelope?: Content | undefined;
  /** Every signature of the artefact. */
  readonly signatures: readonly Uint8Array[];
  /** DER SubjectPublicKeyInfo of the key that was found to have signed. */
  readonly signer: Uint8Array;
  /** DER of the certificate that names the signer: then the entry must hold the same, and not another of the same key. */
  readonly certificate?: Uint8Array | undefined;
};

/**
 * Why the entry is not about this signature, or `undefined` if it is. Comparing fewer than hash, signature and key on any
 * path lets any entry of the log vouch for any signature (CVE-2026-22703).
 */
export function logMismatch(body: Uint8Array, logged: Logged): string | undefined {
  const entry = readBody(body);
  if (typeof entry === "string") return entry;
  const content = entry.kind === "hashedrekord" ? logged.message : logged.payload;
  if (content === undefined) return `the log entry is of the kind ${entry.kind}, and the signature has no envelope`;
  if (!isHash(entry.hash, content)) return "the log entry is of other signed content";
  if (entry.envelope !== undefined) return envelopeMismatch(entry, entry.envelope, logged);
  if (!sameSet(entry.signatures, logged.signatures)) return "the log entry holds another signature";
  const strangers = entry.signatures.filter(({ verifier }) => !isMaker(verifier, logged));
  if (strangers.length === 0) return undefined;
  return strangers.every(({ verifier }) => isKeyOf(verifier, logged.signer))
    ? "the log entry holds another certificate, of the same key"
    : "the log entry holds the signature of another key";
}

/** A certificate's key is its certificate's, so where one is asked for nothing else is compared. */
function isMaker(verifier: Verifier, { signer, certificate }: Logged): boolean {
  return certificate === undefined ? isKeyOf(verifier, signer) : isCertificate(verifier, certificate);
}

/** An entry that holds no signature vouches for them by the hash of the envelope that does. */
function envelopeMismatch(entry: LogBody, envelope: LoggedEnvelope, logged: Logged): string | undefined {
  if (logged.envelope === undefined) {
    return `the log entry is of the kind ${entry.kind} ${entry.version}, and the envelope does not stand by itself`;
  }
  if (!isHash(envelope.hash, logged.envelope)) return "the log entry is of another envelope";
  return isMaker(envelope.verifier, logged) ? undefined : "the log entry holds the signature of another key";
}

/** The key an entry names as the maker of this signature: a claim, until the key is seen to verify it. */
export function keyInLog(body: Uint8Array, signature: Uint8Array): PublicKey | undefined {
  const entry = readBody(body);
  if (typeof entry === "string") return undefined;
  const made = entry.envelope ?? entry.signatures.find((each) => sameBytes(each.signature, signature));
  return made === undefined ? undefined : keyOfVerifier(made.verifier);
}

function readBody(body: Uint8Array): LogBody | string {
  try {
    return parseLogBody(body);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

function isHash({ algorithm, hex }: LogBody["hash"], content: Content): boolean {
  return hex === hashOfContent(content, algorithm);
}

/** Each of the artefact's signatures is in the entry and the other way round. */
function sameSet(logged: readonly LoggedSignature[], signatures: readonly Uint8Array[]): boolean {
  return (
    logged.length === signatures.length &&
    logged.length > 0 &&
    signatures.every((signature) => logged.some((each) => sameBytes(each.signature, signature))) &&
    logged.every((each) => signatures.some((signature) => sameBytes(each.signature, signature)))
  );
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}

/** Equal bytes are the same key; reading a key costs as much as checking a signature, so it is done only for others. */
function isKeyOf(verifier: Verifier, signer: Uint8Array): boolean {
  const written = verifier.kind === "pem" ? derOfPem(verifier.text) : verifier.der;
  return sameBytes(written, signer) || sameBytes(keyOfVerifier(verifier)?.der, signer);
}

function isCertificate(verifier: Verifier, der: Uint8Array): boolean {
  if (verifier.kind === "spki") return false;
  return sameBytes(verifier.kind === "pem" ? certificateOfPem(verifier.text) : verifier.der, der);
}

/** The key of a logged key or certificate. A certificate is only unwrapped here: nothing says that it may be trusted. */
export function keyOfVerifier(verifier: Verifier): PublicKey | undefined {
  try {
    switch (verifier.kind) {
      case "spki":
        return publicKeyOfSpki(verifier.der, "log entry's key");
      case "certificate":
        return keyOfCertificate(verifier.der);
      case "pem":
        return verifier.text.trimStart().startsWith("-----BEGIN CERTIFICATE-----")
          ? keyOfCertificate(verifier.text)
          : parsePublicKey(verifier.text, "log entry's key");
    }
  } catch {
    return undefined;
  }
}

/** The key inside a certificate, whoever issued it. Throws what `X509Certificate` throws, and `InputError`. */
function keyOfCertificate(certificate: Uint8Array | string): PublicKey {
  const parsed = new X509Certificate(certificate);
  return publicKeyOfSpki(parsed.publicKey.export({ type: "spki", format: "der" }), "certificate's key");
}
