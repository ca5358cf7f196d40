import type { PlatformFacts } from "../domain/facts.ts";
import { couldStartOn, formatPlatform, isPlatformNamed, isUnvaried, type Platform } from "../domain/platform.ts";
import { allOf, violated, type Judgement } from "./judgement.ts";
import type { Case } from "./rules/rule.ts";

/** One runnable manifest, and how messages call it: `IMAGE (linux/arm64)`. */
export type JudgedPlatform = { readonly facts: PlatformFacts; readonly label: string };

/**
 * A content rule over every runnable platform that the policy selects; all must pass. Nothing to look at is a violation:
 * a rule that held because there was nothing to break it would let anything through.
 */
export function judgePlatforms(of: Case, judge: (platform: JudgedPlatform) => Judgement): Judgement {
  const { shape, platforms } = of.facts;
  if (shape === "artifact" || platforms.length === 0) {
    return violated("not-runnable", `${of.image} is not an image that can be run, so its content cannot be judged.`);
  }
  const { only } = of.platforms;
  if (!platforms.some((platform) => isSelected(platform, only))) {
    const message = `${of.image} has none of the platforms this policy is about (${of.platforms.only.join(", ")}); it has ${platforms.map(platformName).join(", ")}.`;
    return violated("no-platform", message);
  }
  const declared = platforms.map((platform) => platform.declared);
  const selected = platforms.filter(
    (platform) => isSelected(platform, only) || isReachable(platform, { shape, only, declared }),
  );
  return allOf(selected.map((facts) => judge({ facts, label: `${of.image} (${platformName(facts)})` })));
}

/** As the configuration says it, which a runtime checks; else as the index does. */
export function platformName(facts: PlatformFacts): string {
  const platform = facts.config.kind === "known" ? facts.config.value.platform : facts.declared;
  return platform === undefined ? "platform unknown" : formatPlatform(platform);
}

/**
 * A runtime picks by what the index declares and, where it declares nothing, by the configuration. An image that says two
 * things is left out only if both are outside the selection, and one that says nothing is never left out.
 */
function isSelected(facts: PlatformFacts, only: readonly string[]): boolean {
  if (only.length === 0) return true;
  const configured = facts.config.kind === "known" ? facts.config.value.platform : undefined;
  const said = [facts.declared, configured].filter((platform) => platform !== undefined);
  return said.length === 0 || said.some((platform) => only.some((name) => isNamed(platform, name)));
}

/** Without a variant a platform runs wherever its architecture does, so every name of that architecture names it. */
function isNamed(platform: Platform, name: string): boolean {
  return isUnvaried(platform, name) || isPlatformNamed(platform, name);
}

type Offer = {
  readonly shape: Case["facts"]["shape"];
  readonly only: readonly string[];
  readonly declared: readonly (Platform | undefined)[];
};

/**
 * Whether a node of a selected platform may end up with this one for lack of a better: what its index declares nothing of,
 * which containers/image then takes whatever the configuration says, and what containerd falls back to.
 */
function isReachable(facts: PlatformFacts, { shape, only, declared }: Offer): boolean {
  const { declared: platform } = facts;
  if (platform === undefined) return shape === "index";
  return only.some((name) => couldStartOn(platform, name, declared));
}
