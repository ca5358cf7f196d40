import type { AuthorityKind } from "./authority.ts";
import { cosign } from "./cosign.ts";
import { keyless } from "./keyless.ts";
import { notary } from "./notary.ts";
import { notation } from "./notation.ts";

/** Every kind of authority this version knows. */
export const AUTHORITIES = { cosign, keyless, notary, notation } as const satisfies {
  readonly [K in AuthorityKind]?: { readonly kind: K };
};

/** Kinds that belong to the language and that this version does not act on. */
export const LATER_AUTHORITIES = ["simpleSigning"] as const;
