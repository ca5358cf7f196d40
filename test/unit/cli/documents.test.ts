import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";

import { COMMANDS } from "../../../src/cli/commands.ts";
import { EXIT } from "../../../src/cli/exit-code.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const DOCUMENTS = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md"];

const read = (name: string): string => readFileSync(join(ROOT, name), "utf8");

function variables(): readonly string[] {
  return [...new Set(read("src/config.ts").match(/\b(?:ASSAY_[A-Z_]+|REDIS_URL|DOCKER_CONFIG)\b/g))];
}

test("the README names every variable of the configuration", () => {
  assert.ok(variables().length > 15);
  const readme = read("README.md");
  assert.deepEqual(
    variables().filter((name) => !readme.includes(`\`${name}`)),
    [],
  );
});

test("SECURITY.md lists every flag and variable that lowers security", () => {
  const flags = COMMANDS.flatMap((command) => command.flags.map(({ name }) => `--${name}`));
  const unsafe = [...flags, ...variables()].filter((name) => /unsafe/i.test(name) && !name.endsWith("_"));
  assert.ok(unsafe.length >= 5);
  const security = read("SECURITY.md");
  assert.deepEqual(
    unsafe.filter((name) => !security.includes(name)),
    [],
  );
});

test("the README names every command and every exit code", () => {
  const readme = read("README.md");
  for (const { name } of COMMANDS) assert.ok(readme.includes(`| \`assay ${name}`), name);
  for (const code of Object.values(EXIT))
    assert.match(readme, new RegExp(`(?:^\\| ${code} \\||with ${code}|or ${code})`, "m"));
});

for (const name of DOCUMENTS) {
  test(`every link in ${name} leads to a file`, () => {
    const links = [...read(name).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = ""]) => link);
    assert.deepEqual(
      links.filter((link) => !existsSync(join(ROOT, dirname(name), link))),
      [],
    );
  });
}
