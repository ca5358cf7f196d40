import { request } from "undici";

import { InputError, PortError } from "../domain/errors.ts";
import type { Connection } from "./server-connection.ts";

export type ServerRequest = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body: unknown;
  /** How long the server may hold the answer back. */
  readonly waitSeconds: number;
  readonly signal: AbortSignal;
};

/** How long past the wait it was asked for a server may stay silent. */
const SILENCE_MS = 15_000;

/** The answer's JSON. Throws `PortError` if the server cannot be reached or fails, `InputError` if it refuses. */
export async function askServer(connection: Connection, asked: ServerRequest): Promise<unknown> {
  const what = `${asked.method} ${connection.url.origin}${asked.path}`;
  const { status, text } = await send(connection, asked, what);
  if (status === 200 || status === 202) return parseAnswer(text, what);
  return refuse(status, describeProblem(text), what);
}

async function send(connection: Connection, asked: ServerRequest, what: string) {
  const timeoutMs = asked.waitSeconds * 1000 + SILENCE_MS;
  try {
    const answer = await request(new URL(asked.path, connection.url), {
      method: asked.method,
      headers: headersOf(connection, asked),
      ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
      dispatcher: connection.dispatcher,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal: asked.signal,
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  } catch (error) {
    if (asked.signal.aborted)
      throw new PortError("timeout", what, "no answer in time; allow more with --timeout", { cause: error });
    throw new PortError(
      "unreachable",
      what,
      `the server cannot be reached (${causeOf(error)}); is it running, and is --server right?`,
      {
        cause: error,
      },
    );
  }
}

function headersOf({ token }: Connection, asked: ServerRequest): Record<string, string> {
  return {
    accept: "application/json, application/problem+json",
    prefer: `wait=${asked.waitSeconds}`,
    ...(asked.body === undefined ? {} : { "content-type": "application/json" }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
}

/** Connecting to several addresses fails with one error for each and no message of its own. */
function causeOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(causeOf).join(", ");
  return error instanceof Error ? error.message : String(error);
}

function parseAnswer(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PortError("malformed", what, "the answer is not JSON; is --server an Assay server?", { cause: error });
  }
}

/** The detail or title of an RFC 9457 document, cut short; nothing of a body that is something else. */
function describeProblem(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    const { detail, title } = (body ?? {}) as { readonly detail?: unknown; readonly title?: unknown };
    const words = [detail, title].find((word) => typeof word === "string" && word !== "");
    return typeof words === "string" ? `: ${words.slice(0, 300)}` : "";
  } catch {
    return "";
  }
}

function refuse(status: number, problem: string, what: string): never {
  if (status === 401 || status === 403) {
    const mend = "give a token the server knows in ASSAY_TOKEN or --token-file";
    throw new InputError("credentials", `${what} is refused with ${status}${problem}; ${mend}.`);
  }
  if (status === 429) throw new PortError("rate-limited", what, `the server is busy${problem}; ask again later`);
  if (status >= 500) throw new PortError("server-error", what, `the server failed with ${status}${problem}`);
  const mend = "is --server an Assay server of this version?";
  throw new InputError("request", `${what} is answered with ${status}${problem}; ${mend}`);
}
