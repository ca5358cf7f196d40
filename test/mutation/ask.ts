// Runs the given test files in this process, in this order, and exits 1 at the first failure.
import { resolve } from "node:path";
import { run } from "node:test";

import { keepRsaKeys } from "./kept-keys.ts";

// That a machine is busy must not look as if a test had noticed something: what hangs is stopped from outside.
const now = performance.now.bind(performance);
performance.now = () => now() / 20;

keepRsaKeys(resolve(import.meta.dirname, "../../kept-keys"));

run({ files: process.argv.slice(2), isolation: "none" })
  .on("test:fail", ({ name, file }) => {
    process.stderr.write(`${file ?? ""}: ${name}\n`);
    process.exit(1);
  })
  .resume();
