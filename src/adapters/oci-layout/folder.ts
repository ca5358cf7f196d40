import { constants } from "node:fs";
import { open, realpath, stat, type FileHandle } from "node:fs/promises";
import { join, sep } from "node:path";

import { InputError, PortError } from "../../domain/errors.ts";
import type { LayoutFile, LayoutFiles } from "./layout-files.ts";

// Opening a named pipe for reading would wait for a writer for ever.
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** A layout's folder. A link that leads out of it is refused; what a link inside leads to is read. Throws `InputError`. */
export async function openFolder(path: string): Promise<LayoutFiles> {
  const root = await realpath(path).catch((error: unknown) => {
    throw new InputError("layout", `${path} cannot be read: name a folder that holds an OCI image layout`, {
      cause: error,
    });
  });
  if (!(await stat(root)).isDirectory())
    throw new InputError("layout", `${path} is not a folder: for a tar file write oci-archive:`);
  return { place: path, find: (name) => findFile(root, name, `${path}/${name}`) };
}

async function findFile(root: string, name: string, what: string): Promise<LayoutFile | undefined> {
  const path = await orAbsent(realpath(join(root, name)), what);
  if (path === undefined) return undefined;
  if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw new PortError("malformed", what, "it is a link that leads out of the layout");
  }
  const handle = await open(path, READ);
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw new PortError("malformed", what, "it is not a regular file");
    return { size: found.size, read: () => readFile(path, found) };
  } finally {
    await handle.close();
  }
}

/** Opened anew when read; another file in its place by then is refused. */
async function* readFile(
  path: string,
  expected: { readonly dev: number; readonly ino: number },
): AsyncGenerator<Uint8Array> {
  const handle = await open(path, READ);
  try {
    const found = await handle.stat();
    if (found.dev !== expected.dev || found.ino !== expected.ino) {
      throw new PortError("malformed", path, "it was replaced while being read");
    }
    yield* chunksOf(handle, 0, found.size);
  } finally {
    await handle.close();
  }
}

const CHUNK = 256 * 1024;

/** The bytes from `start`, `length` of them; fewer if the file ends before. */
export async function* chunksOf(handle: FileHandle, start: number, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length;) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, length - at));
    const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, start + at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

async function orAbsent(work: Promise<string>, what: string): Promise<string | undefined> {
  try {
    return await work;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new PortError("unreachable", what, `it cannot be read (${String(code)})`, { cause: error });
  }
}
