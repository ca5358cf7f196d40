import type { DemoImage, Family } from "../family.ts";
import { ATTESTED } from "./attested.ts";
import { COSIGN } from "./cosign.ts";
import { GPG } from "./gpg.ts";
import { KEYLESS } from "./keyless.ts";
import { NOTARY } from "./notary.ts";
import { NOTATION } from "./notation.ts";
import { QUORUM } from "./quorum.ts";

/** In the order in which they are shown. */
export const FAMILIES: readonly Family[] = [COSIGN, KEYLESS, NOTATION, NOTARY, GPG, ATTESTED, QUORUM];

export const IMAGES: readonly DemoImage[] = FAMILIES.flatMap(({ title, images }) =>
  images.map((image) => ({ ...image, family: title })),
);
