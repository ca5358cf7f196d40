import type { Digest } from "../domain/digest.ts";
import type { SourceKey } from "../domain/evidence.ts";
import type { Opinion, SignatureFact, SourceFact } from "../domain/facts.ts";
import type { Authority } from "../domain/trust.ts";
import type { Schemes, Vouched } from "../schemes/scheme.ts";
import { sourcesOf } from "./plan.ts";

type Verified = Extract<Opinion, { readonly kind: "verified" }>;
type Seen = { readonly signatures: readonly SignatureFact[]; readonly sources: readonly SourceFact[] };

/** What the signatures of one authority say of manifests and indexes, each place where it looks taken into account. */
export function vouchedBy(authority: Authority, { signatures, sources }: Seen, schemes: Schemes): Vouched {
  const places = sourcesOf(authority.spec, schemes.signatures);
  return (about) => {
    const opinions = signatures
      .filter((fact) => fact.authority === authority.name && fact.about === about && places.includes(fact.source))
      .map(({ opinion }) => opinion);
    const verified = opinions.filter((opinion) => opinion.kind === "verified");
    const [longest] = verified.toSorted((a, b) => (endOf(a) < endOf(b) ? 1 : -1));
    return longest ?? opinions.find((opinion) => opinion.kind === "undetermined") ?? unseen(about, places, sources);
  };
}

/** After the last instant there is, for one that nothing ends. */
function endOf({ notAfter }: Verified): string {
  return notAfter ?? "~";
}

/** A place that could not be seen might have held the signature. */
function unseen(
  about: Digest,
  places: readonly SourceKey[],
  sources: readonly SourceFact[],
): Extract<Opinion, { readonly kind: "undetermined" }> | undefined {
  for (const { about: of, source, state } of sources) {
    if (of === about && places.includes(source) && state.kind === "gap") {
      return { kind: "undetermined", gap: state.gap, step: "found", signer: undefined };
    }
  }
  return undefined;
}
