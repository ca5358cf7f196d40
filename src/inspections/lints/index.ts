import { lintFacts, type Lint, type LintFacts } from "../../domain/lint.ts";

import type { InspectedImage } from "../inspection.ts";
import { duplicateId, emptyPassword } from "./account-lints.ts";
import { addedArchive, noBuildDate, packageCache, privilegedBuild } from "./build-lints.ts";
import { clutter, secretInFile } from "./find-lints.ts";
import type { LintInspection } from "./lint.ts";
import { rootReachable } from "./root-reachable.ts";
import { secretInEnvironment } from "./secret-in-environment.ts";
import { hostVolume, latestTag, noHealthcheck } from "./start-lints.ts";
import { preloadedLibrary, worldWritable } from "./tree-lints.ts";

/** Every lint by its name. A new one is a file, a line here and a name in `src/domain/lint.ts`. */
const INSPECTIONS: Readonly<Record<Lint, LintInspection>> = {
  "root-reachable": rootReachable,
  "secret-in-environment": secretInEnvironment,
  "secret-in-file": secretInFile,
  "empty-password": emptyPassword,
  "duplicate-id": duplicateId,
  "world-writable": worldWritable,
  clutter,
  "added-archive": addedArchive,
  "package-cache": packageCache,
  "privileged-build": privilegedBuild,
  "host-volume": hostVolume,
  "no-healthcheck": noHealthcheck,
  "no-build-date": noBuildDate,
  "latest-tag": latestTag,
  "preloaded-library": preloadedLibrary,
};

/** Names and versions, for the identity of facts: `clutter@1`. */
export const LINT_VERSIONS = Object.entries(INSPECTIONS).map(([name, { version }]) => `${name}@${version}`);

/** What each lint found. */
export function inspectLints(image: InspectedImage): LintFacts {
  return lintFacts((lint) => INSPECTIONS[lint].inspect(image));
}
