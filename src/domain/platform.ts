import { inside, optionalString, readStruct, requiredString, type JsonPlace, type JsonValue } from "./json.ts";

/** What an image runs on (OCI image-spec, image-index.md `platform`). */
export type Platform = {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
  readonly osVersion: string | undefined;
};

const FIELDS = ["architecture", "os", "os.version", "os.features", "variant", "features"] as const;

export function parsePlatform(value: JsonValue | undefined, place: JsonPlace): Platform | undefined {
  if (value === undefined || value === null) return undefined;
  const here = inside(place, "platform");
  const object = readStruct(value, FIELDS, here);
  return {
    os: requiredString(object, "os", here),
    architecture: requiredString(object, "architecture", here),
    variant: optionalString(object, "variant", here),
    osVersion: optionalString(object, "os.version", here),
  };
}

/** `linux/arm64/v8`; the OS version is left out, as docker and containerd print it. */
export function formatPlatform(platform: Platform): string {
  const variant = platform.variant === undefined ? "" : `/${platform.variant}`;
  return `${platform.os}/${platform.architecture}${variant}`;
}

/**
 * Whether `linux/arm64` names this platform: the variant counts only where the name gives one. Aliases count, since a
 * runtime on arm64 starts what is labelled `aarch64`, and what a policy's list leaves out is not judged.
 */
export function isPlatformNamed(platform: Platform, name: string): boolean {
  const [os = "", architecture = "", variant] = name.split("/");
  const wanted = normalise({ os, architecture, variant });
  const given = normalise(platform);
  if (given.os !== wanted.os || given.architecture !== wanted.architecture) return false;
  return variant === undefined || given.variant === wanted.variant;
}

/**
 * Whether a node that `name` names could start this platform out of an index that declares `declared`. Without a variant a
 * platform runs wherever its architecture does. Older variants, 386 on amd64 and arm on arm64 are what containerd falls
 * back to, unless the index declares just what it looks for first.
 */
export function couldStartOn(platform: Platform, name: string, declared: readonly (Platform | undefined)[]): boolean {
  if (isPlatformNamed(platform, name) || isUnvaried(platform, name)) return true;
  const [os = "", architecture = "", variant] = name.split("/");
  const wanted = normalise({ os, architecture, variant });
  const given = normalise(platform);
  if (given.os !== wanted.os) return false;
  if (given.architecture !== wanted.architecture && FALLBACKS.get(wanted.architecture) !== given.architecture)
    return false;
  return !declared.some((other) => other !== undefined && isSame(normalise(other), wanted));
}

/** A platform that gives no variant, under a name of its architecture that does. */
export function isUnvaried(platform: Platform, name: string): boolean {
  return platform.variant === undefined && name.startsWith(`${formatPlatform(platform)}/`);
}

/** Architectures whose programs another one starts too. */
const FALLBACKS: ReadonlyMap<string, string> = new Map([
  ["amd64", "386"],
  ["arm64", "arm"],
]);

function isSame(one: PlatformName, other: PlatformName): boolean {
  return one.os === other.os && one.architecture === other.architecture && one.variant === other.variant;
}

type PlatformName = Pick<Platform, "os" | "architecture" | "variant">;

/** Other names of architectures; some say the variant too, whatever the platform's own says. */
const ALIASES: ReadonlyMap<string, { readonly architecture: string; readonly variant?: string }> = new Map([
  ["i386", { architecture: "386", variant: "" }],
  ["x86_64", { architecture: "amd64" }],
  ["x86-64", { architecture: "amd64" }],
  ["aarch64", { architecture: "arm64" }],
  ["armhf", { architecture: "arm", variant: "v7" }],
  ["armel", { architecture: "arm", variant: "v6" }],
]);
/** What an absent variant stands for. */
const DEFAULT_VARIANTS: ReadonlyMap<string, string> = new Map([
  ["amd64", "v1"],
  ["arm64", "v8"],
  ["arm", "v7"],
]);

/** One spelling for all platforms that a runtime takes for the same, to remember things under. */
export function canonicalPlatform(platform: Platform): PlatformName {
  return normalise(platform);
}

/** The same platform in one spelling, as containerd's platforms package compares them; no system at all is `linux`. */
function normalise(platform: PlatformName): PlatformName {
  const spelled = platform.architecture.toLowerCase();
  const { architecture, variant = platform.variant ?? "" } = ALIASES.get(spelled) ?? { architecture: spelled };
  return {
    os: platform.os === "" ? "linux" : platform.os.toLowerCase(),
    architecture,
    variant: variant === "" ? DEFAULT_VARIANTS.get(architecture) : variant.toLowerCase().replace(/^(?=[0-9])/, "v"),
  };
}
