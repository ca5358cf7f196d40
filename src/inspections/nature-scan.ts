import { joined, type ByteSearch } from "./byte-search.ts";
import { FAMILIES, type Family } from "./program-nature.ts";

const LONGEST_ANCHOR = Math.max(...FAMILIES.map((family) => family.anchor.length));

/** Looks at one program as it arrives. Anchors are searched while the bytes are warm; all else only once one was found. */
export class NatureScan {
  readonly #search: ByteSearch;
  readonly #sought: readonly Family[];
  readonly #met = new Set<Family>();
  /** The last bytes seen: an anchor may stand across two pieces. */
  #seam: Uint8Array = new Uint8Array(0);

  constructor(search: ByteSearch, isExecutable: boolean) {
    this.#search = search;
    this.#sought = FAMILIES.filter((family) => isExecutable || !family.executableOnly);
  }

  push(bytes: Uint8Array): void {
    const across = joined([this.#seam, bytes.subarray(0, LONGEST_ANCHOR - 1)]);
    for (const family of this.#sought) {
      if (this.#met.has(family)) continue;
      if (this.#search(bytes, family.anchor) || (this.#seam.length > 0 && this.#search(across, family.anchor))) {
        this.#met.add(family);
      }
    }
    this.#seam = (bytes.length < LONGEST_ANCHOR ? across : bytes).slice(1 - LONGEST_ANCHOR);
  }

  /** What the program is, such as `shell:bash`; empty for most. `pieces` are all that was pushed. */
  finish(pieces: readonly Uint8Array[]): string {
    if (this.#met.size === 0) return "";
    const whole = joined(pieces);
    const holds = (text: string): boolean => this.#search(whole, text);
    for (const family of this.#sought) {
      const nature = this.#met.has(family) ? family.natureOf(holds) : "";
      if (nature !== "") return nature;
    }
    return "";
  }
}
