import { ISSUER, uri, WORKFLOW } from "../../test/support/signing/virtual-fulcio.ts";
import type { Family } from "../family.ts";
import { DISTROLESS } from "./builds.ts";

const FORK = "https://github.com/mallory/shop/.github/workflows/release.yml@refs/heads/main";

const policyText = (
  host: string,
): string => `# Who may vouch: one workflow, to which Sigstore gives a certificate for minutes. No key is kept.
apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: ci }
spec:
  keyless:
    identities:
      - issuer: ${ISSUER}
        subject: ${WORKFLOW}
    trustRoot: trusted_root.json
---
apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: built-by-ci }
spec:
  match: { images: ["${host}/keyless/**"] }
  rules:
    - signed: { by: ci }
`;

/** Signatures by identities, as `cosign sign` makes them without a key. */
export const KEYLESS: Family = {
  file: "keyless",
  title: "Signed without a key, by a workflow's identity",
  policy: ({ registry }, { sigstore }) => ({
    text: policyText(registry.host),
    files: { "trusted_root.json": JSON.stringify(sigstore.rootJson(), undefined, 2) },
  }),
  images: [
    {
      name: "keyless/api:1",
      what: "signed by our release workflow",
      publish: async (at) => at.signKeyless(await at.push(at.build(DISTROLESS))),
    },
    {
      name: "keyless/fork:1",
      what: "signed by a workflow of somebody's fork",
      publish: async (at) => at.signKeyless(await at.push(at.build(DISTROLESS)), { names: [uri(FORK)] }),
    },
  ],
};
