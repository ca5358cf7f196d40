import type { Digest } from "../domain/digest.ts";
import { InputError } from "../domain/errors.ts";
import type { LeafEvidence } from "../domain/evidence.ts";
import type { Instant } from "../domain/instant.ts";
import { formatRepository, type ImageReference, type Repository, type Tag } from "../domain/reference.ts";
import type { Document, Subject } from "../domain/subject.ts";
import type { BaseSighting } from "../records/base-catalogue.ts";
import { baseSightingOf } from "./base-sighting.ts";
import { collectLeaf, type LeafParts } from "./collect-leaf.ts";
import { notThere } from "./observe.ts";
import type { Plan } from "./plan.ts";
import { resolveSubject } from "./resolve.ts";

/** Where a tag was seen to point. */
export type SeenTag = {
  readonly repository: Repository;
  readonly tag: Tag;
  readonly digest: Digest;
  readonly at: Instant;
};

/** The content of every platform and nothing else: who signed a base image is asked when it is judged. */
const CONTENT: Plan = { places: [], vouchers: [], statements: [], layers: "always", platforms: [], bases: false };

/**
 * Reads the layers of all that a tag leads to, one after another, since somebody who waits for a verdict may want the same
 * threads. Throws `PortError`.
 */
export async function collectBase(seen: SeenTag, parts: LeafParts, signal: AbortSignal): Promise<BaseSighting> {
  const { repository, digest, tag, at } = seen;
  const reference: ImageReference = { kind: "digest", repository, digest, tag: undefined };
  const root = await parts.images.resolve(reference, signal);
  if (root === undefined) throw notThere(`${formatRepository(repository)} ${digest}`);
  const subject = await subjectOf(reference, root, parts, signal);
  // What cannot be read as an image stays so, whoever looks again.
  if (subject === undefined) return { repository, tag, root: digest, at, images: [], isWhole: true };
  const leaves: LeafEvidence[] = [];
  const patient = { ...parts, layers: oneByOne(parts.layers) };
  for (const leaf of subject.leaves) {
    leaves.push(await collectLeaf(subject, leaf, { plan: CONTENT, earlier: undefined, parts: patient, signal }));
  }
  return { ...baseSightingOf({ subject, signatures: [], leaves }, tag), at };
}

function oneByOne(layers: LeafParts["layers"]): LeafParts["layers"] {
  let last: Promise<unknown> = Promise.resolve();
  return {
    content: (...asked) => {
      const next = last.then(() => layers.content(...asked));
      last = next.catch(() => undefined);
      return next;
    },
  };
}

async function subjectOf(
  reference: ImageReference,
  root: Document,
  parts: LeafParts,
  signal: AbortSignal,
): Promise<Subject | undefined> {
  try {
    return await resolveSubject(reference, root, parts, signal);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
