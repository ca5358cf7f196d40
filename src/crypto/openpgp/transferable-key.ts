import { InputError } from "../../domain/errors.ts";
import { isArmoured, publicKeyBlocks } from "./armour.ts";
import { keyVersion, parseKeyPacket, type KeyPacket } from "./key-packet.ts";
import { hexOfOctets, refuse, type OpenPgpText } from "./octets.ts";
import { PACKET, readPackets, type Packet } from "./packets.ts";
import { parseSignaturePacket, type SignaturePacket } from "./signature-packet.ts";

/** A primary key with all that stands under it (RFC 9580 section 10.1). Nothing in it is checked yet. */
export type TransferableKey = {
  readonly primary: KeyPacket;
  readonly direct: SignaturePacket[];
  readonly userIds: Map<string, UserId>;
  readonly subkeys: Map<string, Subkey>;
};

/** A user id or user attribute as it is hashed (RFC 9580 section 5.2.4). */
export type UserId = { readonly hashed: Uint8Array; readonly signatures: SignaturePacket[] };
export type Subkey = { readonly key: KeyPacket; readonly signatures: SignaturePacket[] };

/** Keys by fingerprint, and why others that stood there were not read. */
export type TransferableKeys = {
  readonly keys: Map<string, TransferableKey>;
  readonly unread: string[];
};

/** What may stand between the parts of a key and says nothing of it. */
const MEANINGLESS: readonly number[] = [PACKET.trust, PACKET.padding];
/** All that a marker holds (RFC 9580 section 5.8). */
const MARKER = "504750";

/**
 * Adds the keys of one file, binary or armoured. The same key of two files becomes one with the signatures of both, so
 * that no file can hide a revocation that another shows. Throws `InputError`.
 */
export function addKeys(all: TransferableKeys, bytes: Uint8Array, text: OpenPgpText): void {
  const blocks = isArmoured(bytes) ? publicKeyBlocks(bytes, text) : [bytes];
  for (const block of blocks) new KeyReader(all, text).read(readPackets(block, text));
}

/** Puts each packet where it belongs: a signature belongs to what stands before it. */
class KeyReader {
  readonly #all: TransferableKeys;
  readonly #text: OpenPgpText;
  /** `undefined` while the parts of a key that is not read go by. */
  #key: TransferableKey | undefined;
  #signatures: SignaturePacket[] = [];

  constructor(all: TransferableKeys, text: OpenPgpText) {
    this.#all = all;
    this.#text = text;
  }

  read(packets: readonly Packet[]): void {
    if (packets[0]?.tag === PACKET.secretKey) {
      refuse(this.#text, "holds a secret key: export the public one with gpg --export, and keep this where it is safe");
    }
    if (packets[0]?.tag !== PACKET.publicKey)
      refuse(this.#text, "is not a keyring: it does not begin with a public key");
    for (const packet of packets) this.#place(packet);
  }

  #place({ tag, body }: Packet): void {
    if (tag === PACKET.publicKey) return this.#begin(body);
    if (tag === PACKET.marker && hexOfOctets(body) === MARKER) return undefined;
    // RFC 9580 lets types from 40 on be ignored; GnuPG refuses a keyring that holds one, and nothing honest does.
    if (MEANINGLESS.includes(tag)) return undefined;
    if (this.#key === undefined) return undefined;
    if (tag === PACKET.signature) return void this.#signatures.push(this.#signature(body));
    if (tag === PACKET.userId) return this.#addUserId(0xb4, body, this.#key);
    if (tag === PACKET.userAttribute) return this.#addUserId(0xd1, body, this.#key);
    if (tag === PACKET.publicSubkey) return this.#addSubkey(body, this.#key);
    return refuse(this.#text, `holds a packet of type ${tag}, which no public key has`);
  }

  #begin(body: Uint8Array): void {
    const version = keyVersion(body);
    this.#key = undefined;
    if (version !== 4) {
      this.#all.unread.push(`a key of version ${version}; keys of version 4 are read`);
      return;
    }
    const primary = parseKeyPacket(body, this.#text);
    const known = this.#all.keys.get(primary.fingerprint);
    this.#key = known ?? { primary, direct: [], userIds: new Map(), subkeys: new Map() };
    this.#all.keys.set(primary.fingerprint, this.#key);
    this.#signatures = this.#key.direct;
  }

  #signature(body: Uint8Array): SignaturePacket {
    try {
      return parseSignaturePacket(body, this.#text);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const mend = "others' signatures can be left out with gpg --export --export-options export-minimal";
      throw new InputError(error.code, `${error.message}; ${mend}`, { cause: error });
    }
  }

  #addUserId(prefix: number, body: Uint8Array, { userIds }: TransferableKey): void {
    const header = Buffer.from([prefix, 0, 0, 0, 0]);
    header.writeUInt32BE(body.length, 1);
    const hashed = Buffer.concat([header, body]);
    const name = hexOfOctets(hashed);
    const userId = userIds.get(name) ?? { hashed, signatures: [] };
    userIds.set(name, userId);
    this.#signatures = userId.signatures;
  }

  #addSubkey(body: Uint8Array, { subkeys }: TransferableKey): void {
    const key = parseKeyPacket(body, this.#text);
    const subkey = subkeys.get(key.fingerprint) ?? { key, signatures: [] };
    subkeys.set(key.fingerprint, subkey);
    this.#signatures = subkey.signatures;
  }
}
