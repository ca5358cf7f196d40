import { createHmac, timingSafeEqual } from "node:crypto";

import { parseInstant, type Instant } from "../domain/instant.ts";
import type { Keyring, SealKey } from "./seal-keys.ts";

/** Where a record belongs. A record found elsewhere is `moved` and never believed. */
export type SealPlace = { readonly space: string; readonly key: string };

/** Why bytes were not believed. All but `expired` are worth an alarm: the store was damaged, changed or is not ours. */
export type SealRefusal = "forged" | "moved" | "expired" | "unknown-key" | "malformed";

export type Opened =
  | { readonly kind: "opened"; readonly payload: Uint8Array; readonly expiresAt: Instant | undefined }
  | { readonly kind: "refused"; readonly why: SealRefusal };

/*
 * A sealed record is, in this order:
 *   version (1 byte) · length of the key id (1) · key id · length of the header (2, big endian) · header · payload · MAC (32)
 * The header is the canonical JSON of the place and the expiry. The MAC is HMAC-SHA-256 over a fixed context and
 * everything before it, so nothing of the record is outside it, and no other use of the same key makes the same input.
 */
const VERSION = 1;
const CONTEXT = Buffer.from("assay sealed record\n");
const MAC_BYTES = 32;
const NO_MAC = Buffer.alloc(MAC_BYTES);
const MAX_HEADER_BYTES = 0xffff;

/** Throws `TypeError` for a key of a length that no record has (64 KiB). */
export function seal(
  payload: Uint8Array,
  place: SealPlace & { readonly expiresAt?: Instant | undefined },
  keyring: Keyring,
): Uint8Array {
  const { newest } = keyring;
  const header = headerOf(place);
  if (header.length > MAX_HEADER_BYTES) throw new TypeError("the key of a sealed record is too long");
  const id = Buffer.from(newest.id);
  const lead = Buffer.from([VERSION, id.length, ...id, header.length >> 8, header.length & 0xff]);
  // In one piece with the context, so that it is hashed by one call: verifying an image seals some ten records.
  const sealed = Buffer.concat([CONTEXT, lead, header, payload, NO_MAC]);
  const end = sealed.length - MAC_BYTES;
  macOf(newest, sealed.subarray(0, end)).copy(sealed, end);
  return sealed.subarray(CONTEXT.length);
}

/** The members in the order of canonical JSON, in which an absent expiry is left out. */
function headerOf({ expiresAt, key, space }: SealPlace & { readonly expiresAt?: Instant | undefined }): Buffer {
  return Buffer.from(JSON.stringify({ expiresAt, key, space }));
}

/** Gives the payload only if the record is whole, ours, of this place and not over at `now`. */
export function open(sealed: Uint8Array, place: SealPlace & { readonly now: Instant }, keyring: Keyring): Opened {
  const parts = split(sealed);
  if (parts === undefined) return refuse("malformed");
  const key = keyring.keys.get(parts.keyId);
  if (key === undefined) return refuse("unknown-key");
  if (!timingSafeEqual(macOf(key, CONTEXT, parts.body), parts.mac)) return refuse("forged");
  const header = JSON.parse(parts.header) as { space: string; key: string; expiresAt?: string };
  if (header.space !== place.space || header.key !== place.key) return refuse("moved");
  const expiresAt = header.expiresAt === undefined ? undefined : parseInstant(header.expiresAt);
  if (expiresAt !== undefined && expiresAt <= place.now) return refuse("expired");
  return { kind: "opened", payload: parts.payload, expiresAt };
}

function refuse(why: SealRefusal): Opened {
  return { kind: "refused", why };
}

function macOf({ secret }: SealKey, ...pieces: readonly Uint8Array[]): Buffer {
  const mac = createHmac("sha256", secret);
  for (const piece of pieces) mac.update(piece);
  return mac.digest();
}

type Parts = {
  readonly keyId: string;
  readonly header: string;
  readonly body: Buffer;
  readonly payload: Uint8Array;
  readonly mac: Buffer;
};

/** Cuts by the lengths alone; nothing is interpreted before the MAC was compared. */
function split(sealed: Uint8Array): Parts | undefined {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const end = bytes.length - MAC_BYTES;
  if (bytes[0] !== VERSION) return undefined;
  const headerAt = 2 + (bytes[1] ?? 0) + 2;
  if (headerAt > end) return undefined;
  const payloadAt = headerAt + bytes.readUInt16BE(headerAt - 2);
  if (payloadAt > end) return undefined;
  return {
    keyId: bytes.toString("utf8", 2, headerAt - 2),
    header: bytes.toString("utf8", headerAt, payloadAt),
    body: bytes.subarray(0, end),
    payload: bytes.subarray(payloadAt, end),
    mac: bytes.subarray(end),
  };
}
