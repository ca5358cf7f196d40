import { keyringOf } from "../../test/support/signing/openpgp.ts";
import type { Family } from "../family.ts";
import { DISTROLESS } from "./builds.ts";

const policyText = (
  host: string,
  lookaside: string,
): string => `# Who may vouch: a key of this keyring, with signatures on a web server beside the registry.
apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: vendor }
spec:
  simpleSigning:
    keyrings: [vendor.gpg]
    lookaside: ${lookaside}
---
apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: from-vendor }
spec:
  match: { images: ["${host}/gpg/**"] }
  rules:
    - signed: { by: vendor }
`;

/** Signatures as skopeo and podman make them with GnuPG. */
export const GPG: Family = {
  file: "gpg",
  title: "Signed with GPG (simple signing)",
  policy: ({ registry, lookaside }, { gpg }) => ({
    text: policyText(registry.host, lookaside.url("/signatures")),
    files: { "vendor.gpg": Buffer.concat([keyringOf(gpg.vendor), keyringOf(gpg.release)]) },
  }),
  images: [
    {
      name: "gpg/agent:1",
      what: "signed with the vendor's key",
      publish: async (at) => at.signGpg(await at.push(at.build(DISTROLESS)), at.keys.gpg.vendor),
    },
    {
      name: "gpg/unknown:1",
      what: "signed with a key that is not in the keyring",
      publish: async (at) => at.signGpg(await at.push(at.build(DISTROLESS)), at.keys.gpg.stranger),
    },
  ],
};
