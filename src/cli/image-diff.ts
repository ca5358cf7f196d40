import { SURFACE_ITEMS, surfaceOf, type SurfaceItem } from "../domain/attack-surface.ts";
import type { CompositionFact, ImageFacts, PlatformFacts } from "../domain/facts.ts";
import type { Known } from "../domain/gap.ts";
import { LINTS, type Lint } from "../domain/lint.ts";
import { formatPlatform } from "../domain/platform.ts";

/** One value of both images; `undefined` where it is not known. */
export type Change<T> = { readonly from: T | undefined; readonly to: T | undefined };

/** What one platform of an image has more or less of than the same platform of another. */
export type PlatformDiff = {
  readonly platform: string;
  readonly user: Change<string>;
  readonly composition: Change<string>;
  readonly surface: Change<number>;
  readonly items: Readonly<Record<SurfaceItem, Change<{ readonly count: number; readonly points: number }>>>;
  readonly packages: Change<number>;
  readonly executables: Change<number>;
  readonly compressedBytes: Change<number>;
  readonly uncompressedBytes: Change<number>;
  /** Lints that find something in the one and nothing in the other. */
  readonly mended: readonly Lint[];
  readonly broken: readonly Lint[];
};

export type ImageDiff = {
  readonly platforms: readonly PlatformDiff[];
  /** Platforms that only one of the two has. */
  readonly only: { readonly from: readonly string[]; readonly to: readonly string[] };
};

/** Compares platform by platform; two images of one platform each are compared whatever their platforms are. */
export function imageDiff(from: ImageFacts, to: ImageFacts): ImageDiff {
  const pairs = pairsOf(from.platforms, to.platforms);
  const names = (platforms: readonly PlatformFacts[], seen: readonly PlatformFacts[]): readonly string[] =>
    platforms.filter((platform) => !seen.includes(platform)).map(nameOf);
  return {
    platforms: pairs.map(([before, after]) => platformDiff(before, after)),
    only: {
      from: names(
        from.platforms,
        pairs.map(([before]) => before),
      ),
      to: names(
        to.platforms,
        pairs.map(([, after]) => after),
      ),
    },
  };
}

type Pair = readonly [before: PlatformFacts, after: PlatformFacts];

function pairsOf(from: readonly PlatformFacts[], to: readonly PlatformFacts[]): readonly Pair[] {
  const [one, two] = [from[0], to[0]];
  if (from.length === 1 && to.length === 1 && one !== undefined && two !== undefined) return [[one, two]];
  return from.flatMap((before): readonly Pair[] => {
    const after = to.find((platform) => nameOf(platform) === nameOf(before));
    return after === undefined ? [] : [[before, after]];
  });
}

function nameOf({ config, declared }: PlatformFacts): string {
  const platform = config.kind === "known" ? config.value.platform : declared;
  return platform === undefined ? "unknown platform" : formatPlatform(platform);
}

function platformDiff(before: PlatformFacts, after: PlatformFacts): PlatformDiff {
  const change = <T>(read: (platform: PlatformFacts) => T | undefined): Change<T> => ({
    from: read(before),
    to: read(after),
  });
  const content = change(contentOf);
  const inContent = <T>(read: (content: Classified) => T): Change<T> => ({
    from: content.from && read(content.from),
    to: content.to && read(content.to),
  });
  return {
    platform: nameOf(before) === nameOf(after) ? nameOf(before) : `${nameOf(before)} and ${nameOf(after)}`,
    user: change(({ user }) => valueOf(user)?.verdict),
    composition: change(({ composition }) => classOf(composition)),
    surface: inContent(({ surface }) => surface.score),
    items: surfaceOf((name) => inContent(({ surface }) => surface.items[name])),
    packages: inContent(({ packages }) => packages),
    executables: inContent(({ executables }) => executables),
    compressedBytes: change(({ layers }) => sumOf(layers.map((layer) => layer.compressedBytes))),
    uncompressedBytes: change(({ layers }) => sumOf(layers.map((layer) => layer.uncompressedBytes))),
    mended: LINTS.filter((lint) => isFlawed(before, lint) === true && isFlawed(after, lint) === false),
    broken: LINTS.filter((lint) => isFlawed(before, lint) === false && isFlawed(after, lint) === true),
  };
}

type Classified = Extract<CompositionFact, { readonly kind: "classified" }>;

function valueOf<T>(fact: Known<T>): T | undefined {
  return fact.kind === "known" ? fact.value : undefined;
}

function contentOf({ composition }: PlatformFacts): Classified | undefined {
  const fact = valueOf(composition);
  return fact?.kind === "classified" ? fact : undefined;
}

function classOf(composition: Known<CompositionFact>): string | undefined {
  const fact = valueOf(composition);
  return fact?.kind === "classified" ? fact.class : fact?.kind;
}

/** Nothing, if one of them is not known: a sum of some is no size. */
function sumOf(numbers: readonly (number | undefined)[]): number | undefined {
  return numbers.reduce<number | undefined>(
    (sum, number) => (sum === undefined || number === undefined ? undefined : sum + number),
    0,
  );
}

function isFlawed({ lints }: PlatformFacts, lint: Lint): boolean | undefined {
  const flaws = valueOf(lints[lint]);
  return flaws && flaws.length > 0;
}

/** The items in which the two differ, in the order in which they are told. */
export function changedItems({ items }: PlatformDiff): readonly SurfaceItem[] {
  return SURFACE_ITEMS.filter((name) => items[name].from?.count !== items[name].to?.count);
}
