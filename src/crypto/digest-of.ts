import { createHash, hash } from "node:crypto";

import { algorithmOf, parseDigest, type Digest, type DigestAlgorithm } from "../domain/digest.ts";
import { canonicalJson, type Encodable } from "./canonical-json.ts";

/** The digest of bytes or UTF-8 text. */
export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = "sha256"): Digest {
  return parseDigest(`${algorithm}:${hash(algorithm, bytes, "hex")}`);
}

/** Whether these bytes are what the digest names. */
export function isDigestOf(digest: Digest, bytes: Uint8Array): boolean {
  return digestOf(bytes, algorithmOf(digest)) === digest;
}

/**
 * The content address of a value: the same value always has the same, whatever the order its members were written in.
 * `kind` keeps two sorts of thing with equal members apart.
 */
export function addressOf(kind: string, value: Encodable): Digest {
  return digestOf(`${kind}\n${canonicalJson(value)}`);
}

/** A running hash for bytes that arrive in pieces. */
export function digestStream(algorithm: DigestAlgorithm = "sha256"): {
  readonly update: (chunk: Uint8Array) => void;
  readonly digest: () => Digest;
} {
  const running = createHash(algorithm);
  return {
    update: (chunk) => void running.update(chunk),
    digest: () => parseDigest(`${algorithm}:${running.digest("hex")}`),
  };
}
