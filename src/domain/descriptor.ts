import { isDigest, type Digest } from "./digest.ts";
import { InputError } from "./errors.ts";
import {
  inside,
  optionalString,
  optionalStringArray,
  optionalStringMap,
  readStruct,
  requiredInteger,
  requiredString,
  type JsonObject,
  type JsonPlace,
  type JsonValue,
} from "./json.ts";
import { ATTESTATION_EXTRACT } from "./media-types.ts";
import { parsePlatform, type Platform } from "./platform.ts";
import { quoted } from "./quoted.ts";

/** Names content: what it is, its digest and its size in bytes (OCI image-spec, descriptor.md). */
export type Descriptor = {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly platform: Platform | undefined;
  /** Whether the descriptor carries `urls`, which Assay never follows (image-spec, descriptor.md; reliability: SSRF). */
  readonly foreign: boolean;
};

const FIELDS = ["mediaType", "digest", "size", "urls", "annotations", "data", "platform", "artifactType"] as const;

/** Throws `InputError` with the document's code and the descriptor's path. `data` is ignored: bytes are fetched and hashed. */
export function parseDescriptor(value: JsonValue | undefined, place: JsonPlace): Descriptor {
  const object = readStruct(value, FIELDS, place);
  const size = requiredInteger(object, "size", place);
  if (size < 0) throw new InputError(place.code, `${place.path}.size is negative`);
  return {
    mediaType: requiredMediaType(object, place),
    digest: requiredDigest(object, place),
    size,
    artifactType: optionalString(object, "artifactType", place),
    annotations: optionalStringMap(object, "annotations", place),
    platform: parsePlatform(object.get("platform"), place),
    foreign: optionalStringArray(object, "urls", place).length > 0,
  };
}

/** What is in our own stores alone must not be named by others, who could then put theirs in its place. */
function requiredMediaType(object: JsonObject, place: JsonPlace): string {
  const text = requiredString(object, "mediaType", place);
  if (text !== ATTESTATION_EXTRACT) return text;
  throw new InputError(place.code, `${inside(place, "mediaType").path} is ${text}, which is in no registry`);
}

function requiredDigest(object: JsonObject, place: JsonPlace): Digest {
  const text = requiredString(object, "digest", place);
  if (isDigest(text)) return text;
  throw new InputError(place.code, `${inside(place, "digest").path} is not a digest: ${quoted(text, 160)}`);
}

/** A descriptor of content we hash ourselves, without the optional members. */
export function plainDescriptor(mediaType: string, digest: Digest, size: number): Descriptor {
  return { mediaType, digest, size, artifactType: undefined, annotations: {}, platform: undefined, foreign: false };
}
