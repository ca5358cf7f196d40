import { digestOf } from "../../crypto/digest-of.ts";
import type { HashedBytes } from "../../crypto/hashed-bytes.ts";
import { plainDescriptor } from "../../domain/descriptor.ts";
import type { Digest } from "../../domain/digest.ts";
import { InputError } from "../../domain/errors.ts";
import { ATTESTATION_EXTRACT } from "../../domain/media-types.ts";
import type { Document } from "../../domain/subject.ts";
import type { StatementText } from "./statement-text.ts";

/** All that is ever needed of an attestation whose bytes are too many to keep: derived from them, and from nothing else. */
export type Extract = {
  readonly blob: Digest;
  readonly size: number;
  /** What the blob was read as; read as something else it would give something else. */
  readonly form: Form;
  /** The paths that were asked for when it was made. */
  readonly paths: readonly string[];
  readonly content: ExtractContent;
};

/** What a blob holds: cosign's layers an envelope, referrers a bundle with one in it, BuildKit's layers a statement alone. */
export type Form = "envelope" | "bundle" | "statement";

export type ExtractContent =
  /** Not even an envelope could be found in the bytes. */
  | { readonly kind: "unreadable"; readonly detail: string }
  | {
      readonly kind: "read";
      /** The envelope or bundle with `markOf(blob)` in the place of its payload; `undefined` for a bare statement. */
      readonly wrapper: string | undefined;
      readonly payload: HashedBytes;
      /** What DSSE signs; `undefined` where the wrapper does not tell, and for a bare statement. */
      readonly message: HashedBytes | undefined;
      /** The same message whole, where a signature may be of a kind that is not over a hash. */
      readonly held: Uint8Array | undefined;
      readonly statement: StatementText;
    };

/** Raised when the form changes; another form is not read. */
const VERSION = 3;

/** What stands for the payload. It holds the digest of the text it was put into, so it cannot have been there before. */
export function markOf(blob: Digest): string {
  return Buffer.from(blob).toString("base64");
}

/** As a document by its own digest. The long pieces follow a head of JSON, so that they need no escapes. */
export function extractDocument(extract: Extract, annotations: Readonly<Record<string, string>>): Document {
  const { content, ...rest } = extract;
  const pieces = content.kind === "read" ? piecesOf(content) : [];
  const lengths = pieces.map((piece) => piece?.length ?? -1);
  const head = JSON.stringify({ version: VERSION, ...rest, content: headOf(content), lengths });
  const bytes = Buffer.concat([Buffer.from(`${head}\n`), ...pieces.filter((piece) => piece !== undefined)]);
  const descriptor = plainDescriptor(ATTESTATION_EXTRACT, digestOf(bytes), bytes.length);
  return { descriptor: { ...descriptor, annotations }, bytes };
}

type ReadContent = ExtractContent & { readonly kind: "read" };

function piecesOf({ wrapper, held, statement }: ReadContent): readonly (Uint8Array | undefined)[] {
  const texts = statement.kind === "read" ? [wrapper, statement.header, statement.kept] : [wrapper];
  const [first, ...more] = texts.map((text) => (text === undefined ? undefined : Buffer.from(text)));
  return [first, held, ...more];
}

function headOf(content: ExtractContent): object {
  if (content.kind === "unreadable") return content;
  const { wrapper, held, statement, ...rest } = content;
  return { ...rest, statement: statement.kind === "malformed" ? statement : { kind: statement.kind } };
}

type Head = Omit<Extract, "content"> & {
  readonly version: number;
  readonly content:
    | (ExtractContent & { readonly kind: "unreadable" })
    | (Omit<ReadContent, "wrapper" | "held" | "statement"> & { readonly statement: { readonly kind: string } });
  readonly lengths: readonly number[];
};

export function isExtract({ descriptor }: Document): boolean {
  return descriptor.mediaType === ATTESTATION_EXTRACT;
}

/** Reads what `extractDocument` wrote, which comes back under our own seal. Throws `InputError` for another version's. */
export function readExtract({ bytes }: Document): Extract {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = buffer.indexOf(0x0a);
  const head = parseHead(buffer.toString("utf8", 0, Math.max(end, 0)));
  if (head?.version !== VERSION) {
    throw new InputError("record", "an extract of an attestation was written by another version");
  }
  const { blob, size, form, paths, content } = head;
  if (content.kind === "unreadable") return { blob, size, form, paths, content };
  const [first, held, ...more] = cut(buffer, end + 1, head.lengths);
  const [wrapper, header = "", kept] = [first, ...more].map((piece) => piece?.toString("utf8"));
  const { statement } = content;
  const text: StatementText =
    statement.kind === "read" ? { kind: "read", header, kept } : (statement as StatementText & { kind: "malformed" });
  return { blob, size, form, paths, content: { ...content, message: content.message, wrapper, held, statement: text } };
}

function parseHead(text: string): Head | undefined {
  try {
    return JSON.parse(text) as Head;
  } catch {
    return undefined;
  }
}

function cut(bytes: Buffer, start: number, lengths: readonly number[]): readonly (Buffer | undefined)[] {
  let at = start;
  return lengths.map((length) => {
    const from = at;
    at += Math.max(length, 0);
    return length < 0 ? undefined : bytes.subarray(from, at);
  });
}
