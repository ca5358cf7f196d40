import assert from "node:assert/strict";
import { join } from "node:path";
import { after } from "node:test";

import type { Digest } from "../../src/domain/digest.ts";
import { TestCollection } from "./signing/notary/collection.ts";
import { NotaryHttp } from "./signing/notary/http-server.ts";
import { makeSigner } from "./signing/notary/signer.ts";
import { verdictOf, type SupplyChain } from "./supply-chain.ts";

type Spoiled = {
  /** What was seen before. */
  readonly before?: ReadonlyMap<string, Uint8Array>;
  readonly files?: ReadonlyMap<string, Uint8Array>;
  /** Where trust begins, instead of in the collection's root key. */
  readonly trust?: string;
  readonly more?: string;
};

type Spoil = (collection: TestCollection, image: Digest) => Spoiled;
export type NotaryBreak = (chain: SupplyChain, image: Digest) => Promise<void>;

const REPOSITORY = "shop/web";
const NAME = "1";
const ELSEWHERE = `sha256:${"e".repeat(64)}` as Digest;

const closing: (() => Promise<void>)[] = [];
after(() => Promise.all(closing.map((close) => close())));

const SETTINGS = new WeakMap<SupplyChain, Record<string, string>>();

/** What the settings must say for a chain whose image was signed and spoilt here; nothing for others. */
export function notarySettings(chain: SupplyChain): Record<string, string> {
  return SETTINGS.get(chain) ?? {};
}

/** Signs `shop/web:1` in a Notary collection that is spoilt, and makes that the only signature that counts. */
function spoiling(spoil: Spoil): NotaryBreak {
  return async (chain, image) => {
    const server = await NotaryHttp.start();
    closing.push(() => server.close());
    const collection = new TestCollection(chain.ref(REPOSITORY)).sign(NAME, image);
    const { before, files, trust, more = "" } = spoil(collection, image);
    const pins = trust ?? `pins: { rootKeys: [{ inline: ${JSON.stringify(collection.root.certificate?.pem)} }] }`;
    chain.writePolicy("- signed: { by: dct }", {
      documents: `---
apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: dct }
spec:
  notary: { server: "${server.url}", ${pins}${more} }
`,
    });
    SETTINGS.set(chain, {
      ASSAY_UNSAFE_PLAIN_HTTP: `${chain.host},${server.host}`,
      ASSAY_DATA: join(chain.folder, "data"),
      ASSAY_SIGNATURES_MAX_AGE: "0s",
    });
    if (before !== undefined) await seen(chain, server, before);
    server.collections.set(collection.gun, files ?? collection.publish());
  };
}

async function seen(chain: SupplyChain, server: NotaryHttp, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  server.collections.set(chain.ref(REPOSITORY), files);
  const app = await chain.compose(notarySettings(chain));
  assert.equal((await verdictOf(app, chain.ref(`${REPOSITORY}:${NAME}`))).decision, "allow");
  await app.close(0);
}

export const NOTARY_BREAKS = {
  "root-untrusted": spoiling(() => {
    const other = makeSigner("ecdsa-x509").certificate?.pem;
    return { trust: `pins: { rootKeys: [{ inline: ${JSON.stringify(other)} }] }` };
  }),
  "root-changed": spoiling((collection, image) => ({
    before: collection.publish(),
    trust: "unsafeTrustOnFirstUse: true",
    files: new TestCollection(collection.gun).sign(NAME, image).publish(),
  })),
  "metadata-rollback": spoiling((collection) => {
    const files = collection.publish();
    return { before: collection.raise("targets").publish(), files };
  }),
  "metadata-mismatch": spoiling((collection) => ({
    files: collection.publish({ served: { targets: (bytes) => Buffer.concat([bytes, Buffer.from("\n")]) } }),
  })),
  "missing-role": spoiling(() => ({ more: ", delegations: [{ role: targets/releases }]" })),
  "conflicting-digests": spoiling((collection) => {
    collection.delegate("targets/releases");
    collection.sign(NAME, ELSEWHERE, "targets/releases");
    return { more: ", delegations: [{ role: targets }, { role: targets/releases }]" };
  }),
} as const;
