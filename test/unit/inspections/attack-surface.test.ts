import assert from "node:assert/strict";
import { test } from "node:test";

import { SURFACE_ITEMS, type SurfaceItem } from "../../../src/domain/attack-surface.ts";
import { SURFACE_WEIGHTS } from "../../../src/inspections/attack-surface.ts";
import { INSPECTIONS_VERSION } from "../../../src/inspections/index.ts";
import { composed, composedWith, DISTROLESS_STATIC, ELF, EXEC, stanzas } from "../../support/composed-image.ts";
import type { Entries, LayerSpec } from "../../support/tar.ts";

type Item = { readonly count: number; readonly points: number };

function itemsOf(...layers: readonly LayerSpec[]): Readonly<Record<SurfaceItem, Item>> {
  return composed(...layers).surface.items;
}

function programs(count: number): Entries {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`opt/app${index}`, EXEC]));
}

function setuid(count: number, uid = 0): Entries {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`opt/s${index}`, { mode: 0o4755, uid, body: ELF }]),
  );
}

test("keeps its weights together with their version", () => {
  assert.deepEqual(SURFACE_WEIGHTS, {
    version: 1,
    tools: {
      shell: 25,
      "os-package-manager": 20,
      "language-package-manager": 8,
      "network-tool": 8,
      compiler: 8,
      interpreter: 6,
      "privilege-tool": 5,
    },
    "setuid-root": { each: 2, most: 8 },
    executables: { decade: 2, most: 7 },
    packages: { decade: 2, most: 5 },
  });
  assert.match(INSPECTIONS_VERSION, /composition@3/);
});

test("reaches one hundred and no more", () => {
  const { tools, executables, packages } = SURFACE_WEIGHTS;
  const most = Object.values(tools).reduce((sum, one) => sum + one, 0) + 8 + executables.most + packages.most;
  assert.equal(most, 100);
  const all = composed(
    { "bin/bash": EXEC, "bin/apt": EXEC, "bin/pip": EXEC, "bin/curl": EXEC, "bin/gcc": EXEC, "bin/perl": EXEC },
    { "bin/su": EXEC, ...setuid(9), ...programs(4000), "var/lib/dpkg/status": stanzas(500) },
  );
  assert.equal(all.surface.score, 100);
});

test("is nothing for an empty image", () => {
  const { score, items } = composed().surface;
  assert.equal(score, 0);
  assert.deepEqual(Object.keys(items), [...SURFACE_ITEMS]);
});

const TOOLS: readonly (readonly [SurfaceItem, string, string, number])[] = [
  ["shell", "bash", "zsh", 25],
  ["os-package-manager", "apt-get", "dpkg", 20],
  ["language-package-manager", "pip", "npm", 8],
  ["network-tool", "curl", "wget", 8],
  ["compiler", "gcc", "git", 8],
  ["interpreter", "python3", "perl", 6],
  ["privilege-tool", "sudo", "chroot", 5],
];

for (const [item, one, other, points] of TOOLS) {
  test(`gives ${points} points for ${item}, once, and counts files and not names`, () => {
    assert.deepEqual(itemsOf({ app: EXEC })[item], { count: 0, points: 0 });
    assert.deepEqual(itemsOf({ [`bin/${one}`]: EXEC })[item], { count: 1, points });
    assert.deepEqual(itemsOf({ [`bin/${one}`]: EXEC, [`bin/${other}`]: EXEC })[item], { count: 2, points });
    const named = { [`bin/${one}`]: EXEC, [`bin/${other}`]: { link: one }, "bin/x": { type: "1", link: `bin/${one}` } };
    assert.deepEqual(itemsOf(named)[item], { count: 1, points });
  });
}

for (const [count, points] of [
  [0, 0],
  [1, 2],
  [3, 6],
  [4, 8],
  [5, 8],
] as const) {
  test(`gives ${points} points for ${count} setuid programs of root's`, () =>
    assert.deepEqual(itemsOf(setuid(count))["setuid-root"], { count, points }));
}

test("counts only root's setuid programs, and capabilities that amount to root", () => {
  assert.deepEqual(itemsOf(setuid(3, 1000), { x: { mode: 0o2755, body: ELF } })["setuid-root"], {
    count: 0,
    points: 0,
  });
  const capability = Buffer.from("0100000280000000000000000000000000000000", "hex").toString("latin1");
  const raised: LayerSpec = { x: { mode: 0o755, body: ELF, pax: { "SCHILY.xattr.security.capability": capability } } };
  assert.deepEqual(itemsOf(raised)["setuid-root"], { count: 1, points: 2 });
});

for (const [count, points] of [
  [0, 0],
  [1, 1],
  [4, 1],
  [5, 2],
  [20, 3],
  [109, 4],
  [475, 5],
  [647, 6],
  [3162, 7],
  [5000, 7],
] as const) {
  test(`gives ${points} points for ${count} executables`, () =>
    assert.deepEqual(itemsOf(programs(count)).executables, { count, points }));
}

for (const [count, points] of [
  [0, 0],
  [4, 1],
  [6, 2],
  [12, 2],
  [88, 4],
  [154, 4],
  [400, 5],
  [40_000, 5],
] as const) {
  test(`gives ${points} points for ${count} packages`, () =>
    assert.deepEqual(itemsOf({ "var/lib/dpkg/status": stanzas(count) }).packages, { count, points }));
}

test("gives the most for packages that nobody can count, and tells those it could", () => {
  const layers: LayerSpec = { "var/lib/rpm/Packages": "x", "var/lib/dpkg/status": stanzas(3) };
  assert.deepEqual(itemsOf(layers).packages, { count: 3, points: 5 });
});

test("gives half of a shell for one that only the loader starts, and no more beside a whole one", () => {
  const disarmed: LayerSpec = { "opt/bash": { mode: 0o600, body: ELF } };
  assert.deepEqual(itemsOf(disarmed).shell, { count: 1, points: 13 });
  assert.deepEqual(itemsOf(disarmed, { "bin/sh": EXEC }).shell, { count: 2, points: 25 });
});

test("counts applets as shell, network and privilege tools only", () => {
  const names = ["sh", "wget", "su", "dpkg", "rpm", "awk", "ar", "make", "pip", "vi"];
  const applets = Object.fromEntries(names.map((name) => [`bin/${name}`, { link: "/bin/busybox" }]));
  const { items, score } = composed({ "bin/busybox": EXEC, ...applets }).surface;
  assert.equal(score, 39);
  const given = Object.entries(items).filter(([, { points }]) => points > 0);
  assert.deepEqual(
    given.map(([name, { points }]) => [name, points]),
    [
      ["shell", 25],
      ["network-tool", 8],
      ["privilege-tool", 5],
      ["executables", 1],
    ],
  );
});

test("is the sum of its items, whatever the image", () => {
  for (const fact of [
    composed(...DISTROLESS_STATIC),
    composedWith({ natures: { app: "shell:bash" } }, { app: EXEC }),
    composed(setuid(2), programs(20), { "bin/busybox": EXEC }),
  ]) {
    const sum = Object.values(fact.surface.items).reduce((total, { points }) => total + points, 0);
    assert.equal(fact.surface.score, sum);
  }
});
