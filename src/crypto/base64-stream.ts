import { InputError } from "../domain/errors.ts";

/**
 * Base64 that arrives in pieces, read as strictly as by `decodeBase64`: padded, without white space, with zero spare bits.
 * `name` is the thing read, for the message. Throws `InputError`.
 */
export class Base64Stream {
  readonly #name: string;
  /** Fewer than four characters that make no whole group yet. */
  #left = "";
  #padded = false;

  constructor(name: string) {
    this.#name = name;
  }

  /** The bytes of all whole groups so far that were not returned before. */
  push(piece: Uint8Array): Uint8Array {
    const text = this.#left + Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString("latin1");
    const whole = text.length - (text.length % 4);
    const groups = text.slice(0, whole);
    this.#left = text.slice(whole);
    if (this.#padded && text !== "") this.#refuse();
    this.#padded = groups.endsWith("=");
    const bytes = Buffer.from(groups, "base64");
    if (bytes.toString("base64") !== groups) this.#refuse();
    return bytes;
  }

  finish(): void {
    if (this.#left !== "") this.#refuse();
  }

  #refuse(): never {
    throw new InputError("signature", `${this.#name} is not base64 (RFC 4648 section 4, padded, one line)`);
  }
}
