/** As cosign reads at most. More is an error, and never "the first thousand" (reference: reliability, 1.8). */
export const MAX_SIGNATURES = 1000;
/** A payload has some hundred bytes, a bundle of an image signature some KiB. */
export const MAX_SIGNATURE_BYTES = 4 * 1024 * 1024;
/** All signature documents of one image together, as they are held in memory at once. */
export const MAX_TOTAL_BYTES = 64 * 1024 * 1024;
