import { join } from "node:path";

import { digestOf } from "../../crypto/digest-of.ts";
import { hexOf } from "../../domain/digest.ts";
import { PortError } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { SafeFetch } from "../../ports/safe-fetch.ts";
import type { ReadTrustRoot, TrustRootSource, TufRepository } from "../../ports/trust-root-source.ts";
import { formatKeptRoot, readKeptRoot } from "./kept-root.ts";
import { keepFile, keepWork, makeWorkFolder, removeWork, type WorkFolder } from "./metadata-folder.ts";
import { readTrustedRoot } from "./tuf-reading.ts";

export type TufOptions = {
  /** Where metadata are kept between processes; `undefined` keeps them for the life of this one. */
  readonly folder: string | undefined;
  readonly fetch: SafeFetch;
  readonly clock: Clock;
  /** Milliseconds for one whole reading. */
  readonly timeoutMs?: number;
};

/** Some small files, one after the other. */
const TIMEOUT_MS = 60_000;
const KEPT = "trusted-root.json";

/** Reads TUF repositories; a folder that cannot be read or written costs requests and nothing else. */
export function createTufTrustRootSource(options: TufOptions): TrustRootSource {
  return new TufTrustRootSource(options);
}

class TufTrustRootSource implements TrustRootSource {
  readonly #options: TufOptions;
  readonly #known = new Map<string, ReadTrustRoot | undefined>();
  readonly #readings = new Map<string, Promise<ReadTrustRoot>>();
  readonly #stop = new AbortController();
  /** Where metadata are for the life of this process, if they cannot be kept for longer. */
  readonly #folders = new Map<string, string>();

  constructor(options: TufOptions) {
    this.#options = options;
  }

  known(repository: TufRepository): ReadTrustRoot | undefined {
    const name = nameOf(repository);
    if (!this.#known.has(name)) {
      const folder = this.#keptFolder(name);
      this.#known.set(name, folder === undefined ? undefined : readKeptRoot(join(folder, KEPT)));
    }
    return this.#known.get(name);
  }

  refresh(repository: TufRepository): Promise<ReadTrustRoot> {
    const name = nameOf(repository);
    const reading = this.#readings.get(name) ?? this.#read(repository, name).finally(() => this.#readings.delete(name));
    this.#readings.set(name, reading);
    return reading;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#readings.values());
    await Promise.all([...this.#folders.values()].map(removeWork));
  }

  #keptFolder(name: string): string | undefined {
    const { folder } = this.#options;
    return this.#folders.get(name) ?? (folder === undefined ? undefined : join(folder, name));
  }

  async #read(repository: TufRepository, name: string): Promise<ReadTrustRoot> {
    const { clock, fetch, timeoutMs = TIMEOUT_MS } = this.#options;
    const kept = this.#keptFolder(name);
    const folder = await workFolder(kept, repository);
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      const found = await readTrustedRoot(repository, { fetch, signal, folder: folder.path });
      const read = { ...found, readAt: clock.now() };
      this.#known.set(name, read);
      if (kept !== undefined) await keepFile(join(kept, KEPT), formatKeptRoot(read));
      return read;
    } finally {
      // Also after a failure: what was verified by then must not be rolled back.
      await this.#keep(name, folder, kept);
    }
  }

  async #keep(name: string, { path, isInside }: WorkFolder, kept: string | undefined): Promise<void> {
    if (kept !== undefined && isInside) {
      await keepWork(path, kept);
      return removeWork(path);
    }
    const former = this.#folders.get(name);
    this.#folders.set(name, path);
    if (former !== undefined) await removeWork(former);
  }
}

async function workFolder(kept: string | undefined, { mirror }: TufRepository): Promise<WorkFolder> {
  try {
    return await makeWorkFolder(kept);
  } catch (cause) {
    const detail = "its metadata need a folder to work in: give ASSAY_DATA or TMPDIR a folder that can be written";
    throw new PortError("store-unavailable", mirror, detail, { cause });
  }
}

/** Of no character that the repository or its operator chooses. Another first root begins another trust. */
function nameOf({ mirror, rootJson }: TufRepository): string {
  return hexOf(digestOf(`${mirror}\n${rootJson}`));
}
