import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { digestOf } from "../../src/crypto/digest-of.ts";
import { algorithmOf, hexOf, type Digest } from "../../src/domain/digest.ts";
import { OCI_INDEX } from "../../src/domain/media-types.ts";
import { jsonBytes, type ImageTarget } from "./image-builder.ts";

/** Writes an OCI image layout; every manifest put is listed in `index.json`, once per tag or without one. */
export class LayoutWriter implements ImageTarget {
  readonly #files = new Map<string, Uint8Array>();
  readonly #entries: object[] = [];

  async putBlob(_repository: string, bytes: Uint8Array): Promise<Digest> {
    const digest = digestOf(bytes);
    this.#files.set(`blobs/${algorithmOf(digest)}/${hexOf(digest)}`, bytes);
    return digest;
  }

  async putManifest(
    repository: string,
    bytes: Uint8Array,
    mediaType: string,
    tags: readonly string[] = [],
  ): Promise<Digest> {
    const digest = await this.putBlob(repository, bytes);
    const entry = { mediaType, digest, size: bytes.byteLength };
    const names = tags.map((tag) => ({ "org.opencontainers.image.ref.name": tag }));
    this.#entries.push(...(names.length === 0 ? [entry] : names.map((annotations) => ({ ...entry, annotations }))));
    return digest;
  }

  /** All files by their path in the layout. */
  files(): ReadonlyMap<string, Uint8Array> {
    return new Map([
      ["oci-layout", jsonBytes({ imageLayoutVersion: "1.0.0" })],
      ["index.json", jsonBytes({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: this.#entries })],
      ...this.#files,
    ]);
  }

  async writeFolder(folder: string): Promise<void> {
    for (const [path, bytes] of this.files()) {
      await mkdir(join(folder, path, ".."), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
  }

  async writeArchive(path: string): Promise<void> {
    await writeFile(path, tarOf([...this.files()].map(([name, bytes]) => ({ name, bytes }))));
  }
}

export type TarEntry = {
  readonly name: string;
  readonly bytes?: Uint8Array;
  /** `0` regular, `2` symbolic link, `5` folder, `x` extended header. */
  readonly type?: string;
  readonly link?: string;
};

/** A ustar archive. Names of more than 100 bytes get an extended header. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap((entry) => blocksOf(entry)), Buffer.alloc(1024)]);
}

function blocksOf(entry: TarEntry): Buffer[] {
  const bytes = Buffer.from(entry.bytes ?? []);
  const padding = Buffer.alloc((512 - (bytes.byteLength % 512)) % 512);
  const own = [headerOf(entry, bytes.byteLength), bytes, padding];
  if (Buffer.byteLength(entry.name) <= 100) return own;
  return [...blocksOf({ name: "PaxHeader", type: "x", bytes: paxRecord("path", entry.name) }), ...own];
}

export function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.from(`${length}${rest}`);
}

function headerOf(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write(entry.name.slice(0, 100), 0, "utf8");
  block.write("0000644\0", 100);
  block.write("0000000\0", 108);
  block.write("0000000\0", 116);
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  block.write("00000000000\0", 136);
  block.write("        ", 148);
  block.write(entry.type ?? "0", 156);
  block.write(entry.link ?? "", 157);
  block.write("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
