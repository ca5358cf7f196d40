import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";

import { MemoryImages } from "../support/memory-images.ts";
import { imageOf } from "../support/signing/artifact.ts";
import type { Bundle, BundleOptions } from "../support/signing/bundle.ts";
import { judgeAll, targetOf, verdictOf } from "../support/signing/judging.ts";
import { KeylessChain } from "../support/signing/keyless-chain.ts";
import { makeKey } from "../support/signing/keys.ts";
import { trustedRootMessage } from "../support/signing/trusted-root-message.ts";
import { timestampOf, VirtualFulcio, type LeafOptions } from "../support/signing/virtual-fulcio.ts";
import { VirtualLog } from "../support/signing/virtual-log.ts";

const chain = new KeylessChain();
const image = imageOf("web");
const material = toTrustMaterial(trustedRootMessage(chain.rootJson()));

type Case = Partial<BundleOptions> & { readonly leaf?: LeafOptions };

/** What sigstore's own library and Assay say of one bundle. */
async function both(one: Case): Promise<readonly [library: boolean, ours: string]> {
  const artifact = chain.bundle(image.digest, one);
  const images = new MemoryImages().refer(image.digest, artifact, undefined);
  const [opinion] = await judgeAll(images, targetOf(image.digest), chain.authority());
  return [accepts(artifact.blobs[1]!), verdictOf(opinion)];
}

function accepts(bundle: Buffer): boolean {
  try {
    const entity = toSignedEntity(bundleFromJSON(JSON.parse(bundle.toString())));
    // Identities are matched by our own code alone: the library takes them for unanchored expressions.
    new Verifier(material).verify(entity);
    return true;
  } catch {
    return false;
  }
}

describe("sigstore's own library agrees about", () => {
  const GOOD: Readonly<Record<string, Case>> = {
    "a proper bundle": {},
    "a bundle with a timestamp": { timestamps: (signature) => [chain.stamp(signature)] },
    "an SCT with extensions": {
      leaf: { timestamps: (proper) => [timestampOf({ ...proper, extensions: Buffer.from("more") })] },
    },
  };
  for (const [what, one] of Object.entries(GOOD)) {
    test(`${what}, which verifies`, async () => assert.deepEqual(await both(one), [true, "verified"]));
  }

  const BAD: Readonly<Record<string, readonly [string, Case]>> = {
    "a signature by another key": ["bad-signature", { signature: (_, message) => makeKey().sign(message) }],
    "another authority": ["certificate-untrusted", { leaf: { signer: new VirtualFulcio().intermediate } }],
    "a time after the certificate's": ["certificate-expired", { leaf: { notAfter: "2023-11-14T22:13:19Z" } }],
    "a time before the certificate's": ["certificate-expired", { leaf: { notBefore: "2023-11-14T22:13:21Z" } }],
    "a timestamp out of the certificate's time beside a log's within": [
      "certificate-expired",
      { timestamps: (signature) => [chain.stamp(signature, "2023-11-14T22:30:00Z")] },
    ],
    "an SCT of another certificate": [
      "sct-invalid",
      { leaf: { timestamps: (proper) => [timestampOf({ ...proper, tbs: Buffer.from("another") })] } },
    ],
    "no SCT": ["sct-missing", { leaf: { timestamps: () => [] } }],
    "another log": ["log-untrusted", { log: new VirtualLog() }],
    "a changed promise": [
      "log-invalid",
      { entry: (entry) => ({ ...entry, integratedTime: entry.integratedTime + 1 }) },
    ],
    "an entry of another payload": [
      "log-mismatch",
      { logged: (proper) => ({ ...proper, content: Buffer.from("another") }) },
    ],
    "neither promise nor timestamp": [
      "no-verified-time",
      {
        bundle: (proper: Bundle) => {
          for (const entry of proper.verificationMaterial.tlogEntries ?? []) delete entry["inclusionPromise"];
          return proper;
        },
      },
    ],
  };
  for (const [what, [reason, one]] of Object.entries(BAD)) {
    test(`${what}, which does not`, async () => {
      const [library, ours] = await both(one);
      assert.equal(library, false);
      assert.match(ours, new RegExp(`^rejected ${reason} at `));
    });
  }
});
