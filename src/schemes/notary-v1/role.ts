import type { PublicKey } from "../../crypto/public-key.ts";
import { InputError } from "../../domain/errors.ts";
import { optionalStringArray, requiredInteger, type JsonObject, type JsonPlace } from "../../domain/json.ts";
import { quoted } from "../../domain/quoted.ts";
import type { Metadata } from "./metadata.ts";
import { hasSigned, type TufKey } from "./tuf-key.ts";

/** Whose signatures a metadata file needs, and how many of them. */
export type Role = { readonly name: string; readonly threshold: number; readonly keys: readonly TufKey[] };

/** Throws `InputError` for a threshold that nobody has to meet. A key that is named and not there just cannot sign. */
export function parseRole(name: string, value: JsonObject, keys: ReadonlyMap<string, TufKey>, place: JsonPlace): Role {
  const threshold = requiredInteger(value, "threshold", place);
  if (threshold < 1) {
    throw new InputError(
      place.code,
      `${place.path} gives ${quoted(name, 80)} the threshold ${threshold}: nobody signs`,
    );
  }
  const ids = new Set(optionalStringArray(value, "keyids", place));
  return { name, threshold, keys: [...ids].flatMap((id) => keys.get(id) ?? []) };
}

/** The distinct keys out of `keys` that signed; the same key under two ids, or with two signatures, is one. */
export function signersAmong(metadata: Metadata, keys: readonly TufKey[]): readonly PublicKey[] {
  const byId = new Map(keys.map((key) => [key.id, key.key]));
  const found = new Map<string, PublicKey>();
  for (const { keyId, signature } of metadata.signatures) {
    const key = byId.get(keyId);
    if (key !== undefined && !found.has(key.spki) && hasSigned(key, metadata.signedText, signature)) {
      found.set(key.spki, key);
    }
  }
  return [...found.values()];
}

/** The keys that signed, if they are as many as the role needs. */
export function signersFor(metadata: Metadata, role: Role): readonly PublicKey[] | undefined {
  const signers = signersAmong(metadata, role.keys);
  return signers.length >= role.threshold ? signers : undefined;
}
