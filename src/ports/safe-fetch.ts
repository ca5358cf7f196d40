/** Bounds of one fetch of a URL that somebody other than the operator could have chosen. */
export type SafeFetchRequest = {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  /** Bytes of the answer's body; more throws `too-large`. */
  readonly limit: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** `host:port` pairs that may be on loopback or a private network for this request. */
  readonly trustedHosts: readonly string[];
  /** PEM certificates by which the host's TLS is trusted too, for this request alone. */
  readonly ca?: string | undefined;
  /**
   * The answer proves itself by its own signature (CRL, OCSP, RFC 3161), so it may come over plain HTTP from any public
   * address, which is how certificates name such services.
   */
  readonly signedContent?: true;
};

export type SafeFetchAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
};

/** Fetches a URL after checking its scheme and, at connect time, the address it resolved to. Throws `PortError`. */
export interface SafeFetch {
  (request: SafeFetchRequest): Promise<SafeFetchAnswer>;
}
