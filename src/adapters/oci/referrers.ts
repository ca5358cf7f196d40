import { parseDescriptor, type Descriptor } from "../../domain/descriptor.ts";
import { algorithmOf, hexOf, type Digest } from "../../domain/digest.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import {
  inside,
  optionalArray,
  optionalString,
  readStruct,
  requiredInteger,
  type JsonPlace,
  type JsonValue,
} from "../../domain/json.ts";
import { MAX_REFERRERS } from "../../domain/manifest.ts";
import { OCI_INDEX } from "../../domain/media-types.ts";
import type { Tag } from "../../domain/reference.ts";
import { asAnswer } from "./json-answer.ts";

const FIELDS = [
  "schemaVersion",
  "mediaType",
  "manifests",
  "config",
  "layers",
  "annotations",
  "subject",
  "artifactType",
] as const;
const PLACE: JsonPlace = { code: "manifest", path: "referrers" };

/** The tag where a registry without the API keeps them (distribution-spec 1.1, "Referrers Tag Schema"). */
export function referrersTag(digest: Digest): Tag {
  return `${algorithmOf(digest)}-${hexOf(digest).slice(0, 64)}` as Tag;
}

/** The entries of one page. What they say of themselves is a hint for the reader, never a fact. Throws `PortError`. */
export function parseReferrers(value: JsonValue, what: string): readonly Descriptor[] {
  return asAnswer(what, () => {
    const index = readStruct(value, FIELDS, PLACE);
    const mediaType = optionalString(index, "mediaType", PLACE) ?? OCI_INDEX;
    const other = index.has("config") || index.has("layers") || mediaType !== OCI_INDEX;
    if (other || requiredInteger(index, "schemaVersion", PLACE) !== 2) {
      throw new InputError("manifest", "the list of referrers is not an image index");
    }
    const entries = optionalArray(index, "manifests", PLACE) ?? [];
    checkCount(entries.length, what);
    return entries.map((entry, at) => parseDescriptor(entry, inside(inside(PLACE, "manifests"), at)));
  });
}

/** Reaching the limit is an error: judging the first of them would let the rest hide. */
export function checkCount(count: number, what: string): void {
  if (count <= MAX_REFERRERS) return;
  const mend = "delete signatures, attestations and other referrers of this image that nobody needs any more";
  throw new PortError("too-many", what, `it has more than the ${MAX_REFERRERS} referrers allowed: ${mend}`);
}
