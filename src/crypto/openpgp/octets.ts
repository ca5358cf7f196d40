import { InputError } from "../../domain/errors.ts";

/** Bytes of OpenPGP are a message, which is a stranger's, or a keyring, which is the operator's; errors say which. */
export type OpenPgpText = { readonly code: "signature" | "key"; readonly name: string };

export function refuse(text: OpenPgpText, why: string): never {
  throw new InputError(text.code, `${text.name} ${why}`);
}

/** Reads bytes from front to back; never past the end. Throws `InputError`. */
export class Octets {
  readonly #bytes: Uint8Array;
  readonly #text: OpenPgpText;
  #at = 0;

  constructor(bytes: Uint8Array, text: OpenPgpText) {
    this.#bytes = bytes;
    this.#text = text;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** How many bytes were read. */
  get position(): number {
    return this.#at;
  }

  take(count: number): Uint8Array {
    if (count > this.left) refuse(this.#text, "ends in the middle of a value");
    const taken = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }

  /** A big-endian number of one to four bytes. */
  number(count: number): number {
    return this.take(count).reduce((value, byte) => value * 256 + byte, 0);
  }

  rest(): Uint8Array {
    return this.take(this.left);
  }

  /**
   * A multiprecision integer (RFC 9580 section 3.2). GnuPG writes those of EdDSA with leading zeros, so its length may be
   * overstated; bits above the stated ones are refused.
   */
  integer(): Uint8Array {
    const bits = this.number(2);
    const bytes = this.take(Math.ceil(bits / 8));
    const top = bytes.length * 8 - bits;
    if (top > 0 && (bytes[0] ?? 0) >> (8 - top) !== 0) refuse(this.#text, "holds a number longer than it states");
    return bytes;
  }

  end(): void {
    if (this.left > 0) refuse(this.#text, "holds a value with something behind its end");
  }
}

/** Left-padded with zeros to a fixed size; `undefined` if it is longer. */
export function padded(bytes: Uint8Array, size: number): Uint8Array | undefined {
  if (bytes.length > size) return undefined;
  const whole = new Uint8Array(size);
  whole.set(bytes, size - bytes.length);
  return whole;
}

export function hexOfOctets(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex").toUpperCase();
}
