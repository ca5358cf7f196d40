import type { Digest } from "./digest.ts";

/** Something seen in a named layer, so that a claim can be looked up. */
export type Sighting = { readonly layer: Digest; readonly path: string; readonly note: string };
