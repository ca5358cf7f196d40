import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import type { LayerFacts } from "../../../src/domain/layer-facts.ts";
import { mergeLayers, type MergedTree } from "../../../src/inspections/overlay.ts";
import { followPath } from "../../../src/inspections/tree-path.ts";
import { newBudget, type TreeNode } from "../../../src/inspections/tree.ts";
import { factsOf } from "../../support/layer-facts.ts";
import { tar, type EntrySpec, type LayerSpec } from "../../support/tar.ts";

const EXEC = { mode: 0o755, body: "\x7fELF" } as const;
const WHITEOUT_DEVICE = { type: "3", device: [0, 0] } as const;

function facts(spec: LayerSpec): LayerFacts {
  const found = factsOf(tar(spec));
  if ("reason" in found) throw new Error(`${found.reason}: ${found.detail}`);
  return found;
}

function merge(...layers: readonly LayerSpec[]): MergedTree {
  return mergeLayers(layers.map(facts));
}

/** Paths of everything that is no directory, and of empty directories, in order. */
function paths(tree: MergedTree): readonly string[] {
  const found: string[] = [];
  const visit = (node: TreeNode, path: string): void => {
    if (node.kind !== "directory") found.push(path);
    else if (node.children.size === 0 && path !== "") found.push(`${path}/`);
    for (const [name, child] of node.children) visit(child, path === "" ? name : `${path}/${name}`);
  };
  visit(tree.root, "");
  return found.sort();
}

function find(tree: MergedTree, path: string): TreeNode | undefined {
  return followPath(tree.root, path, newBudget())?.node;
}

test("lays an upper file over a lower one", () => {
  const tree = merge({ "etc/passwd": "old" }, { "etc/passwd": "new" });
  assert.equal(find(tree, "etc/passwd")?.body, "new");
  assert.equal(find(tree, "etc/passwd")?.layer, 1);
});

test("hides a lower path by a whiteout, with everything below it", () => {
  assert.deepEqual(paths(merge({ "opt/a/x": EXEC, "opt/b": EXEC }, { "opt/.wh.a": "" })), ["opt/b"]);
});

test("never lets a whiteout hide what its own layer has, in either order", () => {
  for (const layer of [
    [
      ["bin/.wh.sh", ""],
      ["bin/sh", EXEC],
    ],
    [
      ["bin/sh", EXEC],
      ["bin/.wh.sh", ""],
    ],
  ] as const) {
    const tree = merge({ "bin/sh": "lower" }, layer);
    assert.equal(find(tree, "bin/sh")?.layer, 1);
  }
});

test("hides all lower children of an opaque directory, wherever in the layer it says so", () => {
  for (const layer of [
    [
      ["opt/.wh..wh..opq", ""],
      ["opt/new", EXEC],
    ],
    [
      ["opt/new", EXEC],
      ["opt/.wh..wh..opq", ""],
    ],
  ] as const) {
    assert.deepEqual(paths(merge({ "opt/old": EXEC, keep: EXEC }, layer)), ["keep", "opt/new"]);
  }
});

test("hides everything by an opaque root", () => {
  assert.deepEqual(paths(merge({ "bin/sh": EXEC, "etc/passwd": "x" }, { ".wh..wh..opq": "", app: EXEC })), ["app"]);
});

test("takes a character device 0:0 for a whiteout, as overlayfs does", () => {
  assert.deepEqual(paths(merge({ "bin/sh": EXEC, "bin/ls": EXEC }, { "bin/sh": WHITEOUT_DEVICE })), ["bin/ls"]);
  assert.deepEqual(paths(merge({ "dev/null": { type: "3", device: [1, 3] } })), ["dev/null"]);
});

test("refuses whiteouts that name no file", () => {
  for (const name of ["etc/.wh.", "etc/.wh..", "etc/.wh..."]) {
    const found = factsOf(tar({ [name]: "" }));
    assert.ok("reason" in found, name);
    assert.equal(found.reason, "ambiguous-tar");
  }
});

test("removes a lower directory under a file of the same name", () => {
  assert.deepEqual(paths(merge({ "bin/sh": EXEC }, { bin: "file" })), ["bin"]);
});

