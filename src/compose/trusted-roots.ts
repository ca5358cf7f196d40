import { InputError } from "../domain/errors.ts";
import { plus, type Instant } from "../domain/instant.ts";
import type { PolicySet } from "../domain/policy.ts";
import type { Authority, SigstoreRoot, TrustRoot } from "../domain/trust.ts";
import type { Clock } from "../ports/clock.ts";
import type { ReadTrustRoot, TrustRootSource, TufRepository } from "../ports/trust-root-source.ts";

export type RootsParts = {
  readonly source: TrustRootSource;
  readonly clock: Clock;
  /** The built-in repository; `undefined` leaves public-good to the copy that comes with the code. */
  readonly publicGood: TufRepository | undefined;
  /** Throws `InputError` for authorities that no scheme can use. */
  readonly check: (authorities: readonly Authority[]) => void;
  readonly onRefused: (refusal: { readonly from: string; readonly detail: string }) => void;
};

/** The TUF repository that a root is to be read from; none for one that stands in a file. */
function repositoryOf(root: TrustRoot, publicGood: TufRepository | undefined): TufRepository | undefined {
  switch (root.kind) {
    case "public-good":
      return publicGood;
    case "tuf-mirror":
      return { mirror: root.mirror, rootJson: root.rootJson, from: root.from, isOwn: true };
    case "trusted-root":
    case "rekor-keys":
      return undefined;
  }
}

/**
 * The root of an authority that a TUF repository may give. A key's signatures are judged by the built-in logs of the
 * public-good instance, so that authorities of keys alone make no request.
 */
function refreshableRoot({ spec }: Authority): SigstoreRoot | undefined {
  if (spec.kind === "keyless") return spec.root;
  if (spec.kind !== "cosign" || spec.transparencyLog.kind !== "required") return undefined;
  const { root } = spec.transparencyLog;
  return root.kind === "tuf-mirror" ? root : undefined;
}

/** Every repository that these policies rely upon, each once. */
export function repositoriesOf(set: PolicySet, publicGood: TufRepository | undefined): readonly TufRepository[] {
  const found = set.authorities.flatMap((authority) => {
    const root = refreshableRoot(authority);
    const repository = root && repositoryOf(root, publicGood);
    return repository === undefined ? [] : [repository];
  });
  return [...new Map(found.map((each) => [`${each.mirror}\n${each.rootJson}`, each])).values()];
}

/** Puts what was read of TUF repositories in the place of the authorities' roots. */
export class TrustedRoots {
  readonly #parts: RootsParts;
  readonly #made = new WeakMap<Authority, { readonly json: string; readonly authority: Authority }>();
  #last: { readonly from: PolicySet; readonly set: PolicySet } | undefined;

  constructor(parts: RootsParts) {
    this.#parts = parts;
  }

  /** The same set as before as long as nothing changed in it. */
  apply(from: PolicySet): PolicySet {
    const authorities = from.authorities.map((authority) => this.#withRoot(authority));
    const isLast =
      this.#last?.from === from && authorities.every((each, at) => each === this.#last?.set.authorities[at]);
    if (this.#last === undefined || !isLast) {
      const isUnchanged = authorities.every((each, at) => each === from.authorities[at]);
      this.#last = { from, set: isUnchanged ? from : { ...from, authorities } };
    }
    return this.#last.set;
  }

  #withRoot(authority: Authority): Authority {
    const root = refreshableRoot(authority);
    const repository = root && repositoryOf(root, this.#parts.publicGood);
    const read = repository && this.#parts.source.known(repository);
    if (root === undefined || repository === undefined || read === undefined) return authority;
    if (root.kind === "tuf-mirror" && hasExpired(read, this.#parts.clock.now())) return authority;
    const made = this.#made.get(authority);
    if (made?.json === read.json) return made.authority;
    // A mirror's root that is not the newest may trust what the newest no longer does; for public-good there is a copy anyway.
    const former = root.kind === "tuf-mirror" ? authority : (made?.authority ?? authority);
    const next = this.#accepted(authority, repository, read) ?? former;
    this.#made.set(authority, { json: read.json, authority: next });
    return next;
  }

  /** `undefined` for a root that this version cannot read. */
  #accepted(authority: Authority, { from }: TufRepository, { json }: ReadTrustRoot): Authority | undefined {
    const next = withRoot(authority, { kind: "trusted-root", json, from: `${from} (by TUF)` });
    try {
      this.#parts.check([next]);
      return next;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#parts.onRefused({ from, detail: error.message });
      return undefined;
    }
  }
}

function withRoot(authority: Authority, root: SigstoreRoot): Authority {
  const { spec } = authority;
  if (spec.kind === "keyless") return { ...authority, spec: { ...spec, root } };
  if (spec.kind !== "cosign") return authority;
  return { ...authority, spec: { ...spec, transparencyLog: { kind: "required", root } } };
}

/** Its metadata no longer say that there is no newer root. No grace: a mirror that is not kept up vouches for nothing. */
function hasExpired({ expires }: ReadTrustRoot, now: Instant): boolean {
  return expires <= now;
}

const DAY_MS = 24 * 3_600_000;
/** A repository that does not answer is asked again after a while, and one whose metadata end soon not much more often. */
export const RETRY_MS = 10 * 60_000;

/** When a repository is to be read again: once a day, or sooner if its metadata end by then. */
export function dueAt({ readAt, expires }: ReadTrustRoot): Instant {
  const half = (Date.parse(expires) - Date.parse(readAt)) / 2;
  return plus(readAt, Math.min(DAY_MS, Math.max(half, RETRY_MS)));
}
