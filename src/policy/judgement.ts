import type { Gap, Known } from "../domain/gap.ts";
import { mendOfGap } from "../domain/problem-mend.ts";
import type { Cite, FindingReason, Outcome } from "../domain/verdict.ts";

/** One rule applied, before policy and enforcement are put on it. */
export type Judgement = {
  readonly outcome: Outcome;
  readonly reason: FindingReason | undefined;
  readonly message: string;
  readonly cites: readonly Cite[];
  /** What could not be seen and might have changed the outcome. */
  readonly gaps: readonly Gap[];
};

export function satisfied(message: string, cites: readonly Cite[] = []): Judgement {
  return { outcome: "satisfied", reason: undefined, message, cites, gaps: [] };
}

export function violated(reason: FindingReason, message: string, cites: readonly Cite[] = []): Judgement {
  return { outcome: "violated", reason, message, cites, gaps: [] };
}

export function undetermined(reason: FindingReason, message: string, gaps: readonly Gap[] = []): Judgement {
  return { outcome: "undetermined", reason, message, cites: [], gaps };
}

/** What a rule says of a thing it could not see: `what` names it, such as `the user of IMAGE (linux/amd64)`. */
export function unseen(known: Exclude<Known<unknown>, { readonly kind: "known" }>, what: string): Judgement {
  switch (known.kind) {
    case "gap": {
      const message = `${what} could not be read (${describeGap(known.gap)}). ${mendSentence(known.gap)}`;
      return undetermined("gap", message, [known.gap]);
    }
    case "not-collected":
      return undetermined(
        "not-collected",
        `${what} has not been collected yet. Verify the image against its registry.`,
      );
  }
}

/** What could not be told for places that were not seen: `asked` begins the sentence; a gap is why, where there is one. */
export function unseenPlaces(asked: string, why: readonly (Gap | undefined)[]): Judgement {
  const gaps = why.filter((gap) => gap !== undefined);
  const [gap] = gaps;
  if (gap === undefined) {
    return undetermined("not-collected", `${asked} has not been looked at yet. Verify the image against its registry.`);
  }
  const message = `${asked} could not be told (${describeGap(gap)}). ${mendSentence(gap)}`;
  return undetermined("gap", message, gaps);
}

export function describeGap(gap: Gap): string {
  return `${gap.code}: ${gap.what}`;
}

function mendSentence({ code }: Gap): string {
  const mend = mendOfGap(code);
  const end = mend.endsWith("?") ? "" : ".";
  return `${mend.charAt(0).toUpperCase()}${mend.slice(1)}${end}`;
}

/** Several messages in one finding would bury the first. */
const SHOWN = 3;

/** All must hold. One violation decides, whatever else could not be seen. */
export function allOf(judgements: readonly Judgement[]): Judgement {
  const worst = pick(judgements, "violated") ?? pick(judgements, "undetermined");
  if (worst !== undefined) return worst;
  return {
    outcome: "satisfied",
    reason: undefined,
    message: joinMessages(judgements),
    cites: judgements.flatMap((one) => one.cites),
    gaps: [],
  };
}

function pick(judgements: readonly Judgement[], outcome: Outcome): Judgement | undefined {
  const these = judgements.filter((one) => one.outcome === outcome);
  const [first] = these;
  if (first === undefined) return undefined;
  return {
    outcome,
    reason: first.reason,
    message: joinMessages(these),
    cites: these.flatMap((one) => one.cites),
    gaps: these.flatMap((one) => one.gaps),
  };
}

function joinMessages(judgements: readonly Judgement[]): string {
  const messages = [...new Set(judgements.map((one) => one.message))];
  const rest = messages.length - SHOWN;
  return messages.slice(0, SHOWN).join(" ") + (rest > 0 ? ` And ${rest} more.` : "");
}
