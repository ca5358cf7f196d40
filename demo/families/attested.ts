import type { Family } from "../family.ts";
import { DISTROLESS } from "./builds.ts";

const BUILDER = "https://builder.example.com/hosted/v1";
const LAPTOP = "https://builder.example.com/laptops/v1";

const policyText = (
  host: string,
): string => `# What must be attested: a build of the last 30 days, on the hosted builder.
apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: provenance }
spec:
  match: { images: ["${host}/attested/**"] }
  rules:
    - attested:
        by: ci
        predicateType: slsaprovenance1
        where: predicate.runDetails.builder.id == "${BUILDER}"
        notOlderThan: 30d
`;

/** Statements about images, signed by the workflow that built them. */
export const ATTESTED: Family = {
  file: "attested",
  title: "Attested: where it was built (SLSA provenance)",
  policy: ({ registry }) => ({ text: policyText(registry.host), files: {} }),
  images: [
    {
      name: "attested/api:1",
      what: "built on the hosted builder",
      publish: async (at) => at.attestBuild(await at.push(at.build(DISTROLESS)), BUILDER),
    },
    {
      name: "attested/laptop:1",
      what: "attested truthfully: it was built elsewhere",
      publish: async (at) => at.attestBuild(await at.push(at.build(DISTROLESS)), LAPTOP),
    },
  ],
};
