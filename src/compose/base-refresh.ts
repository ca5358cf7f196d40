import { PortError } from "../domain/errors.ts";
import { millisOf } from "../domain/instant.ts";
import type { ImagePattern, PolicySet } from "../domain/policy.ts";
import { formatRepository, type Repository } from "../domain/reference.ts";
import type { PolicySource } from "../ports/policy-source.ts";
import { baseRepositoriesOf } from "./base-repositories.ts";
import { followTags, type FollowedTags, type TagParts } from "../pipeline/follow-tags.ts";

export type BaseRefreshParts = TagParts & {
  readonly policies: Pick<PolicySource, "current" | "onChange">;
  readonly patternsOf: (set: PolicySet) => readonly ImagePattern[];
  readonly intervalMs: number;
  readonly onFollowed: (look: FollowedTags & { readonly from: string }) => void;
  /** Told once until it is followed again. `from` is a pattern or a repository. */
  readonly onRefused: (refusal: { readonly from: string; readonly detail: string }) => void;
};

export type BaseRefresh = {
  /** Once the looks that were due are done. */
  settled(): Promise<void>;
  /** Breaks off what is under way. */
  close(): Promise<void>;
};

/** What could not be read is tried again after a while, however long the interval is. */
const RETRY_MS = 10 * 60_000;

/**
 * Follows the tags of the repositories that policies name as bases to build on: at the start, when policies change, and once
 * in each interval; never while somebody waits for a verification. Without such a policy there is no request.
 */
export function refreshBases(parts: BaseRefreshParts): BaseRefresh {
  return new Refresh(parts);
}

class Refresh implements BaseRefresh {
  readonly #parts: BaseRefreshParts;
  readonly #stop = new AbortController();
  readonly #unsubscribe: () => void;
  readonly #told = new Set<string>();
  #running: Promise<void>;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: BaseRefreshParts) {
    this.#parts = parts;
    this.#running = this.#run();
    this.#unsubscribe = parts.policies.onChange(() => this.#again());
  }

  async settled(): Promise<void> {
    await this.#running;
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    clearTimeout(this.#timer);
    this.#stop.abort(new Error("the refresh of base images is closed"));
    await this.#running;
  }

  /** After the one that is under way, which may have read the policies of before. */
  #again(): void {
    clearTimeout(this.#timer);
    this.#running = this.#running.then(() => this.#run());
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    clearTimeout(this.#timer);
    let isWhole = false;
    try {
      isWhole = await this.#look(signal);
    } catch (error) {
      // Nobody waits who could be told of a mistake of ours.
      if (!signal.aborted) this.#refuse("base images", `internal: ${String(error)}`);
    }
    if (signal.aborted) return;
    const wait = isWhole ? this.#parts.intervalMs : Math.min(this.#parts.intervalMs, RETRY_MS);
    this.#timer = setTimeout(() => this.#again(), wait).unref();
  }

  /** Whether every list that was due could be read. */
  async #look(signal: AbortSignal): Promise<boolean> {
    const { policies, patternsOf, images } = this.#parts;
    const patterns = patternsOf(policies.current());
    const { repositories, refusals } = await baseRepositoriesOf(patterns, images, signal);
    for (const { text } of patterns) if (!refusals.some(({ from }) => from === text)) this.#told.delete(keyOf(text));
    for (const { from, detail } of refusals) this.#refuse(from, detail, keyOf(from));
    let isWhole = true;
    for (const repository of repositories) isWhole = (await this.#follow(repository, signal)) && isWhole;
    return isWhole;
  }

  async #follow(repository: Repository, signal: AbortSignal): Promise<boolean> {
    const from = formatRepository(repository);
    try {
      if (!(await this.#isDue(repository))) return true;
      const look = await followTags(repository, this.#parts, signal);
      this.#told.delete(from);
      this.#parts.onFollowed({ ...look, from });
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof PortError)) throw error;
      this.#refuse(from, error.message);
      return false;
    }
  }

  /** Another process that shares the store may have read it just now. */
  async #isDue(repository: Repository): Promise<boolean> {
    const { catalogue, clock, intervalMs } = this.#parts;
    const last = await catalogue.lastLook(repository);
    return last === undefined || millisOf(clock.now()) - millisOf(last.readAt) >= intervalMs / 2;
  }

  #refuse(from: string, detail: string, key = from): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#parts.onRefused({ from, detail });
  }
}

/** A pattern may be spelled like the repository it names, whose troubles are its own. */
function keyOf(pattern: string): string {
  return `pattern ${pattern}`;
}
