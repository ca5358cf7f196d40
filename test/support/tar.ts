import { gzipSync, zstdCompressSync } from "node:zlib";

import { digestOf } from "../../src/crypto/digest-of.ts";
import { plainDescriptor, type Descriptor } from "../../src/domain/descriptor.ts";
import type { Digest } from "../../src/domain/digest.ts";
import type { ImageConfig } from "../../src/domain/image-config.ts";
import { parseInstant } from "../../src/domain/instant.ts";
import { OCI_CONFIG, OCI_MANIFEST } from "../../src/domain/media-types.ts";

/** One entry's header, field by field; whatever is absent is as an honest writer would put it. */
export type HeaderSpec = {
  readonly name: string;
  readonly type?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly link?: string;
  readonly device?: readonly [number, number];
  readonly magic?: string;
  readonly prefix?: string;
  /** Changes the finished block before the checksum is written; `checksum: false` leaves a wrong one. */
  readonly patch?: (block: Buffer) => void;
  readonly checksum?: boolean;
};

/** A file by its content, or anything else by its parts. Names and links are latin1: one character a byte. */
export type EntrySpec =
  | string
  | Uint8Array
  | (Omit<HeaderSpec, "name"> & {
      readonly body?: string | Uint8Array;
      readonly pax?: Readonly<Record<string, string>>;
    });

/** Entries by path. A path that ends in `/` is a directory. */
export type Entries = Readonly<Record<string, EntrySpec>>;

/** Entries by path, or as pairs where order or repetition matters. */
export type LayerSpec = Entries | readonly (readonly [string, EntrySpec])[];

export const END = Buffer.alloc(1024);

/** A header block as ustar. */
export function header(spec: HeaderSpec): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, length: number): void => {
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  };
  block.write(spec.name, 0, 100, "latin1");
  octal(spec.mode ?? 0o644, 100, 8);
  octal(spec.uid ?? 0, 108, 8);
  octal(spec.gid ?? 0, 116, 8);
  octal(spec.size ?? 0, 124, 12);
  octal(0, 136, 12);
  block.write(spec.type ?? "0", 156, 1, "latin1");
  block.write(spec.link ?? "", 157, 100, "latin1");
  block.write(spec.magic ?? "ustar\x0000", 257, 8, "latin1");
  octal(spec.device?.[0] ?? 0, 329, 8);
  octal(spec.device?.[1] ?? 0, 337, 8);
  block.write(spec.prefix ?? "", 345, 155, "latin1");
  spec.patch?.(block);
  if (spec.checksum !== false) stamp(block);
  return block;
}

/** Writes the checksum the block should have. */
export function stamp(block: Uint8Array): void {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  Buffer.from(block.buffer, block.byteOffset, block.length).write(
    `${sum.toString(8).padStart(6, "0")}\0 `,
    148,
    "latin1",
  );
}

