/** One finished HTTP request, for counters and metrics. `status` is absent where no answer came. */
export type RequestReport = {
  readonly method: string;
  /** `host:port` that was asked, which after a redirect is not the registry. */
  readonly host: string;
  readonly kind: RequestKind;
  readonly status: number | undefined;
  readonly ms: number;
};

export type RequestKind = "manifest" | "blob" | "referrers" | "tags" | "catalog" | "token" | "signatures";
