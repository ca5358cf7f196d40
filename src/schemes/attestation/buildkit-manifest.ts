import { parseStrictJson } from "../../crypto/strict-json.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import type { Digest } from "../../domain/digest.ts";
import { InputError } from "../../domain/errors.ts";
import { isBuildkitAttestation, parseManifest, type Index, type Manifest } from "../../domain/manifest.ts";
import type { Document } from "../../domain/subject.ts";
import { MAX_SIGNATURE_BYTES } from "../limits.ts";

const REFERENCE = "vnd.docker.reference.digest";

/** Throws `InputError`. */
function read(document: Document): Manifest | Index {
  const options = { code: "manifest", name: "attestation manifest", maxBytes: MAX_SIGNATURE_BYTES } as const;
  return parseManifest(parseStrictJson(document.bytes, options), document.descriptor.mediaType);
}

/** The layers, each of which holds a statement; `undefined` for what is no manifest, which is refused when it is judged. */
export function statementLayers(document: Document): readonly Descriptor[] | undefined {
  try {
    const manifest = read(document);
    return manifest.kind === "manifest" && manifest.layers.length > 0 ? manifest.layers : undefined;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/**
 * Why these documents do not lead from an index to a statement about `about`: each index must name the next document by its
 * digest, the last one with the marks of an attestation manifest for `about`, and the manifest must hold the statement as
 * its layer `part`. `undefined` if they do. Throws `InputError` for documents that cannot be read.
 */
export function chainProblem(
  indexes: readonly Document[],
  manifest: Document,
  statement: { readonly part: number; readonly blob: Digest; readonly about: Digest },
): string | undefined {
  const parsed = read(manifest);
  if (parsed.kind !== "manifest") return "the attestation manifest is an index";
  if (parsed.layers[statement.part]?.digest !== statement.blob) return "the manifest does not hold the statement";
  const chain = [...indexes, manifest];
  for (const [at, document] of indexes.entries()) {
    const index = read(document);
    const next = chain[at + 1];
    const entries =
      index.kind === "index" ? index.manifests.filter(({ digest }) => digest === next?.descriptor.digest) : [];
    if (entries.length === 0) return `the index ${document.descriptor.digest} does not name ${next?.descriptor.digest}`;
    if (at < indexes.length - 1) continue;
    const named = entries.some(
      (entry) => isBuildkitAttestation(entry, parsed) && entry.annotations[REFERENCE] === statement.about,
    );
    if (!named) return `the index does not mark the manifest as the attestations of ${statement.about}`;
  }
  return undefined;
}
