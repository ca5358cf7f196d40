import type { AuthorityKind } from "./authority.ts";
import { cosign } from "./cosign.ts";
import { simpleSigning } from "./simple-signing.ts";

/** Every kind of authority this version knows. */
export const AUTHORITIES = { cosign, simpleSigning } as const satisfies {
  readonly [K in AuthorityKind]?: { readonly kind: K };
};

/** Kinds that belong to the language and that this version does not act on. */
export const LATER_AUTHORITIES = ["keyless", "notary", "notation"] as const;
