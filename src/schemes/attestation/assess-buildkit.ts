import type { AttestationOpinion } from "../../domain/facts.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import type { Document } from "../../domain/subject.ts";
import { rejected } from "../opinion.ts";
import type { Target, Vouched } from "../scheme.ts";
import { lost, tooLarge } from "./assess.ts";
import { chainProblem, statementLayers } from "./buildkit-manifest.ts";
import { judgeStatement } from "./carried-statement.ts";
import { readCarrier } from "./carrier.ts";
import { isReadable } from "./carriers.ts";
import { isExtract, readExtract } from "./extract.ts";

/** The authority's own demands were met by the signature that vouches. */
const NO_RULES = { annotations: {}, identityProblem: undefined };

/**
 * Judges one statement that BuildKit put beside an image, which nobody signed: it counts for an authority whose signature
 * stands on something that names it by digest, the attestation manifest or an index above that.
 */
export function assessBuildkit(
  evidence: SignatureEvidence,
  target: Target,
  vouched: Vouched,
): AttestationOpinion | undefined {
  if (evidence.missing !== undefined) return lost(evidence.missing);
  const { indexes, manifest, carrier } = partsOf(evidence);
  if (manifest === undefined) return rejected("found", "malformed", "the evidence holds no attestation manifest");
  const layer = statementLayers(manifest)?.[evidence.part];
  if (layer === undefined) return rejected("found", "malformed", "the attestation manifest holds no such statement");
  const problem = chainProblem(indexes, manifest, { part: evidence.part, blob: layer.digest, about: target.digest });
  if (problem !== undefined) return rejected("found", "malformed", problem);
  if (!isReadable(layer)) return tooLarge(layer);
  if (carrier === undefined || blobOf(carrier) !== layer.digest) {
    return rejected("fetched", "missing-document", "the evidence does not hold the statement that the manifest names");
  }
  return judge(carrier, [manifest, ...indexes], target, vouched);
}

function partsOf({ documents, artifact }: SignatureEvidence): {
  readonly indexes: readonly Document[];
  readonly manifest: Document | undefined;
  readonly carrier: Document | undefined;
} {
  const at = documents.findIndex(({ descriptor }) => descriptor.digest === artifact.digest);
  return { indexes: documents.slice(0, Math.max(at, 0)), manifest: documents[at], carrier: documents[at + 1] };
}

function blobOf(carrier: Document): string {
  return isExtract(carrier) ? readExtract(carrier).blob : carrier.descriptor.digest;
}

type Word = { readonly opinion: NonNullable<ReturnType<Vouched>>; readonly by: string };

/** Of several that vouch, the one that counts longest: there is no clock here that tells which of them has ended. */
function longestOf(words: readonly Word[]): Word | undefined {
  const end = ({ opinion }: Word): string => (opinion.kind === "verified" ? (opinion.notAfter ?? "~") : "");
  const [longest] = words
    .filter(({ opinion }) => opinion.kind === "verified")
    .toSorted((a, b) => (end(a) < end(b) ? 1 : -1));
  return longest;
}

function judge(
  carrier: Document,
  above: readonly Document[],
  target: Target,
  vouched: Vouched,
): AttestationOpinion | undefined {
  const opinions = above.flatMap(({ descriptor }) => {
    const opinion = vouched(descriptor.digest);
    return opinion === undefined ? [] : [{ opinion, by: descriptor.digest }];
  });
  const found = longestOf(opinions) ?? opinions[0];
  if (found === undefined) {
    const detail = `nobody signed the statement itself, and no signature of this authority stands on the index that names it (${above.at(-1)?.descriptor.digest})`;
    return rejected("signature", "no-signature", detail);
  }
  const { opinion, by } = found;
  if (opinion.kind === "undetermined") return opinion;
  const carried = readCarrier(carrier, "statement");
  if (carried === undefined) return undefined;
  const bytes = { bytes: carried.payload, text: carried.text([], 0) };
  const judged = judgeStatement(bytes, target, NO_RULES, opinion.signers[0]);
  if (judged?.kind !== "stands") return judged;
  const note = `the statement is BuildKit's and not signed itself: the signature on ${by} vouches for it`;
  return { ...opinion, notes: [...opinion.notes, note], statement: judged.statement };
}
