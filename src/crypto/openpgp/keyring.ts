import type { PublicKey } from "../public-key.ts";
import type { KeyPacket } from "./key-packet.ts";
import { refuse, type OpenPgpText } from "./octets.ts";
import { primaryStanding, unproved, type Standing } from "./primary-standing.ts";
import { subkeyStanding } from "./subkey-standing.ts";
import { addKeys, type TransferableKey, type TransferableKeys } from "./transferable-key.ts";

/** A key of a keyring by which signatures are checked, with what its owner says of it. */
export type SigningKey = Standing & {
  readonly packet: KeyPacket;
  readonly key: PublicKey;
  /** Whose it is: the fingerprint of the primary key. */
  readonly primary: string;
};

export type Keyring = {
  readonly keys: readonly SigningKey[];
  /** Key ids of keys that stand in it and cannot be used, and why. */
  readonly unusable: ReadonlyMap<string, string>;
};

export type KeyringFile = { readonly bytes: Uint8Array; readonly from: string };

/** The keys of all files together. Throws `InputError` for a file that is no keyring, and if there is no usable key at all. */
export function readKeyring(files: readonly KeyringFile[]): Keyring {
  const all: TransferableKeys = { keys: new Map(), unread: [] };
  for (const { bytes, from } of files) addKeys(all, bytes, textOf(from));
  const text = textOf(files.map(({ from }) => from).join(", "));
  const found = [...all.keys.values()].flatMap((key) => keysOf(key, text));
  const unusable = found.flatMap(({ packet }): [string, string][] =>
    "unusable" in packet.key ? [[packet.keyId, packet.key.unusable]] : [],
  );
  const keys = found.flatMap(usable);
  if (keys.length === 0) {
    const why = [...all.unread, ...unusable.map(([keyId, reason]) => `${keyId} is ${reason}`)].slice(0, 3).join("; ");
    refuse(text, `holds no key that signatures can be checked by${why === "" ? "" : `: ${why}`}`);
  }
  return { keys, unusable: new Map(unusable) };
}

function textOf(from: string): OpenPgpText {
  return { code: "key", name: `the keyring ${from}` };
}

type Found = Standing & { readonly packet: KeyPacket; readonly primary: string };

/** A primary key and its subkeys; what hangs on a key that cannot be used cannot be checked, and so cannot be used either. */
function keysOf(key: TransferableKey, text: OpenPgpText): readonly Found[] {
  const { primary } = key;
  const owner = primary.fingerprint;
  const subkeys = [...key.subkeys.values()];
  if ("unusable" in primary.key) {
    const unusable = `under ${primary.keyId}, which is ${primary.key.unusable}`;
    const below = subkeys.map((subkey): KeyPacket => ({ ...subkey.key, key: { unusable } }));
    return [primary, ...below].map((packet) => ({ packet, primary: owner, ...unproved(packet) }));
  }
  const standing = primaryStanding(key, text);
  const below = subkeys.map((subkey) => ({
    packet: subkey.key,
    primary: owner,
    ...subkeyStanding(subkey, primary, standing, text),
  }));
  return [{ packet: primary, primary: owner, ...standing }, ...below];
}

function usable(found: Found): readonly SigningKey[] {
  const { key } = found.packet;
  return "unusable" in key ? [] : [{ ...found, key }];
}
