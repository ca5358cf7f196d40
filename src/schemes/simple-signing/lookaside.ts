import { algorithmOf, hexOf } from "../../domain/digest.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import { PortError } from "../../domain/errors.ts";
import { MAX_SIGNATURE_BYTES, MAX_TOTAL_BYTES } from "../limits.ts";
import type { Place, Sources, Target } from "../scheme.ts";
import { blobEvidence } from "./blob-evidence.ts";
import { lookasideKey } from "./source.ts";
import { fetchFollowing } from "./web-file.ts";

/** As containers/image reads at most: they are asked for one after another. */
export const MAX_FILES = 128;

/** A web server that holds signatures as files (containers/image, docs/signature-protocols.md, "separate storage"). */
export function lookasidePlace(url: string): Place {
  return { key: lookasideKey(url), collect: (target, sources, signal) => collect(url, { target, sources, signal }) };
}

type Look = { readonly target: Target; readonly sources: Sources; readonly signal: AbortSignal };

/** Signatures are numbered from 1, and the first number that is not there ends them: there is no list. */
async function collect(url: string, { target, sources, signal }: Look): Promise<readonly SignatureEvidence[]> {
  const found: SignatureEvidence[] = [];
  const source = { source: lookasideKey(url), via: `lookaside ${new URL(url).host}` };
  let total = 0;
  for (let number = 1; ; number += 1) {
    const file = signatureUrl(url, target, number);
    const bytes = await fetchFollowing(sources.fetch, { url: file, base: url, limit: MAX_SIGNATURE_BYTES, signal });
    if (bytes === undefined) return found;
    total += bytes.length;
    if (number > MAX_FILES) throw new PortError("too-many", file, `more than the ${MAX_FILES} signatures allowed`);
    if (total > MAX_TOTAL_BYTES) throw new PortError("too-large", file, `all are more than ${MAX_TOTAL_BYTES} bytes`);
    found.push(blobEvidence(bytes, number - 1, target, source));
  }
}

/** `<base>/<repository without its host>@<algorithm>=<hex>/signature-<number>` */
function signatureUrl(base: string, { repository, digest }: Target, number: number): string {
  return `${base}/${repository.path}@${algorithmOf(digest)}=${hexOf(digest)}/signature-${number}`;
}
