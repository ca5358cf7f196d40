import type { AuthorityKind } from "./authority.ts";
import { cosign } from "./cosign.ts";
import { keyless } from "./keyless.ts";
import { notary } from "./notary.ts";
import { notation } from "./notation.ts";
import { simpleSigning } from "./simple-signing.ts";

/** Every kind of authority. A new kind is one file and one line here. */
export const AUTHORITIES = { cosign, keyless, notary, notation, simpleSigning } as const satisfies {
  readonly [K in AuthorityKind]: { readonly kind: K };
};
