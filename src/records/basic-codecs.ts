import type { Descriptor } from "../domain/descriptor.ts";
import { isDigest, type Digest } from "../domain/digest.ts";
import type { PortCode } from "../domain/errors.ts";
import type { Gap, Known, Observation } from "../domain/gap.ts";
import { parseInstant, type Instant } from "../domain/instant.ts";
import type { Platform } from "../domain/platform.ts";
import type { ImageReference, Registry, Repository, Tag } from "../domain/reference.ts";
import type { Sighting } from "../domain/sighting.ts";
import { checked, dictionary, flag, oneOf, optional, plain, struct, tagged, text, whole, type Codec } from "./codec.ts";

export const digest: Codec<Digest> = checked("a digest", isDigest);

/** Spelled as we spell instants, since they are compared as text. */
export const instant: Codec<Instant> = checked("an instant", (value) => {
  try {
    return parseInstant(value) === value;
  } catch {
    return false;
  }
});

/** Names that their own parser made before they were sealed. */
export function named<T extends string>(): Codec<T> {
  return plain("a text", (json): json is T => typeof json === "string");
}

export const platform: Codec<Platform> = struct({
  os: text,
  architecture: text,
  variant: optional(text),
  osVersion: optional(text),
});

export const descriptor: Codec<Descriptor> = struct({
  mediaType: text,
  digest,
  size: whole,
  artifactType: optional(text),
  annotations: dictionary(text),
  platform: optional(platform),
  foreign: flag,
});

export const sighting: Codec<Sighting> = struct({ layer: digest, path: text, note: text });

export const repository: Codec<Repository> = struct({ registry: named<Registry>(), path: text });

export const imageReference: Codec<ImageReference> = tagged<ImageReference>({
  tag: struct({ repository, tag: named<Tag>() }),
  digest: struct({ repository, digest, tag: optional(named<Tag>()) }),
});

const PORT_CODES: Readonly<Record<PortCode, true>> = {
  unreachable: true,
  timeout: true,
  unauthorized: true,
  "rate-limited": true,
  "server-error": true,
  "not-found": true,
  "blocked-address": true,
  "too-large": true,
  "too-many": true,
  "digest-mismatch": true,
  malformed: true,
  unsupported: true,
  aborted: true,
  "store-unavailable": true,
  conflict: true,
};

export const gap: Codec<Gap> = struct({
  code: oneOf(...(Object.keys(PORT_CODES) as PortCode[])),
  what: text,
  detail: text,
});

export function observation<T>(value: Codec<T>): Codec<Observation<T>> {
  return tagged<Observation<T>>({
    observed: struct<{ readonly at: Instant; readonly value: T }>({ at: instant, value }),
    gap: struct({ at: instant, gap }),
    "not-asked": struct({}),
  });
}

export function known<T>(value: Codec<T>): Codec<Known<T>> {
  return tagged<Known<T>>({
    known: struct<{ readonly value: T }>({ value }),
    gap: struct({ gap }),
    "not-collected": struct({}),
  });
}
