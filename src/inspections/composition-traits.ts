import type { Traits } from "./composition-class.ts";
import type { MergedImage } from "./inspection.ts";
import type { OsRelease } from "./os-release.ts";
import { countPackages, type PackageDatabase } from "./packages.ts";
import { areSmall, type Tools } from "./programs.ts";
import type { Survey } from "./survey.ts";
import { followPath } from "./tree-path.ts";
import { newBudget } from "./tree.ts";

/** All that the class, its modifiers and its evidence are told from. */
export type CompositionEvidence = {
  readonly image: MergedImage;
  readonly survey: Survey;
  readonly tools: Tools;
  readonly databases: readonly PackageDatabase[];
  readonly osRelease: OsRelease | undefined;
};

/** Layers together below this count as trimmed even with their manuals. */
const SMALL_IMAGE_BYTES = 120_000_000;
/** Debian's slim images leave it behind: path-exclude lines for what they cut. */
const SLIM_MARK = "etc/dpkg/dpkg.cfg.d/docker";

/** Answers to what the decision table asks. */
export function traitsOf(evidence: CompositionEvidence): Traits {
  const { image, survey, tools, databases, osRelease } = evidence;
  return {
    shell: tools.shells.length > 0,
    disarmedShell: tools.disarmedShells.length > 0,
    multiCallShell: tools.shells.some((one) => survey.multiCall.has(one.node)),
    packageManager: tools.packageManagers.length > 0,
    smallPackageManager: areSmall(tools.packageManagers),
    database: databases.length > 0,
    packages: countPackages(databases),
    loader: survey.loaders.length > 0,
    osRelease: osRelease !== undefined,
    chiseled: isChiseled(evidence),
    buildTools: tools.compilers.length > 0,
    sharedLibraries: image.layers.reduce((sum, { facts }) => sum + facts.tally.sharedLibraries, 0),
    trimmed: isTrimmed(image),
  };
}

function isTrimmed({ layers, tree }: MergedImage): boolean {
  return (
    layers.every(({ facts }) => facts.tally.manuals === 0) ||
    layers.reduce((sum, { facts }) => sum + facts.uncompressedBytes, 0) <= SMALL_IMAGE_BYTES ||
    followPath(tree.root, SLIM_MARK, newBudget())?.node?.kind === "file"
  );
}

/**
 * A chisel manifest that names packages, or Ubuntu's dpkg status with no dpkg to have written it, as .NET images have. A
 * manifest that cannot be counted is no manifest: anybody can lay a file there.
 */
function isChiseled({ databases, osRelease }: CompositionEvidence): boolean {
  const isCut = databases.some(({ name, packages }) => name === "chisel" && packages !== undefined && packages > 0);
  return isCut || (databases.some(({ name }) => name === "dpkg") && osRelease?.values.get("ID") === "ubuntu");
}
