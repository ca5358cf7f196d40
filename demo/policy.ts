import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { FAMILIES } from "./families/index.ts";
import type { Keys } from "./keys.ts";
import type { Site } from "./site.ts";

/** Writes each family's policy and the keys it names into a new folder, as an operator would. */
export function writePolicies(folder: string, site: Site, keys: Keys): void {
  mkdirSync(folder);
  for (const { file, policy } of FAMILIES) {
    const { text, files } = policy(site, keys);
    writeFileSync(join(folder, `${file}.yaml`), text);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  }
}
