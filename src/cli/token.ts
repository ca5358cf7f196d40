import { createHash, randomBytes } from "node:crypto";

import { InputError } from "../domain/errors.ts";
import type { Command, Context } from "./command.ts";
import { didYouMean } from "./did-you-mean.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";

const TOKEN_BYTES = 32;
/** Lets secret scanners and people recognise one. */
const PREFIX = "assay_";
const NAME = /^[A-Za-z0-9._-]{1,64}$/;
/** From least to most, as the tokens file knows them. */
const ROLES = ["reader", "submitter", "admin"];

/** `assay token`: makes an API token. The server is only ever told its hash. */
export const token: Command = {
  name: "token",
  summary: "make a token for the HTTP API",
  operands: "[options]",
  flags: [
    { name: "name", value: "NAME", help: "who will hold it, as logs will call them" },
    { name: "role", value: "ROLE", help: "what they may do: reader, submitter (default) or admin" },
  ],
  notes: [
    "The token goes to standard output, once; the entry for the file in ASSAY_TOKENS_FILE, which holds only its hash, to standard error.",
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
  const name = parseName(args.value("name"));
  const role = parseRole(args.value("role"));
  const secret = `${PREFIX}${randomBytes(TOKEN_BYTES).toString("base64url")}`;
  const hash = createHash("sha256").update(secret).digest("hex");
  io.err(
    "Add this entry under tokens: in the file that ASSAY_TOKENS_FILE names; the token itself is shown only now.\n",
  );
  io.err(`  - { name: ${name}, role: ${role}, hash: "sha256:${hash}" }\n`);
  io.out(`${secret}\n`);
  return EXIT.allowed;
}

function parseName(text: string | undefined): string {
  if (text === undefined) return `token-${randomBytes(4).toString("hex")}`;
  if (NAME.test(text)) return JSON.stringify(text);
  const mend = "use 1 to 64 letters, digits, dots, hyphens and underscores";
  throw new InputError("usage", `--name "${text.slice(0, 64)}" is not a name: ${mend}.`);
}

function parseRole(text: string | undefined): string {
  if (text === undefined) return "submitter";
  if (ROLES.includes(text)) return text;
  const guess = didYouMean(text, ROLES);
  throw new InputError("usage", `--role "${text.slice(0, 64)}" is not a role: use ${ROLES.join(", ")}.${guess}`);
}
