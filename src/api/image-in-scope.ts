import { InputError } from "../domain/errors.ts";
import { parseReference, type ImageReference } from "../domain/reference.ts";
import { problem, problemJson, type ProblemJson } from "./problem.ts";
import type { Reply } from "./reply.ts";
import { isInScope, type Subject } from "./subject.ts";

const OUT_OF_SCOPE = "The token's repositories do not include this image.";

export function outOfScope(image: string): Reply {
  return problem("forbidden", OUT_OF_SCOPE, { image });
}

export function outOfScopeJson(image: string): ProblemJson {
  return problemJson("forbidden", OUT_OF_SCOPE, { image });
}

/** The reference, or `undefined` if this subject may not name it. Throws `InputError`. */
export function readableReference(subject: Subject, image: string): ImageReference | undefined {
  const reference = parseReference(image);
  return isInScope(subject, reference.repository) ? reference : undefined;
}

/** Whether a subject may see what is said of an image that is already stored. Text nobody can read is nobody's. */
export function mayRead(subject: Subject, image: string): boolean {
  if (subject.repositories === undefined) return true;
  try {
    return readableReference(subject, image) !== undefined;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}
