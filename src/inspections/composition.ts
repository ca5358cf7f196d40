import type { CompositionFact } from "../domain/facts.ts";
import { NOT_COLLECTED, known, type Known } from "../domain/gap.ts";
import type { Sighting } from "../domain/sighting.ts";

import { measureSurface } from "./attack-surface.ts";
import { realBases } from "./base-image.ts";
import { classify, type Traits } from "./composition-class.ts";
import { modifiersOf } from "./composition-modifiers.ts";
import { traitsOf, type CompositionEvidence } from "./composition-traits.ts";
import type { InspectedImage, MergedImage } from "./inspection.ts";
import { findOsRelease } from "./os-release.ts";
import { mergeLayers } from "./overlay.ts";
import { findPackageDatabases } from "./packages.ts";
import { findPresence } from "./presence.ts";
import { findTools } from "./programs.ts";
import { sightingOf } from "./sighting.ts";
import { surveyTree, type Found } from "./survey.ts";

/** What an image is made of (reference: inspection, 2.2). Judged by files alone: labels, tags and names say nothing. */
export function inspectComposition(image: InspectedImage): Known<CompositionFact> {
  const { content } = image;
  switch (content.kind) {
    case "merged":
      return known(compose(image, content));
    case "uninspectable":
      return known({ kind: "uninspectable", reason: content.reason, detail: content.detail });
    case "gap":
      return { kind: "gap", gap: content.gap };
    case "not-collected":
      return NOT_COLLECTED;
  }
}

function compose(inspected: InspectedImage, image: MergedImage): CompositionFact {
  const evidence = evidenceOf(image);
  if (evidence === undefined) {
    return { kind: "uninspectable", reason: "limit", detail: "its links make more paths than are looked at" };
  }
  const { databases, survey, tools } = evidence;
  const traits = traitsOf(evidence);
  const found = classify(traits);
  return {
    kind: "classified",
    class: found.class,
    modifiers: [
      ...modifiersOf(evidence, traits, found),
      ...(hasShellAdded(inspected, image, traits) ? [SHELL_ADDED] : []),
    ],
    because: found.because,
    present: findPresence(image, survey, tools),
    packages: databases.reduce((sum, one) => sum + (one.packages ?? 0), 0),
    executables: survey.elfExecutables,
    surface: measureSurface(survey, tools, databases),
    sightings: sightingsOf(evidence),
  };
}

/** `undefined` if its links make more paths than are looked at. */
function evidenceOf(image: MergedImage): CompositionEvidence | undefined {
  const { root } = image.tree;
  const survey = surveyTree(root);
  if (survey === undefined) return undefined;
  return {
    image,
    survey,
    tools: findTools(survey),
    databases: findPackageDatabases(root),
    osRelease: findOsRelease(root),
  };
}

const SHELL_ADDED = "shell-added-in-app-layers";

/** Whether the deepest known base image has no shell and no package manager, and the layers above it brought a shell. */
function hasShellAdded(inspected: InspectedImage, image: MergedImage, { shell }: Traits): boolean {
  if (!shell) return false;
  const depths = realBases(inspected, image).map(({ depth }) => depth);
  const depth = Math.max(0, ...depths.filter((one) => one < image.layers.length));
  if (depth === 0) return false;
  const layers = image.layers.slice(0, depth);
  const base = evidenceOf({ kind: "merged", tree: mergeLayers(layers.map(({ facts }) => facts)), layers });
  if (base === undefined) return false;
  const traits = traitsOf(base);
  return !traits.shell && !traits.packageManager;
}

/** What the class rests on, one of each, in the layer that brought it. */
function sightingsOf(evidence: CompositionEvidence): readonly Sighting[] {
  const { databases, image, osRelease, survey, tools } = evidence;
  const first = ([one]: readonly Found[], note: string): readonly Sighting[] =>
    one === undefined ? [] : [sightingOf(image, one, note)];
  return [
    ...first(tools.shells, "shell"),
    ...first(tools.disarmedShells, "shell without its execute bit"),
    ...first(tools.packageManagers, "package manager"),
    ...first(tools.compilers, "compiler"),
    ...databases.map((database) => sightingOf(image, database.node, `${database.name} database`)),
    ...(osRelease === undefined ? [] : [sightingOf(image, osRelease.node, "distribution")]),
    ...first(survey.loaders, "loader"),
  ];
}
