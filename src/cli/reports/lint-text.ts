import { LINTS, type Flaw, type LintFacts } from "../../domain/lint.ts";
import { field } from "./field.ts";

/** Flaws shown of each lint; the JSON form has all. */
const MAX_FLAWS = 5;

/** What speaks against the image by good practice; what is clean is only counted, what was not seen is named. */
export function lintLines(lints: LintFacts): readonly string[] {
  const clean = LINTS.filter((lint) => flawsOf(lints, lint)?.length === 0);
  const unseen = LINTS.filter((lint) => flawsOf(lints, lint) === undefined);
  const flawed = LINTS.filter((lint) => (flawsOf(lints, lint)?.length ?? 0) > 0);
  return [
    field("lints", `${clean.length} of ${LINTS.length} clean`),
    ...(unseen.length === 0 || unseen.length === LINTS.length
      ? []
      : [field("", `not looked at: ${unseen.join(", ")}`)]),
    ...flawed.flatMap((lint) => flawLines(lint, flawsOf(lints, lint) ?? [])),
  ];
}

function flawsOf(lints: LintFacts, lint: keyof LintFacts): readonly Flaw[] | undefined {
  const fact = lints[lint];
  return fact.kind === "known" ? fact.value : undefined;
}

function flawLines(lint: string, flaws: readonly Flaw[]): readonly string[] {
  const shown = flaws.slice(0, MAX_FLAWS).map(({ what, sighting }) => {
    const where = sighting === undefined ? "" : ` (/${sighting.path} in ${sighting.layer})`;
    return field("", `${lint}: ${what}${where}`);
  });
  const rest = flaws.length - shown.length;
  return rest === 0 ? shown : [...shown, field("", `${lint}: and ${rest} more`)];
}
