import { addressOf } from "../crypto/digest-of.ts";
import type { Digest } from "../domain/digest.ts";
import type { SchemeId } from "../domain/evidence.ts";
import type { Authority } from "../domain/trust.ts";
import type { Assess, SignatureScheme } from "../schemes/scheme.ts";

/** One authority as each scheme that serves it reads it. */
export type CompiledAuthority = { readonly authority: Authority; readonly assess: ReadonlyMap<SchemeId, Assess> };

/** Keys and identities compiled once; the same files always have the same id. */
export type Trust = { readonly id: Digest; readonly authorities: readonly CompiledAuthority[] };

/** Throws `InputError` for key material that no scheme can read. */
export function compileTrust(authorities: readonly Authority[], schemes: readonly SignatureScheme[]): Trust {
  return {
    id: addressOf(
      "trust",
      authorities.map(({ at, ...authority }) => authority),
    ),
    authorities: authorities.map((authority) => ({ authority, assess: assessors(authority, schemes) })),
  };
}

function assessors(authority: Authority, schemes: readonly SignatureScheme[]): ReadonlyMap<SchemeId, Assess> {
  const found = new Map<SchemeId, Assess>();
  for (const scheme of schemes) {
    const assess = scheme.authority(authority.spec);
    if (assess !== undefined) found.set(scheme.id, assess);
  }
  return found;
}
