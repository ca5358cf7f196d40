import { refuse, type OpenPgpText } from "./octets.ts";

const BEGIN = "-----BEGIN PGP ";
const BLOCK =
  /^-----BEGIN PGP PUBLIC KEY BLOCK-----[ \t]*\r?\n((?:[A-Za-z0-9-]+: [^\r\n]*\r?\n)*)[ \t]*\r?\n([A-Za-z0-9+/=\r\n \t]*)-----END PGP PUBLIC KEY BLOCK-----[ \t]*\r?$/gm;
const BODY = /^([A-Za-z0-9+/]+={0,2})(?:=([A-Za-z0-9+/]{4}))?$/;

export function isArmoured(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(BEGIN);
}

/**
 * The bytes of every public key block of an armoured text (RFC 9580 section 6.2); what stands between blocks is comment.
 * Throws `InputError` for other blocks and for a checksum that is there and wrong.
 */
export function publicKeyBlocks(bytes: Uint8Array, text: OpenPgpText): readonly Uint8Array[] {
  const armoured = Buffer.from(bytes).toString("latin1");
  if (armoured.includes("-----BEGIN PGP PRIVATE KEY")) {
    refuse(text, "holds a private key: export the public one with gpg --export, and keep this where it is safe");
  }
  const blocks = [...armoured.matchAll(BLOCK)].map(([, , body = ""]) => decodeBody(body, text));
  if (blocks.length !== armoured.split(BEGIN).length - 1) {
    refuse(text, 'is not made of whole blocks "-----BEGIN PGP PUBLIC KEY BLOCK-----" alone');
  }
  return blocks;
}

function decodeBody(body: string, text: OpenPgpText): Uint8Array {
  const [, data, checksum] = BODY.exec(body.replaceAll(/\s/g, "")) ?? [];
  if (data === undefined || data.length % 4 !== 0) return refuse(text, "holds a block that is not base64");
  const decoded = Buffer.from(data, "base64");
  if (checksum !== undefined && Buffer.from(checksum, "base64").readUIntBE(0, 3) !== crc24(decoded)) {
    refuse(text, "holds a block whose checksum is wrong: it was changed on its way, fetch it again");
  }
  return decoded;
}

/** RFC 9580 section 6.1. */
function crc24(bytes: Uint8Array): number {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x800000) === 0 ? crc << 1 : (crc << 1) ^ 0x1864cfb;
  }
  return crc & 0xffffff;
}
