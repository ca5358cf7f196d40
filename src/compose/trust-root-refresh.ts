import { PortError } from "../domain/errors.ts";
import { millisOf } from "../domain/instant.ts";
import type { PolicySet } from "../domain/policy.ts";
import type { PolicySource } from "../ports/policy-source.ts";
import type { ReadTrustRoot, TufRepository } from "../ports/trust-root-source.ts";
import { dueAt, repositoriesOf, RETRY_MS, TrustedRoots, type RootsParts } from "./trusted-roots.ts";

export type RefreshParts = RootsParts & {
  readonly onRefreshed: (read: { readonly from: string; readonly expires: string }) => void;
  /** Whether to read at the start whatever is kept, as a service does; else only what is due. */
  readonly atStart: "always" | "if-due";
};

/** Policies whose roots follow their TUF repositories. */
export type RefreshedPolicies = PolicySource & {
  /** Once every repository without which nothing can be judged was read, or could not be. For commands that ask once. */
  ready(): Promise<void>;
};

/**
 * Reads the TUF repositories that the policies rely upon, at the start, when policies name new ones, and once a day; never
 * while somebody waits for a verification. Where all roots are files and all authorities keys, there is no request. Closing
 * it leaves `policies` open.
 */
export function refreshTrustRoots(policies: PolicySource, parts: RefreshParts): RefreshedPolicies {
  return new TrustRootRefresh(policies, parts);
}

type Followed = { readonly repository: TufRepository; timer: NodeJS.Timeout | undefined; first: Promise<void> };

class TrustRootRefresh implements RefreshedPolicies {
  readonly #policies: PolicySource;
  readonly #parts: RefreshParts;
  readonly #roots: TrustedRoots;
  readonly #followed = new Map<string, Followed>();
  readonly #listeners = new Set<(set: PolicySet) => void>();
  readonly #unsubscribe: () => void;
  #closed = false;

  constructor(policies: PolicySource, parts: RefreshParts) {
    this.#policies = policies;
    this.#parts = parts;
    this.#roots = new TrustedRoots(parts);
    this.#follow(policies.current());
    this.#unsubscribe = policies.onChange((set) => {
      this.#follow(set);
      this.#tell();
    });
  }

  current(): PolicySet {
    return this.#roots.apply(this.#policies.current());
  }

  onChange(listener: (set: PolicySet) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  problem(): string | undefined {
    return this.#policies.problem();
  }

  async ready(): Promise<void> {
    const needed = [...this.#followed.values()].filter(({ repository }) => this.#isNeeded(repository));
    await Promise.all(needed.map(({ first }) => first));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    this.#listeners.clear();
    for (const { timer } of this.#followed.values()) clearTimeout(timer);
    await this.#parts.source.close();
  }

  /** For the public-good instance there is a copy. */
  #isNeeded(repository: TufRepository): boolean {
    const read = this.#parts.source.known(repository);
    return repository.isOwn && (read === undefined || read.expires <= this.#parts.clock.now());
  }

  #follow(set: PolicySet): void {
    const wanted = new Map(
      repositoriesOf(set, this.#parts.publicGood).map((each) => [`${each.mirror}\n${each.rootJson}`, each]),
    );
    for (const [key, { timer }] of this.#followed) {
      if (wanted.has(key)) continue;
      clearTimeout(timer);
      this.#followed.delete(key);
    }
    for (const [key, repository] of wanted) {
      if (this.#followed.has(key)) continue;
      const followed: Followed = { repository, timer: undefined, first: Promise.resolve() };
      this.#followed.set(key, followed);
      followed.first = this.#begin(followed);
    }
  }

  async #begin(followed: Followed): Promise<void> {
    const read = this.#parts.source.known(followed.repository);
    const isDue = read === undefined || dueAt(read) <= this.#parts.clock.now();
    if (isDue || this.#parts.atStart === "always") await this.#refresh(followed);
    else this.#later(followed, this.#untilDue(read));
  }

  async #refresh(followed: Followed): Promise<void> {
    const { from } = followed.repository;
    try {
      const read = await this.#parts.source.refresh(followed.repository);
      if (this.#closed) return;
      this.#parts.onRefreshed({ from, expires: read.expires });
      this.#later(followed, this.#untilDue(read));
      this.#tell();
    } catch (error) {
      if (this.#closed) return;
      // Nobody waits who could be told of a mistake of ours.
      const detail = error instanceof PortError ? error.message : `internal: ${String(error)}`;
      this.#parts.onRefused({ from, detail });
      this.#later(followed, RETRY_MS);
    }
  }

  #untilDue(read: ReadTrustRoot): number {
    return Math.max(millisOf(dueAt(read)) - millisOf(this.#parts.clock.now()), RETRY_MS);
  }

  #later(followed: Followed, ms: number): void {
    if (this.#closed || !this.#isFollowed(followed)) return;
    followed.timer = setTimeout(() => void this.#refresh(followed), ms).unref();
  }

  #isFollowed(followed: Followed): boolean {
    return [...this.#followed.values()].includes(followed);
  }

  #tell(): void {
    const set = this.current();
    for (const listener of this.#listeners) listener(set);
  }
}
