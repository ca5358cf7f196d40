import { InputError } from "../../domain/errors.ts";
import { didYouMean } from "../did-you-mean.ts";
import { json } from "./json.ts";
import type { Report } from "./report.ts";
import { text } from "./text.ts";

/** Every report there is; adding one is a file and a line here. */
const REPORTS: readonly Report[] = [text, json];

/** Reports of other verifiers that this version does not write. */
const NOT_WRITTEN = ["sarif", "junit", "markdown"];

export const REPORT_WORDS = REPORTS.map(({ name }) => name).join(" or ");

/** Throws `InputError` for a name that is none. */
export function findReport(name: string): Report {
  const report = REPORTS.find((candidate) => candidate.name === name);
  if (report !== undefined) return report;
  if (NOT_WRITTEN.includes(name)) {
    throw new InputError("usage", `--format ${name} is not supported by this version: use ${REPORT_WORDS}.`);
  }
  const guess = didYouMean(
    name,
    REPORTS.map((candidate) => candidate.name),
  );
  throw new InputError("usage", `--format "${name.slice(0, 40)}" is not a report: use ${REPORT_WORDS}.${guess}`);
}
