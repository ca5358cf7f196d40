import { collectRevocation } from "../../revocation/collect-revocation.ts";
import { judgeRevocation } from "../../revocation/judge-revocation.ts";
import type { NotationAuthority } from "../../domain/trust.ts";
import type { Place, SignatureScheme } from "../scheme.ts";
import { assessNotation } from "./assess.ts";
import { placeOf, REFERRERS } from "./place.ts";
import type { Revocation } from "./revocation-port.ts";
import { NOTATION } from "./source.ts";

/** Notary Project signatures: JWS and COSE envelopes by X.509 certificates under a trust policy (notaryproject/specifications). */
export function notationScheme(revocation: Revocation): SignatureScheme {
  const places = new WeakMap<NotationAuthority, Place>();
  const place = (authority: NotationAuthority): Place => {
    const known = places.get(authority) ?? placeOf(authority, revocation);
    places.set(authority, known);
    return known;
  };
  return {
    id: NOTATION,
    version: 1,
    places: [REFERRERS],
    placesOf: (authority) => (authority.kind === "notation" ? [place(authority)] : []),
    authority: (authority) => (authority.kind === "notation" ? assessNotation(authority, revocation.judge) : undefined),
  };
}

export const notation: SignatureScheme = notationScheme({ collect: collectRevocation, judge: judgeRevocation });
