// Compares the tar walk with Go's archive/tar on mutated archives. Needs the oracle built:
//   (cd test/fixtures/tar/oracle && go build -o /tmp/tar-oracle .)
//   node script/tar-differential.ts /tmp/tar-oracle [count] [seed]
import { spawnSync } from "node:child_process";

import { assertLikeGo, type GoView } from "../test/support/go-tar.ts";
import { mutate, randomFrom, seedTars } from "../test/support/tar-mutations.ts";

const [oracle = "tar-oracle", count = "5000", seed = "1"] = process.argv.slice(2);
const random = randomFrom(Number(seed));
const seeds = seedTars();
const tars = [...seeds, ...Array.from({ length: Number(count) }, () => mutate(seeds, random))];
const input = tars.map((tar, index) =>
  JSON.stringify({ name: `seed ${seed}, archive ${index}`, tar: tar.toString("base64") }),
);
const run = spawnSync(oracle, { input: input.join("\n"), maxBuffer: 2 ** 30, encoding: "utf8" });
if (run.status !== 0) throw new Error(`the oracle failed: ${run.stderr}`);
const views = run.stdout
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as GoView);
const outcomes = views.map((view, index) => assertLikeGo(tars[index] ?? Buffer.alloc(0), view));
console.log(
  `${outcomes.length} archives: ${outcomes.filter((one) => one === "same").length} seen as Go sees them, the rest refused`,
);
