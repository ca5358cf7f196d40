import type { Document } from "../../domain/subject.ts";
import { readTaggedLayers, type TaggedLayers } from "../tagged-layers.ts";

const ENVELOPE = "application/vnd.dsse.envelope.v1+json";

/** The layers of an `.att` manifest, by whether they are envelopes. Throws `InputError`. */
export function readAttestationLayers(document: Document): TaggedLayers {
  return readTaggedLayers(document, "attestation manifest", ({ mediaType }) => mediaType === ENVELOPE);
}