test("replaces a lower file or link by a directory", () => {
  const tree = merge({ bin: { link: "usr/bin" }, "usr/bin/sh": EXEC }, { "bin/": { type: "5" }, "bin/tool": EXEC });
  assert.deepEqual(paths(tree), ["bin/tool", "usr/bin/sh"]);
  assert.deepEqual(tree.overLinks, []);
});

test("merges a directory with a lower one and takes the upper mode", () => {
  const tree = merge(
    { "opt/": { type: "5", mode: 0o700 }, "opt/a": EXEC },
    { "opt/": { type: "5", mode: 0o777 }, "opt/b": EXEC },
  );
  assert.deepEqual(paths(tree), ["opt/a", "opt/b"]);
  assert.equal(find(tree, "opt")?.mode, 0o777);
});

test("puts a child literally over a lower link, and says that snapshotters differ", () => {
  const tree = merge({ bin: { link: "usr/bin" }, "usr/bin/sh": EXEC }, { "bin/tool": EXEC });
  assert.deepEqual(paths(tree), ["bin/tool", "usr/bin/sh"]);
  assert.deepEqual(tree.overLinks, [{ layer: 1, path: "bin", target: "usr/bin" }]);
});

test("follows a link of the same layer that came before the child", () => {
  const tree = merge([
    ["bin", { link: "usr/bin" }],
    ["bin/sh", EXEC],
  ]);
  assert.deepEqual(paths(tree), ["bin", "usr/bin/sh"]);
  assert.equal(find(tree, "bin/sh")?.kind, "file");
});

test("deletes a directory of the same layer when a link takes its place afterwards", () => {
  const tree = merge([
    ["bin/sh", EXEC],
    ["bin", { link: "usr/bin" }],
  ]);
  assert.deepEqual(paths(tree), ["bin"]);
  assert.equal(find(tree, "bin/sh"), undefined);
});

test("places a whiteout through a link of its own layer", () => {
  const tree = merge({ "usr/bin/sh": EXEC, "usr/bin/ls": EXEC }, [
    ["bin", { link: "usr/bin" }],
    ["bin/.wh.sh", ""],
  ]);
  assert.deepEqual(paths(tree), ["bin", "usr/bin/ls"]);
});

test("lets the last of two entries for one path count", () => {
  const twice = facts([
    ["bin/x", EXEC],
    ["bin/x", "plain"],
  ]);
  assert.deepEqual(twice.anomalies, [{ code: "duplicate-entry", path: "bin/x" }]);
  assert.equal(find(mergeLayers([twice]), "bin/x")?.mode, 0o644);
});

test("keeps a file that replaces one of interest, though it is of none itself", () => {
  const path = "opt/deep/down/below/tool";
  assert.equal(
    find(
      merge([
        [path, EXEC],
        [path, "data"],
      ]),
      path,
    )?.mode,
    0o644,
  );
});

test("gives a hard link its target's content, mode and name, also after the target is gone", () => {
  const link: EntrySpec = { type: "1", link: "bin/busybox", mode: 0o755 };
  const tree = merge({ "bin/busybox": EXEC, "bin/sh": link }, { "bin/.wh.busybox": "" });
  assert.deepEqual(paths(tree), ["bin/sh"]);
  assert.equal(find(tree, "bin/sh")?.path, "bin/busybox");
});

test("gives a hard link the rights of either header", () => {
  const tree = merge({
    "bin/su": { mode: 0o755, uid: 7, body: "\x7fELF" },
    copy: { type: "1", link: "bin/su", mode: 0o4755 },
  });
  assert.equal(find(tree, "copy")?.mode, 0o4755);
  assert.equal(find(tree, "copy")?.uid, 0);
});

test("takes a hard link to a file nobody kept for a file of unknown content", () => {
  const node = find(merge({ "bin/sh": { type: "1", link: "opt/data/deep/blob", mode: 0o755 } }), "bin/sh");
  assert.equal(node?.kind, "file");
  assert.equal(node.head, "");
});

