import { readFileSync } from "node:fs";

import type { TufRepository } from "../../ports/trust-root-source.ts";

/**
 * Sigstore's public-good instance. Its root metadata, version 16, is the one shipped in @sigstore/tuf 5.0.1 (seeds.json); newer
 * ones are signed by it, one after the other.
 */
export function publicGoodRepository(): TufRepository {
  const rootJson = readFileSync(new URL("./public-good-root.json", import.meta.url), "utf8");
  return { mirror: "https://tuf-repo-cdn.sigstore.dev", rootJson, from: "public-good", isOwn: false };
}
