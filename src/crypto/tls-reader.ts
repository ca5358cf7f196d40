import { derError } from "./der.ts";

/** Reads the presentation language of TLS (RFC 5246 section 4). Throws `InputError`. */
export class TlsReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  bytes(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw derError("a TLS vector that ends too early");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** Bytes after their count, which has two bytes. */
  vector(): Uint8Array {
    const [high = 0, low = 0] = this.bytes(2);
    return this.bytes(high * 256 + low);
  }

  isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  end(): void {
    if (!this.isAtEnd()) throw derError("bytes after a TLS vector");
  }
}
