import { isDatabaseRemoved, type Classification, type Traits } from "./composition-class.ts";
import type { CompositionEvidence } from "./composition-traits.ts";
import { languagesOf } from "./programs.ts";

/** What else is to be known of an image of that class; each says one thing, in a fixed order. */
export function modifiersOf(evidence: CompositionEvidence, traits: Traits, found: Classification): readonly string[] {
  const { databases, image, survey, tools } = evidence;
  const languages = languagesOf(tools.interpreters);
  return [
    ...(image.tree.root.children.size === 0 ? ["empty"] : []),
    ...(found.class.startsWith("distroless") ? [makerOf(evidence)] : []),
    ...[...new Set(databases.map((database) => `packages:${database.name}`))].sort(),
    ...(traits.packages === undefined ? ["packages-uncounted"] : []),
    ...(traits.shell || traits.packageManager ? remainsOf(evidence, traits) : []),
    ...(isDatabaseRemoved(traits) ? ["pkgdb-removed"] : []),
    ...(languages.length === 0 ? [] : ["runtime-interpreter", ...languages.map((name) => `runtime:${name}`)]),
    ...(isStaticOnly(evidence, found) ? ["static-binary-only"] : []),
    ...(traits.disarmedShell ? ["shell-without-exec-bit"] : []),
    ...(survey.files.some((file) => file.node.capability !== "") ? ["file-capabilities"] : []),
    ...(image.tree.overLinks.length === 0 ? [] : ["entry-through-lower-symlink"]),
  ];
}

/** Whose way of making images without a distribution it is, by its package database alone. */
function makerOf({ databases }: CompositionEvidence): string {
  const has = (name: string): boolean => databases.some((database) => database.name === name);
  if (has("status.d")) return "distroless:google";
  if (has("apk")) return "distroless:wolfi";
  return has("rpmmanifest") ? "distroless:azurelinux" : "distroless:other";
}

function isStaticOnly({ survey }: CompositionEvidence, { class: one }: Classification): boolean {
  return (one === "scratch" || one === "distroless-static") && survey.elfExecutables > 0;
}

/** Databases that only images without shell and package manager are made with. */
const WITHOUT_TOOLS: ReadonlySet<string> = new Set(["status.d", "rpmmanifest", "chisel"]);

/** An image once made without tools, with tools put in: a debug variant, or one to develop in, with its package manager. */
function remainsOf({ databases, image, osRelease }: CompositionEvidence, traits: Traits): readonly string[] {
  const id = osRelease?.values.get("ID");
  const isWolfi = id === "wolfi" || id === "chainguard";
  const isDistroless =
    osRelease?.values.get("PRETTY_NAME") === "Distroless" ||
    databases.some((database) => WITHOUT_TOOLS.has(database.name)) ||
    image.tree.root.children.get("busybox")?.kind === "directory" ||
    (isWolfi && !traits.packageManager);
  return [...(isDistroless ? ["debug"] : []), ...(isWolfi && traits.packageManager ? ["dev-variant"] : [])];
}
