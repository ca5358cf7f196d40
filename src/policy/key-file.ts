/** Reads a file that a policy document names, relative to it. `error` says why there are no bytes, without the content. */
export type ReadNamedFile = (fromFile: string, path: string) => Uint8Array | { readonly error: string };

/** Something in a folder that a policy document names; links are what they lead to. */
export type FolderEntry = { readonly name: string; readonly kind: "file" | "folder" };

/**
 * What is in the folder `path` below `root`, which a policy document names relative to it, in order of name and without hidden
 * entries. `error` also for a link that leads out of `root`.
 */
export type ListNamedFolder = (
  fromFile: string,
  root: string,
  path: string,
) => readonly FolderEntry[] | { readonly error: string };

/** How policy documents reach the files they name. */
export type NamedFiles = { readonly read: ReadNamedFile; readonly list: ListNamedFolder };

/** For policies that come without a disk. */
export const NO_FOLDERS: ListNamedFolder = () => ({ error: "folders cannot be read here" });

/** What a named text file holds, or why it cannot be used. */
export type FileText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "unusable"; readonly message: string };

/** The bytes of a named file in hex, which any JSON can carry, or why it cannot be used. */
export type FileHex =
  | { readonly kind: "hex"; readonly hex: string }
  | { readonly kind: "unusable"; readonly message: string };

/** A PEM public key is below 2 KiB even for RSA 8192. */
export const MAX_KEY_BYTES = 16 * 1024;
/** The public-good trusted root is 7 KiB. */
export const MAX_TRUSTED_ROOT_BYTES = 512 * 1024;

const PUBLIC_KEY =
  /^\s*-----BEGIN PUBLIC KEY-----[ \t]*\r?\n((?:[A-Za-z0-9+/=]{1,128}[ \t]*\r?\n)+)-----END PUBLIC KEY-----\s*$/;

/** The text of a named file, within a limit of bytes. */
export function readText(read: ReadNamedFile, from: string, path: string, limit: number): FileText {
  const answer = readLimited(read, from, path, limit);
  if (!(answer instanceof Uint8Array)) return answer;
  const text = decodeUtf8(answer);
  return text === undefined ? unusable("is not text") : { kind: "text", text };
}

/** The same for a file that need not be text. */
export function readHex(read: ReadNamedFile, from: string, path: string, limit: number): FileHex {
  const answer = readLimited(read, from, path, limit);
  return answer instanceof Uint8Array ? { kind: "hex", hex: hexOf(answer) } : answer;
}

type Unusable = Extract<FileText, { readonly kind: "unusable" }>;

function readLimited(read: ReadNamedFile, from: string, path: string, limit: number): Uint8Array | Unusable {
  const answer = read(from, path);
  if (!(answer instanceof Uint8Array)) return unusable(`cannot be read: ${answer.error}`);
  return answer.length > limit ? unusable(`is larger than ${limit} bytes`) : answer;
}

function unusable(message: string): Unusable {
  return { kind: "unusable", message };
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Strict UTF-8 by the language's own decoder, since pure code has no other. */
function decodeUtf8(bytes: Uint8Array): string | undefined {
  const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  try {
    return decodeURIComponent(escaped);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** Why a text is not one PEM public key, without repeating any of it; `undefined` if it is. */
export function publicKeyProblem(text: string): string | undefined {
  if (text.length > MAX_KEY_BYTES) return `is larger than ${MAX_KEY_BYTES} bytes, which no public key is`;
  if (/PRIVATE KEY/.test(text)) return "holds a private key: name the public key instead, and keep this file elsewhere";
  if (/BEGIN CERTIFICATE/.test(text)) {
    return "is a certificate: take its key with openssl x509 -pubkey -noout";
  }
  if (/BEGIN PGP/.test(text)) return "is a PGP key, which cosign signatures do not use";
  if (/BEGIN RSA PUBLIC KEY/.test(text)) {
    return "is a key in PKCS#1 form: convert it with openssl rsa -RSAPublicKey_in -pubout";
  }
  if ((text.match(/-----BEGIN /g) ?? []).length > 1) return "holds several keys: write one file for each";
  return PUBLIC_KEY.test(text) ? undefined : 'is not a public key in PEM form ("-----BEGIN PUBLIC KEY-----")';
}
