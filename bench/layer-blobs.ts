import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { digestOf } from "../src/crypto/digest-of.ts";
import { plainDescriptor, type Descriptor } from "../src/domain/descriptor.ts";
import { END, entry } from "../test/support/tar.ts";

const GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
const MIB = 1024 * 1024;

/** A layer's blob, in the pieces a network would bring. */
export type Blob = { readonly descriptor: Descriptor; readonly pieces: readonly Uint8Array[] };

const PIECE_BYTES = 64 * 1024;

function blobOf(parts: readonly Uint8Array[]): Blob {
  const pieces = parts.flatMap((part) =>
    Array.from({ length: Math.ceil(part.length / PIECE_BYTES) }, (_, index) =>
      part.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES),
    ),
  );
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  return { descriptor: plainDescriptor(GZIP, digestOf("not looked at"), bytes), pieces };
}

/** Programs, libraries and data of this machine, as a base image has them. */
const FOLDERS = ["/usr/bin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/share", "/usr/lib"];

/** Regular files of this machine, up to so many bytes. */
function filesUpTo(limit: number): readonly string[] {
  const found: string[] = [];
  let left = limit;
  const take = (folder: string): void => {
    for (const one of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, one.name);
      if (left <= 0) return;
      if (one.isDirectory()) take(path);
      else if (one.isFile() && statSync(path).size <= 32 * MIB) {
        found.push(path);
        left -= statSync(path).size;
      }
    }
  };
  for (const folder of FOLDERS) if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) take(folder);
  return [...new Set(found)];
}

/** A layer of this machine's own files: its tar, and its blob packed as registries have it. */
export function realLayer(bytes: number): { readonly tarBytes: number; readonly packed: Buffer; readonly blob: Blob } {
  const tar = spawnSync("tar", ["--create", "--format=posix", "--directory=/", "--files-from=-"], {
    input: filesUpTo(bytes)
      .map((path) => path.slice(1))
      .join("\n"),
    maxBuffer: 2 * bytes + 64 * MIB,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const packed = spawnSync("gzip", ["-6"], { input: tar.stdout, maxBuffer: tar.stdout.length }).stdout;
  return { tarBytes: tar.stdout.length, packed, blob: blobOf([packed]) };
}

/** A layer of any size that costs little to make: the same programs again and again, each in a gzip member of its own. */
export function longLayer(bytes: number): Blob {
  const body = Buffer.alloc(12 * MIB);
  for (let at = 0; at < body.length; at += 4) body.writeUInt32LE(((at * 2_654_435_761) >>> 8) & 0xffffff, at);
  body.write("\x7fELF", 0, "latin1");
  const member = gzipSync(entry("opt/lib/program.so", { mode: 0o755, body }), { level: 1 });
  return blobOf([...Array.from({ length: Math.ceil(bytes / body.length) }, () => member), gzipSync(END)]);
}

export async function* arriving(blob: Blob): AsyncGenerator<Uint8Array> {
  for (const piece of blob.pieces) yield await Promise.resolve(piece);
}
