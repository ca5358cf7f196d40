import type { LayerEntry, LayerFacts } from "../domain/layer-facts.ts";
import { quoted } from "../domain/quoted.ts";

import { isElf, isPackageManagerName, isScript, isShellName, isSshServerName } from "./executables.ts";
import { fateOf } from "./layer-fate.ts";
import { unpackLayer } from "./layer-tree.ts";
import { countPackages, findPackageDatabases } from "./packages.ts";
import { directoryNode, newBudget } from "./tree.ts";

/** Paths told of one kind; a layer that brings all of Debian is told by numbers. */
const SHOWN = 3;
const ANY_EXECUTE = 0o111;
const SETUID = 0o4000;

/**
 * What a layer brings or takes away that people ask about, such as `shell: bin/sh` or `hides etc/passwd`. `layers` lowest
 * first, `undefined` where one was not seen. Never more than some twenty lines.
 */
export function layerNotes(layers: readonly (LayerFacts | undefined)[], index: number): readonly string[] {
  const facts = layers[index];
  if (facts === undefined) return [];
  const programs = facts.entries.filter(isProgram);
  const named = (is: (base: string) => boolean): readonly string[] =>
    programs.filter(({ head, path }) => is(baseOf(path)) && !isScript(head)).map(({ path }) => path);
  return [
    ...listed("shell: ", named(isShellName)),
    ...listed("package manager: ", named(isPackageManagerName)),
    ...listed("ssh server: ", named(isSshServerName)),
    ...packageNote(facts),
    ...listed(
      "setuid root: ",
      programs.filter(({ kind, mode, uid }) => kind === "file" && uid === 0 && (mode & SETUID) !== 0).map(pathOf),
    ),
    ...findNotes(layers, index),
    ...listed(
      "hides ",
      facts.whiteouts.map(({ kind, path }) =>
        kind === "opaque" ? `all that was in ${path === "" ? "/" : path}` : path,
      ),
    ),
    ...programNote(programs),
  ];
}

function isProgram({ kind, mode, path }: LayerEntry): boolean {
  // Links have no mode of their own; what they are called is what they can be started as.
  if (kind !== "file") return (kind === "symlink" || kind === "hardlink") && path.includes("bin/");
  return (mode & ANY_EXECUTE) !== 0;
}

function programNote(programs: readonly LayerEntry[]): readonly string[] {
  const { length } = programs.filter(({ head, kind }) => kind === "file" && (isElf(head) || isScript(head)));
  return length === 0 ? [] : [`${length} program${length === 1 ? "" : "s"}`];
}

function findNotes(layers: readonly (LayerFacts | undefined)[], index: number): readonly string[] {
  const finds = layers[index]?.finds ?? [];
  return (["secret", "clutter"] as const).flatMap((kind) => {
    const paths = finds.filter((find) => find.kind === kind).map(pathOf);
    const fates = paths.slice(0, SHOWN).map((path) => `${kind}: ${shown(path)}${fateText(layers, index, path)}`);
    return [...fates, ...rest(`${kind}: `, paths.length)];
  });
}

function fateText(layers: readonly (LayerFacts | undefined)[], index: number, path: string): string {
  const { kind } = fateOf(layers, index, path);
  return kind === "visible" ? "" : ` (${kind} by a later layer)`;
}

/** As the layer's own package database lists them, those of lower layers included where it was written anew. */
function packageNote(facts: LayerFacts): readonly string[] {
  const note = PACKAGE_NOTES.get(facts) ?? packageNoteOf(facts);
  PACKAGE_NOTES.set(facts, note);
  return note;
}

/** One layer may stand in an image many times, and unpacking it is work. */
const PACKAGE_NOTES = new WeakMap<LayerFacts, readonly string[]>();

function packageNoteOf(facts: LayerFacts): readonly string[] {
  const world = { layer: 0, lower: directoryNode(0, ""), budget: newBudget(), doubts: [] };
  const databases = findPackageDatabases(unpackLayer(facts, world));
  const packages = countPackages(databases);
  if (packages === undefined) return ["packages that cannot be counted"];
  return packages === 0 ? [] : [`${packages} package${packages === 1 ? "" : "s"}`];
}

function listed(before: string, paths: readonly string[]): readonly string[] {
  return [...paths.slice(0, SHOWN).map((path) => `${before}${shown(path)}`), ...rest(before, paths.length)];
}

function rest(before: string, found: number): readonly string[] {
  return found > SHOWN ? [`${before}${found - SHOWN} more`] : [];
}

function pathOf({ path }: { readonly path: string }): string {
  return path;
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Escaped and clipped, without quotes. */
function shown(path: string): string {
  return quoted(path).slice(1, -1);
}
