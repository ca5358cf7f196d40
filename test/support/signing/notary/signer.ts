import { constants, createHash, sign } from "node:crypto";

import type { PinnedKey } from "../../../../src/domain/trust.ts";
import { issue, type CertificateOptions, type Issued } from "../certificates.ts";
import { makeKey, type KeyKind, type SigningKey } from "../keys.ts";
import { canonical } from "./canonical.ts";

export type SignerKind = "ecdsa" | "ecdsa-x509" | "ecdsa-p384" | "ecdsa-p521" | "rsa" | "rsa-x509" | "ed25519";

export type TufKeyJson = {
  readonly keytype: string;
  readonly keyval: { readonly private: null; readonly public: string };
};
export type SignatureJson = { readonly keyid: string; readonly method: string; readonly sig: string };

/** A key as Notary's clients keep it, with the way they sign with it. */
export type NotarySigner = {
  readonly id: string;
  readonly json: TufKeyJson;
  readonly key: SigningKey;
  readonly certificate: Issued | undefined;
  readonly sign: (text: string) => SignatureJson;
};

const KINDS: Readonly<Record<SignerKind, { readonly key: KeyKind; readonly type: string; readonly method: string }>> = {
  ecdsa: { key: "p256", type: "ecdsa", method: "ecdsa" },
  "ecdsa-x509": { key: "p256", type: "ecdsa-x509", method: "ecdsa" },
  "ecdsa-p384": { key: "p384", type: "ecdsa", method: "ecdsa" },
  "ecdsa-p521": { key: "p521", type: "ecdsa", method: "ecdsa" },
  rsa: { key: "rsa2048", type: "rsa", method: "rsapss" },
  "rsa-x509": { key: "rsa2048", type: "rsa-x509", method: "rsapss" },
  ed25519: { key: "ed25519", type: "ed25519", method: "eddsa" },
};

export type SignerOptions = Partial<CertificateOptions> & {
  /** Certificates that come with the key's own. */
  readonly above?: readonly Issued[];
  readonly pkcs1?: boolean;
};

export function makeSigner(kind: SignerKind = "ecdsa", options: SignerOptions = {}): NotarySigner {
  const { type, method, key: keyKind } = KINDS[kind];
  const key = options.key ?? makeKey(keyKind);
  const certificate = type.endsWith("-x509") ? issue({ name: "unnamed", extensions: [], ...options, key }) : undefined;
  const pem = [certificate, ...(options.above ?? [])].map((one) => one?.pem ?? "").join("");
  const material = certificate === undefined ? bareMaterial(key) : Buffer.from(pem);
  const json = { keytype: type, keyval: { private: null, public: material.toString("base64") } } as const;
  const id = createHash("sha256").update(canonical(json)).digest("hex");
  const how = options.pkcs1 === true ? "rsapkcs1v15" : method;
  return {
    id,
    json,
    key,
    certificate,
    sign: (text) => ({ keyid: id, method: how, sig: rawSignature(key, text, how).toString("base64") }),
  };
}

function bareMaterial({ kind, der }: SigningKey): Buffer {
  return kind === "ed25519" ? der.subarray(-32) : der;
}

function rawSignature({ kind, privateKey: key }: SigningKey, text: string, method: string): Buffer {
  const bytes = Buffer.from(text);
  if (kind === "ed25519") return sign(null, bytes, key);
  if (kind.startsWith("p")) return sign("sha256", bytes, { key, dsaEncoding: "ieee-p1363" });
  if (method === "rsapkcs1v15") return sign("sha256", bytes, key);
  return sign("sha256", bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
}

/** The signer pinned by its certificate. */
export function pinnedCertificate({ certificate }: NotarySigner): PinnedKey {
  return { kind: "certificate", pem: certificate?.pem ?? "", from: "root.crt" };
}

/** The signer pinned by its bare key. */
export function pinnedKey({ key }: NotarySigner): PinnedKey {
  return { kind: "key", pem: key.pem, from: "root.pub" };
}
