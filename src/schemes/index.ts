import { cosign } from "./cosign/scheme.ts";
import type { Schemes } from "./scheme.ts";
import { simpleSigning } from "./simple-signing/scheme.ts";
import { sigstoreBundle } from "./sigstore-bundle/scheme.ts";

/** Every scheme Assay knows, by its folder. Adding one is a line here. */
export const SCHEMES: Schemes = {
  signatures: [cosign, sigstoreBundle, simpleSigning],
  attestations: [],
};
