import { monitorEventLoopDelay } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";

import type { PolicySet } from "../src/domain/policy.ts";
import { MemoryImages } from "../test/support/memory-images.ts";
import { imageOf } from "../test/support/signing/artifact.ts";
import { signBundle } from "../test/support/signing/bundle.ts";
import { signCosignLegacy } from "../test/support/signing/cosign-signature.ts";
import { KeylessChain } from "../test/support/signing/keyless-chain.ts";
import { makeKey } from "../test/support/signing/keys.ts";
import { VirtualLog } from "../test/support/signing/virtual-log.ts";
import { report, seen } from "./gate.ts";
import { allow, policiesOf, verifierOf } from "./memory-assay.ts";

const SIGNATURES = 1000;
const MIB = 1024 * 1024;
const NANOS_IN_MS = 1e6;

const image = imageOf("web");
const reference = `registry.example.com/shop/web@${image.digest}`;
const numbers = Array.from({ length: SIGNATURES }, (_, number) => number);
const key = makeKey();
const logKey = makeKey();
const chain = new KeylessChain();
const root = JSON.stringify(chain.rootJson());

function policies(spec: string): PolicySet {
  const text = `apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: release }
spec: { ${spec} }
---
apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: bench }
spec: { match: { images: ["registry.example.com/**"] }, rules: [{ signed: { by: release } }] }
`;
  return policiesOf(text, { "release.pub": key.pem, "log.pub": logKey.pem, "root.json": root });
}

const BY_KEY = "cosign: { keys: [{ file: release.pub }], rekorKeys: [{ file: log.pub }] }";
const IDENTITY = "{ issuer: https://token.actions.githubusercontent.com, subjectPattern: 'https://github.com/**' }";
const KEYLESS = `keyless: { identities: [${IDENTITY}], trustRoot: root.json }`;

/** One log's key, and a small tree for each signature, since proofs take time to make. */
const log = (): VirtualLog => new VirtualLog({ key: logKey });

/** Each with a payload of its own, so that each is fetched and hashed. */
function layers(): MemoryImages {
  const [first, ...others] = numbers.map((number) => ({
    image: image.digest,
    key,
    log: log(),
    annotations: { number },
  }));
  if (first === undefined) throw new Error("there is nothing to sign");
  return new MemoryImages().put(signCosignLegacy(first, ...others));
}

function bundles(): MemoryImages {
  const images = new MemoryImages();
  for (const number of numbers) {
    const annotations = { number: `${number}` };
    images.refer(image.digest, signBundle({ image: image.digest, key, log: log(), annotations }), undefined);
  }
  return images;
}

function keyless(): MemoryImages {
  const images = new MemoryImages();
  for (let made = 0; made < SIGNATURES; made += 1) {
    images.refer(image.digest, chain.bundle(image.digest, { log: new VirtualLog({ key: chain.log.key }) }), undefined);
  }
  return images;
}

/** What the machine itself lets a thread wait that gives way after every millisecond of work. */
async function unhindered(): Promise<number> {
  return await delayDuring(async () => {
    const until = performance.now() + 1500;
    while (performance.now() < until) {
      const slice = performance.now() + 1;
      while (performance.now() < slice);
      await setImmediate();
    }
  });
}

/** The 99th percentile of how late the event loop was, in milliseconds. */
async function delayDuring(work: () => Promise<void>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await work();
  delay.disable();
  slowest = delay.max / NANOS_IN_MS;
  return delay.percentile(99) / NANOS_IN_MS;
}

let slowest = 0;

async function measure(name: string, images: MemoryImages, set: PolicySet): Promise<void> {
  images.put(image);
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let peak = before;
  const watching = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 10);
  // Memory counts from the first; time, once the engine has compiled what it will.
  await allow(verifierOf(images, set), reference);
  const verifier = verifierOf(images, set);
  const delay = await delayDuring(async () => await allow(verifier, reference));
  clearInterval(watching);
  peak = Math.max(peak, process.memoryUsage().rss);
  seen({ name: `${name}: longest wait`, figure: slowest, unit: "ms" });
  report({ name: `${name}: event loop's delay, p99`, figure: delay, unit: "ms", limit: 10, must: "at-most" });
  const growth = (peak - before) / MIB;
  report({ name: `${name}: memory growth`, figure: growth, unit: "MiB", limit: 256, must: "at-most" });
}

seen({ name: "a thread that gives way each millisecond: p99", figure: await unhindered(), unit: "ms" });
await measure("1,000 layers", layers(), policies(BY_KEY));
await measure("1,000 bundles by key", bundles(), policies(BY_KEY));
await measure("1,000 bundles, keyless", keyless(), policies(KEYLESS));
