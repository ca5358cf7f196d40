import { DISTROLESS_FILES, SHELL_FILES } from "../test/support/supply-chain.ts";
import type { Publication } from "./publication.ts";

/** An image to be judged: its name, what it is in plain words, and how it comes to be. What becomes of it the service says. */
export type DemoImage = {
  readonly name: string;
  readonly what: string;
  readonly publish: (at: Publication) => Promise<void>;
};

const DISTROLESS = { layers: [DISTROLESS_FILES] } as const;
const WITH_SHELL = { layers: [DISTROLESS_FILES, SHELL_FILES] } as const;
const CHANGED = { layers: [DISTROLESS_FILES, { "app/server": { body: "\u007fELF changed", mode: 0o755 } }] } as const;
/** A layer that no other image has: what was read of a layer once is known for every image that has it. */
const OWN_LAYER = { layers: [DISTROLESS_FILES, { "app/data": "held by this image alone" }] } as const;
const NAMED_USER = {
  user: "app",
  layers: [DISTROLESS_FILES, { "etc/passwd": { body: "root:x:0:0::/root:/\napp:x:1000:1000::/app:/\n" } }],
} as const;

export const IMAGES: readonly DemoImage[] = [
  {
    name: "shop/web:1",
    what: "distroless, not root, signed with our key",
    publish: async (at) => at.sign(await at.push(at.build(DISTROLESS))),
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
    publish: async (at) => at.sign(await at.push(at.build(DISTROLESS))),
  },
  {
    name: "shop/old:1",
    what: "signed and sound, but built 400 days ago",
    publish: async (at) => at.sign(await at.push(at.build({ ...DISTROLESS, daysOld: 400 }))),
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
    publish: async (at) => at.sign(await at.push(at.build({ ...DISTROLESS, user: "0" }))),
  },
  {
    name: "shop/named:1",
    what: "signed, its user given by name only",
    publish: async (at) => at.sign(await at.push(at.build(NAMED_USER))),
  },
  {
    name: "shop/shell:1",
    what: "signed, with a shell added to it",
    publish: async (at) => at.sign(await at.push(at.build(WITH_SHELL))),
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
];