test("finds a hard link's target in a lower layer when its own has none", () => {
  const tree = merge({ "bin/busybox": EXEC }, { "bin/sh": { type: "1", link: "bin/busybox" } });
  assert.equal(find(tree, "bin/sh"), find(tree, "bin/busybox"));
});

test("resolves links inside the root only: absolute, upwards and in chains", () => {
  const tree = merge({
    "etc/passwd": "x",
    a: { link: "/etc/passwd" },
    b: { link: "../../../../etc/passwd" },
    "c/d": { link: "../a" },
    dangling: { link: "nowhere" },
  });
  for (const path of ["a", "b", "c/d", "c/../a", "/etc/./passwd"]) assert.equal(find(tree, path)?.body, "x", path);
  assert.equal(find(tree, "dangling"), undefined);
});

test("gives up on loops and on chains longer than forty links", () => {
  const chain = (length: number): LayerSpec =>
    Object.fromEntries([
      ["end", "x"],
      ...Array.from({ length }, (_, index): [string, EntrySpec] => [
        `l${index}`,
        { link: index === 0 ? "end" : `l${index - 1}` },
      ]),
    ]);
  assert.equal(followPath(merge({ loop: { link: "loop" } }).root, "loop", newBudget()), undefined);
  assert.equal(find(merge(chain(40)), "l39")?.kind, "file");
  assert.equal(followPath(merge(chain(41)).root, "l40", newBudget()), undefined);
});

test("clamps names that try to leave the root, and says so", () => {
  const found = facts({ "../../etc/passwd": "x", "/abs": EXEC, ".//etc//dbl": EXEC });
  assert.deepEqual(found.anomalies, [{ code: "path-traversal-name", path: "../../etc/passwd" }]);
  assert.deepEqual(paths(mergeLayers([found])), ["abs", "etc/dbl", "etc/passwd"]);
});

test("doubts a directory that its own layer also hides", () => {
  const tree = merge({ "opt/old": EXEC }, [
    [".wh.opt", ""],
    ["opt/new", EXEC],
  ]);
  assert.match(tree.doubts[0]?.why ?? "", /hidden and a directory/);
});

test("doubts a whiteout that comes after what it names, which containerd removes from the lowest layer", () => {
  const before = merge({ "bin/sh": "lower" }, [
    ["bin/.wh.sh", ""],
    ["bin/sh", EXEC],
  ]);
  assert.deepEqual(before.doubts, []);
  const after = merge([
    ["bin/sh", EXEC],
    ["bin/.wh.sh", ""],
  ]);
  assert.match(after.doubts[0]?.why ?? "", /hidden by its own layer after/);
});

test("doubts an opaque directory that says so after directories without an entry of their own", () => {
  const implied = merge([
    ["usr/bin/sh", EXEC],
    ["usr/.wh..wh..opq", ""],
  ]);
  assert.match(implied.doubts[0]?.why ?? "", /opaque after directories without an entry/);
  const own = merge([
    ["usr/", { type: "5" }],
    ["usr/bin/", { type: "5" }],
    ["usr/bin/sh", EXEC],
    ["usr/.wh..wh..opq", ""],
  ]);
  assert.deepEqual(own.doubts, []);
});

test("doubts an entry below something that is no directory", () => {
  assert.match(
    merge([
      ["bin", "file"],
      ["bin/sh", EXEC],
    ]).doubts[0]?.why ?? "",
    /no directory/,
  );
});

test("doubts an image whose links multiply its paths", () => {
  const links: Record<string, EntrySpec> = {};
  for (let index = 0; index < 39; index += 1)
    links[`l${index}`] = { link: "a/../".repeat(700) + (index === 0 ? "a" : `l${index - 1}`) };
  const heavy = [
    ...Object.entries(links),
    ...Array.from({ length: 600 }, (_, index): [string, EntrySpec] => [`l38/f${index}`, EXEC]),
  ];
  const since = performance.now();
  assert.notDeepEqual(merge([["a/", { type: "5" }], ...heavy]).doubts, []);
  assert.ok(performance.now() - since < 20_000);
});

