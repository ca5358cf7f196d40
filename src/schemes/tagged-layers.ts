import { parseStrictJson } from "../crypto/strict-json.ts";
import type { Descriptor } from "../domain/descriptor.ts";
import { InputError } from "../domain/errors.ts";
import { isJsonArray, isJsonObject } from "../domain/json.ts";
import { parseManifest, type Manifest } from "../domain/manifest.ts";
import type { Document } from "../domain/subject.ts";
import { MAX_SIGNATURE_BYTES, MAX_SIGNATURES } from "./limits.ts";

/** The layers of a manifest under one of cosign's tags, each with its place, by whether they are what the tag is for. */
export type TaggedLayers =
  | { readonly kind: "too-many"; readonly count: number }
  | {
      readonly kind: "layers";
      readonly signatures: readonly PlacedLayer[];
      /** Of another type, or too large: never fetched. */
      readonly others: readonly PlacedLayer[];
    };

export type PlacedLayer = { readonly part: number; readonly layer: Descriptor };

/** Throws `InputError` for a document that is no image manifest. The count comes first: a limit is not a bad manifest. */
export function readTaggedLayers(
  document: Document,
  name: string,
  isSignature: (layer: Descriptor) => boolean,
): TaggedLayers {
  const json = parseStrictJson(document.bytes, { code: "manifest", name, maxBytes: MAX_SIGNATURE_BYTES });
  const listed = isJsonObject(json) ? json.get("layers") : undefined;
  if (isJsonArray(listed) && listed.length > MAX_SIGNATURES) return { kind: "too-many", count: listed.length };
  const layers = imageManifest(parseManifest(json, document.descriptor.mediaType, MAX_SIGNATURES), name).layers;
  const placed = layers.map((layer, part): PlacedLayer => ({ part, layer }));
  return {
    kind: "layers",
    signatures: placed.filter(({ layer }) => isSignature(layer)),
    others: placed.filter(({ layer }) => !isSignature(layer)),
  };
}

function imageManifest(manifest: ReturnType<typeof parseManifest>, name: string): Manifest {
  if (manifest.kind === "manifest") return manifest;
  throw new InputError("manifest", `${name} is an index: cosign keeps signatures in the layers of a manifest`);
}
