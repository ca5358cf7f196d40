import { InputError, PortError } from "../domain/errors.ts";
import { formatReference, type ImageReference } from "../domain/reference.ts";
import type { Unresolved } from "./assay.ts";

/** An image that could not be brought to a judgement is denied with its reason; a mistake of ours is thrown on. */
export function unresolvedFrom(reference: ImageReference, error: unknown): Unresolved {
  const image = formatReference(reference);
  if (error instanceof PortError)
    return { kind: "unresolved", image, code: error.code, message: error.message, retryable: isTransient(error) };
  if (error instanceof InputError)
    return { kind: "unresolved", image, code: error.code, message: error.message, retryable: false };
  throw error;
}

/** What another look, another credential or another setting could change: then the image was not judged, only not seen. */
function isTransient(error: PortError): boolean {
  return (
    error.retryable || error.code === "unauthorized" || error.code === "blocked-address" || error.code === "aborted"
  );
}
