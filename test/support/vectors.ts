import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");

/**
 * A folder of test vectors kept outside the project: `ASSAY_VECTORS`, or `../shared/vectors` from its root. `undefined`
 * where it is absent, which with `CI=true` is a failure.
 */
export function vectorFolder(name: string): string | undefined {
  const folder = join(resolve(ROOT, process.env["ASSAY_VECTORS"] ?? "../shared/vectors"), name);
  if (existsSync(folder)) return folder;
  if (process.env["CI"] === "true") throw new Error(`the test vectors ${folder} are absent: set ASSAY_VECTORS`);
  return undefined;
}
