import type { LayerEntry, LayerFacts, Whiteout } from "../domain/layer-facts.ts";

import { quoted } from "./fault.ts";
import { MAX_DEPTH } from "./layer-limits.ts";
import { parentOf } from "./layer-path.ts";
import { followParents, followPath } from "./tree-path.ts";
import { directoryNode, entryNode, whiteoutNode, type Budget, type TreeDoubt, type TreeNode } from "./tree.ts";

/** What unpacking one layer needs beside it: the tree below, for links into it, and a place to say what is doubtful. */
export type Unpacking = {
  readonly layer: number;
  readonly lower: TreeNode;
  readonly budget: Budget;
  readonly doubts: TreeDoubt[];
};

/** One layer unpacked alone, entry by entry in the archive's order, as containerd does for overlayfs. */
export function unpackLayer(facts: LayerFacts, unpacking: Unpacking): TreeNode {
  const root = directoryNode(unpacking.layer, "");
  const unpack = new LayerUnpack(root, facts, unpacking);
  let next = 0;
  for (let index = 0; index <= facts.entries.length; index += 1) {
    for (let whiteout = facts.whiteouts[next]; whiteout?.after === index; whiteout = facts.whiteouts[next]) {
      unpack.hide(whiteout);
      next += 1;
    }
    const entry = facts.entries[index];
    if (entry !== undefined) unpack.add(entry);
  }
  // A whiteout that says it came after more entries than there are: the facts are not what we wrote.
  if (next !== facts.whiteouts.length) unpack.doubt("", "has whiteouts out of order");
  return root;
}

/** What nobody may execute is looked at less closely, so a link must not make it executable afterwards. */
const ANY_EXECUTE = 0o111;

class LayerUnpack {
  readonly #root: TreeNode;
  readonly #facts: LayerFacts;
  readonly #world: Unpacking;

  constructor(root: TreeNode, facts: LayerFacts, world: Unpacking) {
    this.#root = root;
    this.#facts = facts;
    this.#world = world;
  }

  doubt(path: string, why: string): void {
    this.#world.doubts.push({ layer: this.#world.layer, path, why });
  }

  add(entry: LayerEntry): void {
    if (entry.path === "") {
      this.#describe(this.#root, entry);
      return;
    }
    const parent = this.#parent(entry.path);
    const base = entry.path.slice(entry.path.lastIndexOf("/") + 1);
    const present = parent?.children.get(base);
    if (parent === undefined) return;
    if (entry.kind === "directory" && present?.kind === "directory") {
      this.#describe(present, entry);
      return;
    }
    const node = this.#node(entry);
    if (node.kind === "directory") node.replaced = present?.kind === "whiteout";
    this.#world.budget.nodes -= 1;
    parent.children.set(base, node);
  }

  /**
   * Whiteouts speak of lower layers only (image-spec, layer.md), but one that comes after what it names takes that away
   * too where containerd unpacks the lowest layer, which it does without overlayfs.
   */
  hide(whiteout: Whiteout): void {
    if (whiteout.kind === "opaque") {
      this.#hideBelow(whiteout.path);
      return;
    }
    const parent = this.#parent(whiteout.path);
    const base = whiteout.path.slice(whiteout.path.lastIndexOf("/") + 1);
    const present = parent?.children.get(base);
    if (present !== undefined && present.kind !== "whiteout") {
      this.doubt(whiteout.path, "is hidden by its own layer after it was put there");
    }
    this.#world.budget.nodes -= 1;
    if (present === undefined) parent?.children.set(base, whiteoutNode(this.#world.layer, whiteout.path));
  }

  /** containerd spares what the layer itself has put there, but of directories only those with an entry of their own. */
  #hideBelow(path: string): void {
    const directory = this.#directory(path);
    if (directory === undefined) return;
    if (hasImplied(directory, this.#world.budget))
      this.doubt(path, "is made opaque after directories without an entry");
    directory.opaque = true;
  }

  #parent(path: string): TreeNode | undefined {
    return this.#directory(parentOf(path));
  }

  /** The directory a path leads to inside this layer, made where it is missing (containerd `fs.RootPath`, `mkparent`). */
  #directory(path: string): TreeNode | undefined {
    const place = followPath(this.#root, path, this.#world.budget);
    if (place === undefined || place.names.length > MAX_DEPTH) {
      this.doubt(path, "is reached through too many links");
      return undefined;
    }
    let here = this.#root;
    for (const name of place.names) here = this.#child(here, name, path);
    return here;
  }

  #child(parent: TreeNode, name: string, path: string): TreeNode {
    const present = parent.children.get(name);
    if (present?.kind === "directory") return present;
    if (present !== undefined && present.kind !== "whiteout") {
      this.doubt(path, `stands below ${quoted(present.path)}, which is no directory`);
    }
    const made = directoryNode(this.#world.layer, parent.path === "" ? name : `${parent.path}/${name}`);
    made.replaced = present?.kind === "whiteout";
    this.#world.budget.nodes -= 1;
    parent.children.set(name, made);
    return made;
  }

  #describe(directory: TreeNode, entry: LayerEntry): void {
    directory.mode = entry.mode;
    directory.uid = entry.uid;
    directory.gid = entry.gid;
    directory.explicit = true;
  }

  #node(entry: LayerEntry): TreeNode {
    const { layer } = this.#world;
    if (entry.kind === "hardlink") return this.#linked(entry);
    // overlayfs takes a character device 0:0 for a whiteout (reference: inspection, 1.7).
    if (entry.kind === "character" && entry.device === "0:0") return whiteoutNode(layer, entry.path);
    if (entry.kind !== "file") return entryNode(entry.kind, layer, entry, {});
    const { bodies, counts } = this.#facts;
    return entryNode("file", layer, entry, { body: own(bodies, entry.path), count: own(counts, entry.path) });
  }

  /**
   * The linked node itself, so that what it is called elsewhere stays known. Its target may be a file nobody kept, or one
   * of a lower layer, which overlayfs refuses: then it is a file of unknown content.
   */
  #linked(entry: LayerEntry): TreeNode {
    const { budget, layer, lower } = this.#world;
    const found = followParents(this.#root, entry.link, budget)?.node ?? followParents(lower, entry.link, budget)?.node;
    const isArmed = (entry.mode & ANY_EXECUTE) !== 0 && ((found?.mode ?? 0) & ANY_EXECUTE) === 0;
    if (isArmed) this.doubt(entry.path, "is a hard link that makes a program of a file that was none");
    if (found === undefined || found.kind === "directory" || found.kind === "whiteout") {
      return entryNode("file", layer, entry, {});
    }
    // Unpackers differ in whose mode the inode ends up with, so it may do what either allows.
    found.mode |= entry.mode;
    if (entry.uid === 0) found.uid = 0;
    return found;
  }
}

/** A path may be called as something that every object has. */
function own<T>(values: Readonly<Record<string, T>>, path: string): T | undefined {
  return Object.hasOwn(values, path) ? values[path] : undefined;
}

/** Whether a directory stands below that is there only because something else is in it. */
function hasImplied(directory: TreeNode, budget: Budget): boolean {
  return [...directory.children.values()].some((child) => {
    budget.steps -= 1;
    if (budget.steps < 0) return true;
    return child.kind === "directory" && (!child.explicit || hasImplied(child, budget));
  });
}
