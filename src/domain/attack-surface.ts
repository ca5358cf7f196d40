/** What an intruder could use, in the order in which people are told. */
export const SURFACE_ITEMS = [
  "shell",
  "os-package-manager",
  "language-package-manager",
  "network-tool",
  "compiler",
  "interpreter",
  "privilege-tool",
  "setuid-root",
  "executables",
  "packages",
] as const;
export type SurfaceItem = (typeof SURFACE_ITEMS)[number];

/** Points by item, 0 to 100 in all (reference: inspection, section 2.3). The items are kept, never only the sum. */
export type AttackSurface = {
  readonly score: number;
  readonly items: Readonly<Record<SurfaceItem, { readonly count: number; readonly points: number }>>;
};

export const NO_SURFACE: AttackSurface = {
  score: 0,
  items: surfaceOf(() => ({ count: 0, points: 0 })),
};

/** One entry for each item. */
export function surfaceOf<T>(item: (name: SurfaceItem) => T): Readonly<Record<SurfaceItem, T>> {
  return Object.fromEntries(SURFACE_ITEMS.map((name) => [name, item(name)])) as Record<SurfaceItem, T>;
}
