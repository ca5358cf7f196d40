import { resolve } from "node:path";

import { InputError } from "../domain/errors.ts";
import { parseReference, type ImageReference } from "../domain/reference.ts";
import type { LocalImage } from "../app.ts";

/** One image to ask about: what was typed, and what it means. */
export type ImageArgument = {
  readonly typed: string;
  readonly reference: ImageReference;
  /** `undefined` for an image in a registry. */
  readonly local: LocalImage | undefined;
};

export type ImageWords = {
  readonly words: readonly string[];
  /** The name a local image is judged under. */
  readonly as: string | undefined;
  readonly cwd: string;
};

const LOCAL = /^(oci|oci-archive):(.*)$/s;

/** Registry references, `oci:DIR[:TAG]` and `oci-archive:FILE[:TAG]`. Throws `InputError`. */
export function parseImageArguments(given: ImageWords): readonly ImageArgument[] {
  if (given.words.length === 0) {
    throw new InputError("usage", "No image is named: give one, such as registry.example.com/shop/web:1.2.");
  }
  const locals = given.words.filter((word) => LOCAL.test(word)).length;
  if (given.as !== undefined && locals !== 1) {
    const many = `--as names one local image, and ${locals} are given`;
    throw new InputError("usage", `${many}: use it with exactly one oci: or oci-archive: image.`);
  }
  return given.words.map((word) => parseImageArgument(word, given));
}

function parseImageArgument(word: string, given: ImageWords): ImageArgument {
  const match = LOCAL.exec(word);
  if (match === null) return { typed: word, reference: parseReference(word), local: undefined };
  if (given.as === undefined) {
    throw new InputError(
      "usage",
      `${word} has no name, and policies match by name: say with --as what it will be called, such as --as registry.example.com/shop/web:1.2.`,
    );
  }
  const as = parseReference(given.as);
  const kind = match[1] === "oci" ? "oci-layout" : "oci-archive";
  return { typed: word, reference: as, local: { kind, as, ...parsePlace(word, match[2] ?? "", given.cwd) } };
}

/** `DIR:TAG` is split at the last colon of the last path segment, as skopeo does. */
function parsePlace(word: string, place: string, cwd: string): Pick<LocalImage, "path" | "tag"> {
  const colon = place.lastIndexOf(":");
  const isTagged = colon > place.lastIndexOf("/");
  const path = isTagged ? place.slice(0, colon) : place;
  const tag = isTagged ? place.slice(colon + 1) : undefined;
  if (path === "" || tag === "") {
    throw new InputError("usage", `${word} is incomplete: write oci:DIR, oci:DIR:TAG or oci-archive:FILE.`);
  }
  return { path: resolve(cwd, path), tag };
}
