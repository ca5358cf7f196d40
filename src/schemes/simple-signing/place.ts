import type { SimpleSigningAuthority } from "../../domain/trust.ts";
import type { Place } from "../scheme.ts";
import { EXTENSION_PLACE } from "./extension.ts";
import { lookasidePlace } from "./lookaside.ts";

/** The one place where an authority's signatures are. */
export function placeOf({ place }: SimpleSigningAuthority): Place {
  return place.kind === "lookaside" ? lookasidePlace(place.url) : EXTENSION_PLACE;
}
