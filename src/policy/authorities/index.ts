import type { AuthorityKind } from "./authority.ts";
import { cosign } from "./cosign.ts";
import { keyless } from "./keyless.ts";

/** Every kind of authority this version knows. */
export const AUTHORITIES = { cosign, keyless } as const satisfies {
  readonly [K in AuthorityKind]?: { readonly kind: K };
};

/** Kinds that belong to the language and that this version does not act on. */
export const LATER_AUTHORITIES = ["notary", "notation", "simpleSigning"] as const;
