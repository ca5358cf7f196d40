import type { EntryKind, LayerFind } from "../domain/layer-facts.ts";

import { clutterAt, secretNamed } from "./file-finds.ts";
import { MAX_FINDS } from "./layer-limits.ts";
import type { CleanPath } from "./layer-path.ts";

/** Secrets and clutter of one layer, each told once. */
export class FindList {
  readonly #finds = new Map<string, LayerFind>();
  readonly #counts: Record<LayerFind["kind"], number> = { secret: 0, clutter: 0 };
  readonly #cut = new Set<LayerFind["kind"]>();

  get all(): readonly LayerFind[] {
    return [...this.#finds.values()];
  }

  /** Kinds of which there was more than is told. */
  get cut(): ReadonlySet<LayerFind["kind"]> {
    return this.#cut;
  }

  /** Judges an entry by its name; whether something new was found, so that the entry is to be kept. A link is what it leads to. */
  look(path: CleanPath, kind: EntryKind): boolean {
    const isFile = kind === "file" || kind === "hardlink";
    if (!isFile && kind !== "directory") return false;
    const secret = isFile ? secretNamed(path) : undefined;
    const clutter = clutterAt(path, isFile);
    const isSecret = secret !== undefined && this.add(secret);
    return (clutter !== undefined && this.add(clutter)) || isSecret;
  }

  add(find: LayerFind): boolean {
    const key = `${find.kind} ${find.path}`;
    if (this.#finds.has(key)) return false;
    // Each kind by itself, so that clutter cannot hide a secret.
    if (this.#counts[find.kind] >= MAX_FINDS) {
      this.#cut.add(find.kind);
      return false;
    }
    this.#counts[find.kind] += 1;
    this.#finds.set(key, find);
    return true;
  }
}
