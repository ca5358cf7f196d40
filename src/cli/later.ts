import { InputError } from "../domain/errors.ts";
import type { Arguments } from "./flags.ts";

/** Refuses what is named in help so that nobody looks for it, and is not here: silence would be an unjudged image. */
export function refuseLater(args: Arguments): void {
  if (args.has("file")) {
    throw new InputError(
      "usage",
      "-f (judging the images of Kubernetes manifests) is not supported by this version: name the images instead.",
    );
  }
}
