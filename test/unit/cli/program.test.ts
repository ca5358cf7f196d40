import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";

const ROOT = resolve(import.meta.dirname, "../../..");
const PROGRAM = join(ROOT, "bin/assay");

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "assay-program-"));
});
after(() => rm(folder, { recursive: true }));

type Ended = { readonly code: number; readonly out: string; readonly err: string };

/** Runs a real process to its end. */
function run(
  file: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, args, options, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

test("runs from another folder and prints the version of the package", async () => {
  const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  assert.deepEqual(await run(PROGRAM, ["--version"], { cwd: folder }), { code: 0, out: `assay ${version}\n`, err: "" });
});

test("runs through links, absolute and relative", async () => {
  await symlink(PROGRAM, join(folder, "absolute"));
  await symlink("absolute", join(folder, "relative"));
  const ran = await run(join(folder, "relative"), ["help"], { cwd: "/" });
  assert.equal(ran.code, 0);
  assert.match(ran.out, /^Assay tells whether a container image may run/);
});

test("hands each word on as it is, and exits by the program's code", async () => {
  const ran = await run(PROGRAM, ["verify", "--polcy", "a b", "$HOME *"]);
  assert.equal(ran.code, 3);
  assert.equal(ran.out, "");
  assert.match(ran.err, /has no option --polcy\. Did you mean "--policy"\?/);
});

test("passes over a Node that is too old for one that is not, and exits 3 where there is none", async () => {
  const root = join(folder, "elsewhere");
  await mkdir(join(root, "bin"), { recursive: true });
  await mkdir(join(root, "node_modules/.bin"), { recursive: true });
  await mkdir(join(root, "path"));
  await writeFile(join(root, "bin/assay"), await readFile(PROGRAM));
  await chmod(join(root, "bin/assay"), 0o755);
  await fakeNode(join(root, "node_modules/.bin/node"), "v24.14.9");
  await fakeNode(join(root, "path/node"), "v25.0.0");
  const env = { PATH: `${join(root, "path")}:/usr/bin:/bin` };
  assert.equal((await run(join(root, "bin/assay"), ["x"], { env })).out, `v25.0.0 ran ${root}/src/main.ts x\n`);
  await fakeNode(join(root, "path/node"), "v20.20.2");
  const none = await run(join(root, "bin/assay"), ["x"], { env });
  assert.equal(none.code, 3);
  assert.match(none.err, /no Node 24\.15 or newer is here: run script\/setup/);
  await fakeNode(join(root, "node_modules/.bin/node"), "v24.15.0");
  assert.match((await run(join(root, "bin/assay"), ["x"], { env })).out, /^v24\.15\.0 ran/);
});

async function fakeNode(path: string, version: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n[ "$1" = --version ] && echo ${version} || echo "${version} ran $*"\n`);
  await chmod(path, 0o755);
}

test("keeps its exit code when the reader of its output goes away", async () => {
  const ran = await run("/bin/sh", ["-c", `{ "$0" help verify; echo "exit $?" >&2; } | true`, PROGRAM]);
  assert.match(ran.err, /^exit 0$/m);
});
