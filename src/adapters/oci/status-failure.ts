import { PortError, type PortCode } from "../../domain/errors.ts";
import { readLimited } from "../../net/limited-body.ts";
import { MAX_ERROR_BYTES } from "../../net/limits.ts";
import { parseRetryAfter } from "../../net/retry.ts";
import { headerOf, type WireAnswer } from "./transport.ts";

const CODES: Readonly<Record<number, PortCode>> = {
  401: "unauthorized",
  403: "unauthorized",
  404: "not-found",
  408: "timeout",
  413: "too-large",
  429: "rate-limited",
  451: "unauthorized",
  501: "unsupported",
};

/** The codes of an error body (distribution-spec "Error Codes"), of which only the known shape is shown to anyone. */
const ERROR_CODE = /"code"\s*:\s*"([A-Z][A-Z_]{0,63})"/;

/** The error codes a registry gave, read from at most 64 KiB of its answer; its prose is not repeated. */
export async function readErrorCode(answer: WireAnswer, what: string): Promise<string | undefined> {
  try {
    const bytes = await readLimited(answer.body, MAX_ERROR_BYTES, what);
    return ERROR_CODE.exec(Buffer.from(bytes).toString("latin1"))?.[1];
  } catch (error) {
    // The status already says what went wrong; a broken explanation of it adds nothing.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** What a status other than the wished one means. Reads the answer's body to its end or its limit. */
export async function failureOf(answer: WireAnswer, what: string): Promise<PortError> {
  const code = await readErrorCode(answer, what);
  const retryAfterMs = parseRetryAfter(headerOf(answer, "retry-after"), Date.now());
  const detail = `the registry answered ${answer.status}${code === undefined ? "" : ` (${code})`}${mend(answer.status)}`;
  return new PortError(codeOf(answer.status), what, detail, retryAfterMs === undefined ? {} : { retryAfterMs });
}

function codeOf(status: number): PortCode {
  const known = CODES[status];
  if (known !== undefined) return known;
  if (status >= 500) return "server-error";
  return status >= 400 ? "unsupported" : "malformed";
}

function mend(status: number): string {
  return status === 401 || status === 403 ? ": check that the name exists and that its credentials may read it" : "";
}
