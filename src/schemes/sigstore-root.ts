import { readFileSync } from "node:fs";

import type { Certificate } from "../crypto/certificate.ts";
import { rememberIssuing } from "../crypto/issuing-memory.ts";
import { logOfPem } from "../crypto/transparency-log.ts";
import { parseTrustedRoot, type TrustedRoot } from "../crypto/trusted-root.ts";
import { InputError } from "../domain/errors.ts";
import type { Gap } from "../domain/gap.ts";
import { quoted } from "../domain/quoted.ts";
import type { TrustRoot } from "../domain/trust.ts";

/** A trust root's content, or why there is none yet. */
export type RootReading =
  | { readonly kind: "read"; readonly root: TrustedRoot }
  | { readonly kind: "unread"; readonly gap: Gap };

/** Throws `InputError` for a root that cannot be used. */
export function readRoot(root: TrustRoot): RootReading {
  switch (root.kind) {
    case "public-good":
      return { kind: "read", root: publicGoodRoot() };
    case "trusted-root":
      return { kind: "read", root: withMemory(parseTrustedRoot(root.json, root.from)) };
    case "tuf-mirror":
      return { kind: "unread", gap: unreadMirror(root.mirror) };
    case "rekor-keys":
      if (root.keys.length === 0)
        throw new InputError("policy", "rekorKeys is empty: name the key of at least one log");
      return { kind: "read", root: ofLogs(root.keys.map((key) => logOfPem(key.pem, key.from))) };
  }
}

function unreadMirror(mirror: string): Gap {
  return {
    code: "unreachable",
    what: quoted(mirror),
    detail:
      "no trust root in force could be had of this TUF repository: it does not answer, its metadata have expired, or they do not verify; ASSAY_LOG_LEVEL=warn tells which",
  };
}

function ofLogs(logs: TrustedRoot["logs"]): TrustedRoot {
  return { logs, timestampAuthorities: [], certificateAuthorities: [], certificateLogs: [] };
}

/**
 * Sigstore's public-good instance, from the `trusted_root.json` that its TUF repository signs, as shipped in @sigstore/tuf
 * 5.0.1 (seeds.json). Public material only; a newer root is given to an authority as a file of its own.
 */
export function publicGoodRoot(): TrustedRoot {
  const file = new URL("./public-good-trusted-root.json", import.meta.url);
  return withMemory(parseTrustedRoot(readFileSync(file, "utf8"), "public-good"));
}

/** One memory for one root, which goes when the root goes. */
function withMemory(root: TrustedRoot): TrustedRoot {
  const issued = rememberIssuing(root.timestampAuthorities.flatMap(certificatesOf));
  const timestampAuthorities = root.timestampAuthorities.map((authority) => ({ ...authority, issued }));
  return { ...root, timestampAuthorities };
}

type Chain = {
  readonly leaf?: Certificate | undefined;
  readonly intermediates: readonly Certificate[];
  readonly root: Certificate;
};

function certificatesOf({ leaf, intermediates, root }: Chain): readonly Certificate[] {
  return [leaf ?? root, ...intermediates, root];
}
