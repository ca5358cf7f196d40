import { DISTROLESS_FILES, SHELL_FILES } from "../../test/support/supply-chain.ts";

export const DISTROLESS = { layers: [DISTROLESS_FILES] } as const;
export const WITH_SHELL = { layers: [DISTROLESS_FILES, SHELL_FILES] } as const;
export const CHANGED = {
  layers: [DISTROLESS_FILES, { "app/server": { body: "\u007fELF changed", mode: 0o755 } }],
} as const;
/** A layer that no other image has: what was read of a layer once is known for every image that has it. */
export const OWN_LAYER = { layers: [DISTROLESS_FILES, { "app/data": "held by this image alone" }] } as const;
export const NAMED_USER = {
  user: "app",
  layers: [DISTROLESS_FILES, { "etc/passwd": { body: "root:x:0:0::/root:/\napp:x:1000:1000::/app:/\n" } }],
} as const;
