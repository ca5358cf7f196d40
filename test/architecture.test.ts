import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const ROOT = resolve(import.meta.dirname, "..");

/** Who may import whom. A folder not named here may import nothing of the project. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  ports: ["domain"],
  crypto: ["domain"],
  net: ["domain", "ports", "crypto"],
  inspections: ["domain"],
  policy: ["domain"],
  revocation: ["domain", "ports", "crypto"],
  schemes: ["domain", "ports", "crypto", "revocation"],
  records: ["domain", "ports", "crypto"],
  telemetry: ["domain"],
  pipeline: ["domain", "ports", "crypto", "schemes", "inspections", "policy", "records"],
  adapters: ["domain", "ports", "crypto", "net", "inspections", "policy", "telemetry"],
  api: ["domain", "ports", "crypto", "pipeline", "policy", "telemetry"],
  "app.ts": ["config.ts", "domain", "ports", "pipeline"],
  cli: ["domain", "ports", "pipeline", "policy", "telemetry", "config.ts", "app.ts", "compose.ts"],
  "config.ts": ["domain"],
  "compose.ts": [
    "domain",
    "ports",
    "crypto",
    "schemes",
    "inspections",
    "policy",
    "pipeline",
    "records",
    "adapters",
    "api",
    "telemetry",
    "config.ts",
    "app.ts",
    "compose",
  ],
  compose: [
    "domain",
    "ports",
    "crypto",
    "schemes",
    "policy",
    "pipeline",
    "adapters",
    "net",
    "telemetry",
    "config.ts",
    "app.ts",
  ],
  "main.ts": ["cli"],
  workers: ["domain", "ports", "pipeline", "adapters", "inspections", "crypto", "telemetry"],
};

/** Folders that are compiled without Node's names; packages they may use all the same. */
const PURE = ["domain", "policy", "inspections"];
const PURE_PACKAGES = ["re2js", "yaml", "zod"];

const IMPORT = /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)/g;

function sourceFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

/** `src/adapters/oci/client.ts` → `adapters`; `workers/main.ts` → `workers`; `src/config.ts` → `config.ts`. */
function layerOf(file: string): string {
  const [first = "", second = ""] = relative(ROOT, file).split("/");
  return first === "src" ? second : first;
}

function importsOf(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? "");
}

const FILES = [...sourceFiles(join(ROOT, "src")), ...sourceFiles(join(ROOT, "workers"))];

test("every import goes the way the architecture allows", () => {
  const broken: string[] = [];
  for (const file of FILES) {
    for (const target of importsOf(file).filter((name) => name.startsWith("."))) {
      const from = layerOf(file);
      const path = resolve(dirname(file), target);
      const to = layerOf(path);
      const sibling = from === to && (from !== "adapters" || adapterOf(file) === adapterOf(path));
      if (!sibling && (from === to || !(MAY_IMPORT[from] ?? []).includes(to))) {
        broken.push(`${relative(ROOT, file)} → ${relative(ROOT, path)}: ${from} may not import ${to}`);
      }
    }
  }
  assert.deepEqual(broken, []);
});

function adapterOf(file: string): string {
  return relative(join(ROOT, "src/adapters"), file).split("/")[0] ?? "";
}

test("pure folders use no package but the few that are pure themselves", () => {
  const broken = FILES.filter((file) => PURE.includes(layerOf(file))).flatMap((file) =>
    importsOf(file)
      .filter((name) => !name.startsWith(".") && !PURE_PACKAGES.includes(name.split("/")[0] ?? ""))
      .map((name) => `${relative(ROOT, file)} → ${name}`),
  );
  assert.deepEqual(broken, []);
});

test("every scheme's folder stands in the list of schemes", () => {
  const list = join(ROOT, "src/schemes/index.ts");
  if (!existsSync(list)) return;
  const text = readFileSync(list, "utf8");
  const folders = readdirSync(join(ROOT, "src/schemes"), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  for (const folder of folders)
    assert.match(text, new RegExp(`"\\./${folder.name}/`), `${folder.name} is not in src/schemes/index.ts`);
});

test("file names are kebab-case nouns", () => {
  const odd = FILES.map((file) => relative(ROOT, file)).filter(
    (file) => !/^(?:[a-z0-9-]+\/)*[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/.test(file),
  );
  assert.deepEqual(odd, []);
  const vague = FILES.filter((file) => /\/(?:utils?|helpers?|manager|common|misc)\b/.test(relative(ROOT, file)));
  assert.deepEqual(vague, []);
});

test("nothing in src can write to a registry: the only POST to one is for a token", () => {
  const speaking = FILES.filter((file) => /\/src\/(?:adapters|net|compose|schemes|pipeline)\//.test(file));
  const writes = speaking.filter((file) => /"(?:PUT|PATCH|DELETE)"/.test(readFileSync(file, "utf8")));
  assert.deepEqual(
    writes.map((file) => relative(ROOT, file)),
    [],
  );
  const posts = FILES.filter(
    (file) => /\/src\/(?:adapters|net)\//.test(file) && readFileSync(file, "utf8").includes('"POST"'),
  );
  assert.deepEqual(
    posts.map((file) => relative(ROOT, file)),
    ["src/net/token.ts"],
  );
});
