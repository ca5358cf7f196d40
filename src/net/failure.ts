import { InputError, PortError, type PortCode } from "../domain/errors.ts";

const CODES: Readonly<Record<string, PortCode>> = {
  UND_ERR_CONNECT_TIMEOUT: "timeout",
  UND_ERR_HEADERS_TIMEOUT: "timeout",
  UND_ERR_BODY_TIMEOUT: "timeout",
  ETIMEDOUT: "timeout",
  UND_ERR_HEADERS_OVERFLOW: "too-large",
  UND_ERR_RES_EXCEEDED_MAX_SIZE: "too-large",
  HPE_INVALID_EOF_STATE: "unreachable",
  HPE_HEADER_OVERFLOW: "too-large",
};

/** What broke a connection after it stood, where the same request may well succeed on the next. */
const BROKEN = [
  "ECONNRESET",
  "EPIPE",
  "ECONNABORTED",
  "UND_ERR_SOCKET",
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
  "HPE_INVALID_EOF_STATE",
];

function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

/** Whether the connection was cut in the middle, as opposed to never made, too slow or nonsense. */
export function isBroken(error: unknown): boolean {
  if (error instanceof PortError) return error.code === "unreachable" && isBroken(error.cause);
  return BROKEN.includes(codeOf(error));
}

/** Any failure of a connection as a `PortError` about `what`. Bad text and bugs of ours stay what they are. */
export function portErrorOf(error: unknown, what: string): PortError {
  if (error instanceof PortError) return error;
  if (error instanceof InputError) throw error;
  if (!(error instanceof Error)) return new PortError("aborted", what, "given up by the caller", { cause: error });
  const code = codeOf(error);
  if (error.name === "TimeoutError") return new PortError("timeout", what, "no answer in time", { cause: error });
  if (error.name === "AbortError" || code === "ABORT_ERR" || code === "UND_ERR_ABORTED") {
    return new PortError("aborted", what, "given up by the caller", { cause: error });
  }
  if (code === "" || code === "UND_ERR_INVALID_ARG") throw error;
  const known: PortCode = CODES[code] ?? (code.startsWith("HPE_") ? "malformed" : "unreachable");
  return new PortError(known, what, explain(code, error), { cause: error });
}

/** A broken certificate chain is the operator's next step, so it is named as such. */
function explain(code: string, error: Error): string {
  const tls = /^(?:ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL|HOSTNAME_)/.test(code);
  return tls ? `its TLS certificate is not accepted (${code})` : `${error.message.slice(0, 200)} (${code})`;
}
