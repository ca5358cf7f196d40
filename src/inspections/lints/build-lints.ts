import { buildDateOf, historyDateOf } from "../../domain/build-date.ts";
import type { Flaw } from "../../domain/lint.ts";

import { historySteps, type HistoryStep } from "../history-step.ts";
import { configLint, plainFlaw } from "./lint.ts";

/** CIS-DI-0009: COPY does what people mean; ADD also unpacks and downloads. The first brings the base's root and is forgiven. */
export const addedArchive = configLint(1, ({ history }) =>
  historySteps(history)
    .filter(({ instruction }) => instruction === "ADD")
    .slice(1)
    .map(({ number }) => plainFlaw(`step ${number} of the history uses ADD: use COPY`)),
);

/** DKL-DI-0001: a build runs as root anyway, and what sudo leaves behind helps an intruder. */
export const privilegedBuild = configLint(1, ({ history }) =>
  historySteps(history)
    .filter(({ text }) => /(?:^|[\s;&|("'/])sudo(?=[\s;&|)"']|$)/.test(text))
    .map(({ number }) => plainFlaw(`step ${number} of the history runs or installs sudo: use USER instead`)),
);

export const noBuildDate = configLint(1, ({ created, history }) => {
  return buildDateOf({ created, historyCreated: historyDateOf(history) }) === undefined
    ? [
        plainFlaw(
          "neither the configuration nor the history has a date after 1990: build it with the time of the build",
        ),
      ]
    : [];
});

/** CIS-DI-0007, DKL-DI-0003, DKL-DI-0004 and DKL-DI-0005: what package managers leave in a layer. */
export const packageCache = configLint(1, ({ history }) =>
  historySteps(history)
    .filter(({ instruction }) => instruction === "RUN")
    .flatMap(packageFlaws),
);

/** The commands of one line, each as words without the quotes around them. */
function commandsOf({ text }: HistoryStep): readonly (readonly string[])[] {
  return text.split(/&&|\|\||[;\n]/).map((part) => part.split(/[\s"'()]+/).filter((word) => word !== ""));
}

function verbOf(command: readonly string[], programs: readonly string[], verbs: readonly string[]): string | undefined {
  const at = command.findIndex((word) => programs.includes(word.slice(word.lastIndexOf("/") + 1)));
  return at === -1 ? undefined : command.slice(at + 1).find((word) => verbs.includes(word));
}

const APT = ["apt", "apt-get"];
const INSTALLS = ["install", "upgrade", "dist-upgrade", "full-upgrade", "build-dep"];

function packageFlaws(step: HistoryStep): readonly Flaw[] {
  const commands = commandsOf(step);
  const flaw = (what: string): Flaw => plainFlaw(`step ${step.number} of the history ${what}`);
  const flaws: Flaw[] = [];
  const last = (verbs: readonly string[]): number =>
    commands.findLastIndex((command) => verbOf(command, APT, verbs) !== undefined);
  const [updated, installed] = [last(["update"]), last(INSTALLS)];
  if (updated > installed) flaws.push(flaw("updates the package lists without installing: do both in one RUN"));
  if (last(["dist-upgrade", "full-upgrade"]) !== -1) {
    flaws.push(flaw("upgrades the whole distribution: build on a newer base image"));
  }
  const filled = Math.max(updated, last(["install"]));
  if (filled !== -1 && !commands.slice(filled + 1).some(isListRemoval)) {
    flaws.push(flaw("leaves apt's package lists behind: end it with rm -rf /var/lib/apt/lists/*"));
  }
  if (commands.findLastIndex(isCachingApk) > commands.findLastIndex(isApkRemoval)) {
    flaws.push(flaw("lets apk keep its cache: use apk add --no-cache"));
  }
  return flaws;
}

function isListRemoval(command: readonly string[]): boolean {
  if (verbOf(command, APT, ["dist-clean", "distclean"]) !== undefined) return true;
  return command.includes("rm") && command.some((word) => word.startsWith("/var/lib/apt/lists"));
}

function isCachingApk(command: readonly string[]): boolean {
  return verbOf(command, ["apk"], ["add"]) !== undefined && !command.includes("--no-cache");
}

function isApkRemoval(command: readonly string[]): boolean {
  return command.includes("rm") && command.some((word) => word.startsWith("/var/cache/apk"));
}
