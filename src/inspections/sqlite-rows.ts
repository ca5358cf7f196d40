import { latin1 } from "./latin1.ts";
import { SqlitePages } from "./sqlite-pages.ts";

const SCHEMA_PAGE = 1;

/** More than any database that is counted here has; cells may overlap, so a small file can claim many. */
const MAX_ROWS = 1_000_000;

/**
 * How many rows a table of an SQLite database has. Only pages of b-trees are looked at, each at most once; a database that
 * is damaged anywhere on the way, or does not have that table, has no number.
 */
export function countSqliteRows(bytes: Uint8Array, table: string): number | undefined {
  const pages = SqlitePages.open(bytes);
  if (pages === undefined) return undefined;
  const roots: number[] = [];
  const schema = countCells(pages, SCHEMA_PAGE, (cell) => {
    const row = schemaRow(pages, cell);
    if (row?.type === "table" && row.name === table.toLowerCase()) roots.push(row.root);
    return row !== undefined;
  });
  const [root] = roots;
  if (schema === undefined || root === undefined || roots.length > 1) return undefined;
  return countCells(pages, root, (cell) => rowIdAfter(pages, cell) !== undefined);
}

/** Cells in a tree's leaves. One that is not good, or a page met twice, spoils all. */
function countCells(pages: SqlitePages, root: number, isGood: (cell: number) => boolean): number | undefined {
  let count = 0;
  const met = new Set<number>();
  const pending = [root];
  for (let page = pending.pop(); page !== undefined; page = pending.pop()) {
    const found = met.has(page) ? undefined : pages.table(page);
    if (found === undefined || pending.length > pages.count) return undefined;
    met.add(page);
    if (found.kind === "interior") pending.push(...found.children);
    else if (found.cells.every(isGood)) count += found.cells.length;
    else return undefined;
    if (count > MAX_ROWS) return undefined;
  }
  return count;
}

type Varint = { readonly value: number; readonly next: number };

/** A big-endian variable-length integer (SQLite file format, 1.6); larger than a page number or a size can be: `undefined`. */
function varint(bytes: Uint8Array, at: number, end: number): Varint | undefined {
  let value = 0;
  for (let index = 0; index < 9 && at + index < end; index += 1) {
    const byte = bytes[at + index] ?? 0;
    if (index === 8) return { value: value * 256 + byte, next: at + 9 };
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  return undefined;
}

/** The row's number tells nothing here, but a row has one, and its length comes before it. */
function rowIdAfter(pages: SqlitePages, cell: number): Varint | undefined {
  const end = pages.endOf(cell);
  const size = varint(pages.bytes, cell, end);
  return size === undefined ? undefined : varint(pages.bytes, size.next, end);
}

type SchemaRow = { readonly type: string; readonly name: string; readonly root: number };

/**
 * One row of the schema: `type, name, tbl_name, rootpage, sql`. All but the last stand within the least that a cell keeps
 * in its own page, for the names of any table that is looked for here; other rows may have longer ones and are passed over.
 */
function schemaRow(pages: SqlitePages, cell: number): SchemaRow | undefined {
  const { bytes } = pages;
  const end = pages.endOf(cell);
  const start = rowIdAfter(pages, cell)?.next;
  const header = start === undefined ? undefined : varint(bytes, start, end);
  if (start === undefined || header === undefined) return undefined;
  const types: number[] = [];
  let at = header.next;
  while (types.length < 4) {
    const type = varint(bytes, at, end);
    if (type === undefined) return undefined;
    types.push(type.value);
    at = type.next;
  }
  const [type = 0, name = 0, table = 0, root = 0] = types.map(contentBytes);
  const body = start + header.value;
  const nameAt = body + type;
  const rootAt = nameAt + name + table;
  if (rootAt + root > end || root > 6) return NO_ROW;
  return {
    type: latin1(bytes, body, nameAt),
    name: latin1(bytes, nameAt, nameAt + name).toLowerCase(),
    root: bytes.subarray(rootAt, rootAt + root).reduce((value, byte) => value * 256 + byte, 0),
  };
}

const NO_ROW: SchemaRow = { type: "", name: "", root: 0 };

/** Bytes of a value by its serial type (SQLite file format, 2.1). 8 and 9 are the numbers 0 and 1, which take none. */
function contentBytes(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2);
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0][type] ?? 0;
}
