/** Sizes and counts of one trust collection (reference: reliability, 1.8). Reaching one is a refusal, never a shorter look. */

/** As the Notary client bounds it (notary, MaxTimestampSize). */
export const MAX_TIMESTAMP_BYTES = 1024 * 1024;
/** A root holds some keys; one of a KiB each is already a long certificate. */
export const MAX_ROOT_BYTES = 1024 * 1024;
/** One entry a role. */
export const MAX_SNAPSHOT_BYTES = 1024 * 1024;
/** Some 200 bytes a tag: 80,000 tags. */
export const MAX_TARGETS_BYTES = 16 * 1024 * 1024;
/** A tag's entry is five values. */
export const MAX_METADATA_VALUES = 1_000_000;
export const MAX_ROTATIONS = 256;
export const MAX_DELEGATIONS = 32;
/** Each may cost a check of a signature. */
export const MAX_METADATA_SIGNATURES = 64;
/** Names go into paths of requests and into messages. */
export const MAX_ROLE_NAME = 255;
