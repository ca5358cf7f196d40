import type { CompositionFact } from "../domain/facts.ts";
import { NO_SURFACE } from "../domain/attack-surface.ts";
import { NOT_COLLECTED, known, type Known } from "../domain/gap.ts";
import type { Sighting } from "../domain/sighting.ts";

import { classify, isDatabaseRemoved, type Classification, type Traits } from "./composition-class.ts";
import { interpreterOf, isBuildToolName, isLoaderName, isSmallPackageManagerName } from "./executables.ts";
import type { InspectedImage, MergedImage } from "./inspection.ts";
import { findOsRelease, type OsRelease } from "./os-release.ts";
import { countPackages, findPackageDatabases, type PackageDatabase } from "./packages.ts";
import { disarmedShellsIn, findPresence, packageManagersIn, shellsIn } from "./presence.ts";
import { sightingOf } from "./sighting.ts";
import { surveyTree, type Survey } from "./survey.ts";
import { followPath } from "./tree-path.ts";
import { newBudget } from "./tree.ts";

/** What an image is made of (reference: inspection, 2.2). Judged by files alone: labels, tags and names say nothing. */
export function inspectComposition(image: InspectedImage): Known<CompositionFact> {
  const { content } = image;
  switch (content.kind) {
    case "merged":
      return known(compose(content));
    case "uninspectable":
      return known({ kind: "uninspectable", reason: content.reason, detail: content.detail });
    case "gap":
      return { kind: "gap", gap: content.gap };
    case "not-collected":
      return NOT_COLLECTED;
  }
}

type Evidence = {
  readonly image: MergedImage;
  readonly survey: Survey;
  readonly databases: readonly PackageDatabase[];
  readonly osRelease: OsRelease | undefined;
};

function compose(image: MergedImage): CompositionFact {
  const { root } = image.tree;
  const survey = surveyTree(root);
  if (survey === undefined) {
    return { kind: "uninspectable", reason: "limit", detail: "its links make more paths than are looked at" };
  }
  const evidence = { image, survey, databases: findPackageDatabases(root), osRelease: findOsRelease(root) };
  const traits = traitsOf(evidence);
  const found = classify(traits);
  return {
    kind: "classified",
    class: found.class,
    modifiers: modifiersOf(evidence, traits, found),
    because: found.because,
    present: findPresence(image, survey),
    packages: evidence.databases.reduce((sum, one) => sum + (one.packages ?? 0), 0),
    executables: survey.elfExecutables,
    surface: NO_SURFACE,
    sightings: sightingsOf(evidence),
  };
}

/** Layers together below this count as trimmed even with their manuals. */
const SMALL_IMAGE_BYTES = 120_000_000;
/** Debian's slim images leave it behind: path-exclude lines for what they cut. */
const SLIM_MARK = "etc/dpkg/dpkg.cfg.d/docker";

function traitsOf(evidence: Evidence): Traits {
  const { image, survey, databases, osRelease } = evidence;
  const shells = shellsIn(survey);
  const managers = packageManagersIn(survey);
  const facts = image.layers.map((layer) => layer.facts);
  const sum = (pick: (layer: (typeof facts)[number]) => number): number =>
    facts.reduce((total, layer) => total + pick(layer), 0);
  return {
    shell: shells.length > 0,
    multiCallShell: shells.some((one) => survey.multiCall.has(one.node)),
    packageManager: managers.length > 0,
    // The small ones bring rpm along.
    smallPackageManager:
      managers.some((one) => isSmallPackageManagerName(one.base)) &&
      managers.every((one) => isSmallPackageManagerName(one.base) || one.base === "rpm"),
    database: databases.length > 0,
    packages: countPackages(databases),
    loader: survey.files.some((file) => isLoaderName(file.base)),
    osRelease: osRelease !== undefined,
    chiseled: isChiseled(evidence),
    buildTools: survey.programs.some((one) => isBuildToolName(one.base) && !survey.multiCall.has(one.node)),
    sharedLibraries: sum((layer) => layer.tally.sharedLibraries),
    trimmed:
      sum((layer) => layer.tally.manuals) === 0 ||
      sum((layer) => layer.uncompressedBytes) <= SMALL_IMAGE_BYTES ||
      followPath(image.tree.root, SLIM_MARK, newBudget())?.node?.kind === "file",
  };
}

/** A chisel manifest, or Ubuntu's dpkg status with no dpkg to have written it, as .NET images have. */
function isChiseled(evidence: Evidence): boolean {
  const names = evidence.databases.map((database) => database.name);
  return names.includes("chisel") || (names.includes("dpkg") && evidence.osRelease?.values.get("ID") === "ubuntu");
}

function modifiersOf(evidence: Evidence, traits: Traits, found: Classification): readonly string[] {
  const { image, survey } = evidence;
  const interpreters = survey.programs
    .filter((one) => !survey.multiCall.has(one.node))
    .flatMap((one) => interpreterOf(one.base) ?? []);
  const runtimes = [...new Set(interpreters)].sort().map((name) => `runtime:${name}`);
  return [
    ...(image.tree.root.children.size === 0 ? ["empty"] : []),
    ...[...new Set(evidence.databases.map((database) => `packages:${database.name}`))].sort(),
    ...(countPackages(evidence.databases) === undefined ? ["packages-uncounted"] : []),
    ...(traits.shell || traits.packageManager ? debugMarks(evidence) : []),
    ...(isDatabaseRemoved(traits) ? ["pkgdb-removed"] : []),
    ...(runtimes.length === 0 ? [] : ["runtime-interpreter", ...runtimes]),
    ...(found.class.startsWith("scratch") || found.class === "distroless-static" ? staticMark(survey) : []),
    ...(disarmedShellsIn(survey).length === 0 ? [] : ["shell-without-exec-bit"]),
    ...(survey.files.some((file) => file.node.capability !== "") ? ["file-capabilities"] : []),
    ...(image.tree.overLinks.length === 0 ? [] : ["entry-through-lower-symlink"]),
  ];
}

function staticMark(survey: Survey): readonly string[] {
  return survey.elfExecutables > 0 ? ["static-binary-only"] : [];
}

/** A distroless image with tools put in: its debug variant, or a `-dev` one. */
function debugMarks(evidence: Evidence): readonly string[] {
  const { databases, image, osRelease } = evidence;
  const id = osRelease?.values.get("ID");
  const isDistroless =
    osRelease?.values.get("PRETTY_NAME") === "Distroless" ||
    databases.some((database) => database.name === "status.d") ||
    image.tree.root.children.get("busybox")?.kind === "directory";
  return [...(isDistroless ? ["debug"] : []), ...(id === "wolfi" || id === "chainguard" ? ["dev-variant"] : [])];
}

function sightingsOf(evidence: Evidence): readonly Sighting[] {
  const { databases, image, osRelease, survey } = evidence;
  const loader = survey.files.find((file) => isLoaderName(file.base));
  return [
    ...databases.map((database) => sightingOf(image, database.node, `${database.name} database`)),
    ...(osRelease === undefined ? [] : [sightingOf(image, osRelease.node, "distribution")]),
    ...(loader === undefined ? [] : [sightingOf(image, loader, "loader")]),
  ];
}
