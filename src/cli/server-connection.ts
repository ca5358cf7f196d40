import { Agent } from "undici";

import type { Config } from "../config.ts";
import { InputError } from "../domain/errors.ts";
import type { Context } from "./command.ts";

/** A way to one Assay server. The token goes to its origin and nowhere else: redirects are not followed. */
export type Connection = {
  readonly url: URL;
  readonly token: string | undefined;
  readonly timeoutMs: number;
  readonly dispatcher: Agent;
  close(): Promise<void>;
};

/** A verdict of one image is a few kilobytes; a thousand with every signature tried stay below this. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** Throws `InputError` for an address, a token or a file of roots that cannot be used. */
export async function connectionTo({ args, io, tools }: Context, config: Config): Promise<Connection> {
  const url = parseServer(args.value("server") ?? "", config.unsafePlainHttp);
  const tokenFile = args.value("token-file");
  const token = tokenFile === undefined ? io.env["ASSAY_TOKEN"] : await tools.readText(tokenFile);
  const ca = config.registryCa === undefined ? undefined : await tools.readText(config.registryCa);
  const dispatcher = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS, ...(ca === undefined ? {} : { ca }) },
    maxResponseSize: MAX_ANSWER_BYTES,
  });
  return {
    url,
    token: parseToken(token, tokenFile ?? "ASSAY_TOKEN"),
    timeoutMs: config.verifyTimeoutMs,
    dispatcher,
    close: () => dispatcher.destroy(),
  };
}

/** Over plain HTTP anyone on the way reads the token and writes the verdict, so only loopback has it for nothing. */
function parseServer(text: string, plainHosts: readonly string[]): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.username !== "" || url.search !== "") {
    throw new InputError("usage", `--server is not a URL of a server: write it as https://assay.example.com.`);
  }
  const isNamed = [...LOOPBACK, ...plainHosts].some((host) => host === url.hostname || host === url.host);
  if (url.protocol === "http:" && !isNamed) {
    const mend = `use https, or say --unsafe-plain-http ${url.host}`;
    throw new InputError(
      "usage",
      `--server ${url.origin} is plain HTTP, so that anyone on the way could answer "allow": ${mend}.`,
    );
  }
  return url;
}

function parseToken(text: string | undefined, from: string): string | undefined {
  const token = text?.trim();
  if (token === undefined || token === "") return undefined;
  // RFC 6750, section 2.1: b64token.
  if (/^[A-Za-z0-9._~+/-]+=*$/.test(token)) return token;
  throw new InputError(
    "credentials",
    `The token in ${from} has characters no token has: it should be one line, as "assay token" prints it.`,
  );
}
