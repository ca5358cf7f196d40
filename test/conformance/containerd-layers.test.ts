import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import * as fc from "fast-check";

import { mergeLayers } from "../../src/inspections/overlay.ts";
import type { TreeNode } from "../../src/inspections/tree.ts";
import { canMountOverlay, Containerd, type Unpacked } from "../support/containerd.ts";
import { runs } from "../support/fuzz.ts";
import { factsOf } from "../support/layer-facts.ts";
import { LayoutWriter } from "../support/layout-writer.ts";
import { image, layer, type EntrySpec } from "../support/tar.ts";

type Entry = readonly [path: string, spec: EntrySpec];
type Layers = readonly (readonly Entry[])[];

const name = fc.constantFrom("a", "b", "bin", "usr");
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const target = fc.oneof(
  path,
  path.map((one) => `/${one}`),
  path.map((one) => `../${one}`),
  fc.constantFrom(".", "..", "/", "../../../a"),
);
/** Honest spellings and those that try to leave the root. */
const spelled = fc.tuple(fc.constantFrom("", "", "./", "/", "../", "a/../"), path).map((parts) => parts.join(""));

/** All are executable, since what nobody could run is only counted. */
const file = fc
  .tuple(spelled, fc.constantFrom(0o755, 0o4755, 0o700))
  .map(([at, mode]): Entry => [at, { body: `file ${at}`, mode }]);
const folder = fc
  .tuple(spelled, fc.constantFrom(0o755, 0o700))
  .map(([at, mode]): Entry => [`${at}/`, { type: "5", mode }]);
const symlink = fc.tuple(spelled, target).map(([at, link]): Entry => [at, { type: "2", link }]);
const hardlink = fc.tuple(spelled, path).map(([at, link]): Entry => [at, { type: "1", link }]);
const whiteout = path.map((at): Entry => {
  const slash = at.lastIndexOf("/") + 1;
  return [`${at.slice(0, slash)}.wh.${at.slice(slash)}`, ""];
});
const opaque = path.map((at): Entry => [`${at}/.wh..wh..opq`, ""]);
const device = path.map((at): Entry => [at, { type: "3", device: [0, 0] }]);

const entry = fc.oneof(
  { weight: 6, arbitrary: file },
  { weight: 3, arbitrary: folder },
  { weight: 3, arbitrary: symlink },
  { weight: 1, arbitrary: hardlink },
  { weight: 2, arbitrary: whiteout },
  { weight: 1, arbitrary: opaque },
  { weight: 1, arbitrary: device },
);
const layers: fc.Arbitrary<Layers> = fc.array(fc.array(entry, { minLength: 1, maxLength: 6 }), {
  minLength: 1,
  maxLength: 4,
});

type Own = Unpacked & { readonly isShared: boolean; readonly isOverLink: boolean };

function hasHardlinks(given: Layers): boolean {
  return given.flat().some(([, spec]) => typeof spec === "object" && "type" in spec && spec.type === "1");
}

/** The same words of our own tree; `undefined` where Assay will not vouch for it. */
function merged(given: Layers): readonly Own[] | undefined {
  const facts = given.map((entries) => factsOf(layer(entries, "tar").bytes));
  const walked = facts.filter((one) => "diffId" in one);
  if (walked.length < facts.length) return undefined;
  const tree = mergeLayers(walked);
  return tree.doubts.length > 0 ? undefined : listed(tree.root, "", hasHardlinks(given));
}

function listed(node: TreeNode, at: string, isShared: boolean): readonly Own[] {
  return [...node.children].flatMap(([base, child]) => {
    const path = at === "" ? base : `${at}/${base}`;
    const mode = child.kind === "symlink" ? 0o777 : child.mode;
    const own = { kind: child.kind, mode, link: child.link, path, isShared, isOverLink: child.overLink };
    return [own, ...listed(child, path, isShared)];
  });
}

/**
 * Where Assay takes more rights than there are on purpose, theirs are written as ours: of a file that hard links share, and
 * of a directory that took the place of a lower link.
 */
function alike(theirs: readonly Unpacked[], ours: readonly Own[]): readonly Unpacked[] {
  const byPath = new Map(ours.map((one) => [one.path, one]));
  return theirs.map((one) => {
    const own = byPath.get(one.path);
    const isWider = own !== undefined && (own.mode & one.mode) === one.mode;
    return own?.kind === one.kind && (own.isOverLink || (own.isShared && isWider)) ? { ...one, mode: own.mode } : one;
  });
}

function sorted(files: readonly Unpacked[]): readonly Unpacked[] {
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function shown({ kind, mode, link, path }: Unpacked): string {
  return `${kind} ${mode.toString(8)} ${path}${link === "" ? "" : ` -> ${link}`}`;
}

async function writeArchive(images: readonly Layers[], at: string): Promise<void> {
  const writer = new LayoutWriter();
  for (const [number, given] of images.entries()) {
    const built = image(
      {},
      given.map((entries) => layer(entries, "gzip")),
    );
    for (const { bytes } of built.layers) await writer.putBlob("x", bytes);
    await writer.putBlob("x", built.config.bytes);
    await writer.putManifest("x", built.manifest.bytes, built.manifest.descriptor.mediaType, [`i${number}`]);
  }
  await writer.writeArchive(at);
}

const SEED = Number(process.env["ASSAY_SEED"] ?? Date.now() % 1_000_000);

describe("containerd on overlayfs", () => {
  test("sees the same files as Assay wherever Assay vouches for an image", async (t) => {
    if (!(await canMountOverlay())) {
      // The model of the specification's words is tested everywhere; this machine has no overlayfs to compare with.
      t.diagnostic("not compared: overlayfs cannot be mounted here");
      return;
    }
    t.diagnostic(`seed ${SEED}: repeat with ASSAY_SEED=${SEED}`);
    const images = fc.sample(layers, { seed: SEED, numRuns: runs(120) });
    const folder = await mkdtemp(join(tmpdir(), "assay-layers-"));
    await using containerd = await Containerd.start();
    try {
      await writeArchive(images, join(folder, "images.tar"));
      await containerd.load(join(folder, "images.tar"));
      let compared = 0;
      const differing: string[] = [];
      for (const [number, given] of images.entries()) {
        const ours = merged(given);
        if (ours === undefined) continue;
        const seen = await containerd.unpack(`i${number}`);
        if (seen === undefined) continue;
        // A view of one layer is no overlay yet; in a container's it is a whiteout.
        const theirs = given.length === 1 ? seen.filter(({ kind }) => kind !== "character") : seen;
        compared += 1;
        const [left, right] = [sorted(ours).map(shown), sorted(alike(theirs, ours)).map(shown)];
        const extra = left.filter((line) => !right.includes(line)).map((line) => `+ ${line}`);
        const lacking = right.filter((line) => !left.includes(line)).map((line) => `- ${line}`);
        if (extra.length + lacking.length > 0)
          differing.push([`image ${number} ${JSON.stringify(given)}`, ...extra, ...lacking].join("\n  "));
      }
      t.diagnostic(`${compared} of ${images.length} images compared; the others one of the two refuses`);
      assert.equal(differing.join("\n"), "", `seed ${SEED}: ours (+) and containerd's (-)`);
      assert.ok(compared > images.length / 4, `only ${compared} of ${images.length} could be compared`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
