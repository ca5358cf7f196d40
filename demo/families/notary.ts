import type { Family } from "../family.ts";
import { CHANGED, DISTROLESS } from "./builds.ts";

const policyText = (
  host: string,
  server: string,
): string => `# Who may vouch: the role for releases, in collections that begin with our root key.
apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: content-trust }
spec:
  notary:
    server: ${server}
    pins: { rootKeys: [{ file: notary-root.pub }] }
    delegations: [{ role: targets/releases, keys: [{ file: releases.crt }] }]
---
apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: trusted-content }
spec:
  match: { images: ["${host}/notary/**"] }
  rules:
    - signed: { by: content-trust }
`;

/** Names signed in collections of a Notary v1 server. */
export const NOTARY: Family = {
  file: "notary",
  title: "Named in Docker Content Trust (Notary v1)",
  policy: ({ registry, notary }, keys) => ({
    text: policyText(registry.host, notary.url),
    files: {
      "notary-root.pub": keys.notary.root.pem,
      "releases.crt": keys.notary.releases.certificate?.pem ?? "",
    },
  }),
  images: [
    {
      name: "notary/api:1",
      what: "the tag names what was signed under it",
      publish: async (at) => at.nameInCollection(await at.push(at.build(DISTROLESS))),
    },
    {
      name: "notary/moved:1",
      what: "the tag was moved to another image since",
      publish: async (at) => {
        at.nameInCollection(await at.push(at.build(DISTROLESS)));
        await at.push(at.build(CHANGED));
      },
    },
  ],
};
