import { verify, X509Certificate } from "node:crypto";

import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";

import { preAuthEncoding } from "../src/crypto/dsse.ts";
import { compileProver } from "../src/schemes/prover.ts";
import { parseBundle } from "../src/schemes/sigstore-bundle/bundle.ts";
import { proveBundle } from "../src/schemes/sigstore-bundle/bundle-signature.ts";
import { imageOf } from "../test/support/signing/artifact.ts";
import { KeylessChain } from "../test/support/signing/keyless-chain.ts";
import { makeKey } from "../test/support/signing/keys.ts";
import { VirtualFulcio } from "../test/support/signing/virtual-fulcio.ts";
import { trustedRootMessage } from "../test/support/signing/trusted-root-message.ts";
import { cpuMicros, median, report, seen } from "./gate.ts";

const RUNS = 300;
const ROUNDS = 7;

/** As the public-good instance: an authority on P-384, and signature, SCT, promise and checkpoint on P-256. */
const chain = new KeylessChain(new VirtualFulcio(makeKey("p384")));
const issued = chain.fulcio.issue();
const bundle = chain.bundle(imageOf("web").digest, { issued }).blobs[1] ?? Buffer.alloc(0);
const prover = compileProver(chain.authority());

/** A bundle from its bytes to a proved signer. */
function judge(): void {
  const { content, ...rest } = parseBundle(bundle, 1 << 20);
  if (content.kind !== "dsse" || prover === undefined) throw new Error("the bundle is not the one that was made");
  const message = preAuthEncoding(content.envelope.payloadType, content.envelope.payload);
  const proof = proveBundle({ content, ...rest }, message, prover);
  if (proof.kind !== "proved") throw new Error(`the bundle does not verify: ${JSON.stringify(proof)}`);
}

const message = Buffer.alloc(1000, "m");
const [p256, p384] = [makeKey("p256"), makeKey("p384")];
const [small, large] = [p256.sign(message), p384.sign(message, "sha384")];

/** What nobody can do without: reading the certificate, and one check of P-384 and four of P-256. */
function floor(): void {
  if (new X509Certificate(issued.der).publicKey.asymmetricKeyType !== "ec") throw new Error("another key");
  verify("sha384", message, p384.public.key, large);
  for (let check = 0; check < 4; check += 1) verify("sha256", message, p256.public.key, small);
}

async function microsOf(work: () => void): Promise<number> {
  const micros = await cpuMicros(async () => {
    for (let run = 0; run < RUNS; run += 1) work();
    await Promise.resolve();
  });
  return micros / RUNS;
}

/** The same by the library of the sigstore project, which knows the trusted root beforehand too. */
const stock = new Verifier(toTrustMaterial(trustedRootMessage(chain.rootJson())));

function judgeByStock(): void {
  stock.verify(toSignedEntity(bundleFromJSON(JSON.parse(bundle.toString()))));
}

/** All in turns, so that what else the machine does weighs on all. */
for (const work of [judge, judgeByStock, floor]) await microsOf(work);
const [own, library, least, ratios, stockRatios]: [number[], number[], number[], number[], number[]] = [
  [],
  [],
  [],
  [],
  [],
];
for (let round = 0; round < ROUNDS; round += 1) {
  const [ours, theirs, native] = [await microsOf(judge), await microsOf(judgeByStock), await microsOf(floor)];
  own.push(ours);
  library.push(theirs);
  least.push(native);
  ratios.push(ours / native);
  stockRatios.push(theirs / native);
}
const name = "keyless bundle, parsed and judged";
seen({ name: `${name}: CPU`, figure: median(own), unit: "µs" });
seen({ name: `${name}: by @sigstore/verify`, figure: median(library), unit: "µs" });
seen({ name: `${name}: its floor, X.509, one P-384 and four P-256`, figure: median(least), unit: "µs" });
seen({ name: `${name}: @sigstore/verify over the floor`, figure: median(stockRatios), unit: "×" });
report({ name: `${name}: over its floor`, figure: median(ratios), unit: "×", limit: 3.3, must: "at-most" });
