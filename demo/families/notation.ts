import type { Family } from "../family.ts";
import { DISTROLESS } from "./builds.ts";

const policyText = (host: string): string => `# Who may vouch: a certificate of this name below our own root.
apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: corporate-pki }
spec:
  notation:
    trustStores: { ca: [corporate-root.crt] }
    identities: ["x509.subject: C=US, ST=WA, O=acme"]
---
apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: certified }
spec:
  match: { images: ["${host}/notation/**"] }
  rules:
    - signed: { by: corporate-pki }
`;

/** Signatures by certificates of one's own authority, as the Notary Project's clients make them. */
export const NOTATION: Family = {
  file: "notation",
  title: "Signed with certificates by notation (Notary Project)",
  policy: ({ registry }, { notation }) => ({
    text: policyText(registry.host),
    files: { "corporate-root.crt": notation.ours.at(-1)?.pem ?? "" },
  }),
  images: [
    {
      name: "notation/api:1",
      what: "its certificate is of our own authority",
      publish: async (at) => {
        const built = at.build(DISTROLESS);
        await at.push(built);
        await at.signNotation(built, at.keys.notation.ours);
      },
    },
    {
      name: "notation/other:1",
      what: "the same name in a certificate, but of another root",
      publish: async (at) => {
        const built = at.build(DISTROLESS);
        await at.push(built);
        await at.signNotation(built, at.keys.notation.others);
      },
    },
  ],
};
