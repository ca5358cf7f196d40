import { attestation } from "./attestation/scheme.ts";
import { cosign } from "./cosign/scheme.ts";
import { notaryV1 } from "./notary-v1/scheme.ts";
import { notation } from "./notation/scheme.ts";
import type { Schemes } from "./scheme.ts";
import { simpleSigning } from "./simple-signing/scheme.ts";
import { sigstoreBundle } from "./sigstore-bundle/scheme.ts";

/** Every scheme Assay knows, by its folder. Adding one is a line here. */
export const SCHEMES: Schemes = {
  signatures: [cosign, sigstoreBundle, notaryV1, notation, simpleSigning],
  attestations: [attestation],
};
