import { surfaceOf, type AttackSurface, type SurfaceItem } from "../domain/attack-surface.ts";

import { countPackages, type PackageDatabase } from "./packages.ts";
import { rootMakersIn } from "./presence.ts";
import { distinct, type Tools } from "./programs.ts";
import type { Found, Survey } from "./survey.ts";

type ToolItem = Exclude<SurfaceItem, "setuid-root" | "executables" | "packages">;

/**
 * What each item weighs; together they reach 100 (reference: inspection, 2.3). Whoever changes a number raises the version
 * here and that of the composition inspection, which makes stored facts be told anew.
 */
export const SURFACE_WEIGHTS = {
  version: 1,
  /** Once, for one of the kind or for many. */
  tools: {
    shell: 25,
    "os-package-manager": 20,
    "language-package-manager": 8,
    "network-tool": 8,
    compiler: 8,
    interpreter: 6,
    "privilege-tool": 5,
  } satisfies Readonly<Record<ToolItem, number>>,
  /** For each, up to `most`. */
  "setuid-root": { each: 2, most: 8 },
  /** For each power of ten, up to `most`. */
  executables: { decade: 2, most: 7 },
  packages: { decade: 2, most: 5 },
} as const;

type Item = AttackSurface["items"][SurfaceItem];

/** What an intruder would find, item by item, each with its count of distinct files (or packages) and its points. */
export function measureSurface(survey: Survey, tools: Tools, databases: readonly PackageDatabase[]): AttackSurface {
  const tool = (name: ToolItem, found: readonly Found[]): Item => ({
    count: distinct(found),
    points: found.length === 0 ? 0 : SURFACE_WEIGHTS.tools[name],
  });
  const items: Readonly<Record<SurfaceItem, Item>> = {
    shell: shellItem(tools),
    "os-package-manager": tool("os-package-manager", tools.packageManagers),
    "language-package-manager": tool("language-package-manager", tools.languagePackageManagers),
    "network-tool": tool("network-tool", tools.networkTools),
    compiler: tool("compiler", tools.compilers),
    interpreter: tool("interpreter", tools.interpreters),
    "privilege-tool": tool("privilege-tool", tools.privilegeTools),
    "setuid-root": setuidItem(distinct(rootMakersIn(survey))),
    executables: logarithmic(survey.elfExecutables, SURFACE_WEIGHTS.executables),
    packages: packagesItem(databases),
  };
  const score = Object.values(items).reduce((sum, { points }) => sum + points, 0);
  return { score, items: surfaceOf((name) => items[name]) };
}

/** A shell without its execute bit counts as half of one. */
function shellItem({ shells, disarmedShells }: Tools): Item {
  const whole = SURFACE_WEIGHTS.tools.shell;
  const half = disarmedShells.length > 0 ? Math.ceil(whole / 2) : 0;
  return { count: distinct([...shells, ...disarmedShells]), points: shells.length > 0 ? whole : half };
}

function setuidItem(count: number): Item {
  const { each, most } = SURFACE_WEIGHTS["setuid-root"];
  return { count, points: Math.min(most, each * count) };
}

/** A database that cannot be counted weighs as the largest would. */
function packagesItem(databases: readonly PackageDatabase[]): Item {
  const count = countPackages(databases);
  if (count !== undefined) return logarithmic(count, SURFACE_WEIGHTS.packages);
  return { count: databases.reduce((sum, one) => sum + (one.packages ?? 0), 0), points: SURFACE_WEIGHTS.packages.most };
}

function logarithmic(count: number, weight: { readonly decade: number; readonly most: number }): Item {
  return { count, points: Math.min(weight.most, Math.round(weight.decade * Math.log10(1 + count))) };
}
