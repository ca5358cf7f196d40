import type { Descriptor } from "../../domain/descriptor.ts";
import type { PortCode } from "../../domain/errors.ts";
import type { LayerContent } from "../../domain/layer-facts.ts";

/** To the thread. One layer at a time; its bytes are moved, not copied. */
export type ToThread =
  | { readonly kind: "open"; readonly id: number; readonly layer: Descriptor }
  | { readonly kind: "bytes"; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: "end"; readonly id: number }
  | { readonly kind: "abort"; readonly id: number };

/** From the thread: bytes it has taken in, and how the layer ended. */
export type FromThread =
  | { readonly kind: "taken"; readonly id: number }
  | { readonly kind: "read"; readonly id: number; readonly content: LayerContent }
  | {
      readonly kind: "failed";
      readonly id: number;
      readonly code: PortCode;
      readonly what: string;
      readonly detail: string;
    };
