import { spawn, type ChildProcess } from "node:child_process";

import { parseStrictJson } from "../../crypto/strict-json.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import { optionalString, readStruct, requiredString, type JsonPlace } from "../../domain/json.ts";
import type { Credentials } from "../../net/credentials.ts";

export type HelperOptions = {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Environment of the helper process; `PATH` finds it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
};

const NAME = /^[A-Za-z0-9_.-]+$/;
const MAX_OUTPUT_BYTES = 64 * 1024;
const TIMEOUT_MS = 10_000;
/** What docker-credential-helpers print, and exit with 1, when they hold nothing for the host. */
const NOT_FOUND = /credentials not found|no credentials server url|credentials server url missing/i;

/**
 * Asks `docker-credential-NAME get` for each name of one registry until one is known. "Not found" is `undefined`; a helper
 * that is missing, fails, hangs or babbles throws `PortError` (`unauthorized`, `timeout`). Its output is in no message.
 */
export async function askCredentialHelper(
  helper: string,
  registryNames: readonly string[],
  options: HelperOptions,
): Promise<Credentials | undefined> {
  if (!NAME.test(helper)) {
    throw new InputError("credentials", `"${helper.slice(0, 80)}" cannot be the name of a credential helper`);
  }
  for (const name of registryNames) {
    const outcome = await run(`docker-credential-${helper}`, name, options);
    if (outcome.exit === 0) return parseAnswer(outcome.output, helper);
    if (!NOT_FOUND.test(outcome.output)) {
      throw refuse(helper, `exited with ${outcome.exit ?? "a signal"} for ${name}: run it by hand to see why`);
    }
  }
  return undefined;
}

function refuse(helper: string, why: string): PortError {
  return new PortError("unauthorized", `credential helper docker-credential-${helper}`, why);
}

type Outcome = { readonly exit: number | null; readonly output: string };

function run(program: string, host: string, options: HelperOptions): Promise<Outcome> {
  const child = spawn(program, ["get"], {
    stdio: ["pipe", "pipe", "ignore"],
    env: options.env ?? process.env,
    signal: options.signal,
    killSignal: "SIGKILL",
  });
  // The helper may exit without reading, which is not an error of its answer.
  child.stdin.on("error", () => undefined);
  child.stdin.end(`${host}\n`);
  return outcomeOf(child, program, options.timeoutMs ?? TIMEOUT_MS);
}

function outcomeOf(child: ChildProcess, program: string, timeoutMs: number): Promise<Outcome> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    const fail = (code: "timeout" | "unauthorized" | "too-large", why: string, cause?: unknown): void => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      child.stdout?.destroy();
      reject(new PortError(code, `credential helper ${program}`, why, { cause }));
    };
    const timer = setTimeout(() => fail("timeout", `no answer within ${timeoutMs} ms`), timeoutMs);
    child.stdout?.on("data", (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > MAX_OUTPUT_BYTES) fail("too-large", "its answer is larger than 64 KiB");
      else chunks.push(chunk);
    });
    child.on("error", (error) =>
      fail("unauthorized", "it cannot be run: install it or take it out of the configuration", error),
    );
    child.on("close", (exit) => {
      clearTimeout(timer);
      resolve({ exit, output: Buffer.concat(chunks).toString("utf8") });
    });
  });
}

const FIELDS = ["ServerURL", "Username", "Secret"] as const;

/** The parser's message may quote the text it could not read, which here is a secret, so it goes no further. */
function parseAnswer(output: string, helper: string): Credentials {
  try {
    return readAnswer(output, helper);
  } catch (error) {
    if (error instanceof InputError)
      throw refuse(helper, "gave an answer that is not a credential helper's: run it by hand to see why");
    throw error;
  }
}

function readAnswer(output: string, helper: string): Credentials {
  const place: JsonPlace = { code: "credentials", path: `answer of docker-credential-${helper}` };
  const bytes = Buffer.from(output, "utf8");
  const answer = readStruct(
    parseStrictJson(bytes, { code: "credentials", name: place.path, maxBytes: MAX_OUTPUT_BYTES }),
    FIELDS,
    place,
  );
  const secret = requiredString(answer, "Secret", place);
  const username = optionalString(answer, "Username", place) ?? "";
  if (secret === "") throw refuse(helper, "gave an empty secret: log in again");
  // docker-credential-helpers mark a refresh token by this user name.
  return username === "<token>"
    ? { kind: "identity-token", token: secret }
    : { kind: "password", username, password: secret };
}
