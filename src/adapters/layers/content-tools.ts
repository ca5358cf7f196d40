import { constants, zstdDecompressSync } from "node:zlib";

import type { ContentTools } from "../../inspections/package-count.ts";

/** As for layers: what their own tools write stays within 128 MiB of window. */
const PARAMS = { [constants.ZSTD_d_windowLogMax]: 27 };

/** What reading content needs of Node. */
export const NODE_TOOLS: ContentTools = {
  search: (bytes, text) => bufferOver(bytes).includes(text, 0, "latin1"),
  unzstd: (bytes, limit) => {
    try {
      return zstdDecompressSync(bytes, { params: PARAMS, maxOutputLength: limit });
    } catch (error) {
      if (error instanceof Error && "code" in error) return undefined;
      throw error;
    }
  },
};

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
