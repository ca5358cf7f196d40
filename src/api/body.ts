import type { IncomingMessage } from "node:http";

import { problem } from "./problem.ts";
import type { Reply } from "./reply.ts";

/** Room for 1,000 references of 512 characters, twice. */
export const MAX_BODY_BYTES = 1024 * 1024;
/** A larger body is still read and dropped up to here, so that its sender gets to read the refusal. */
const MAX_DISCARDED_BYTES = 8 * 1024 * 1024;
const BODY_TIMEOUT_MS = 10_000;

export type Body =
  | { readonly kind: "body"; readonly bytes: Uint8Array }
  | { readonly kind: "refused"; readonly reply: Reply };

const CLOSE = { connection: "close" } as const;

function refused(reply: Reply): Body {
  return { kind: "refused", reply };
}

/** Reads a JSON body: its type, its encoding, its size and its time are checked, not yet its text. */
export async function readBody(req: IncomingMessage, timeoutMs = BODY_TIMEOUT_MS): Promise<Body> {
  const mistyped = mediaTypeProblem(req);
  if (mistyped !== undefined) return refused(mistyped);
  const declared = Number(req.headers["content-length"] ?? 0);
  if (declared > MAX_DISCARDED_BYTES) return refused(tooLarge());
  const bytes = await collect(req, timeoutMs);
  if (bytes === "timeout") return refused(problem("request-timeout", "Send the whole body within 10 s.", {}, CLOSE));
  return bytes === "too-large" ? refused(tooLarge()) : { kind: "body", bytes };
}

function tooLarge(): Reply {
  return problem("request-too-large", `A body may have ${MAX_BODY_BYTES} bytes; split the request.`, {}, CLOSE);
}

/** Only `application/json` in UTF-8, unpacked: every other type can be sent by a web page without asking. */
function mediaTypeProblem(req: IncomingMessage): Reply | undefined {
  const [type = "", ...parameters] = (req.headers["content-type"] ?? "").toLowerCase().split(";");
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith("charset="));
  const isUtf8 = charset === undefined || /^charset="?utf-8"?$/.test(charset);
  const encoding = req.headers["content-encoding"] ?? "identity";
  if (type.trim() === "application/json" && isUtf8 && encoding === "identity") return undefined;
  return problem("media-type", "Send Content-Type: application/json in UTF-8, without Content-Encoding.");
}

function collect(req: IncomingMessage, timeoutMs: number): Promise<Uint8Array | "timeout" | "too-large"> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (outcome: Uint8Array | "timeout" | "too-large"): void => {
      clearTimeout(timer);
      req.off("data", onData).off("end", onEnd).off("error", onError).off("close", onClose);
      resolve(outcome);
    };
    const timer = setTimeout(() => finish("timeout"), timeoutMs);
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else chunks.length = 0;
      if (size > MAX_DISCARDED_BYTES) finish("too-large");
    };
    const onEnd = (): void => finish(size > MAX_BODY_BYTES ? "too-large" : joined(chunks));
    const onError = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    const onClose = (): void => finish("timeout");
    req.on("data", onData).on("end", onEnd).on("error", onError).on("close", onClose);
  });
}

/** The usual body is one chunk, which need not be copied. */
function joined(chunks: readonly Buffer[]): Uint8Array {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}
