import type { Descriptor } from "../domain/descriptor.ts";
import { layerPacking } from "../domain/media-types.ts";

import { fault, quoted, type Fault } from "./fault.ts";

/**
 * Why a layer of this type is not read at all, whatever its bytes; `undefined` for one that is. Foreign layers may come
 * from addresses of somebody else's choosing, which are never followed (reference: inspection, section 6).
 */
export function refuseLayerType(descriptor: Descriptor): Fault | undefined {
  const type = descriptor.mediaType;
  if (type.includes("encrypted")) return fault("encrypted", "the layer is encrypted");
  if (descriptor.foreign || type.includes(".foreign.") || type.includes(".nondistributable.")) {
    return fault("foreign", "the layer is foreign: its content may be fetched from elsewhere");
  }
  if (layerPacking(type) === "unknown")
    return fault("unknown-media-type", `the layer has the media type ${quoted(type)}`);
  return undefined;
}
