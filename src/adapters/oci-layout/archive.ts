import { open, type FileHandle } from "node:fs/promises";

import { InputError, PortError } from "../../domain/errors.ts";
import { chunksOf } from "./folder.ts";
import type { LayoutFiles } from "./layout-files.ts";
import { BLOCK, parsePax, parseTarHeader, type TarHeader } from "./tar-header.ts";

type Extent = { readonly start: number; readonly size: number };

/** A layout of one image with its signatures has some dozens; more is not a layout. */
const MAX_ENTRIES = 100_000;
const MAX_PAX_BYTES = 64 * 1024;
/** The only names a layout has; an entry by another name is no concern of ours. */
const LAYOUT_NAME = /^(?:oci-layout|index\.json|blobs\/sha(?:256|384|512)\/[a-f0-9]{64,128})$/;

/**
 * A tar archive of a layout, read in place by offset. Only regular files count: a link is never followed, and a name that
 * occurs twice is refused, since two readers could take two files. Throws `InputError`, `PortError`.
 */
export async function openArchive(path: string): Promise<LayoutFiles> {
  const handle = await open(path, "r").catch((error: unknown) => {
    throw new InputError("layout", `${path} cannot be read: name a tar file that holds an OCI image layout`, {
      cause: error,
    });
  });
  try {
    if (!(await handle.stat()).isFile())
      throw new InputError("layout", `${path} is not a file: for a folder write oci:`);
    const extents = await readDirectory(handle, path);
    const find: LayoutFiles["find"] = async (name) => {
      const extent = extents.get(name);
      return extent && { size: extent.size, read: () => readExtent(path, extent) };
    };
    return { place: path, find };
  } finally {
    await handle.close();
  }
}

async function* readExtent(path: string, extent: Extent): AsyncGenerator<Uint8Array> {
  const handle = await open(path, "r");
  try {
    yield* chunksOf(handle, extent.start, extent.size);
  } finally {
    await handle.close();
  }
}

async function readDirectory(handle: FileHandle, path: string): Promise<ReadonlyMap<string, Extent>> {
  const { size: end } = await handle.stat();
  const files = new Map<string, Extent>();
  let pax: ReadonlyMap<string, string> = new Map();
  let at = 0;
  for (let count = 0; ; count += 1) {
    if (count >= MAX_ENTRIES) throw new PortError("too-many", path, `it has more than ${MAX_ENTRIES} entries`);
    const header = parseTarHeader(await readAt(handle, at, BLOCK, path), path);
    if (header === undefined) return files;
    const entry = withPax(header, pax, path);
    const start = at + BLOCK;
    at = start + Math.ceil(entry.size / BLOCK) * BLOCK;
    if (start + entry.size > end) throw new PortError("malformed", path, "it ends in the middle of an entry");
    pax = await extensionOf(handle, { header, start }, path);
    if (header.type === "0" || header.type === "\0") addFile(files, entry, start, path);
  }
}

/** What an extended header says of the entry after it; of no other. */
async function extensionOf(
  handle: FileHandle,
  entry: { readonly header: TarHeader; readonly start: number },
  path: string,
): Promise<ReadonlyMap<string, string>> {
  const { type, size } = entry.header;
  if (type !== "x" && type !== "g") return new Map();
  if (size > MAX_PAX_BYTES) throw new PortError("too-large", path, "an extended header is larger than 64 KiB");
  const records = parsePax(await readAt(handle, entry.start, size, path), path);
  if (type === "x") return records;
  // A global header would rename or resize every entry that follows; nobody writes such, so nobody is obeyed.
  if (records.has("path") || records.has("size"))
    throw new PortError("malformed", path, "a global header sets names or sizes");
  return new Map();
}

function withPax(header: TarHeader, pax: ReadonlyMap<string, string>, path: string): TarHeader {
  if (header.type === "x" || header.type === "g") return header;
  const size = pax.get("size");
  if (size !== undefined && !/^\d{1,15}$/.test(size))
    throw new PortError("malformed", path, "an entry has no readable size");
  return { ...header, name: pax.get("path") ?? header.name, size: size === undefined ? header.size : Number(size) };
}

function addFile(files: Map<string, Extent>, entry: TarHeader, start: number, path: string): void {
  const name = entry.name.replace(/^\.\//, "");
  if (!LAYOUT_NAME.test(name)) return;
  if (files.has(name)) throw new PortError("malformed", path, `it holds ${name} twice`);
  files.set(name, { start, size: entry.size });
}

async function readAt(handle: FileHandle, start: number, length: number, path: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of chunksOf(handle, start, length)) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  if (bytes.byteLength < length) throw new PortError("malformed", path, "it is cut short: copy it again");
  return bytes;
}
