import { createHash } from "node:crypto";

import type { Instant } from "../domain/instant.ts";
import { parsePublicKey, type PublicKey } from "./public-key.ts";

/** A log whose word counts. */
export type TransparencyLog = {
  /** Hex. For Rekor v1 sha256 of the key's SPKI; for a log named by a note key (C2SP signed-note) that key's whole id. */
  readonly id: string;
  readonly key: PublicKey;
  /** The times at which the log may have spoken, both inclusive; open where absent. */
  readonly notBefore: Instant | undefined;
  readonly notAfter: Instant | undefined;
};

/** What entries are held against: no entry, however good, counts without a log in here. */
export type LogRoot = readonly TransparencyLog[];

/** A Rekor key as PEM, trusted at any time. Throws `InputError`. */
export function logOfPem(pem: string, from: string): TransparencyLog {
  const key = parsePublicKey(pem, from);
  return { id: logIdOf(key), key, notBefore: undefined, notAfter: undefined };
}

export function logIdOf(key: PublicKey): string {
  return createHash("sha256").update(key.der).digest("hex");
}

/** Signature type byte of Ed25519 in a note's key id (C2SP signed-note, "Signature types"). */
const NOTE_ED25519 = 0x01;
/** An Ed25519 SPKI is a 12 byte header and the 32 bytes of the key (RFC 8410 section 4). */
const ED25519_HEADER = 12;

/** `SHA-256(name || 0x0A || 0x01 || key)`: the id of an Ed25519 note key, which binds the key to the log's name. */
export function noteKeyId(name: string, key: PublicKey): string | undefined {
  if (key.algorithm !== "ed25519") return undefined;
  return createHash("sha256")
    .update(`${name}\n`, "utf8")
    .update(Uint8Array.of(NOTE_ED25519))
    .update(key.der.subarray(ED25519_HEADER))
    .digest("hex");
}
