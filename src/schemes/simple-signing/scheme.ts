import type { SignatureScheme } from "../scheme.ts";
import { assessSimple } from "./assess.ts";
import { placeOf } from "./place.ts";
import { SIMPLE_SIGNING } from "./source.ts";

/** GPG signatures as skopeo and podman make them (containers-signature(5)). */
export const simpleSigning: SignatureScheme = {
  id: SIMPLE_SIGNING,
  version: 1,
  // No place is known until an authority names it: most registries lack the extension.
  places: [],
  placesOf: (authority) => (authority.kind === "simpleSigning" ? [placeOf(authority)] : []),
  authority: (authority) => (authority.kind === "simpleSigning" ? assessSimple(authority) : undefined),
};
