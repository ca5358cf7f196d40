import type { DemoImage, Family } from "../family.ts";
import type { Publication } from "../publication.ts";
import { CHANGED, DISTROLESS, NAMED_USER, OWN_LAYER, WITH_SHELL } from "./builds.ts";

const policyText = (
  host: string,
): string => `# Who may vouch for an image: a key, whose signatures a transparency log must have recorded.
apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: release-key }
spec:
  cosign:
    keys: [{ file: release.pub }]
    rekorKeys: [{ file: log.pub }]
---
apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: security-key }
spec:
  cosign:
    keys: [{ file: security.pub }]
    rekorKeys: [{ file: log.pub }]
---
# What every image of the shop must be. Change a rule, save, and ask again.
apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: production }
spec:
  match: { images: ["${host}/shop/**", "${host}/payments/**"] }
  rules:
    - signed: { by: release-key }
    - user: nonRoot
    - composition: { atMost: distroless }
    - absent: [shell, package-manager]
    - age: { atMost: 90d }
      enforcement: warn
---
# Whatever handles money needs both signatures, too.
apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: payments }
spec:
  match: { images: ["${host}/payments/**"] }
  rules:
    - signed: { by: { atLeast: 2, of: [release-key, security-key] } }
`;

/** Built, pushed and signed with our key, and nothing besides. */
const signed =
  (build: Parameters<Publication["build"]>[0]): DemoImage["publish"] =>
  async (at) =>
    at.sign(await at.push(at.build(build)));

/** Signatures by keys, as cosign makes them, and all that a policy can ask of the image itself. */
export const COSIGN: Family = {
  file: "production",
  title: "Signed with keys by cosign, and judged by what is in the image",
  policy: ({ registry }, keys) => ({
    text: policyText(registry.host),
    files: {
      "release.pub": keys.release.pem,
      "security.pub": keys.security.pem,
      "log.pub": keys.sigstore.log.key.pem,
    },
  }),
  images: [
    {
      name: "shop/web:1",
      what: "distroless, not root, signed with our key",
      publish: signed(DISTROLESS),
    },
    {
      name: "shop/cart:1",
      what: "the same, signed in cosign's newer form",
      publish: async (at) => at.signBundle(await at.push(at.build(DISTROLESS))),
    },
    {
      name: "payments/ledger:1",
      what: "payments need two keys: both signed",
      publish: async (at) => at.sign(await at.push(at.build(DISTROLESS)), {}, { key: at.keys.security }),
    },
    {
      name: "payments/refund:1",
      what: "payments need two keys: one signed",
      publish: signed(DISTROLESS),
    },
    {
      name: "shop/old:1",
      what: "signed and sound, but built 400 days ago",
      publish: signed({ ...DISTROLESS, daysOld: 400 }),
    },
    {
      name: "shop/unsigned:1",
      what: "nobody signed it",
      publish: async (at) => void (await at.push(at.build(DISTROLESS))),
    },
    {
      name: "shop/other-key:1",
      what: "signed with a key we do not know",
      publish: async (at) => at.sign(await at.push(at.build(DISTROLESS)), { key: at.keys.stranger }),
    },
    {
      name: "shop/tampered:1",
      what: "changed after signing, signature edited too",
      publish: async (at) => {
        const { digest } = at.build(DISTROLESS).manifest.descriptor;
        const changed = await at.push(at.build(CHANGED));
        await at.attach(at.signature(digest, { tamper: (signed) => signed.replace(digest, changed) }), changed);
      },
    },
    {
      name: "shop/copied:1",
      what: "a good signature, copied from another image",
      publish: async (at) => {
        const { digest } = at.build(DISTROLESS).manifest.descriptor;
        await at.attach(at.signature(digest), await at.push(at.build(CHANGED)));
      },
    },
    {
      name: "shop/unlogged:1",
      what: "signed with our key, but no log knows of it",
      publish: async (at) => at.attach(at.unlogged(await at.push(at.build(DISTROLESS)))),
    },
    {
      name: "shop/root:1",
      what: "signed, but starts as root",
      publish: signed({ ...DISTROLESS, user: "0" }),
    },
    {
      name: "shop/named:1",
      what: "signed, its user given by name only",
      publish: signed(NAMED_USER),
    },
    {
      name: "shop/shell:1",
      what: "signed, with a shell added to it",
      publish: signed(WITH_SHELL),
    },
    {
      name: "shop/multi:1",
      what: "signed; of its two platforms arm64 is root",
      publish: async (at) => {
        const arm64 = at.build({ ...DISTROLESS, user: "root", architecture: "arm64" });
        await at.sign(await at.pushIndex({ amd64: at.build(DISTROLESS), arm64 }));
      },
    },
    {
      name: "shop/altered:1",
      what: "the registry serves other bytes for a layer",
      publish: async (at) => {
        const built = at.build(OWN_LAYER);
        await at.sign(await at.push(built));
        await at.alterTopLayer(built);
      },
    },
  ],
};
