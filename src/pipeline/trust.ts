import { addressOf } from "../crypto/digest-of.ts";
import type { Digest } from "../domain/digest.ts";
import { InputError } from "../domain/errors.ts";
import type { SchemeId, SourceKey } from "../domain/evidence.ts";
import type { Authority } from "../domain/trust.ts";
import type { Assess, AssessAttestation, Schemes } from "../schemes/scheme.ts";
import { sourcesOf } from "./plan.ts";

/** One authority as each scheme that serves it reads it. */
export type CompiledAuthority = {
  readonly authority: Authority;
  /** Where it looks; evidence from elsewhere was collected for others, and says nothing to it. */
  readonly sources: readonly SourceKey[];
  readonly assess: ReadonlyMap<SchemeId, Assess>;
  readonly attest: ReadonlyMap<SchemeId, AssessAttestation>;
};

/** Keys and identities compiled once; the same files always have the same id. */
export type Trust = { readonly id: Digest; readonly authorities: readonly CompiledAuthority[] };

/** Throws `InputError` for key material that no scheme can read. */
export function compileTrust(authorities: readonly Authority[], schemes: Schemes): Trust {
  return {
    id: addressOf(
      "trust",
      authorities.map(({ at, ...authority }) => authority),
    ),
    authorities: authorities.map((authority) => ({
      authority,
      sources: sourcesOf(authority.spec, [...schemes.signatures, ...schemes.attestations]),
      assess: located(authority, () => compiled(schemes.signatures, (scheme) => scheme.authority(authority.spec))),
      attest: located(authority, () => compiled(schemes.attestations, (scheme) => scheme.attestor(authority.spec))),
    })),
  };
}

/** Key material is read long after the file that names it, so the message says which that was. */
function located<T>({ name, at }: Authority, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const place = `${at.file}:${at.line}:${at.column}`;
    throw new InputError(error.code, `${place}: authority "${name}": ${error.message}`, { cause: error });
  }
}

function compiled<S extends { readonly id: SchemeId }, T>(
  schemes: readonly S[],
  compile: (scheme: S) => T | undefined,
): ReadonlyMap<SchemeId, T> {
  return new Map(
    schemes.flatMap((scheme): readonly (readonly [SchemeId, T])[] => {
      const assess = compile(scheme);
      return assess === undefined ? [] : [[scheme.id, assess]];
    }),
  );
}
