import { parseStrictJson } from "../../crypto/strict-json.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import { InputError } from "../../domain/errors.ts";
import { isJsonArray, isJsonObject } from "../../domain/json.ts";
import { parseManifest, type Manifest } from "../../domain/manifest.ts";
import type { Document } from "../../domain/subject.ts";
import { MAX_SIGNATURE_BYTES, MAX_SIGNATURES } from "../limits.ts";

export const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";

/** The layers of a `.sig` manifest, each with its place, by whether they can be signatures at all. */
export type SignatureLayers =
  | { readonly kind: "too-many"; readonly count: number }
  | {
      readonly kind: "layers";
      readonly signatures: readonly PlacedLayer[];
      /** Of another type, or larger than any payload: never fetched. */
      readonly others: readonly PlacedLayer[];
    };

export type PlacedLayer = { readonly part: number; readonly layer: Descriptor };

/** Throws `InputError` for a document that is no image manifest. The count comes first: a limit is not a bad manifest. */
export function readSignatureLayers(document: Document): SignatureLayers {
  const json = parseStrictJson(document.bytes, {
    code: "manifest",
    name: "signature manifest",
    maxBytes: MAX_SIGNATURE_BYTES,
  });
  const listed = isJsonObject(json) ? json.get("layers") : undefined;
  if (isJsonArray(listed) && listed.length > MAX_SIGNATURES) return { kind: "too-many", count: listed.length };
  const layers = imageManifest(parseManifest(json, document.descriptor.mediaType)).layers;
  const placed = layers.map((layer, part): PlacedLayer => ({ part, layer }));
  return {
    kind: "layers",
    signatures: placed.filter(isSignature),
    others: placed.filter((each) => !isSignature(each)),
  };
}

function imageManifest(manifest: ReturnType<typeof parseManifest>): Manifest {
  if (manifest.kind === "manifest") return manifest;
  throw new InputError(
    "manifest",
    "signature manifest is an index: cosign keeps signatures in the layers of a manifest",
  );
}

function isSignature({ layer }: PlacedLayer): boolean {
  return layer.mediaType === SIMPLE_SIGNING && layer.size <= MAX_SIGNATURE_BYTES;
}
