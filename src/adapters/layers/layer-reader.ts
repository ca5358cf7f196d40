import type { LayerReader } from "../../ports/layer-reader.ts";

import { walkLayer } from "./layer-walk.ts";

/** Reads layers on the calling thread: for the command line, and inside a layer thread. */
export function createLayerReader(): LayerReader {
  return { read: walkLayer };
}
