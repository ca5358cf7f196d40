import { isAt } from "./byte-search.ts";

const MAGIC = "SQLite format 3\0";
const HEADER_BYTES = 100;
const UTF_8 = 1;

/** One page of a table's b-tree: where its cells begin, or which pages stand below it (SQLite file format, 1.6). */
export type TablePage =
  | { readonly kind: "leaf"; readonly cells: readonly number[] }
  | { readonly kind: "interior"; readonly children: readonly number[] };

/** The pages of an SQLite database in memory, without its write-ahead log. Whatever is out of bounds is `undefined`. */
export class SqlitePages {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #pageSize: number;
  /** Bytes of a page that content may use. */
  readonly #usable: number;
  readonly count: number;

  private constructor(bytes: Uint8Array, pageSize: number, usable: number) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#pageSize = pageSize;
    this.#usable = usable;
    this.count = bytes.length / pageSize;
  }

  static open(bytes: Uint8Array): SqlitePages | undefined {
    if (bytes.length < HEADER_BYTES || !isAt(bytes, 0, MAGIC)) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const field = view.getUint16(16);
    const pageSize = field === 1 ? 65_536 : field;
    const usable = pageSize - view.getUint8(20);
    const isPower = pageSize >= 512 && (pageSize & (pageSize - 1)) === 0;
    // SQLite itself asks for 480 (file format, 1.3.4).
    if (!isPower || usable < 480 || bytes.length % pageSize !== 0 || view.getUint32(56) !== UTF_8) return undefined;
    return new SqlitePages(bytes, pageSize, usable);
  }

  /** Pages are numbered from 1. */
  table(page: number): TablePage | undefined {
    if (!Number.isSafeInteger(page) || page < 1 || page > this.count) return undefined;
    const start = (page - 1) * this.#pageSize;
    const header = start + (page === 1 ? HEADER_BYTES : 0);
    const type = this.#view.getUint8(header);
    const isLeaf = type === 13;
    if (!isLeaf && type !== 5) return undefined;
    const pointers = header + (isLeaf ? 8 : 12);
    const cells = this.#cells(start, pointers, this.#view.getUint16(header + 3));
    if (cells === undefined) return undefined;
    if (isLeaf) return { kind: "leaf", cells };
    const children = cells.map((cell) => this.#view.getUint32(cell));
    return { kind: "interior", children: [...children, this.#view.getUint32(header + 8)] };
  }

  /** Where each cell begins in the file; every cell has room for four bytes, the least that any has. */
  #cells(start: number, pointers: number, count: number): readonly number[] | undefined {
    const first = pointers + 2 * count;
    const last = start + this.#usable - 4;
    if (first > last + 4) return undefined;
    const cells: number[] = [];
    for (let at = pointers; at < first; at += 2) {
      const cell = start + this.#view.getUint16(at);
      if (cell < first || cell > last) return undefined;
      cells.push(cell);
    }
    return cells;
  }

  /** Up to where a cell that begins at `at` may reach. */
  endOf(at: number): number {
    return Math.floor(at / this.#pageSize) * this.#pageSize + this.#usable;
  }
}
