import { hash, timingSafeEqual } from "node:crypto";

import { LineCounter, parseDocument, type Document } from "yaml";
import { z } from "zod";

import { InputError } from "../domain/errors.ts";
import { ROLES, type Subject } from "./subject.ts";

/** 32 characters of a good generator hold at least 128 bits, so a plain hash of one cannot be guessed back. */
const TOKEN = /^[\x21-\x7e]{32,512}$/;
const HASH = /^sha256:[a-f0-9]{64}$/;
// A registry host, alone or with a path; no pattern characters, so that nobody believes they work.
const PREFIX = /^[a-z0-9.[\]:-]+(?:\/[a-z0-9._-]+)*$/;
const MAX_TOKENS = 500;

export type Token = { readonly subject: Subject; readonly sha256: Uint8Array };

/** What the tokens file keeps of a token: `sha256:` and hex. Throws `InputError` for one that is too short or cannot be sent. */
export function hashToken(token: string): string {
  if (!TOKEN.test(token)) {
    throw new InputError(
      "credentials",
      "The token cannot be used: it needs 32 to 512 printable ASCII characters without spaces, from a random generator",
    );
  }
  return `sha256:${hash("sha256", token, "hex")}`;
}

const ENTRY = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "write 1 to 64 letters, digits, dots, hyphens or underscores"),
  role: z.enum(ROLES),
  hash: z.string().regex(HASH, "write sha256: and 64 lower-case hexadecimal digits, as hashing the token prints them"),
  repositories: z
    .array(z.string().regex(PREFIX, "write HOST or HOST/PATH in lower case, without patterns or a final slash"))
    .min(1, "leave it out for every repository, or name one")
    .optional(),
});
const FILE = z.strictObject({ tokens: z.array(ENTRY).min(1, "name at least one token").max(MAX_TOKENS) });

/**
 * Reads a tokens file: YAML with a list `tokens` of `name`, `role`, `hash` and, optionally, `repositories`. Throws
 * `InputError` naming the file and the entry; a hash is never repeated.
 */
export function parseTokens(text: string, file: string): readonly Token[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const [fault] = document.errors;
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0]);
    return refuse(file, `line ${line}, column ${col} is not YAML that can be read (${fault.code})`);
  }
  const parsed = FILE.safeParse(plainValue(document, file));
  if (!parsed.success) return refuse(file, z.prettifyError(parsed.error).replaceAll(/\s+/g, " ").slice(0, 400));
  checkDistinct(parsed.data.tokens, file);
  return parsed.data.tokens.map(({ name, role, repositories, hash }) => ({
    subject: { name, role, repositories },
    sha256: Buffer.from(hash.slice("sha256:".length), "hex"),
  }));
}

/** Anchors are of no use here, and can make a small text a large value. */
function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch {
    return refuse(file, "it uses anchors and aliases; write each entry in full");
  }
}

function refuse(file: string, why: string): never {
  throw new InputError("credentials", `The tokens file ${file} cannot be used: ${why}`);
}

/** Two names for one token would make the log's word for who called a matter of order. */
function checkDistinct(entries: readonly { readonly name: string; readonly hash: string }[], file: string): void {
  for (const key of ["name", "hash"] as const) {
    const seen = new Set<string>();
    for (const entry of entries) {
      if (seen.has(entry[key])) refuse(file, `the entry "${entry.name}" repeats the ${key} of another`);
      seen.add(entry[key]);
    }
  }
}

/** Looks at every entry whatever it finds, and compares hashes, so that time tells nothing of any token. */
export function findSubject(tokens: readonly Token[], presented: string): Subject | undefined {
  const digest = hash("sha256", presented, "buffer");
  let found: Subject | undefined;
  for (const token of tokens) if (timingSafeEqual(token.sha256, digest)) found = token.subject;
  return found;
}
