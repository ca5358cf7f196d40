import type { Document } from "../../domain/subject.ts";
import { MAX_SIGNATURE_BYTES } from "../limits.ts";
import { readTaggedLayers, type TaggedLayers } from "../tagged-layers.ts";

export const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";

/** The layers of a `.sig` manifest, by whether they can be signatures at all: of that type, and no larger than any payload. */
export function readSignatureLayers(document: Document): TaggedLayers {
  return readTaggedLayers(
    document,
    "signature manifest",
    ({ mediaType, size }) => mediaType === SIMPLE_SIGNING && size <= MAX_SIGNATURE_BYTES,
  );
}
