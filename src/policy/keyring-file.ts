/** A vendor's keys with all that others certified about them have some hundred KiB. */
export const MAX_KEYRING_BYTES = 1024 * 1024;

const hexOf = (ascii: string): string =>
  Array.from(ascii, (letter) => letter.charCodeAt(0).toString(16).padStart(2, "0")).join("");

const PUBLIC_BLOCK = hexOf("-----BEGIN PGP PUBLIC KEY BLOCK-----");
const PRIVATE_BLOCK = hexOf("-----BEGIN PGP PRIVATE KEY BLOCK-----");
const OTHER_BLOCK = hexOf("-----BEGIN ");
const KEYBOX = hexOf("KBXf");
/** The first byte of a public and of a secret key packet, in both forms of header (RFC 9580 section 4.2). */
const PUBLIC_PACKET = /^(?:98|99|9a|c6)/;
const SECRET_PACKET = /^(?:94|95|96|c5)/;

/** Why a file cannot be a keyring, by what it begins with; `undefined` if it may be one, which its reader will see. */
export function keyringProblem(hex: string): string | undefined {
  if (hex === "") return "is empty";
  if (hex.includes(PRIVATE_BLOCK) || SECRET_PACKET.test(hex)) {
    return "holds a secret key: export the public one with gpg --export, and keep this file elsewhere";
  }
  if (hex.slice(16, 24) === KEYBOX) return "is GnuPG's own store: export the keys that count with gpg --export";
  if (PUBLIC_PACKET.test(hex) || hex.includes(PUBLIC_BLOCK)) return undefined;
  if (hex.includes(OTHER_BLOCK)) return "is PEM, not a keyring: name what gpg --export writes";
  return "is not a keyring: name what gpg --export writes, binary or armoured";
}
