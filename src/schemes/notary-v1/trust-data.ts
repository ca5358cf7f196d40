import { digestOf } from "../../crypto/digest-of.ts";
import { canonicalJson } from "../../crypto/canonical-json.ts";
import { parseStrictJson } from "../../crypto/strict-json.ts";
import { plainDescriptor } from "../../domain/descriptor.ts";
import { InputError } from "../../domain/errors.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import {
  inside,
  optionalArray,
  optionalString,
  readStruct,
  requiredString,
  type JsonPlace,
} from "../../domain/json.ts";
import { NOTARY_METADATA } from "../../domain/media-types.ts";
import type { Document } from "../../domain/subject.ts";
import type { CollectionFiles } from "./collection.ts";
import { decodeRemembered, type Remembered } from "./remembered.ts";

/** What was fetched of a collection, and what was known of it at that time. */
export type TrustData = {
  readonly gun: string;
  readonly files: CollectionFiles;
  readonly remembered: Uint8Array | undefined;
};

const LISTING = "application/vnd.assay.notary-collection.v1+json";
const REMEMBERED = "application/vnd.assay.notary-memory.v1+json";
/** A line for each of some hundred files. */
const MAX_LISTING_BYTES = 256 * 1024;

/** A listing of the files by name first, then each distinct one of them. */
export function documentsOf({ gun, files, remembered }: TrustData): readonly Document[] {
  const named = [...files].map(([file, bytes]) => ({ file, document: bytes && document(NOTARY_METADATA, bytes) }));
  const memory = remembered && document(REMEMBERED, remembered);
  const listing = canonicalJson({
    gun,
    files: named.map((each) => ({ file: each.file, digest: each.document?.descriptor.digest })),
    remembered: memory?.descriptor.digest,
  });
  const all = [...named.map((each) => each.document), memory].filter((each) => each !== undefined);
  const distinct = new Map(all.map((each) => [each.descriptor.digest, each]));
  return [document(LISTING, Buffer.from(listing)), ...distinct.values()];
}

function document(mediaType: string, bytes: Uint8Array): Document {
  return { descriptor: plainDescriptor(mediaType, digestOf(bytes), bytes.length), bytes };
}

/** The other way round. Throws `InputError` for evidence that does not hold what it lists. */
export function trustDataOf({ documents }: SignatureEvidence): Omit<TrustData, "remembered"> & {
  readonly remembered: Remembered | undefined;
} {
  const place: JsonPlace = { code: "signature", path: "the collected trust data" };
  const [listing, ...rest] = documents;
  if (listing === undefined) throw new InputError("signature", `${place.path} is empty`);
  const options = { code: place.code, name: place.path, maxBytes: MAX_LISTING_BYTES };
  const object = readStruct(parseStrictJson(listing.bytes, options), ["gun", "files", "remembered"], place);
  const find = (digest: string): Uint8Array => {
    const found = rest.find((each) => each.descriptor.digest === digest && digestOf(each.bytes) === digest);
    if (found === undefined) throw new InputError("signature", `${place.path} lacks the document ${digest}`);
    return found.bytes;
  };
  const files = (optionalArray(object, "files", place) ?? []).map((value, at): [string, Uint8Array | undefined] => {
    const file = readStruct(value, ["file", "digest"], inside(place, at));
    const digest = optionalString(file, "digest", inside(place, at));
    return [requiredString(file, "file", inside(place, at)), digest === undefined ? undefined : find(digest)];
  });
  const memory = optionalString(object, "remembered", place);
  return {
    gun: requiredString(object, "gun", place),
    files: new Map(files),
    remembered: memory === undefined ? undefined : decodeRemembered(find(memory)),
  };
}
