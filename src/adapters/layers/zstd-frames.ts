import { fault, type Fault } from "../../inspections/fault.ts";

import type { BlobTap } from "./blob-tap.ts";

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
/** Pieces handed on: frames consist of many small blocks. */
const PIECE_BYTES = 256 * 1024;

export type ZstdFrame = {
  readonly kind: "frame";
  /** What its header says it holds; absent if it does not say. */
  readonly contentBytes: number | undefined;
  /** The frame as it stands, to its last byte. Must be read to the end before the next frame is asked for. */
  readonly bytes: () => AsyncGenerator<Uint8Array, void, undefined>;
};

/** Cuts a zstd file into its frames by their headers alone (RFC 8878, section 3.1); skippable frames are passed over. */
export class ZstdFrames {
  readonly #tap: BlobTap;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #piece: Uint8Array = new Uint8Array(PIECE_BYTES);
  #filled = 0;
  #fault: Fault | undefined;
  #isFrameOver = true;

  constructor(tap: BlobTap) {
    this.#tap = tap;
  }

  /** Why no more frames come, once a frame was found cut short. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Whether the last byte of the current frame has been handed on. */
  get isFrameOver(): boolean {
    return this.#isFrameOver;
  }

  /** The next frame with content; `undefined` at the end of the file. */
  async next(): Promise<ZstdFrame | Fault | undefined> {
    for (;;) {
      if (!(await this.#fill())) return undefined;
      const magic = await this.#take(4);
      if (magic === undefined) return this.#cut();
      const number = magic.readUInt32LE();
      if (number === FRAME_MAGIC) return this.#open(magic);
      if ((number & 0xfffffff0) >>> 0 !== SKIPPABLE_MAGIC) {
        return fault("corrupt-compression", "something that is no zstd frame follows the last one");
      }
      const size = await this.#take(4);
      if (size === undefined || !(await this.#skip(size.readUInt32LE()))) return this.#cut();
    }
  }

  #cut(): Fault {
    this.#fault = fault("truncated", "a zstd frame ends too early");
    return this.#fault;
  }

  async #open(magic: Buffer): Promise<ZstdFrame | Fault> {
    const descriptor = await this.#take(1);
    const flags = descriptor?.[0] ?? 0;
    const isSingle = (flags & 0x20) !== 0;
    const dictionary = [0, 1, 2, 4][flags & 3] ?? 0;
    const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
    const rest = await this.#take((isSingle ? 0 : 1) + dictionary + sizeBytes);
    if (descriptor === undefined || rest === undefined) return this.#cut();
    this.#isFrameOver = false;
    this.#filled = 0;
    const header = Buffer.concat([magic, descriptor, rest]);
    return {
      kind: "frame",
      contentBytes: contentBytes(rest.subarray(rest.length - sizeBytes)),
      bytes: () => this.#pieces(header, (flags & 0x04) !== 0),
    };
  }

  /** Header, blocks and checksum, gathered into pieces; the last byte always comes with `isFrameOver` set. */
  async *#pieces(header: Buffer, hasChecksum: boolean): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.#give(header);
    for (let isLast = false; !isLast;) {
      const block = await this.#take(3);
      if (block === undefined) return void this.#cut();
      const word = block.readUIntLE(0, 3);
      isLast = (word & 1) === 1;
      yield* this.#give(block);
      // An RLE block is one byte, however long its content.
      const wanted = ((word >> 1) & 3) === 1 ? 1 : word >> 3;
      if (!(yield* this.#pass(wanted))) return void this.#cut();
    }
    if (hasChecksum && !(yield* this.#pass(4))) return void this.#cut();
    this.#isFrameOver = true;
    yield this.#piece.slice(0, this.#filled);
  }

  async *#pass(count: number): AsyncGenerator<Uint8Array, boolean, undefined> {
    let left = count;
    while (left > 0) {
      if (!(await this.#fill())) return false;
      const part = this.#chunk.subarray(this.#at, this.#at + left);
      this.#at += part.length;
      left -= part.length;
      yield* this.#give(part);
    }
    return true;
  }

  *#give(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
    for (let at = 0; at < bytes.length;) {
      if (this.#filled === PIECE_BYTES) {
        yield this.#piece;
        this.#piece = new Uint8Array(PIECE_BYTES);
        this.#filled = 0;
      }
      const part = bytes.subarray(at, at + PIECE_BYTES - this.#filled);
      this.#piece.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
    }
  }

  /** Makes sure of one unread byte; false at the end of the blob. */
  async #fill(): Promise<boolean> {
    while (this.#at >= this.#chunk.length) {
      const chunk = await this.#tap.next();
      if (chunk === undefined) return false;
      this.#chunk = chunk;
      this.#at = 0;
    }
    return true;
  }

  async #take(count: number): Promise<Buffer | undefined> {
    const parts: Uint8Array[] = [];
    for (let left = count; left > 0;) {
      if (!(await this.#fill())) return undefined;
      const part = this.#chunk.subarray(this.#at, this.#at + left);
      parts.push(part);
      this.#at += part.length;
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  async #skip(count: number): Promise<boolean> {
    for (let left = count; left > 0;) {
      if (!(await this.#fill())) return false;
      const step = Math.min(left, this.#chunk.length - this.#at);
      this.#at += step;
      left -= step;
    }
    return true;
  }
}

/** RFC 8878, 3.1.1.1.4: two bytes count from 256; eight may be beyond what matters here. */
function contentBytes(field: Buffer): number | undefined {
  switch (field.length) {
    case 0:
      return undefined;
    case 8:
      return Number(field.readBigUInt64LE());
    case 2:
      return field.readUInt16LE() + 256;
    default:
      return field.readUIntLE(0, field.length);
  }
}
