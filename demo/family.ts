import type { Keys } from "./keys.ts";
import type { Publication } from "./publication.ts";
import type { Site } from "./site.ts";

/** An image to be judged: its name, what it is in plain words, and how it comes to be. What becomes of it the service says. */
export type DemoImage = {
  readonly name: string;
  /** The heading it stands under. */
  readonly family: string;
  readonly what: string;
  readonly publish: (at: Publication) => Promise<void>;
};

/** One way of vouching for images, shown by some of them and by the policy that asks for it. */
export type Family = {
  /** The policy file's name without its ending. */
  readonly file: string;
  readonly title: string;
  readonly images: readonly Omit<DemoImage, "family">[];
  readonly policy: (site: Site, keys: Keys) => PolicyPart;
};

/** Policy documents as an operator writes them, and the files that they name. */
export type PolicyPart = {
  readonly text: string;
  readonly files: Readonly<Record<string, string | Uint8Array>>;
};
