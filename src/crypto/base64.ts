import { InputError } from "../domain/errors.ts";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Bytes of RFC 4648 section 4 base64 with padding, without white space and with zero spare bits, so that one byte string
 * has one text. `name` is the thing read, for the message. Throws `InputError`.
 */
export function decodeBase64(text: string, name: string): Uint8Array {
  const bytes = BASE64.test(text) ? Buffer.from(text, "base64") : undefined;
  if (bytes === undefined || encodeBase64(bytes) !== text) {
    throw new InputError("signature", `${name} is not base64 (RFC 4648 section 4, padded, one line)`);
  }
  return bytes;
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

const BASE64URL = /^[A-Za-z0-9_-]*$/;

/** Bytes of base64url without padding and with zero spare bits (RFC 7515 section 2). Throws `InputError`. */
export function decodeBase64Url(text: string, name: string): Uint8Array {
  const bytes = BASE64URL.test(text) ? Buffer.from(text, "base64url") : undefined;
  if (bytes === undefined || bytes.toString("base64url") !== text) {
    throw new InputError("signature", `${name} is not base64url without padding (RFC 7515 section 2)`);
  }
  return bytes;
}
