import { mendOfProblem } from "../../domain/problem-mend.ts";
import { isUndetermined, type Outcome } from "../exit-code.ts";
import type { ShownVerdict } from "../shown-verdict.ts";
import { printableData, type Style } from "../terminal-text.ts";
import { findingLines } from "./finding-text.ts";
import type { Report } from "./report.ts";
import { signatureLines } from "./signature-text.ts";
import { table } from "./table.ts";

/** For people: why, and what to do, before everything else. */
export const text: Report = {
  name: "text",
  format: (outcomes, style) => {
    const images = printableData(outcomes).map((outcome) => imageLines(outcome, style).join("\n"));
    const summary = outcomes.length > 1 ? [summaryLine(outcomes)] : [];
    return `${[...images, ...summary].join("\n\n")}\n`;
  },
};

function imageLines(outcome: Outcome, style: Style): readonly string[] {
  return outcome.kind === "judged" ? verdictLines(outcome.verdict, outcome, style) : problemLines(outcome, style);
}

function problemLines(outcome: Outcome & { readonly kind: "unresolved" }, style: Style): readonly string[] {
  const { code, message } = outcome.problem;
  const mend = mendOfProblem(code);
  return [
    `${headline(outcome, style)}  ${style.strong(outcome.image)}`,
    "",
    `  ${style.bad("?")} ${message} ${style.faint(`(${code})`)}`,
    ...(mend === undefined ? [] : [`    fix: ${mend}`]),
  ];
}

function verdictLines(verdict: ShownVerdict, outcome: Outcome, style: Style): readonly string[] {
  return [
    `${headline(outcome, style)}  ${style.strong(verdict.image)}`,
    `  ${style.faint("digest")}  ${verdict.digest}`,
    ...section("", findingLines(verdict, style)),
    ...section("signatures tried", signatureLines(verdict.signatures, style)),
    ...section("platforms", platformLines(verdict)),
    ...section(
      "could not see",
      verdict.gaps.map(({ code, what, detail }) => `${code}: ${what}: ${detail}`),
    ),
    ...section(
      "lowered security",
      verdict.unsafe.map((option) => style.odd(option)),
    ),
    ...section("", [style.faint(standing(verdict))]),
  ];
}

function headline(outcome: Outcome, style: Style): string {
  if (outcome.kind === "judged" && outcome.verdict.decision === "allow") return style.good("✔ allowed");
  if (outcome.kind === "judged" && outcome.verdict.decision === "warn") return style.odd("! allowed with warnings");
  return style.bad(isUndetermined(outcome) ? "✖ denied (could not tell)" : "✖ denied");
}

function section(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [];
  const indent = title === "" ? "  " : "    ";
  return ["", ...(title === "" ? [] : [`  ${title}`]), ...lines.map((line) => (line === "" ? "" : indent + line))];
}

function platformLines({ platforms }: ShownVerdict): readonly string[] {
  const rows = platforms.map(({ platform, user, composition, base, digest }) => [
    platform,
    user,
    composition,
    base,
    digest,
  ]);
  return rows.length === 0 ? [] : table(["platform", "user", "composition", "base", "digest"], rows);
}

function standing({ policies, decidedAt, validUntil }: ShownVerdict): string {
  const by = policies.length === 0 ? "no policy" : policies.join(", ");
  const end = validUntil === undefined ? "" : `, holds until ${validUntil}`;
  return `judged by ${by} at ${decidedAt}${end}`;
}

function summaryLine(outcomes: readonly Outcome[]): string {
  const denied = outcomes.filter((outcome) => outcome.kind === "unresolved" || outcome.verdict.decision === "deny");
  const unclear = denied.filter(isUndetermined).length;
  const warned = outcomes.filter((outcome) => outcome.kind === "judged" && outcome.verdict.decision === "warn").length;
  const counts = [
    `${outcomes.length - denied.length} allowed${warned === 0 ? "" : ` (${warned} with warnings)`}`,
    `${denied.length} denied${unclear === 0 ? "" : ` (${unclear} could not be determined)`}`,
  ];
  return `${outcomes.length} images: ${counts.join(", ")}`;
}
