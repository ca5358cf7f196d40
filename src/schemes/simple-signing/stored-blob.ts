import { InputError } from "../../domain/errors.ts";
import { quoted } from "../../domain/quoted.ts";

/** A stored signature is an OpenPGP message, or a zero byte, the name of a format, a line break and what is in that format. */
export type StoredBlob =
  | { readonly kind: "message"; readonly bytes: Uint8Array }
  | { readonly kind: "other"; readonly format: string };

const SIMPLE_SIGNING_FORMAT = "simple-signing";
const FORMAT_NAME = /^[\x20-\x7e]{1,64}$/;
const LONGEST_NAME = 64;

/** As containers/image keeps signatures of several formats in one place (its internal/signature). Throws `InputError`. */
export function readStoredBlob(bytes: Uint8Array): StoredBlob {
  if (bytes[0] !== 0) return { kind: "message", bytes };
  const end = bytes.indexOf(0x0a);
  const format = Buffer.from(bytes.subarray(1, Math.min(Math.max(end, 1), LONGEST_NAME + 2))).toString("latin1");
  if (!FORMAT_NAME.test(format)) throw new InputError("signature", "the stored signature does not name its format");
  if (format !== SIMPLE_SIGNING_FORMAT) return { kind: "other", format: quoted(format) };
  return { kind: "message", bytes: bytes.subarray(end + 1) };
}
