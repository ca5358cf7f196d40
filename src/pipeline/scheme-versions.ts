import type { Schemes } from "../schemes/scheme.ts";

/** The code that evidence is examined by, so that what older code found is not taken for an answer of this one. */
export function schemeVersions({ signatures, attestations }: Schemes): Readonly<Record<string, number>> {
  return Object.fromEntries([...signatures, ...attestations].map(({ id, version }) => [id, version]));
}
