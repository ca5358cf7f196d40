/** What kind of text was not what it claims to be. */
export type InputCode =
  | "reference"
  | "digest"
  | "instant"
  | "duration"
  | "json"
  | "manifest"
  | "config"
  | "policy"
  | "configuration"
  | "credentials"
  | "key"
  | "signature"
  | "layout"
  | "record"
  | "request"
  | "usage";

/**
 * The caller's text is not what it claims. Never retried; 4xx over HTTP, exit 3 on the command line.
 * The message names the thing, the cause and the mend.
 */
export class InputError extends Error {
  override readonly name = "InputError";
  readonly code: InputCode;

  constructor(code: InputCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Why a look at the world brought no answer. Closed: each is an operator's next step. */
export type PortCode =
  | "unreachable"
  | "timeout"
  | "unauthorized"
  | "rate-limited"
  | "server-error"
  | "not-found"
  | "blocked-address"
  | "too-large"
  | "too-many"
  | "digest-mismatch"
  | "malformed"
  | "unsupported"
  | "aborted"
  | "store-unavailable"
  /** What should say the same thing says two: looking again does not help, somebody has to mend one. */
  | "conflict";

/** Whether asking again later may bring another answer: the retry rule is data. */
const RETRYABLE: Readonly<Record<PortCode, boolean>> = {
  unreachable: true,
  timeout: true,
  unauthorized: false,
  "rate-limited": true,
  "server-error": true,
  "not-found": false,
  "blocked-address": false,
  "too-large": false,
  "too-many": false,
  "digest-mismatch": false,
  malformed: false,
  unsupported: false,
  aborted: false,
  "store-unavailable": true,
  conflict: false,
};

/** The world did not answer, or answered with something that cannot be used. Becomes a `Gap` in the pipeline. */
export class PortError extends Error {
  override readonly name = "PortError";
  readonly code: PortCode;
  /** The thing that was asked for, without secrets: `registry.example.com/shop/web manifest sha256:…`. */
  readonly what: string;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: PortCode,
    what: string,
    detail: string,
    options?: { readonly cause?: unknown; readonly retryAfterMs?: number },
  ) {
    super(`${what}: ${detail}`, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.what = what;
    this.retryAfterMs = options?.retryAfterMs;
  }

  get retryable(): boolean {
    return RETRYABLE[this.code];
  }
}
