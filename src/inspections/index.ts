import type { LayerEvidence } from "../domain/evidence.ts";
import { NOT_ASKED } from "../domain/gap.ts";
import type { ImageConfig } from "../domain/image-config.ts";
import type { LintFacts } from "../domain/lint.ts";

import { inspectBase } from "./base-image.ts";
import { inspectComposition } from "./composition.ts";
import { contentOf } from "./image-content.ts";
import type { ImageOrigin, InspectedImage, Inspection } from "./inspection.ts";
import { inspectLints, LINT_VERSIONS } from "./lints/index.ts";
import { inspectUser } from "./user.ts";

/** Every question about content, by the fact it answers. A new one is a file and a line here. */
const INSPECTIONS = {
  user: { version: 2, inspect: inspectUser },
  composition: { version: 3, inspect: inspectComposition },
  base: { version: 1, inspect: inspectBase },
} as const satisfies Readonly<Record<string, Inspection<unknown>>>;

type Inspections = typeof INSPECTIONS;

/** One fact an inspection, by its name. */
export type ImageInspection = { readonly [Name in keyof Inspections]: ReturnType<Inspections[Name]["inspect"]> } & {
  readonly lints: LintFacts;
};

const NO_ORIGIN: ImageOrigin = { bases: NOT_ASKED, annotations: {}, tag: undefined };

/** Names and versions of all inspections, for the identity of facts: `composition@1 user@1`. */
export const INSPECTIONS_VERSION = [
  ...Object.entries(INSPECTIONS).map(([name, one]) => `${name}@${one.version}`),
  ...LINT_VERSIONS,
]
  .sort()
  .join(" ");

/**
 * Everything that can be told of an image's content, from its configuration and its manifest's layers, lowest first. What
 * was not seen stays unknown; what cannot be vouched for is never taken for harmless.
 */
export function inspectImage(
  config: ImageConfig,
  layers: readonly LayerEvidence[],
  origin: ImageOrigin = NO_ORIGIN,
): ImageInspection {
  const image: InspectedImage = { ...origin, config, content: contentOf(config, layers) };
  return {
    user: INSPECTIONS.user.inspect(image),
    composition: INSPECTIONS.composition.inspect(image),
    base: INSPECTIONS.base.inspect(image),
    lints: inspectLints(image),
  };
}
