import type { Schemes } from "../schemes/scheme.ts";

type Versions = Readonly<Record<string, number>>;

/** Asked for with every image, and always the same. */
const known = new WeakMap<Schemes, Versions>();

/** The code that evidence is examined by, so that what older code found is not taken for an answer of this one. */
export function schemeVersions(schemes: Schemes): Versions {
  const versions = known.get(schemes) ?? versionsOf(schemes);
  known.set(schemes, versions);
  return versions;
}

function versionsOf({ signatures, attestations }: Schemes): Versions {
  return Object.fromEntries([...signatures, ...attestations].map(({ id, version }) => [id, version]));
}
