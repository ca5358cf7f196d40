import { createSecretKey, randomBytes, type KeyObject } from "node:crypto";

import { InputError } from "../domain/errors.ts";

/** A secret that records are sealed with. Held as a `KeyObject`, which prints and serialises without its bytes. */
export type SealKey = { readonly id: string; readonly secret: KeyObject };

/** The newest key seals; every listed key opens, so that keys can be changed while old records are still in use. */
export type Keyring = { readonly newest: SealKey; readonly keys: ReadonlyMap<string, SealKey> };

/** HMAC-SHA-256 gains nothing from fewer bytes than its output has (RFC 2104, section 3). */
const MIN_SEAL_KEY_BYTES = 32;

const KEY_ID = /^[A-Za-z0-9._-]{1,32}$/;
const HEX = /^(?:[0-9a-fA-F]{2})+$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * A key file: one `id:key` a line, newest first, the key in hexadecimal or base64, at least 32 bytes. Blank lines and
 * lines that begin with `#` are left out. Throws `InputError` with the file and line; a key's text is never repeated.
 */
export function parseSealKeys(text: string, from: string): Keyring {
  const keys = new Map<string, SealKey>();
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const key = parseLine(trimmed, `${from}:${index + 1}`);
    if (keys.has(key.id)) throw refusal(`${from}:${index + 1}`, `the key id "${key.id}" stands twice: rename one`);
    keys.set(key.id, key);
  }
  const [newest] = keys.values();
  if (newest === undefined) throw refusal(from, `there is no key: write one line, ${EXAMPLE}`);
  return { newest, keys };
}

/** A fresh line for a key file. */
export function newSealKeyLine(id: string): string {
  return `${id}:${randomBytes(MIN_SEAL_KEY_BYTES).toString("base64")}\n`;
}

const EXAMPLE = 'such as "2026-11:" and the output of `openssl rand -base64 32`';

function refusal(where: string, why: string): InputError {
  return new InputError("key", `${where}: ${why}`);
}

function parseLine(line: string, where: string): SealKey {
  const colon = line.indexOf(":");
  const id = line.slice(0, Math.max(colon, 0));
  if (!KEY_ID.test(id)) {
    throw refusal(where, `a line is an id of letters, digits, ".", "_" or "-", a colon, and a key: ${EXAMPLE}`);
  }
  const bytes = decodeKey(line.slice(colon + 1).trim());
  if (bytes === undefined) throw refusal(where, `the key "${id}" is neither hexadecimal nor base64`);
  if (bytes.length < MIN_SEAL_KEY_BYTES) {
    throw refusal(
      where,
      `the key "${id}" has ${bytes.length} bytes, fewer than ${MIN_SEAL_KEY_BYTES}: make one with \`openssl rand -base64 32\``,
    );
  }
  return { id, secret: createSecretKey(bytes) };
}

function decodeKey(text: string): Buffer | undefined {
  if (HEX.test(text)) return Buffer.from(text, "hex");
  return text !== "" && BASE64.test(text) ? Buffer.from(text, "base64") : undefined;
}
