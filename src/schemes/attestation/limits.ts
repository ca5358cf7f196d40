const MIB = 1024 * 1024;

/** As cosign reads at most (reference: reliability, 1.8). */
export const MAX_ATTESTATION_BYTES = 128 * MIB;
/** What is no larger is fetched and kept whole. */
export const MAX_WHOLE_BYTES = 4 * MIB;
/** Beyond so much in whole documents of one place, only small ones are still fetched whole. */
export const MAX_WHOLE_TOTAL = 32 * MIB;
/** Always fetched whole: their payloads need not be longer than what is cut out of a text. */
export const SMALL_BYTES = 256 * 1024;
/** All that is read for one image and place, twice at most. */
export const MAX_READ_TOTAL = 512 * MIB;
/** An envelope or a bundle without its payload. */
export const MAX_WRAPPER_BYTES = 4 * MIB;
/** Type, predicate type and subjects of a statement: a thousand subjects of some digests each. */
export const MAX_HEADER_BYTES = 2 * MIB;
/** What is kept of one statement for the rules that ask about it. */
export const MAX_KEPT_BYTES = 16 * MIB;
/**
 * What an Ed25519 signature is over is held up to here, since no hash stands for it: no larger, since it is held whole for
 * every job that looks at the image.
 */
export const MAX_HELD_BYTES = 32 * MIB;
/** All that is kept and held of the statements of one place. */
export const MAX_KEPT_TOTAL = 64 * MIB;
