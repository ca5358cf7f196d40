import { PortError } from "../domain/errors.ts";
import { pause } from "./deadline.ts";
import { isBroken, portErrorOf } from "./failure.ts";
import type { SafeFetch, SafeFetchAnswer } from "../ports/safe-fetch.ts";
import { MAX_ATTEMPTS, MAX_ERROR_BYTES } from "./limits.ts";
import type { RequestReport } from "./request-report.ts";
import { isLater, parseRetryAfter, pauseAfter, type RetryTimes } from "./retry.ts";
import { parseToken, tokenRequest, type Token, type TokenQuestion } from "./token.ts";

export type TokenClientOptions = {
  readonly fetch: SafeFetch;
  readonly retry: RetryTimes;
  readonly timeoutMs: number;
  readonly onRequest: ((report: RequestReport) => void) | undefined;
};

/** Fetches tokens, trying again where the server says "later". Follows no redirect. Throws `PortError`. */
export function createTokenClient(options: TokenClientOptions): (question: TokenQuestion) => Promise<Token> {
  return async (question) => {
    const signal = AbortSignal.timeout(options.timeoutMs);
    for (let tries = 1; ; tries += 1) {
      const outcome = await tryOnce(options, question, signal);
      if (!(outcome instanceof PortError)) return outcome;
      const wait = pauseAfter(tries, outcome.retryAfterMs, options.retry, Math.random());
      const worthwhile =
        isBroken(outcome) || (outcome.retryable && outcome.code !== "timeout" && outcome.code !== "unreachable");
      if (tries >= MAX_ATTEMPTS || wait === undefined || !worthwhile) throw outcome;
      await pause(wait, signal).catch(() => Promise.reject(outcome));
    }
  };
}

async function tryOnce(
  options: TokenClientOptions,
  question: TokenQuestion,
  signal: AbortSignal,
): Promise<Token | PortError> {
  const request = tokenRequest(question);
  const started = performance.now();
  let status: number | undefined;
  try {
    const answer = await options.fetch({ ...request, limit: MAX_ERROR_BYTES, timeoutMs: options.timeoutMs, signal });
    status = answer.status;
    return status === 200 ? parseToken(answer, question.what) : refusalOf(answer, question);
  } catch (error) {
    return portErrorOf(error, question.what);
  } finally {
    const { host } = question.realm.url;
    options.onRequest?.({ method: request.method, host, kind: "token", status, ms: performance.now() - started });
  }
}

function refusalOf(answer: SafeFetchAnswer, { realm, what }: TokenQuestion): PortError {
  const detail = `the token server ${realm.url.host} answered ${answer.status}`;
  const retryAfterMs = parseRetryAfter(answer.headers["retry-after"], Date.now());
  const later = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (answer.status === 429) return new PortError("rate-limited", what, detail, later);
  if (isLater(answer.status) || answer.status >= 500) return new PortError("server-error", what, detail, later);
  if (answer.status >= 400) return new PortError("unauthorized", what, `${detail}: check the registry's credentials`);
  if (answer.status < 300) return new PortError("malformed", what, detail);
  return new PortError("unsupported", what, `${detail}, and its redirects are not followed`);
}
