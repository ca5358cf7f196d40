import type { Statement } from "../../crypto/in-toto.ts";
import type { Digest } from "../../domain/digest.ts";
import type { ImageClaim } from "../claim.ts";

/**
 * What a statement claims of an image. Annotations are those of the subject that has the digest, since another subject's
 * say nothing about this image.
 */
export function claimOf(statement: Statement, digest: Digest): ImageClaim {
  const digests = statement.subjects.map((subject) =>
    Object.entries(subject.digest).map(([algorithm, hex]) => `${algorithm}:${hex}`),
  );
  const at = digests.findIndex((each) => each.includes(digest));
  const subject = statement.subjects[at];
  return { digests: digests.flat(), name: subject?.name, annotations: subject?.annotations ?? new Map() };
}
