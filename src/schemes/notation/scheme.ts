import type { SignatureScheme } from "../scheme.ts";
import { assessNotation } from "./assess.ts";
import { placeOf, REFERRERS } from "./place.ts";
import type { Revocation } from "./revocation-port.ts";
import { NOTATION } from "./source.ts";

/** Notary Project signatures: JWS and COSE envelopes by X.509 certificates under a trust policy (notaryproject/specifications). */
export function notationScheme(revocation: Revocation): SignatureScheme {
  return {
    id: NOTATION,
    version: 1,
    places: [REFERRERS],
    placesOf: (authority) => (authority.kind === "notation" ? [placeOf(authority, revocation)] : []),
    authority: (authority) => (authority.kind === "notation" ? assessNotation(authority, revocation.judge) : undefined),
  };
}
