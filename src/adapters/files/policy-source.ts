import { watch, statSync, type FSWatcher } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { InputError } from "../../domain/errors.ts";
import type { PolicySet } from "../../domain/policy.ts";
import type { PolicySource } from "../../ports/policy-source.ts";
import { describeProblems, isCurrent, loadPolicies, type LoadedPolicies } from "./policy-files.ts";

export type PolicySourceOptions = {
  /** How often the files' marks are compared, should the system report no change: network mounts do not. */
  readonly pollMs?: number;
  /** How long files must have been left alone before they are believed to be whole. */
  readonly settleMs?: number;
  /** A further look at what parsed, such as at its keys; throws `InputError` to have it refused. */
  readonly check?: (set: PolicySet) => void;
  /** Told once of each refusal of changed files. */
  readonly onProblem?: (problem: string) => void;
};

const POLL_MS = 2000;
const SETTLE_MS = 100;
/** Reloads in a row that met files still changing, before that is reported. */
const MAX_ROUNDS = 50;

/**
 * Reads policy files and folders and follows their changes. The first reading throws `InputError` with every problem; a later
 * one that fails keeps what was in force and tells `problem`.
 */
export function openPolicySource(paths: readonly string[], options: PolicySourceOptions = {}): PolicySource {
  const loaded = loadPolicies(paths);
  if (loaded.parse.kind === "refused") throw new InputError("policy", describeProblems(loaded.parse));
  options.check?.(loaded.parse.set);
  return new FilePolicySource(paths, loaded, loaded.parse.set, options);
}

class FilePolicySource implements PolicySource {
  readonly #paths: readonly string[];
  readonly #settleMs: number;
  readonly #options: PolicySourceOptions;
  readonly #listeners = new Set<(set: PolicySet) => void>();
  readonly #watchers: readonly FSWatcher[];
  readonly #timer: NodeJS.Timeout;
  readonly #stop = new AbortController();
  #set: PolicySet;
  #marks: ReadonlyMap<string, string>;
  #problem: string | undefined;
  #reloading: Promise<void> | undefined;

  constructor(paths: readonly string[], loaded: LoadedPolicies, set: PolicySet, options: PolicySourceOptions) {
    this.#paths = paths;
    this.#options = options;
    this.#settleMs = options.settleMs ?? SETTLE_MS;
    this.#set = set;
    this.#marks = loaded.marks;
    this.#watchers = watchFolders([...loaded.marks.keys()], () => this.#lookAgain());
    this.#timer = setInterval(() => this.#lookAgain(), options.pollMs ?? POLL_MS).unref();
    // A write in the same tick of the file system's clock as the first reading leaves no mark; a second reading sees it.
    this.#reload();
  }

  current(): PolicySet {
    return this.#set;
  }

  onChange(listener: (set: PolicySet) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  problem(): string | undefined {
    return this.#problem;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    clearInterval(this.#timer);
    for (const watcher of this.#watchers) watcher.close();
    this.#listeners.clear();
    await this.#reloading;
  }

  #lookAgain(): void {
    if (this.#reloading === undefined && !this.#stop.signal.aborted && !isCurrent(this.#marks)) this.#reload();
  }

  #reload(): void {
    this.#reloading = this.#settle().finally(() => {
      this.#reloading = undefined;
      // What changed while this was under way was not followed.
      this.#lookAgain();
    });
  }

  /** Reads until two readings, some time apart, saw the same files: one being written is never taken for whole. */
  async #settle(): Promise<void> {
    let before = loadPolicies(this.#paths);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (!(await this.#pause())) return;
      const now = loadPolicies(this.#paths);
      if (sameMarks(before.marks, now.marks) && isCurrent(now.marks)) return this.#adopt(now);
      before = now;
    }
    this.#refuse("the policy files keep changing: those last seen whole are in force");
  }

  /** Whether the source is still open after the pause. */
  async #pause(): Promise<boolean> {
    try {
      await delay(this.#settleMs, undefined, { signal: this.#stop.signal, ref: false });
      return true;
    } catch (error) {
      if (this.#stop.signal.aborted) return false;
      throw error;
    }
  }

  #adopt({ parse, marks }: LoadedPolicies): void {
    this.#marks = marks;
    const refusal = parse.kind === "refused" ? describeProblems(parse) : this.#refusalOf(parse.set);
    if (refusal !== undefined) this.#refuse(refusal);
    else if (parse.kind === "parsed") this.#accept(parse.set);
  }

  #refusalOf(set: PolicySet): string | undefined {
    try {
      this.#options.check?.(set);
      return undefined;
    } catch (error) {
      if (error instanceof InputError) return error.message;
      throw error;
    }
  }

  #refuse(problem: string): void {
    if (problem !== this.#problem) this.#options.onProblem?.(problem);
    this.#problem = problem;
  }

  #accept(set: PolicySet): void {
    this.#problem = undefined;
    if (JSON.stringify(set) === JSON.stringify(this.#set)) return;
    this.#set = set;
    for (const listener of this.#listeners) listener(set);
  }
}

function sameMarks(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([path, mark]) => b.get(path) === mark);
}

/** Watches are for promptness alone; where the system has none to give, polling finds the change. */
function watchFolders(paths: readonly string[], changed: () => void): readonly FSWatcher[] {
  const folders = new Set(paths.map((path) => (isFolder(path) ? path : dirname(path))));
  return [...folders].flatMap((folder) => {
    try {
      const watcher = watch(folder, { persistent: false }, changed);
      watcher.on("error", () => watcher.close());
      return [watcher];
    } catch (error) {
      if (error instanceof Error && "code" in error) return [];
      throw error;
    }
  });
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
