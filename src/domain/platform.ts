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

/** Whether `linux/arm64` names this platform: the variant counts only where the name gives one. */
export function isPlatformNamed(platform: Platform, name: string): boolean {
  return name === formatPlatform(platform) || name === `${platform.os}/${platform.architecture}`;
}
