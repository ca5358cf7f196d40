import { isUndetermined, type Outcome } from "../src/cli/exit-code.ts";
import type { ShownFinding, ShownVerdict } from "../src/cli/shown-verdict.ts";
import { printable } from "../src/cli/terminal-text.ts";

export type Word = "allowed" | "warned" | "denied" | "could not tell";

/** The service's decision in one word: an image denied only because something could not be seen is told apart. */
export function wordOf(outcome: Outcome): Word {
  if (isUndetermined(outcome)) return "could not tell";
  if (outcome.kind === "unresolved") return "denied";
  switch (outcome.verdict.decision) {
    case "allow":
      return "allowed";
    case "warn":
      return "warned";
    case "deny":
      return "denied";
  }
}

/** Why, in the service's own sentences, what counts most first. */
export function reasonsOf(outcome: Outcome): readonly string[] {
  if (outcome.kind === "unresolved") return [readable(outcome.problem.message, outcome.image)];
  const { verdict } = outcome;
  const against = verdict.findings.filter((finding) => finding.outcome !== "satisfied").sort(byWeight);
  const reasons = [...new Set(against.map(({ message }) => readable(message, verdict.image)))];
  return reasons.length > 0 ? reasons : [satisfiedBy(verdict)];
}

function satisfiedBy({ findings, image }: ShownVerdict): string {
  const [only, ...others] = findings;
  if (only !== undefined && others.length === 0) return readable(only.message, image);
  const kinds = findings.map(({ rule }) => rule.replace(/^.*\./, ""));
  return `Keeps every rule: ${[...new Set(kinds)].join(", ")}.`;
}

const WEIGHTS = { deny: 0, warn: 1, audit: 2 } as const;

function byWeight(a: ShownFinding, b: ShownFinding): number {
  return WEIGHTS[a.enforcement] - WEIGHTS[b.enforcement];
}

/** The row names the image already, and nobody compares digests by eye. */
function readable(message: string, image: string): string {
  const short = message.replaceAll(image, "the image").replaceAll(/\b(sha\d{3}:[a-f0-9]{12})[a-f0-9]+/g, "$1…");
  return printable(short.charAt(0).toUpperCase() + short.slice(1));
}
