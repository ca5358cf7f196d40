import { readFileSync } from "node:fs";

import { composeApp } from "../../src/compose.ts";
import { parseConfig } from "../../src/config.ts";
import { parseReference } from "../../src/domain/reference.ts";

/** Inspects one image in a process of its own, and tells what was attested and how much memory that took at most. */
const [reference = ""] = process.argv.slice(2);
const app = await composeApp(parseConfig(process.env), {
  purpose: "inspect",
  inlinePolicies: [],
  localImages: [],
  platform: undefined,
});
const answer = await app.assay.inspect(parseReference(reference), AbortSignal.timeout(120_000));
await app.close(0);
const attestations = answer.kind === "image" ? answer.facts.attestations : answer;
// Not `resourceUsage`, which also counts what the parent had when it forked.
const peakKib = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
process.stdout.write(`${JSON.stringify({ attestations, peakKib })}\n`);
