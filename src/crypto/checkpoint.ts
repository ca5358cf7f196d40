import { InputError } from "../domain/errors.ts";
import { decodeBase64 } from "./base64.ts";

/** A log's signed statement of its size and root hash (C2SP tlog-checkpoint, carried in a C2SP signed-note). */
export type Checkpoint = {
  readonly origin: string;
  readonly treeSize: bigint;
  readonly rootHash: Uint8Array;
  /** The bytes that the signatures cover: the note's text with its last newline. */
  readonly signed: Uint8Array;
  readonly signatures: readonly NoteSignature[];
};

type NoteSignature = {
  readonly name: string;
  /** The first four bytes of the key's id. */
  readonly keyHint: Uint8Array;
  readonly signature: Uint8Array;
};

/** A root, a few witnesses, a few extension lines: real notes have some hundred bytes. */
const MAX_NOTE = 64 * 1024;
const MAX_SIGNATURES = 32;

const SIGNATURE_LINE = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/;
const DECIMAL = /^(?:0|[1-9]\d{0,18})$/;

function refuse(why: string): never {
  throw new InputError("signature", `the log's checkpoint ${why}`);
}

/** Throws `InputError`. */
export function parseCheckpoint(note: string): Checkpoint {
  if (note.length > MAX_NOTE) refuse(`has more than the ${MAX_NOTE} characters allowed`);
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n")) refuse("is not a signed note: text, an empty line, signatures");
  const text = note.slice(0, split + 1);
  const [origin = "", size = "", root = ""] = text.split("\n");
  if (origin === "") refuse("names no origin");
  if (!DECIMAL.test(size)) refuse("has no tree size on its second line");
  const rootHash = decodeBase64(root, "the root hash of the log's checkpoint");
  if (rootHash.length !== 32) refuse("has a root hash that is not 32 bytes long");
  const signatures = note
    .slice(split + 2, -1)
    .split("\n")
    .map(parseSignatureLine);
  if (signatures.length > MAX_SIGNATURES) refuse(`has more than the ${MAX_SIGNATURES} signatures allowed`);
  return { origin, treeSize: BigInt(size), rootHash, signed: Buffer.from(text, "utf8"), signatures };
}

function parseSignatureLine(line: string): NoteSignature {
  const [, name = "", blob] = SIGNATURE_LINE.exec(line) ?? [];
  if (blob === undefined) refuse("has a line after its text that is no signature");
  const bytes = decodeBase64(blob, "a signature of the log's checkpoint");
  if (bytes.length < 5) refuse("has a signature without a key hint");
  return { name, keyHint: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}
