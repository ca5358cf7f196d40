import type { CompositionFact, ConfigFact, PlatformFacts, UserFact } from "../../domain/facts.ts";
import type { Known } from "../../domain/gap.ts";
import { formatPlatform } from "../../domain/platform.ts";
import type { Sighting } from "../../domain/sighting.ts";
import type { Style } from "../terminal-text.ts";
import { baseLines } from "./base-text.ts";
import { field } from "./field.ts";
import { layerTable } from "./layer-table.ts";
import { lintLines } from "./lint-text.ts";
import { surfaceLines } from "./surface-text.ts";

/** Sightings shown of each thing; the JSON form has all. */
const MAX_SIGHTINGS = 5;

/** One platform of an image: who it starts as, what it is made of, what it stands on, what speaks against it, its layers. */
export function platformLines(platform: PlatformFacts, style: Style): readonly string[] {
  const { config, declared, digest, user, composition, base, lints, layers } = platform;
  const actual = config.kind === "known" ? config.value.platform : declared;
  return [
    `${style.strong(actual === undefined ? "unknown platform" : formatPlatform(actual))}  ${digest}`,
    ...orUnseen("config", config, configLines),
    ...orUnseen("user", user, userLines),
    ...orUnseen("composition", composition, compositionLines),
    ...orUnseen("base", base, baseLines),
    ...lintLines(lints),
    ...(layers.length === 0 ? [] : ["  layers", ...layerTable(layers).map((line) => `    ${line}`)]),
  ];
}

function orUnseen<T>(name: string, fact: Known<T>, render: (value: T) => readonly string[]): readonly string[] {
  switch (fact.kind) {
    case "known":
      return render(fact.value);
    case "gap":
      return [field(name, `could not be seen: ${fact.gap.code}: ${fact.gap.what}: ${fact.gap.detail}`)];
    case "not-collected":
      return [field(name, "was not looked at")];
  }
}

function configLines(config: ConfigFact): readonly string[] {
  const labels = Object.entries(config.labels).map(([name, value]) => field("label", `${name}=${value}`));
  return [
    field("created", config.created ?? "no date"),
    field("entrypoint", wordsOf(config.entrypoint)),
    field("command", wordsOf(config.cmd)),
    field("folder", config.workingDir === "" ? "/" : config.workingDir),
    ...labels,
  ];
}

/** Already escaped words, quoted so that their ends show. */
function wordsOf(words: readonly string[]): string {
  return words.length === 0 ? "none" : words.map((word) => `"${word}"`).join(" ");
}

function userLines(user: UserFact): readonly string[] {
  const ids = [
    ...(user.uid === undefined ? [] : [`uid ${user.uid}`]),
    ...(user.gidDocker === undefined ? [] : [`gid ${user.gidDocker}`]),
    ...(user.gidKubernetes === undefined || user.gidKubernetes === user.gidDocker
      ? []
      : [`gid ${user.gidKubernetes} under Kubernetes`]),
  ];
  const configured = user.configured === "" ? "no USER" : `USER ${user.configured}`;
  const known = ids.length === 0 ? "" : ` (${ids.join(", ")})`;
  return [
    field("user", `${user.verdict}${known}, from ${configured}: ${user.because}`),
    ...sightingLines(user.sightings),
  ];
}

function compositionLines(fact: CompositionFact): readonly string[] {
  if (fact.kind === "uninspectable") return [field("composition", `cannot be read, ${fact.reason}: ${fact.detail}`)];
  const modifiers = fact.modifiers.length === 0 ? "" : ` (${fact.modifiers.join(", ")})`;
  const present = Object.entries(fact.present).filter(([, sightings]) => sightings.length > 0);
  return [
    field("composition", `${fact.class}${modifiers}: ${fact.because}`),
    ...sightingLines(fact.sightings),
    field("contains", `${counted(fact.packages, "package")}, ${counted(fact.executables, "executable")}`),
    ...surfaceLines(fact.surface),
    ...present.flatMap(([thing, sightings]) => [field("has", thing), ...sightingLines(sightings)]),
  ];
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Where a thing was seen, as far as a person wants to read. */
function sightingLines(sightings: readonly Sighting[]): readonly string[] {
  const shown = sightings.slice(0, MAX_SIGHTINGS).map(({ path, layer, note }) => {
    const what = note === "" ? "" : `, ${note}`;
    return field("", `/${path} in ${layer}${what}`);
  });
  const rest = sightings.length - shown.length;
  return rest === 0 ? shown : [...shown, field("", `and ${rest} more`)];
}
