import type { CompositionFact } from "../domain/facts.ts";
import { undetermined, unseen, violated, type Judgement } from "./judgement.ts";
import type { JudgedPlatform } from "./runnable-platforms.ts";

type Classified = Extract<CompositionFact, { readonly kind: "classified" }>;

/**
 * Applies a rule to what the layers hold. Layers that can never be read break the rule, unless they belong to an operating
 * system whose layers no version of Assay reads: that is ignorance, and the policy excludes such a platform by `only`.
 */
export function judgeContent({ facts, label }: JudgedPlatform, judge: (content: Classified) => Judgement): Judgement {
  const { composition } = facts;
  if (composition.kind !== "known") return unseen(composition, `The content of ${label}`);
  if (composition.value.kind === "classified") return judge(composition.value);
  const os = osOf(facts);
  if (os !== undefined && os !== "linux") {
    const message = `The layers of ${label} cannot be inspected: they are of the operating system ${os.slice(0, 40)}. Leave that platform out with platforms.only.`;
    return undetermined("uninspectable", message);
  }
  const { reason, detail } = composition.value;
  return violated(
    "uninspectable",
    `The layers of ${label} cannot be inspected (${reason}: ${detail}). Build the image anew.`,
  );
}

/** Only what index and configuration agree on, so that neither alone can turn a violation into ignorance. */
function osOf({ declared, config }: JudgedPlatform["facts"]): string | undefined {
  const configured = config.kind === "known" ? config.value.platform.os : undefined;
  return declared === undefined || configured === undefined || declared.os === configured
    ? (configured ?? declared?.os)
    : undefined;
}
