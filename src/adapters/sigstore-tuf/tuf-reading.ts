import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Updater } from "tuf-js";

import { InputError, PortError } from "../../domain/errors.ts";
import { earliest, parseInstant, type Instant } from "../../domain/instant.ts";
import { quoted } from "../../domain/quoted.ts";
import type { SafeFetch } from "../../ports/safe-fetch.ts";
import type { ReadTrustRoot, TufRepository } from "../../ports/trust-root-source.ts";
import { ROLES, TARGET } from "./metadata-folder.ts";
import { TufFetcher } from "./tuf-fetcher.ts";

const TRUSTED_ROOT = "trusted_root.json";
/** The public-good root has 6 KiB. */
const MAX_TRUSTED_ROOT = 1024 * 1024;
/**
 * Only the top-level targets role is asked: roles below it have names of the repository's choosing, which would become names
 * of files.
 */
const CONFIG = { maxRootRotations: 256, maxDelegations: 0, fetchRetry: false };

type ReadingParts = { readonly fetch: SafeFetch; readonly signal: AbortSignal; readonly folder: string };

/**
 * The newest trusted root that the repository vouches for (The Update Framework specification, section 5), beginning with
 * the metadata in the folder, which afterwards holds what was verified, also if that was not all. Throws `PortError`.
 */
export async function readTrustedRoot(
  repository: TufRepository,
  parts: ReadingParts,
): Promise<Omit<ReadTrustRoot, "readAt">> {
  const fetcher = new TufFetcher(repository, parts);
  try {
    const updater = await openUpdater(repository, fetcher, parts.folder);
    await updater.refresh();
    return { json: await readTarget(updater, parts.folder), expires: await expiryOf(parts.folder) };
  } catch (error) {
    throw failureOf(error, fetcher, repository);
  }
}

/** What is kept may be broken, or be of a client that knew less; then trust begins again with the operator's own file. */
async function openUpdater({ mirror, rootJson }: TufRepository, fetcher: TufFetcher, folder: string): Promise<Updater> {
  const options = {
    metadataDir: folder,
    metadataBaseUrl: mirror,
    targetBaseUrl: `${mirror}/targets`,
    fetcher,
    config: CONFIG,
  };
  try {
    return new Updater(options);
  } catch {
    await writeFile(join(folder, "root.json"), rootJson);
    return new Updater(options);
  }
}

async function readTarget(updater: Updater, folder: string): Promise<string> {
  const info = await updater.getTargetInfo(TRUSTED_ROOT);
  if (info === undefined) throw new InputError("key", `its targets do not name ${TRUSTED_ROOT}`);
  if (info.length > MAX_TRUSTED_ROOT) throw new InputError("key", `its ${TRUSTED_ROOT} has ${info.length} bytes`);
  const path = join(folder, TARGET);
  const found = (await updater.findCachedTarget(info, path)) ?? (await updater.downloadTarget(info, path));
  return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(found));
}

/** The client verified these files before it wrote them. */
async function expiryOf(folder: string): Promise<Instant> {
  const ends = await Promise.all(
    ROLES.map(async (role) => {
      const { signed } = JSON.parse(await readFile(join(folder, `${role}.json`), "utf8")) as {
        readonly signed: { readonly expires: string };
      };
      return parseInstant(signed.expires);
    }),
  );
  return earliest(...ends) ?? parseInstant("1970-01-01T00:00:00Z");
}

/** A failed request says more than the client's words for it; anything else is in what the repository holds. */
function failureOf(error: unknown, { failure }: TufFetcher, { mirror, from }: TufRepository): PortError {
  if (failure !== undefined) return failure;
  const what = `TUF repository ${quoted(mirror)} of ${from}`;
  const detail = error instanceof Error ? quoted(error.message, 300) : "it cannot be read";
  return new PortError("malformed", what, detail, { cause: error });
}
