import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";

import { readCoverage, type Coverage } from "./coverage.ts";
import { ROOT, type TreeCopy } from "./tree-copy.ts";
import { Unasked } from "./unasked.ts";

/** How a test file fares where nothing is broken: how long it takes, and what of the source it comes to. */
export type Baseline = { readonly millis: number; readonly coverage: Coverage };

const MEMORY = join(ROOT, ".cache/mutants");
const LONGEST_MS = 300_000;
const IMPORT = /(?:from\s+|import\s+|import\(|new URL\()"(\.[^"]+)"/g;

/**
 * Runs the test file in the tree for as many milliseconds as are left, or remembers it if nothing that it imports has
 * changed. Throws `Unasked` for one that fails or takes longer.
 */
export async function baselineOf(test: string, tree: TreeCopy, left: number): Promise<Baseline> {
  const kept = join(MEMORY, `${fingerprint(test, tree.folder)}.json`);
  if (existsSync(kept)) return JSON.parse(readFileSync(kept, "utf8")) as Baseline;
  const folder = mkdtempSync(join(tmpdir(), "assay-coverage-"));
  try {
    const { outcome, millis, failure } = await tree.ask([test], Math.min(left, LONGEST_MS), {
      NODE_V8_COVERAGE: folder,
      NODE_DISABLE_COMPILE_CACHE: "1",
    });
    if (outcome === "stopped") throw new Unasked(`${test} did not end in time where nothing is broken`);
    if (outcome === "failed") {
      throw new Unasked(`${test} fails where nothing is broken: no mutant can be blamed for it\n${failure}`);
    }
    const baseline = { millis, coverage: readCoverage(folder, tree.folder) };
    mkdirSync(MEMORY, { recursive: true });
    writeFileSync(kept, JSON.stringify(baseline));
    return baseline;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Of a file and of all that it imports. */
function fingerprint(test: string, folder: string): string {
  const hash = createHash("sha256");
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path) || !existsSync(path)) return;
    seen.add(path);
    if (!path.endsWith(".ts")) return;
    const text = readFileSync(path, "utf8");
    hash.update(relative(folder, path)).update(text);
    for (const [, target = ""] of text.matchAll(IMPORT)) visit(resolve(dirname(path), target));
  };
  visit(join(folder, test));
  return hash.digest("hex");
}
