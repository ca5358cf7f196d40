import type { Digest } from "../domain/digest.ts";
import { allOf, violated, type Judgement } from "./judgement.ts";
import { platformName } from "./runnable-platforms.ts";
import type { Case } from "./rules/rule.ts";

/** Something that must be vouched for, and the digests a word on any of which counts. */
export type Target = { readonly label: string; readonly digests: readonly Digest[] };

export type Vouching = {
  /** What each platform would have to be, for messages. */
  readonly participle: "signed" | "attested";
  /**
   * Whether more words about a thing can only help, so that one about the whole decides. Where a later word may be against
   * it, each part is judged with everything said of it and of the whole.
   */
  readonly monotonic: boolean;
  readonly judge: (target: Target) => Judgement;
};

/** Judges what must be vouched for of an image, as the policy's `platforms.signatures` says. */
export function judgeTargets(of: Case, vouching: Vouching): Judgement {
  const { digest, containedIn, platforms } = of.facts;
  switch (of.platforms.signatures) {
    case "index":
      return vouching.judge({ label: of.image, digests: [digest] });
    case "each":
      if (platforms.length === 0) {
        return violated(
          "not-runnable",
          `${of.image} has no platform that can be run, each of which would have to be ${vouching.participle}.`,
        );
      }
      return allOf(platformTargets(of, []).map(vouching.judge));
    case "either":
      return judgeEither({ label: of.image, digests: [digest, ...containedIn] }, of, vouching);
  }
}

/**
 * A word on the whole speaks for every part, for an index names its members by digest. Otherwise every runnable part must
 * have it, also those outside `only`: an unsigned extra platform is how an index is tampered with.
 */
function judgeEither(whole: Target, of: Case, { monotonic, judge }: Vouching): Judgement {
  const parts = platformTargets(of, whole.digests).filter(({ digests }) => digests.length > whole.digests.length);
  if (parts.length === 0) return judge(whole);
  if (monotonic) {
    const asWhole = judge(whole);
    if (asWhole.outcome === "satisfied") return asWhole;
  }
  return allOf(parts.map(judge));
}

function platformTargets(of: Case, wholes: readonly Digest[]): readonly Target[] {
  return of.facts.platforms.map((platform) => ({
    label: `${of.image} (${platformName(platform)})`,
    digests: [...new Set([platform.digest, ...wholes])],
  }));
}
