import type { Brand } from "./brand.ts";
import { InputError } from "./errors.ts";
import { quoted } from "./quoted.ts";

/** The algorithms a registry may name content by (OCI image-spec, descriptor.md "Registered algorithms"). */
export type DigestAlgorithm = "sha256" | "sha384" | "sha512";

/** `sha256:` and 64 lower-case hexadecimal digits, or a longer sibling. */
export type Digest = Brand<`${DigestAlgorithm}:${string}`, "Digest">;

// sha384 is known to distribution/reference and go-digest though the image-spec registers only 256 and 512.
const DIGEST = /^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/;

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** Throws `InputError` unless the text is a digest of a known algorithm, spelled in lower case, of exact length. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw new InputError(
      "digest",
      `${quoted(text, 160)} is not a digest: expected sha256: and 64 lower-case hexadecimal digits`,
    );
  }
  return text;
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(":")) as DigestAlgorithm;
}

export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}
