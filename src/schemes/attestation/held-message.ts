/** A message of a known length that arrives in pieces and is held whole. */
export class HeldMessage {
  readonly #bytes: Buffer;
  #filled = 0;

  constructor(size: number) {
    this.#bytes = Buffer.alloc(size);
  }

  update(piece: Uint8Array): this {
    const room = Math.max(this.#bytes.length - this.#filled, 0);
    this.#bytes.set(piece.subarray(0, room), this.#bytes.length - room);
    this.#filled += piece.length;
    return this;
  }

  /** `undefined` if it was not exactly as long as was said. */
  finish(): Uint8Array | undefined {
    return this.#filled === this.#bytes.length ? this.#bytes : undefined;
  }
}
