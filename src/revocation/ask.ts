import { MAX_CRL } from "../crypto/crl.ts";
import { MAX_OCSP_RESPONSE } from "../crypto/ocsp.ts";
import type { Certificate } from "../crypto/certificate.ts";
import { InputError, PortError, type PortCode } from "../domain/errors.ts";
import type { Gap } from "../domain/gap.ts";
import type { Clock } from "../ports/clock.ts";
import type { SafeFetch } from "../ports/safe-fetch.ts";
import { gapAbout, type Method } from "./answers.ts";

/** The world as far as revocation needs it; what a scheme is given has all of it. */
export type RevocationSources = {
  readonly fetch: SafeFetch;
  readonly clock: Clock;
  readonly once: <T>(key: string, look: () => Promise<T>) => Promise<T>;
};

/** One request. `url` is where it goes, `place` what the certificate names. */
export type Request = {
  readonly method: Method;
  readonly place: string;
  readonly url: string;
  readonly body: Uint8Array | undefined;
};

export type Asked =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "gap"; readonly gap: Gap };

/** The Notary Project's thresholds ("CRL Download", "OCSP Download"), and this service's sizes. */
const BOUNDS: Readonly<Record<Method, { readonly limit: number; readonly timeoutMs: number }>> = {
  ocsp: { limit: MAX_OCSP_RESPONSE, timeoutMs: 2000 },
  crl: { limit: MAX_CRL, timeoutMs: 5000 },
};

/** Asks once for all who ask the same of the same address during one collection. Throws only when it is called off. */
export async function ask(
  certificate: Certificate,
  request: Request,
  { fetch, once }: RevocationSources,
  signal: AbortSignal,
): Promise<Asked> {
  const key = `revocation ${request.url} ${Buffer.from(request.body ?? []).toString("base64")}`;
  const outcome = await once(key, () => send(request, fetch, signal));
  signal.throwIfAborted();
  if (outcome.kind === "bytes") return outcome;
  return { kind: "gap", gap: gapAbout(certificate, outcome.code, outcome.detail, request.place) };
}

type Outcome =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "failed"; readonly code: PortCode; readonly detail: string };

async function send(request: Request, fetch: SafeFetch, signal: AbortSignal): Promise<Outcome> {
  const { method, url, body } = request;
  try {
    const answer = await fetch({
      url,
      method: body === undefined ? "GET" : "POST",
      headers: body === undefined ? {} : { "content-type": "application/ocsp-request" },
      body,
      ...BOUNDS[method],
      signal,
      trustedHosts: [],
      signedContent: true,
    });
    if (answer.status === 200) return { kind: "bytes", bytes: answer.bytes };
    return { kind: "failed", code: codeOfStatus(answer.status), detail: `it answered with status ${answer.status}` };
  } catch (error) {
    if (error instanceof PortError) return { kind: "failed", code: error.code, detail: error.message };
    if (error instanceof InputError) return { kind: "failed", code: "malformed", detail: error.message };
    throw error;
  }
}

/** Nothing but 200 brings an answer, a redirect not either. */
function codeOfStatus(status: number): PortCode {
  if (status === 404 || status === 410) return "not-found";
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 429) return "rate-limited";
  return status >= 500 ? "server-error" : "unsupported";
}
