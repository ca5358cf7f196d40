import { randomUUID } from "node:crypto";
import { unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Fetcher } from "tuf-js";
import { DownloadHTTPError } from "tuf-js/dist/error.js";

import { PortError, type PortCode } from "../../domain/errors.ts";
import { hostAndPort } from "../../net/host-list.ts";
import type { SafeFetch } from "../../ports/safe-fetch.ts";
import type { TufRepository } from "../../ports/trust-root-source.ts";

/** Files of metadata have some KiB. */
const TIMEOUT_MS = 10_000;

/** By its own error for these the client sees that there is no newer root; stores of objects say 403 for what is not there. */
const NEWEST: ReadonlySet<PortCode> = new Set(["not-found", "unauthorized"]);

function codeOf(status: number): PortCode {
  if (status === 404) return "not-found";
  if (status === 403) return "unauthorized";
  if (status === 429) return "rate-limited";
  return status >= 500 ? "server-error" : "malformed";
}

type FetcherParts = { readonly fetch: SafeFetch; readonly signal: AbortSignal; readonly folder: string };

/** Fetches for the TUF client through the safe fetch, and remembers why the last request failed, which the client forgets. */
export class TufFetcher implements Fetcher {
  readonly #repository: TufRepository;
  readonly #parts: FetcherParts;
  #failure: PortError | undefined;

  constructor(repository: TufRepository, parts: FetcherParts) {
    this.#repository = repository;
    this.#parts = parts;
  }

  /** `undefined` if the last request brought bytes, so that a failure is of what was in them. */
  get failure(): PortError | undefined {
    return this.#failure;
  }

  async downloadBytes(url: string, maxLength: number): Promise<Buffer> {
    this.#failure = undefined;
    try {
      return await this.#download(url, maxLength);
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      this.#failure = error;
      throw NEWEST.has(error.code) ? new DownloadHTTPError(error.message, 404) : error;
    }
  }

  async downloadFile<T>(url: string, maxLength: number, handler: (file: string) => Promise<T>): Promise<T> {
    const bytes = await this.downloadBytes(url, maxLength);
    const file = join(this.#parts.folder, `download-${randomUUID()}`);
    await writeFile(file, bytes);
    try {
      return await handler(file);
    } finally {
      await unlink(file);
    }
  }

  async #download(url: string, limit: number): Promise<Buffer> {
    const { fetch, signal } = this.#parts;
    const { isOwn, mirror } = this.#repository;
    const trustedHosts = isOwn ? [hostAndPort(new URL(mirror))] : [];
    const request = { url, method: "GET", headers: {}, body: undefined, limit, signal, trustedHosts } as const;
    const { status, bytes } = await fetch({ ...request, timeoutMs: TIMEOUT_MS });
    if (status === 200) return Buffer.from(bytes);
    throw new PortError(codeOf(status), url, `it answered with status ${status}`);
  }
}
