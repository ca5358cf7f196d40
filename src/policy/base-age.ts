import { baseName, type TagSpan } from "../domain/base-image.ts";
import { formatDuration } from "../domain/duration.ts";
import { latest, plus, type Instant } from "../domain/instant.ts";
import type { FoundCandidate } from "./base-candidate.ts";
import { satisfied, violated, type Judgement } from "./judgement.ts";
import type { Timeline } from "./timeline.ts";

/**
 * Time since the base's tags left this digest. A tag that has not left makes no age, as far as somebody looked: one that
 * was last seen there long ago may have left since.
 */
export function judgeBaseAge(
  candidate: FoundCandidate,
  limitMs: number,
  time: Timeline,
  others: readonly FoundCandidate[],
): Judgement {
  const name = baseName(candidate);
  const current = latest(...candidate.tags.map(currentUntil));
  if (current === undefined) {
    const message = `No tag of ${name} was ever seen, so since when it is outdated is unknown. Have that repository's tags collected, or build on a tagged image.`;
    return violated("base-age-unknown", message);
  }
  if (!time.reached(plus(current, limitMs))) return satisfied(`${name} is not outdated.`);
  const staying = candidate.tags.find(({ leftAt }) => leftAt === undefined);
  if (staying !== undefined) {
    const message = `The tag ${staying.tag} of ${name} was last looked at on ${staying.lastSeen}, so whether it has left this digest since is unknown. Have that repository's tags collected anew.`;
    return violated("base-age-unknown", message);
  }
  const now = successorOf(candidate, others);
  const message = `${name} is outdated: its last tag left it on ${current}, longer ago than ${formatDuration(limitMs)}${now}. Build anew on the current image.`;
  return violated("base-outdated", message);
}

/** Until when a tag is known to have been there. */
function currentUntil({ leftAt, lastSeen }: TagSpan): Instant {
  return leftAt ?? lastSeen;
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
