import { createHash, hash } from "node:crypto";

import type { DigestAlgorithm } from "../domain/digest.ts";

/** Bytes too many to hold, known by their number and their hashes in hexadecimal. */
export type HashedBytes = {
  readonly kind: "hashed";
  readonly size: number;
  readonly hashes: Readonly<Partial<Record<DigestAlgorithm, string>>>;
};

/** What a signature or a log entry is about: the bytes, or what was computed of them while they passed. */
export type Content = Uint8Array | HashedBytes;

const ALGORITHMS: readonly string[] = ["sha256", "sha384", "sha512"] satisfies readonly DigestAlgorithm[];

/** In lower-case hexadecimal; `undefined` for an algorithm that is not allowed, or was not computed. */
export function hashOfContent(content: Content, algorithm: string): string | undefined {
  if (!isAllowed(algorithm)) return undefined;
  return content instanceof Uint8Array ? hash(algorithm, content, "hex") : content.hashes[algorithm];
}

function isAllowed(algorithm: string): algorithm is DigestAlgorithm {
  return ALGORITHMS.includes(algorithm);
}

/** Several hashes of bytes that arrive in pieces. */
export class RunningHashes {
  readonly #running: readonly { readonly algorithm: DigestAlgorithm; readonly hash: ReturnType<typeof createHash> }[];
  #size = 0;

  constructor(...algorithms: readonly DigestAlgorithm[]) {
    this.#running = algorithms.map((algorithm) => ({ algorithm, hash: createHash(algorithm) }));
  }

  update(piece: Uint8Array): this {
    this.#size += piece.length;
    for (const { hash } of this.#running) hash.update(piece);
    return this;
  }

  /** Once, at the end. */
  finish(): HashedBytes {
    const hashes = Object.fromEntries(this.#running.map(({ algorithm, hash }) => [algorithm, hash.digest("hex")]));
    return { kind: "hashed", size: this.#size, hashes };
  }
}
