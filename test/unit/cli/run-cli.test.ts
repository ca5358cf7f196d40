import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { parse } from "yaml";

import { COMMANDS } from "../../../src/cli/commands.ts";
import { cli, fakeWorld } from "../../support/cli-fake.ts";

test("prints its version", async () => {
  assert.deepEqual(await cli(["--version"]), { code: 0, out: "assay 9.8.7\n", err: "", written: {} });
});

test("lists every command in its help, on standard output", async () => {
  for (const words of [["help"], ["--help"], ["-h"]]) {
    const ran = await cli(words);
    assert.equal(ran.code, 0);
    for (const { name } of COMMANDS) assert.match(ran.out, new RegExp(`^ {2}${name} `, "m"));
  }
});

for (const { name, flags } of COMMANDS) {
  test(`helps with ${name}, naming each of its flags but those it refuses`, async () => {
    const { code, out } = await cli(["help", ...name.split(" ")]);
    assert.equal(code, 0);
    assert.match(out, new RegExp(`^usage: assay ${name}`));
    for (const flag of flags) assert.equal(out.includes(`--${flag.name}`), flag.refused === undefined);
  });
}

test("helps on --help after a command too, without running it", async () => {
  const fake = fakeWorld();
  const ran = await cli(["serve", "--help"], fake);
  assert.equal(ran.out, (await cli(["help", "serve"])).out);
  assert.deepEqual(fake.composed, []);
});

test("helps with all commands of a group", async () => {
  assert.equal((await cli(["help", "policy"])).out.match(/^usage: assay policy/gm)?.length, 4);
});

test("exits 3 without a command, pointing at the help", async () => {
  const ran = await cli([]);
  assert.equal(ran.code, 3);
  assert.match(ran.err, /No command is given\. Run "assay help"/);
});

for (const [words, message] of [
  [["verfy"], /There is no command "verfy"\. Did you mean "verify"\?/],
  [["inpsect"], /Did you mean "inspect"\?/],
  [["hepl"], /Did you mean "help"\?/],
  [["policy", "chek"], /followed by check, test, explain, schema, not "chek"\. Did you mean "check"\?/],
  [["policy"], /"assay policy" is followed by check, test, explain, schema\. Run/],
  [["help", "verfy"], /Did you mean "verify"\?/],
  [["frobnicate"], /There is no command "frobnicate"\. Run "assay help"/],
] as const) {
  test(`refuses "assay ${words.join(" ")}" with exit 3 and a hint`, async () => {
    const ran = await cli(words);
    assert.equal(ran.code, 3);
    assert.match(ran.err, message);
    assert.equal(ran.out, "");
  });
}

test("escapes control characters in its own complaints", async () => {
  const { err } = await cli(["x\u001b[2J"]);
  assert.match(err, /There is no command "x\\x1b\[2J"/);
});

test("colours its complaints on a terminal only", async () => {
  assert.ok((await cli(["x"], fakeWorld(), { errIsTerminal: true })).err.startsWith("\u001b["));
  assert.ok((await cli(["x"], fakeWorld(), { errIsTerminal: true, env: { NO_COLOR: "1" } })).err.startsWith("assay:"));
});

test("token prints a new token alone on standard output, and its hash for the tokens file beside it", async () => {
  const ran = await cli(["token", "--name", "ci.main", "--role", "reader"]);
  assert.equal(ran.code, 0);
  const secret = ran.out.trimEnd();
  assert.match(secret, /^assay_[A-Za-z0-9_-]{43}$/);
  assert.ok(!ran.err.includes(secret));
  const file: unknown = parse(`tokens:\n${ran.err.split("\n")[1]}\n`);
  const hash = `sha256:${createHash("sha256").update(secret).digest("hex")}`;
  assert.deepEqual(file, { tokens: [{ name: "ci.main", role: "reader", hash }] });
  assert.notEqual((await cli(["token"])).out.trimEnd(), secret);
});

for (const [what, words, message] of [
  [
    "a role that is none",
    ["--role", "raeder"],
    /--role "raeder" is not a role: use reader, submitter, admin\. Did you mean "reader"\?/,
  ],
  ["a name that is none", ["--name", "a b"], /--name "a b" is not a name/],
  ["a token from the command line", ["assay_mine"], /takes no operands/],
] as const) {
  test(`token refuses ${what}`, async () => {
    const ran = await cli(["token", ...words]);
    assert.equal(ran.code, 3);
    assert.match(ran.err, message);
    assert.equal(ran.out, "");
  });
}

test("demo hands its words on as they are, flags and all", async () => {
  const fake = fakeWorld();
  let given: readonly string[] = [];
  fake.demo = async (args) => {
    given = args;
    return 0;
  };
  assert.equal((await cli(["demo", "--once", "--help", "x"], fake)).code, 0);
  assert.deepEqual(given, ["--once", "--help", "x"]);
});

test("demo exits 1 when the demonstration fails, and 3 where it was not shipped", async () => {
  const fake = fakeWorld();
  fake.demo = async () => 7;
  assert.equal((await cli(["demo"], fake)).code, 1);
  const ran = await cli(["demo"]);
  assert.equal(ran.code, 3);
  assert.match(ran.err, /The demonstration is not here: it is a part of the source checkout/);
});
