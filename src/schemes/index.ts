import { cosign } from "./cosign/scheme.ts";
import type { SignatureScheme } from "./scheme.ts";
import { sigstoreBundle } from "./sigstore-bundle/scheme.ts";

/** Every scheme Assay knows, by its folder. Adding one is a line here. */
export const SCHEMES: readonly SignatureScheme[] = [cosign, sigstoreBundle];
