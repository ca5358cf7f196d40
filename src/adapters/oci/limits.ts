import { MAX_REFERRERS } from "../../domain/manifest.ts";

/** Sizes and counts a registry's answer may have. The sources are the limits of peers; reaching one is always an error. */

/** A manifest or index, as containers/image, distribution, oras and notation bound it. Pages of lists are no larger. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** As many as the longest list of referrers has in pages of fifty. */
export const MAX_REFERRER_PAGES = Math.ceil(MAX_REFERRERS / 50);
/** All pages of a list of referrers together, as they are held at once: four times what the fallback tag could hold. */
export const MAX_REFERRER_BYTES = 16 * 1024 * 1024;
/** A tag list of a million names is a registry gone wrong, not a repository. */
export const MAX_LIST_PAGES = 1000;
export const MAX_LIST_ENTRIES = 1_000_000;
/** A million names of 255 characters, quoted and separated. They are read page by page, and not held together. */
export const MAX_LIST_BYTES = 256 * 1024 * 1024;
export const MAX_REDIRECTS = 5;
/** Origins with open connections: blob redirects name hosts of the registry's choosing, so they are bounded. */
export const MAX_ORIGINS = 64;