test("takes names like __proto__ and constructor for nothing but names", () => {
  const tree = merge({ __proto__: EXEC, constructor: "plain", "toString/passwd": "x" });
  assert.equal(find(tree, "constructor")?.body, undefined);
  assert.equal(find(tree, "toString/passwd")?.body, "x");
});

type Change = { readonly kind: "file" | "hide" | "opaque"; readonly path: string };

function within(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}/`);
}

/** The specification's own words over sets of paths, for layers without links or conflicts inside a layer. */
function modelled(layers: readonly (readonly Change[])[]): readonly string[] {
  let files = new Map<string, number>();
  for (const [layer, changes] of layers.entries()) {
    for (const { kind, path } of changes) {
      if (kind === "opaque") files = new Map([...files].filter(([file]) => file === path || !within(file, path)));
      if (kind === "hide") files = new Map([...files].filter(([file]) => !within(file, path)));
      // A directory that must exist replaces a lower file.
      const folders = kind === "opaque" ? [path] : [];
      for (let at = path; at.includes("/");) {
        at = at.slice(0, at.lastIndexOf("/"));
        folders.push(at);
      }
      for (const folder of folders) files.delete(folder);
    }
    for (const { kind, path } of changes) {
      if (kind !== "file") continue;
      files = new Map([...files].filter(([file]) => !within(file, path) && !within(path, file)));
      files.set(path, layer);
    }
  }
  return [...files].map(([file, layer]) => `${layer}:${file}`).sort();
}

/** Changes of one layer that do not contradict each other: no path twice, none below another's file or whiteout. */
function consistent(changes: readonly Change[]): readonly Change[] {
  const kept: Change[] = [];
  for (const change of changes) {
    const clashes = kept.some((other) =>
      other.kind === "opaque" && change.kind === "opaque"
        ? other.path === change.path
        : (other.kind !== "opaque" && within(change.path, other.path)) ||
          (change.kind !== "opaque" && within(other.path, change.path)),
    );
    if (!clashes) kept.push(change);
  }
  return kept;
}

const ORDER = ["opaque", "hide", "file"] as const;

/** As honest writers order them: what a layer hides before what it brings, the upper directory before the lower. */
function ordered(changes: readonly Change[]): readonly Change[] {
  const rank = ({ kind, path }: Change): number => ORDER.indexOf(kind) * 1000 + path.length;
  return changes.toSorted((a, b) => rank(a) - rank(b));
}

function entryOf({ kind, path }: Change): readonly [string, EntrySpec] {
  const slash = path.lastIndexOf("/") + 1;
  if (kind === "file") return [path, EXEC];
  return kind === "hide" ? [`${path.slice(0, slash)}.wh.${path.slice(slash)}`, ""] : [`${path}/.wh..wh..opq`, ""];
}

test("agrees with the specification's words on any layers without links", () => {
  const path = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  const change = fc.record({ kind: fc.constantFrom("file", "file", "hide", "opaque"), path });
  const layers = fc.array(fc.array(change, { maxLength: 6 }).map(consistent), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(layers, (layers) => {
      const tree = merge(...layers.map((changes) => ordered(changes).map(entryOf)));
      assert.deepEqual(tree.doubts, []);
      const files = paths(tree)
        .filter((found) => !found.endsWith("/"))
        .map((found) => `${find(tree, found)?.layer}:${found}`);
      assert.deepEqual(files.sort(), modelled(layers));
    }),
    { numRuns: 2000 },
  );
});

test("doubts a hard link that makes a program of what nobody could execute, and so was looked at less closely", () => {
  for (const target of ["data/a/b/c/blob", "usr/bin/data"]) {
    const tree = merge([
      [target, "data"],
      ["bin/app", { type: "1", link: target, mode: 0o755 }],
    ]);
    assert.match(tree.doubts[0]?.why ?? "", /makes a program of a file that was none/);
  }
  assert.deepEqual(
    merge([
      ["bin/busybox", EXEC],
      ["bin/sh", { type: "1", link: "bin/busybox", mode: 0o755 }],
      ["bin/data", { type: "1", link: "bin/busybox", mode: 0o644 }],
    ]).doubts,
    [],
  );
});
