import { hash, verify } from "node:crypto";

import type { Digest } from "../src/domain/digest.ts";
import { MemoryImages } from "../test/support/memory-images.ts";
import { imageOf } from "../test/support/signing/artifact.ts";
import { signCosignLegacy } from "../test/support/signing/cosign-signature.ts";
import { makeKey } from "../test/support/signing/keys.ts";
import { VirtualLog } from "../test/support/signing/virtual-log.ts";
import { cpuMicros, medianOf, report } from "./gate.ts";
import { allow, policiesOf, verifierOf } from "./memory-assay.ts";

const IMAGES = 600;
const ROUNDS = 5;
const REPOSITORY = "registry.example.com/shop/web";

const key = makeKey();
const log = new VirtualLog();
const images = new MemoryImages();
const digests: readonly Digest[] = Array.from({ length: IMAGES }, (_, number) => {
  const image = imageOf(`image ${number}`);
  images.put(image).put(signCosignLegacy({ image: image.digest, key, log }));
  return image.digest;
});

function policies(members: string) {
  const text = `apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: release }
spec: { cosign: { keys: [{ file: release.pub }], discover: [tag], ${members} } }
---
apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: bench }
spec: { match: { images: ["registry.example.com/**"] }, rules: [{ signed: { by: release } }] }
`;
  return policiesOf(text, { "release.pub": key.pem, "log.pub": log.key.pem });
}

/** CPU for an image never seen before, from reference to remembered verdict. */
async function coldImage(members: string): Promise<number> {
  const set = policies(members);
  const round = async (): Promise<number> => {
    const verifier = verifierOf(images, set);
    const micros = await cpuMicros(async () => {
      for (const digest of digests) await allow(verifier, `${REPOSITORY}@${digest}`);
    });
    return micros / IMAGES;
  };
  await round();
  return await medianOf(ROUNDS, round);
}

/** What nobody can do without: one check of a P-256 signature and one hash of each of four documents. */
async function floor(): Promise<number> {
  const message = Buffer.alloc(1000, "m");
  const signature = key.sign(message);
  return await medianOf(ROUNDS, async () => {
    const micros = await cpuMicros(async () => {
      for (let run = 0; run < IMAGES; run += 1) {
        verify("sha256", message, key.pem, signature);
        for (let document = 0; document < 4; document += 1) hash("sha256", message);
      }
    });
    return micros / IMAGES;
  });
}

const native = await floor();
const unlogged = await coldImage("transparencyLog: unsafeIgnored");
const logged = await coldImage("rekorKeys: [{ file: log.pub }]");
report({ name: "floor: one P-256 check and four hashes", figure: native, unit: "µs", limit: 1000, must: "at-most" });
report({
  name: "key-signed image, cold, CPU from reference to verdict",
  figure: unlogged,
  unit: "µs",
  limit: 300,
  must: "at-most",
});
report({ name: "the same with its log entry checked", figure: logged, unit: "µs", limit: 500, must: "at-most" });
