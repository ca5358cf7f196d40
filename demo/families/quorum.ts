import type { Family } from "../family.ts";
import { DISTROLESS } from "./builds.ts";

const policyText = (
  host: string,
): string => `# Two of three must have signed, each in the format that is theirs. The same key counts once, whatever it signed in.
apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: two-of-three }
spec:
  match: { images: ["${host}/quorum/**"] }
  rules:
    - signed: { by: { atLeast: 2, of: [release-key, ci, vendor] } }
`;

/** Signatures of several formats that count together. */
export const QUORUM: Family = {
  file: "quorum",
  title: "Two of three, across formats: our key (cosign), our workflow (keyless), the vendor (GPG)",
  policy: ({ registry }) => ({ text: policyText(registry.host), files: {} }),
  images: [
    {
      name: "quorum/two:1",
      what: "our key and the vendor's",
      publish: async (at) => {
        const digest = await at.push(at.build(DISTROLESS));
        await at.sign(digest);
        at.signGpg(digest, at.keys.gpg.vendor);
      },
    },
    {
      name: "quorum/one:1",
      what: "our workflow alone",
      publish: async (at) => at.signKeyless(await at.push(at.build(DISTROLESS))),
    },
    {
      name: "quorum/same-key:1",
      what: "our key twice: by cosign, and by GPG as the vendor",
      publish: async (at) => {
        const digest = await at.push(at.build(DISTROLESS));
        await at.sign(digest);
        at.signGpg(digest, at.keys.gpg.release);
      },
    },
  ],
};
