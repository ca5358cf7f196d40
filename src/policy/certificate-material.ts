import type { CertificateMaterial } from "../domain/trust.ts";
import type { ReadNamedFile } from "./key-file.ts";

/** A chain of RSA 4096 certificates has some KiB; this is a bundle of hundreds. */
const MAX_CERTIFICATE_BYTES = 1024 * 1024;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/;
const DER_SEQUENCE = 0x30;

export type MaterialRead =
  | { readonly kind: "read"; readonly material: CertificateMaterial }
  | { readonly kind: "unusable"; readonly message: string };

/**
 * The certificates of a named file in PEM, or the one it holds in DER. Whether they are sound is for the scheme to say. The
 * message repeats nothing of the file.
 */
export function readCertificates(read: ReadNamedFile, from: string, path: string): MaterialRead {
  const bytes = read(from, path);
  if (!(bytes instanceof Uint8Array)) return unusable(`cannot be read: ${bytes.error}`);
  if (bytes.length > MAX_CERTIFICATE_BYTES) return unusable(`is larger than ${MAX_CERTIFICATE_BYTES} bytes`);
  if (bytes[0] === DER_SEQUENCE) return { kind: "read", material: { pem: pemOf(bytes), from: path } };
  const pem = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  if (/PRIVATE KEY/.test(pem)) {
    return unusable("holds a private key: name the certificate alone, and keep this file elsewhere");
  }
  if (CERTIFICATE.test(pem)) return { kind: "read", material: { pem, from: path } };
  return unusable('holds no certificate in PEM ("-----BEGIN CERTIFICATE-----") or DER');
}

function unusable(message: string): MaterialRead {
  return { kind: "unusable", message };
}

function pemOf(der: Uint8Array): string {
  const lines = base64Of(der).match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** RFC 4648 section 4, since pure code has no encoder. */
function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
    const group = first * 65_536 + second * 256 + third;
    const digits = [18, 12, 6, 0].map((shift) => ALPHABET[(group >> shift) & 63] ?? "").join("");
    const left = bytes.length - at;
    text += left >= 3 ? digits : digits.slice(0, left + 1).padEnd(4, "=");
  }
  return text;
}
