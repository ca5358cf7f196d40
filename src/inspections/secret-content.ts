/** How far into a file keys are looked for: parameters, certificates and "Bag Attributes" may stand before them. */
export const SECRET_BYTES = 16 * 1024;

/** What each kind of key begins a line with, wherever the file puts its lines. */
const SECRETS: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^-----BEGIN OPENSSH PRIVATE KEY-----/m, "an OpenSSH private key"],
  [/^-----BEGIN PGP PRIVATE KEY BLOCK-----/m, "a PGP private key"],
  [/^-----BEGIN ENCRYPTED PRIVATE KEY-----/m, "an encrypted private key"],
  [/^-----BEGIN (?:[A-Z0-9]{1,16} ){0,4}PRIVATE KEY-----/m, "a private key"],
  [/^---- BEGIN SSH2 (?:ENCRYPTED )?PRIVATE KEY ----/m, "an SSH2 private key"],
  [/^PuTTY-User-Key-File-[0-9]/m, "a PuTTY private key"],
  [/^AGE-SECRET-KEY-1[0-9A-Z]/m, "an age secret key"],
];

/** How files that hold keys begin: with one, with what OpenSSL and age write before it, or with a byte order mark or space. */
const LEADS = ["-----BEGIN ", "---- BEGIN ", "PuTTY-User-", "AGE-SECRET-", "# created: ", "Bag Attrib", "Key Attrib"];
const BYTE_ORDER_MARK = "\xef\xbb\xbf";
const FIRST_BYTES: ReadonlySet<string> = new Set(
  LEADS.map((lead) => lead.slice(0, 1)).concat("\xef", "\n", "\r", "\t", " "),
);

/** Whether a file that begins so is worth a look, for most are not. */
export function looksSecret(start: Uint8Array): boolean {
  return FIRST_BYTES.has(String.fromCharCode(start[0] ?? 0));
}

/** What secret a file's first bytes show, in words that tell nothing of it; empty if none. */
export function secretIn(first: string): string {
  const text = first.slice(first.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0).trimStart();
  if (!LEADS.some((lead) => text.startsWith(lead))) return "";
  return SECRETS.find(([pattern]) => pattern.test(text))?.[1] ?? "";
}
