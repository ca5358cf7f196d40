import { COMPOSITION_ORDER, type CompositionClass } from "../domain/policy.ts";

/** What the decision table asks, as answers; every one comes from the merged tree (reference: inspection, 2.2). */
export type Traits = {
  readonly shell: boolean;
  /** One of the shells is busybox or toybox. */
  readonly multiCallShell: boolean;
  readonly packageManager: boolean;
  /** Every package manager is one of those made for small images. */
  readonly smallPackageManager: boolean;
  readonly database: boolean;
  /** `undefined`: there is a database that cannot be counted. */
  readonly packages: number | undefined;
  readonly loader: boolean;
  readonly osRelease: boolean;
  readonly chiseled: boolean;
  readonly buildTools: boolean;
  readonly sharedLibraries: number;
  /** Manuals and documents are left out, or all layers together are small. */
  readonly trimmed: boolean;
};

export type Classification = { readonly class: CompositionClass; readonly because: string };

const MICRO_PACKAGES = 40;
const MINIMAL_PACKAGES = 60;
const SLIM_PACKAGES = 150;
/** A loader with more libraries than this and no package database: somebody took the database away. */
const ORPHANED_LIBRARIES = 50;

/** The first row that holds. Rows that allow come first and ask for absences, which only a whole tree can show. */
export function classify(traits: Traits): Classification {
  const found = traits.shell || traits.packageManager ? classifyWithTools(traits) : classifyWithoutTools(traits);
  if (!isDatabaseRemoved(traits) || COMPOSITION_ORDER.indexOf(found.class) >= COMPOSITION_ORDER.indexOf("slim"))
    return found;
  return {
    class: "slim",
    because: "it has many shared libraries and no package database, so the database was removed",
  };
}

export function isDatabaseRemoved(traits: Traits): boolean {
  return traits.loader && !traits.database && traits.sharedLibraries > ORPHANED_LIBRARIES;
}

function classifyWithoutTools(traits: Traits): Classification {
  const bare = "no shell and no package manager";
  if (!traits.database && !traits.osRelease && !traits.loader) {
    return { class: "scratch", because: `${bare}, no distribution, no package database and no loader` };
  }
  if (traits.chiseled) return { class: "chiseled", because: `${bare}; cut from Ubuntu packages` };
  if (!traits.loader) return { class: "distroless-static", because: `${bare}, and no loader for dynamic programs` };
  return { class: "distroless", because: bare };
}

function classifyWithTools(traits: Traits): Classification {
  const count = traits.packages ?? Number.POSITIVE_INFINITY;
  const counted = traits.packages === undefined ? "an uncounted number of packages" : countedPackages(traits.packages);
  if (isMicro(traits, count)) return { class: "micro", because: `a shell, no package manager, and ${counted}` };
  if (isMinimal(traits, count))
    return { class: "minimal", because: `a small shell or package manager, and ${counted}` };
  if (isSlim(traits, count)) {
    return { class: "slim", because: `a shell, a package manager, no build tools, and ${counted}` };
  }
  return { class: "full", because: `${traits.shell ? "a shell" : "a package manager"}, and ${counted}` };
}

function countedPackages(count: number): string {
  return count === 1 ? "1 package" : `${count} packages`;
}

function isMicro(traits: Traits, count: number): boolean {
  return traits.shell && !traits.packageManager && !traits.multiCallShell && count <= MICRO_PACKAGES;
}

function isMinimal(traits: Traits, count: number): boolean {
  const small = traits.packageManager ? traits.smallPackageManager : traits.multiCallShell;
  return small && count <= MINIMAL_PACKAGES && !traits.buildTools;
}

function isSlim(traits: Traits, count: number): boolean {
  const both = traits.shell && traits.packageManager;
  return both && !traits.buildTools && count <= SLIM_PACKAGES && traits.trimmed;
}
