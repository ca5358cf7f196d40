/** Bounds of one layer and one image. Reaching one makes the layer uninspectable, never a shorter list (reference: inspection, section 6). */

/** Entries of one layer's tar; real layers stay below 300,000. */
export const MAX_ENTRIES = 1_000_000;
/** Entries kept as records: a million of them would cost some 300 MB. */
export const MAX_KEPT_ENTRIES = 200_000;
/** Characters of paths and links kept, so that long names cannot do what many entries may not. */
export const MAX_KEPT_TEXT = 16 * 1024 * 1024;
/** One PAX header or GNU long name (Go archive/tar, `maxSpecialFileSize`). */
export const MAX_SPECIAL_BYTES = 1024 * 1024;
/** All PAX headers and GNU long names of a layer. */
export const MAX_SPECIAL_TOTAL = 64 * 1024 * 1024;
/** Linux PATH_MAX and NAME_MAX: beyond them nothing can be unpacked. */
export const MAX_PATH = 4096;
export const MAX_COMPONENT = 255;
/** Directories inside directories. */
export const MAX_DEPTH = 256;
/** Linux XATTR_SIZE_MAX. */
export const MAX_XATTR = 64 * 1024;
/** Whiteouts and anomalies remembered. */
export const MAX_WHITEOUTS = 100_000;
export const MAX_ANOMALIES = 1000;
/** Secrets and clutter told of one layer, and kept as records for it. */
export const MAX_FINDS = 1000;
/** Bodies read whole, together. */
export const MAX_BODIES = 16 * 1024 * 1024;
/** Nodes of the merged tree, directories nobody wrote included. */
export const MAX_TREE_NODES = 500_000;
/** Path components visited while merging and looking up: links can make short names long. */
export const MAX_TREE_STEPS = 20_000_000;
