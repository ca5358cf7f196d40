import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");

/** Source files, and the tests that must notice when one of their comparisons is turned round; the likeliest first. */
export type Suite = { readonly files: readonly string[]; readonly tests: readonly string[] };

function under(folder: string, ending = ".ts"): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort();
}

const CRYPTO = under("test/unit/crypto", ".test.ts");
const SCHEMES = under("test/unit/schemes", ".test.ts");
const CONFORMANCE = under("test/conformance", ".test.ts");
const POLICY = under("test/unit/policy", ".test.ts");

/** Everything between bytes of strangers and a signature that counts. */
export const SUITES: readonly Suite[] = [
  { files: under("src/schemes"), tests: [...SCHEMES, ...CONFORMANCE] },
  {
    files: under("src/crypto"),
    tests: [...CRYPTO, ...SCHEMES, ...CONFORMANCE, ...under("test/unit/records", ".test.ts")],
  },
  { files: ["src/policy/votes.ts", "src/policy/signer-matching.ts", "src/policy/timeline.ts"], tests: POLICY },
];
