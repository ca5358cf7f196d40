/** Sizes and counts a registry's answer may have. The sources are the limits of peers; reaching one is always an error. */

/** A manifest or index, as containers/image, distribution, oras and notation bound it. Pages of lists are no larger. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
export const MAX_REFERRER_PAGES = 20;
export const MAX_REFERRERS = 1000;
/** A tag list of a million names is a registry gone wrong, not a repository. */
export const MAX_LIST_PAGES = 1000;
export const MAX_LIST_ENTRIES = 1_000_000;
export const MAX_REDIRECTS = 5;
/** Origins with open connections: blob redirects name hosts of the registry's choosing, so they are bounded. */
export const MAX_ORIGINS = 64;
