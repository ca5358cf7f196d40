import { hash, verify } from "node:crypto";

import type { PolicySet } from "../src/domain/policy.ts";
import { MemoryImages } from "../test/support/memory-images.ts";
import { imageOf } from "../test/support/signing/artifact.ts";
import { signCosignLegacy } from "../test/support/signing/cosign-signature.ts";
import { makeKey } from "../test/support/signing/keys.ts";
import { VirtualLog } from "../test/support/signing/virtual-log.ts";
import { cpuMicros, median, report, seen } from "./gate.ts";
import { allow, policiesOf, verifierOf } from "./memory-assay.ts";

const IMAGES = 600;
const ROUNDS = 7;
/** Until the engine has compiled what it will. */
const WARM_UPS = 2;
/** 300 µs where the floor is 75 µs, which it is on a machine that does nothing else. */
const LIMIT = 4;
const REPOSITORY = "registry.example.com/shop/web";

const key = makeKey();
const log = new VirtualLog();
const images = new MemoryImages();
const references: readonly string[] = Array.from({ length: IMAGES }, (_, number) => {
  const image = imageOf(`image ${number}`);
  images.put(image).put(signCosignLegacy({ image: image.digest, key, log }));
  return `${REPOSITORY}@${image.digest}`;
});

function policies(members: string): PolicySet {
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
async function coldImage(set: PolicySet): Promise<number> {
  const verifier = verifierOf(images, set);
  images.asked.length = 0;
  const micros = await cpuMicros(async () => {
    for (const reference of references) await allow(verifier, reference);
  });
  return micros / IMAGES;
}

const message = Buffer.alloc(1000, "m");
const signature = key.sign(message);

/** What nobody can do without: checks of P-256 signatures with a key at hand, and one hash of each of four documents. */
async function floor(checks: number): Promise<number> {
  const micros = await cpuMicros(async () => {
    for (let run = 0; run < IMAGES; run += 1) {
      for (let check = 0; check < checks; check += 1) verify("sha256", message, key.public.key, signature);
      for (let document = 0; document < 4; document += 1) hash("sha256", message);
    }
    await Promise.resolve();
  });
  return micros / IMAGES;
}

/** Both in turns, so that what else the machine does weighs on both. */
async function measure(name: string, set: PolicySet, checks: number): Promise<void> {
  const [own, native, ratios]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < WARM_UPS + ROUNDS; round += 1) {
    const [ours, least] = [await coldImage(set), await floor(checks)];
    if (round < WARM_UPS) continue;
    own.push(ours);
    native.push(least);
    ratios.push(ours / least);
  }
  seen({ name: `${name}: CPU from reference to verdict`, figure: median(own), unit: "µs" });
  seen({ name: `${name}: its floor, ${checks} P-256 and four hashes`, figure: median(native), unit: "µs" });
  report({ name: `${name}: over its floor`, figure: median(ratios), unit: "×", limit: LIMIT, must: "at-most" });
}

await measure("key-signed image, cold", policies("transparencyLog: unsafeIgnored"), 1);
await measure("the same with its log entry", policies("rekorKeys: [{ file: log.pub }]"), 2);
