import { createHash, randomBytes } from "node:crypto";

import { InputError } from "../domain/errors.ts";
import type { Command, Context } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";

const TOKEN_BYTES = 32;
/** Lets secret scanners and people recognise one. */
const PREFIX = "assay_";
const WORD = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** `assay token`: makes an API token. The server is only ever told its hash. */
export const token: Command = {
  name: "token",
  summary: "make a token for the HTTP API",
  operands: "[options]",
  flags: [
    { name: "name", value: "NAME", help: "who will hold it, as logs will call them (default NAME, to be replaced)" },
    { name: "role", value: "ROLE", help: "what they may do (default ROLE, to be replaced)" },
  ],
  notes: [
    "The token goes to standard output, once; the line for the file in ASSAY_TOKENS_FILE, which holds only its hash, to standard error.",
  ],
  run: runToken,
};

async function runToken({ args, io }: Context): Promise<ExitCode> {
  if (args.operands.length > 0) {
    throw new InputError(
      "usage",
      `"assay token" takes no operands: it makes the token itself, so that none is ever typed.`,
    );
  }
  const name = parseWord("name", args.value("name"));
  const role = parseWord("role", args.value("role"));
  const secret = `${PREFIX}${randomBytes(TOKEN_BYTES).toString("base64url")}`;
  const hash = createHash("sha256").update(secret).digest("hex");
  io.err(`Add this line to the file that ASSAY_TOKENS_FILE names:\n${name} ${role} sha256:${hash}\n`);
  io.out(`${secret}\n`);
  return EXIT.allowed;
}

function parseWord(flag: "name" | "role", text: string | undefined): string {
  if (text === undefined) return flag.toUpperCase();
  if (WORD.test(text)) return text;
  throw new InputError(
    "usage",
    `--${flag} "${text.slice(0, 64)}" is not one word: use letters, digits, dots, dashes and underscores.`,
  );
}
