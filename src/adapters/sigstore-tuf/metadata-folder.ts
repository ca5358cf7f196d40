import { randomUUID } from "node:crypto";
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What the TUF client keeps, besides the file that it was asked for, under names that no repository chooses. */
export const ROLES = ["root", "timestamp", "snapshot", "targets"] as const;
export const TARGET = "target";
const FILES = [...ROLES.map((role) => `${role}.json`), TARGET];

export type WorkFolder = {
  readonly path: string;
  /** Whether it lies where metadata are kept, so that its content can be moved there. */
  readonly isInside: boolean;
};

/**
 * A folder of its own for one reading, holding what an earlier reading kept: in the kept folder, or else, where nothing can
 * be written there, among temporary files.
 */
export async function makeWorkFolder(kept: string | undefined): Promise<WorkFolder> {
  const folder = await makeFolder(kept);
  if (kept !== undefined) {
    await Promise.all(FILES.map((file) => attempt(copyFile(join(kept, file), join(folder.path, file)))));
  }
  return folder;
}

async function makeFolder(kept: string | undefined): Promise<WorkFolder> {
  if (kept !== undefined) {
    await attempt(mkdir(kept, { recursive: true, mode: 0o700 }));
    const made = await attempt(mkdtemp(join(kept, "work-")));
    if (made !== undefined) return { path: made, isInside: true };
  }
  return { path: await mkdtemp(join(tmpdir(), "assay-tuf-")), isInside: false };
}

/** Each file whole or not at all. What cannot be kept is read again next time, and is no failure of the reading. */
export async function keepWork(folder: string, kept: string): Promise<void> {
  for (const file of FILES) await attempt(rename(join(folder, file), join(kept, file)));
}

export async function removeWork(folder: string): Promise<void> {
  await attempt(rm(folder, { recursive: true, force: true }));
}

/** Writes a file whole or not at all, and only if that can be done. */
export async function keepFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  await attempt(writeFile(draft, text, { mode: 0o600, flush: true }).then(() => rename(draft, path)));
}

async function attempt<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch {
    return undefined;
  }
}
