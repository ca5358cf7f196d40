import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

import * as fc from "fast-check";

import { NODE_TOOLS } from "../../../src/adapters/layers/content-tools.ts";
import { plainSearch } from "../../../src/inspections/byte-search.ts";
import { EntryBody } from "../../../src/inspections/entry-body.ts";
import { isMultiCallNature, isShellNature, MAX_PROGRAM_BYTES } from "../../../src/inspections/program-nature.ts";
import { factsOf, inspected } from "../../support/layer-facts.ts";
import { tar } from "../../support/tar.ts";

const search = NODE_TOOLS.search;

/** Machine code, as far as a search can tell, with these texts somewhere in it. */
function program(...texts: readonly string[]): Buffer {
  const code = Buffer.alloc(3000);
  for (let at = 0; at < code.length; at += 1) code[at] = (at * 7919) % 251;
  return Buffer.concat([
    Buffer.from("\x7fELF", "latin1"),
    code,
    Buffer.from(`\0${texts.join("\0")}\0`, "latin1"),
    code,
  ]);
}

function natureOf(bytes: Uint8Array, { isExecutable = true, step = 65_536, by = search } = {}): string {
  const body = new EntryBody(by, { size: bytes.length, isExecutable, wholeUpTo: 0 });
  for (let at = 0; at < body.wanted; at += step) body.push(bytes.subarray(at, Math.min(at + step, body.wanted)));
  return body.finish().nature;
}

const POSIX = ["OPTIND", "getopts", "unalias", "readonly", "umask", "ulimit"];

for (const [nature, texts] of [
  ["shell", POSIX],
  ["shell:bash", [...POSIX, "BASH_VERSINFO"]],
  ["shell:dash", [...POSIX, "PS4=+ ", "LINENO="]],
  // Its table of builtins has a digit before each name.
  ["shell:busybox", ["OPTIND", "0getopts", "1unalias", "BusyBox v1.36.1", "multi-call binary", "LINENO="]],
  ["shell:zsh", ["OPTIND", "getopts", "unalias", "rehash", "ZSH_VERSION"]],
  ["shell:ksh", [...POSIX, "KSH_VERSION="]],
  ["shell:mksh", [...POSIX, "KSH_VERSION=@(#)MIRBSD KSH R59"]],
  ["shell:mksh", [...POSIX, "KSH_VERSION=@(#)LEGACY KSH R59"]],
  // It has no aliases.
  ["shell:posh", ["OPTIND", "getopts", "POSH_VERSION"]],
  ["shell:yash", [...POSIX, "$YASH_LOADPATH"]],
  ["shell:csh", ["rehash", "unalias"]],
  ["shell:tcsh", ["rehash", "unalias", "/bin/tcsh"]],
  ["shell:fish", ["FISH_NO_WSL_CHECK", "init-command"]],
  ["shell:rc", ["whatis", "rc: cannot shift"]],
  ["shell:elvish", ["src.elv.sh/pkg/eval.Evaler"]],
  ["multi-call:busybox", ["BusyBox v1.36.1", "BusyBox is a multi-call binary that"]],
  ["multi-call:toybox", ["Toybox %s multicall binary%s"]],
] as const) {
  test(`takes a program that holds ${texts.join(", ")} for ${nature}`, () => {
    assert.equal(natureOf(program(...texts)), nature);
    assert.equal(natureOf(program(...texts), { by: plainSearch }), nature, "whatever searches");
  });
}

for (const [what, texts] of [
  // It lists the names of builtins, to know when to start a shell.
  ["GNU make", ["getopts", "unalias", "readonly", "umask", "ulimit", "MAKEFLAGS"]],
  ["a program that speaks of OPTIND", ["OPTIND"]],
  ["a program with a hash table", ["_M_need_rehash", "rehash"]],
  ["fish's indenter", ["FISH_NO_WSL_CHECK", "no-execute"]],
  ["a program that mentions BusyBox", ["BusyBox v1.2 is not supported"]],
] as const) {
  test(`does not take ${what} for a shell`, () => {
    assert.equal(natureOf(program(...texts)), "");
  });
}

test("looks for the rarer shells in what may be executed only, and for the others everywhere", () => {
  assert.equal(natureOf(program(...POSIX), { isExecutable: false }), "shell");
  assert.equal(natureOf(program("rehash", "unalias"), { isExecutable: false }), "");
});

test("looks at programs alone", () => {
  const bytes = program(...POSIX);
  bytes[0] = 0x7e;
  assert.equal(natureOf(bytes), "");
});

test("finds a shell wherever the pieces it comes in end", () => {
  const texts = [...POSIX, "BASH_VERSINFO"];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (steps) => {
      const bytes = program(...texts).subarray(2900);
      const whole = Buffer.concat([Buffer.from("\x7fELF", "latin1"), bytes]);
      const body = new EntryBody(search, { size: whole.length, isExecutable: true, wholeUpTo: 0 });
      for (let at = 0, turn = 0; at < whole.length; turn += 1) {
        const step = steps[turn % steps.length] ?? 1;
        body.push(whole.subarray(at, at + step));
        at += step;
      }
      assert.equal(body.finish().nature, "shell:bash");
    }),
  );
});

test("finds a shell that was made larger than what is looked at", () => {
  const grown = Buffer.concat([program(...POSIX), Buffer.alloc(MAX_PROGRAM_BYTES)]);
  assert.equal(natureOf(grown, { step: 1024 * 1024 }), "shell");
});

test("tells what is a shell and what is many programs", () => {
  assert.ok(["shell", "shell:bash", "shell:busybox"].every(isShellNature));
  assert.ok(!["", "multi-call:toybox", "shellac"].some(isShellNature));
  assert.ok(["shell:busybox", "multi-call:toybox", "multi-call:busybox"].every(isMultiCallNature));
  assert.ok(!["", "shell", "shell:bash"].some(isMultiCallNature));
});

/** Whatever stands at these paths on this machine. */
const shells = ["/bin/sh", "/bin/bash", "/bin/busybox", "/bin/zsh", "/bin/ksh93", "/bin/tcsh"].filter(existsSync);
const others = ["/usr/bin/make", "/usr/bin/perl", "/usr/bin/git", "/usr/bin/env", "/bin/ls", process.execPath];

for (const path of shells) {
  test(`knows this machine's ${path}`, () => {
    assert.ok(isShellNature(natureOf(readFileSync(path))));
    assert.ok(isShellNature(natureOf(readFileSync(path), { step: 4001 })));
  });
}

for (const path of others.filter(existsSync)) {
  test(`does not take this machine's ${path} for a shell`, () => {
    assert.equal(natureOf(readFileSync(path)), "");
  });
}

test("keeps a program of that nature whatever its name, path and mode", () => {
  const spec = { "opt/app/data/deep/logo.png": { mode: 0o644, body: program(...POSIX, "BASH_VERSINFO") } };
  const found = factsOf(tar(spec), 700);
  assert.ok(!("reason" in found));
  assert.deepEqual(
    found.entries.map(({ path, nature }) => [path, nature]),
    [["opt/app/data/deep/logo.png", "shell:bash"]],
  );
});

test("calls an image with a renamed shell an image with a shell", () => {
  const image = inspected({}, { "app/server": { mode: 0o755, body: program(...POSIX) } });
  const { composition } = image;
  assert.ok(composition.kind === "known" && composition.value.kind === "classified", JSON.stringify(composition));
  assert.deepEqual(
    composition.value.present.shell.map((one) => one.path),
    ["app/server"],
  );
});