/** Bytes and the zeros that fill their last block. */
export function padded(body: Uint8Array): Buffer {
  return Buffer.concat([body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

export function bytesOf(body: string | Uint8Array): Buffer {
  return typeof body === "string" ? Buffer.from(body, "latin1") : Buffer.from(body);
}

/** `"%d key=value\n"`, its length included. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (`${length}${rest}`.length !== length) length += 1;
  return `${length}${rest}`;
}

/** A PAX header: `x` for the next entry, `g` for all that follow. */
export function pax(records: Readonly<Record<string, string>>, type: "x" | "g" = "x", name = "PaxHeaders.0/x"): Buffer {
  const body = bytesOf(
    Object.entries(records)
      .map(([key, value]) => paxRecord(key, value))
      .join(""),
  );
  return Buffer.concat([header({ name, type, size: body.length }), padded(body)]);
}

/** A GNU long name (`L`) or long link (`K`). */
export function gnuLong(type: "L" | "K", text: string): Buffer {
  const body = bytesOf(`${text}\0`);
  return Buffer.concat([header({ name: "././@LongLink", type, size: body.length, magic: "ustar  \0" }), padded(body)]);
}

/** One entry with whatever extension headers its spec or its length asks for. */
export function entry(path: string, spec: EntrySpec): Buffer {
  const parts = typeof spec === "string" || spec instanceof Uint8Array ? { body: spec } : spec;
  const body = bytesOf(parts.body ?? "");
  const type = parts.type ?? (parts.link !== undefined ? "2" : path.endsWith("/") ? "5" : "0");
  const records = {
    ...(path.length > 100 ? { path } : {}),
    ...((parts.link ?? "").length > 100 ? { linkpath: parts.link ?? "" } : {}),
    ...parts.pax,
  };
  const mode = parts.mode ?? (type === "5" ? 0o755 : type === "2" ? 0o777 : 0o644);
  const block = header({ ...parts, name: path, type, mode, size: parts.size ?? body.length });
  const extension = Object.keys(records).length === 0 ? Buffer.alloc(0) : pax(records);
  return Buffer.concat([extension, block, padded(body)]);
}

export function tar(spec: LayerSpec): Buffer {
  const entries: readonly (readonly [string, EntrySpec])[] = Array.isArray(spec) ? spec : Object.entries(spec);
  return Buffer.concat([...entries.map(([path, one]) => entry(path, one)), END]);
}

export type Packing = "tar" | "gzip" | "zstd";

const MEDIA_TYPE: Readonly<Record<Packing, string>> = {
  tar: "application/vnd.oci.image.layer.v1.tar",
  gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
};

export type BuiltLayer = {
  readonly bytes: Uint8Array;
  readonly diffId: Digest;
  readonly digest: Digest;
  readonly descriptor: Descriptor;
};

/** A layer blob of these entries, or of a tar made by hand. */
export function layer(spec: LayerSpec | Uint8Array, packing: Packing = "gzip"): BuiltLayer {
  const content = spec instanceof Uint8Array ? spec : tar(spec);
  const bytes = pack(content, packing);
  const digest = digestOf(bytes);
  return {
    bytes,
    diffId: digestOf(content),
    digest,
    descriptor: plainDescriptor(MEDIA_TYPE[packing], digest, bytes.length),
  };
}

function pack(content: Uint8Array, packing: Packing): Uint8Array {
  switch (packing) {
    case "tar":
      return content;
    case "gzip":
      return gzipSync(content);
    case "zstd":
      return zstdCompressSync(content);
  }
}

export type ConfigSpec = {
  readonly user?: string;
  readonly os?: string;
  readonly architecture?: string;
  readonly env?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly volumes?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** When it was built, RFC 3339. */
  readonly created?: string;
  readonly healthcheck?: boolean;
  readonly history?: readonly {
    readonly createdBy: string;
    readonly created?: string;
    readonly emptyLayer?: boolean;
  }[];
  readonly diffIds?: readonly Digest[];
};

/** A parsed image configuration over these layers. */
export function imageConfig(spec: ConfigSpec, layers: readonly BuiltLayer[]): ImageConfig {
  return {
    platform: {
      os: spec.os ?? "linux",
      architecture: spec.architecture ?? "amd64",
      variant: undefined,
      osVersion: undefined,
    },
    user: spec.user ?? "",
    env: spec.env ?? [],
    entrypoint: spec.entrypoint ?? [],
    cmd: spec.cmd ?? [],
    workingDir: "",
    labels: spec.labels ?? {},
    volumes: spec.volumes ?? [],
    created: spec.created === undefined ? undefined : parseInstant(spec.created),
    healthcheck: spec.healthcheck ?? false,
    diffIds: spec.diffIds ?? layers.map((one) => one.diffId),
    history: (spec.history ?? []).map(({ createdBy, created, emptyLayer }) => ({
      createdBy,
      created: created === undefined ? undefined : parseInstant(created),
      emptyLayer: emptyLayer ?? false,
    })),
  };
}

export type BuiltImage = {
  readonly config: { readonly bytes: Uint8Array; readonly descriptor: Descriptor };
  readonly manifest: { readonly bytes: Uint8Array; readonly descriptor: Descriptor };
  readonly layers: readonly BuiltLayer[];
};

/** A whole OCI image, ready to be pushed or laid out. */
export function image(spec: ConfigSpec, layers: readonly BuiltLayer[]): BuiltImage {
  const config = document(OCI_CONFIG, {
    ...(spec.created === undefined ? {} : { created: spec.created }),
    architecture: spec.architecture ?? "amd64",
    os: spec.os ?? "linux",
    config: {
      User: spec.user ?? "",
      Env: spec.env ?? [],
      Entrypoint: spec.entrypoint ?? [],
      Cmd: spec.cmd ?? [],
      Volumes: Object.fromEntries((spec.volumes ?? []).map((path) => [path, {}])),
      Labels: spec.labels ?? {},
      ...(spec.healthcheck === true ? { Healthcheck: { Test: ["CMD", "/app/server", "check"] } } : {}),
    },
    ...(spec.history === undefined ? {} : { history: spec.history.map(historyEntry) }),
    rootfs: { type: "layers", diff_ids: spec.diffIds ?? layers.map((one) => one.diffId) },
  });
  const manifest = document(OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: named(config.descriptor),
    layers: layers.map((one) => named(one.descriptor)),
  });
  return { config, manifest, layers };
}

function historyEntry(entry: NonNullable<ConfigSpec["history"]>[number]): object {
  const { createdBy, created, emptyLayer } = entry;
  return { ...(created === undefined ? {} : { created }), created_by: createdBy, empty_layer: emptyLayer ?? false };
}

function named(descriptor: Descriptor): Pick<Descriptor, "mediaType" | "digest" | "size"> {
  return { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size };
}

function document(mediaType: string, value: object): { readonly bytes: Uint8Array; readonly descriptor: Descriptor } {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, descriptor: plainDescriptor(mediaType, digestOf(bytes), bytes.length) };
}
