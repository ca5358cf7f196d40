import { baseName } from "../domain/base-image.ts";
import { formatDuration } from "../domain/duration.ts";
import { latest, plus } from "../domain/instant.ts";
import type { FoundCandidate } from "./base-candidate.ts";
import { satisfied, violated, type Judgement } from "./judgement.ts";
import type { Timeline } from "./timeline.ts";

/**
 * Time since the last of the base's tags left this digest. One that has not left makes no age; the catalogue takes a tag that
 * nobody has looked at for long for one that left.
 */
export function judgeBaseAge(
  candidate: FoundCandidate,
  limitMs: number,
  time: Timeline,
  others: readonly FoundCandidate[],
): Judgement {
  const name = baseName(candidate);
  const staying = candidate.tags.find(({ leftAt }) => leftAt === undefined);
  if (staying !== undefined) return satisfied(`${name} is ${staying.tag} still.`);
  const leftAt = latest(...candidate.tags.map((span) => span.leftAt));
  if (leftAt === undefined) {
    const message = `No tag of ${name} was ever seen, so since when it is outdated is unknown. Have that repository's tags collected, or build on a tagged image.`;
    return violated("base-age-unknown", message);
  }
  if (!time.reached(plus(leftAt, limitMs))) return satisfied(`${name} is not outdated.`);
  const now = successorOf(candidate, others);
  const message = `${name} is outdated: its last tag left it on ${leftAt}, longer ago than ${formatDuration(limitMs)}${now}. Build anew on the current image.`;
  return violated("base-outdated", message);
}

/** Which digest one of its tags is now, if the image shares layers with that one too; continues a sentence. */
function successorOf({ repository, digest, tags }: FoundCandidate, others: readonly FoundCandidate[]): string {
  for (const other of others) {
    if (other.digest === digest || other.repository.registry !== repository.registry) continue;
    if (other.repository.path !== repository.path) continue;
    const span = other.tags.find(({ tag, leftAt }) => leftAt === undefined && tags.some((one) => one.tag === tag));
    if (span !== undefined) return `; ${span.tag} is ${other.digest} now`;
  }
  return "";
}
