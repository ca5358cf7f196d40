import type { Outcome } from "../../domain/verdict.ts";
import type { ShownFinding, ShownVerdict } from "../shown-verdict.ts";
import type { Style } from "../terminal-text.ts";
import { mendOfRejection } from "./mends.ts";

/** What speaks against the image first, each with what to do; then, briefly, what is in order. */
export function findingLines(verdict: ShownVerdict, style: Style): readonly string[] {
  const against = verdict.findings.filter(({ outcome }) => outcome !== "satisfied").sort(byWeight);
  const satisfied = verdict.findings.filter(({ outcome }) => outcome === "satisfied");
  return [
    ...against.flatMap((finding) => againstLines(finding, verdict, style)),
    ...satisfied.map(({ policy, rule, message }) => `${style.good("✔")} ${policy} ${rule}: ${message}`),
  ];
}

const WEIGHTS = { deny: 0, warn: 1, audit: 2 } as const;

/** What denies stands before what warns, and a violation before what could not be told. */
function byWeight(a: ShownFinding, b: ShownFinding): number {
  return WEIGHTS[a.enforcement] - WEIGHTS[b.enforcement] || outcomeWeight(a.outcome) - outcomeWeight(b.outcome);
}

function outcomeWeight(outcome: Outcome): number {
  return outcome === "violated" ? 0 : 1;
}

function againstLines(finding: ShownFinding, verdict: ShownVerdict, style: Style): readonly string[] {
  const effect = finding.enforcement === "deny" ? "" : ` ${style.odd(`(${finding.enforcement} only)`)}`;
  const unclear = finding.outcome === "undetermined" ? "could not tell: " : "";
  const mends = mendsOf(finding, verdict);
  return [
    `${markOf(finding, style)} ${finding.policy} ${finding.rule}: ${unclear}${finding.message}${effect}`,
    ...mends.map((mend) => `  fix: ${mend}`),
    ...finding.cites.map((cite) => `  ${style.faint(`see ${citation(cite)}`)}`),
  ];
}

function markOf({ outcome, enforcement }: ShownFinding, style: Style): string {
  const mark = outcome === "undetermined" ? "?" : enforcement === "deny" ? "✖" : "!";
  return enforcement === "deny" ? style.bad(mark) : style.odd(mark);
}

/** A finding's message says what to do; here stands what only the whole verdict knows: the command, the causes. */
function mendsOf(finding: ShownFinding, verdict: ShownVerdict): readonly string[] {
  if (finding.reason === "unsigned") return [`cosign sign --key KEY ${imageByDigest(verdict)}`];
  if (finding.reason === "unattested") {
    return [`cosign attest --key KEY --type TYPE --predicate FILE ${imageByDigest(verdict)}`];
  }
  const cited = new Set<string>(
    finding.cites.flatMap((cite) => (cite.kind === "signature" || cite.kind === "attestation" ? [cite.digest] : [])),
  );
  const rejected = verdict.signatures.filter(
    ({ status, artifact }) => status === "rejected" && artifact !== undefined && cited.has(artifact),
  );
  return [...new Set(rejected.flatMap(({ reason }) => mendOfRejection(reason) ?? []))];
}

/** `registry/repository@digest`: what can be pasted after a signing command. */
function imageByDigest({ image, digest }: ShownVerdict): string {
  const name = image.split("@")[0] ?? image;
  const colon = name.lastIndexOf(":");
  return `${colon > name.lastIndexOf("/") ? name.slice(0, colon) : name}@${digest}`;
}

function citation(cite: ShownFinding["cites"][number]): string {
  switch (cite.kind) {
    case "signature":
      return `signature ${cite.digest} by ${cite.authority}`;
    case "attestation":
      return `attestation ${cite.digest} by ${cite.authority}`;
    case "layer":
      return `/${cite.path} in layer ${cite.digest}`;
    case "config":
      return `configuration ${cite.digest}`;
    case "source":
      return `${cite.source} of ${cite.digest}`;
  }
}
