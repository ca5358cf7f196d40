import assert from "node:assert/strict";
import { test } from "node:test";

import { composed, composedWith, EXEC, stanzas } from "../../support/composed-image.ts";
import type { Marks } from "../../support/layer-facts.ts";
import { layer, type LayerSpec } from "../../support/tar.ts";

const STATUS_D = "./var/lib/dpkg/status.d";
const RPM = "SQLite format 3\0";

function installed(...words: readonly string[]): string {
  return words.map((word, index) => `Package: p${index}\nStatus: ${word}\nVersion: 1\n`).join("\n");
}

type Case = readonly [what: string, database: string, packages: number, layers: readonly LayerSpec[], marks?: Marks];

const COUNTED: readonly Case[] = [
  ["dpkg's status", "dpkg", 3, [{ app: EXEC }, { "var/lib/dpkg/status": stanzas(3) }]],
  [
    "dpkg's status as a later layer writes it",
    "dpkg",
    5,
    [{ "var/lib/dpkg/status": stanzas(3) }, { "var/lib/dpkg/status": stanzas(5) }],
  ],
  [
    "dpkg's status written through a link of its own layer",
    "dpkg",
    2,
    [{ "var/lib/dpkg": { link: "../../usr/lib/db" }, "var/lib/dpkg/status": stanzas(2) }],
  ],
  [
    "what dpkg has not removed",
    "dpkg",
    3,
    [
      {
        "var/lib/dpkg/status": installed(
          "install ok installed",
          "deinstall ok config-files",
          "purge ok not-installed",
          "hold ok installed",
          "install ok unpacked",
        ),
      },
    ],
  ],
  [
    "stanzas without a status",
    "dpkg",
    2,
    [{ "var/lib/dpkg/status": "Package: a\nVersion: 1\n\nPackage: b\nVersion: 1\n" }],
  ],
  [
    "a description that speaks of removal",
    "dpkg",
    1,
    [{ "var/lib/dpkg/status": "Package: a\nStatus: install ok installed\nDescription: purge\n Status: deinstall\n" }],
  ],
  [
    "stanzas behind blank lines that are not empty",
    "dpkg",
    3,
    [{ "var/lib/dpkg/status": "package: a\n \nPackage: b\n\t\n\nPACKAGE: c\n" }],
  ],
  [
    "distroless' folder over many layers",
    "status.d",
    3,
    [
      { [`${STATUS_D}/base-files`]: "Package: base-files\n", [`${STATUS_D}/base-files.md5sums`]: "x" },
      { [`${STATUS_D}/tzdata`]: "Package: tzdata\n", [`${STATUS_D}/tzdata.preinst`]: "x" },
      { [`${STATUS_D}/libc6`]: "Package: libc6\n", [`${STATUS_D}/libc6.list`]: "x" },
    ],
  ],
  [
    "distroless' folder without what a later layer hides",
    "status.d",
    1,
    [{ [`${STATUS_D}/a`]: "Package: a\n" }, { [`${STATUS_D}/b`]: "Package: b\n" }, { [`${STATUS_D}/.wh.a`]: "" }],
  ],
  [
    "distroless' folder made anew",
    "status.d",
    1,
    [{ [`${STATUS_D}/a`]: "Package: a\n" }, { [`${STATUS_D}/.wh..wh..opq`]: "", [`${STATUS_D}/b`]: "Package: b\n" }],
  ],
  [
    "a package written twice",
    "status.d",
    1,
    [{ [`${STATUS_D}/a`]: "Package: a\n" }, { [`${STATUS_D}/a`]: "Package: a\nVersion: 2\n" }],
  ],
  ["Alpine's database", "apk", 2, [{ app: EXEC }, { "lib/apk/db/installed": "C:x\nP:a\nV:1\n\nP:b\nV:1\n" }]],
  [
    "Wolfi's database behind its link",
    "apk",
    2,
    [
      { "usr/lib/apk/db/installed": "P:a\n", "lib/apk": { link: "../usr/lib/apk" } },
      { "usr/lib/apk/db/installed": "P:a\n\nP:b\n" },
    ],
  ],
  [
    "a database behind a link of the whole folder",
    "apk",
    1,
    [{ lib: { link: "usr/lib" }, "usr/lib/apk/db/installed": "P:a\n" }],
  ],
  [
    "a sqlite database of rpm",
    "rpm",
    18,
    [{ "var/lib/rpm/rpmdb.sqlite": RPM }],
    { counts: { "var/lib/rpm/rpmdb.sqlite": 18 } },
  ],
  [
    "rpm's newer place",
    "rpm",
    7,
    [{ "usr/lib/sysimage/rpm/rpmdb.sqlite": RPM }, { app: EXEC }],
    { counts: { "usr/lib/sysimage/rpm/rpmdb.sqlite": 7 } },
  ],
  [
    "rpm's place in images of ostree",
    "rpm",
    9,
    [{ "usr/share/rpm/rpmdb.sqlite": RPM }],
    { counts: { "usr/share/rpm/rpmdb.sqlite": 9 } },
  ],
  [
    "rpm's newer place behind the link from its older one, once",
    "rpm",
    7,
    [{ "usr/lib/sysimage/rpm/rpmdb.sqlite": RPM, "var/lib/rpm": { link: "../../usr/lib/sysimage/rpm" } }],
    { counts: { "usr/lib/sysimage/rpm/rpmdb.sqlite": 7 } },
  ],
  [
    "chisel's manifest",
    "chisel",
    4,
    [{ "var/lib/chisel/manifest.wall": "x" }],
    { counts: { "var/lib/chisel/manifest.wall": 4 } },
  ],
  [
    "Azure Linux's manifests, once",
    "rpmmanifest",
    2,
    [
      { "var/lib/rpmmanifest/container-manifest-1": "a\nb\n" },
      { "var/lib/rpmmanifest/container-manifest-2": "a\t1\nb\t2\n\n" },
    ],
  ],
  ["Azure Linux's first manifest alone", "rpmmanifest", 1, [{ "var/lib/rpmmanifest/container-manifest-1": "a\n" }]],
  [
    "pacman's folder",
    "pacman",
    2,
    [
      { "var/lib/pacman/local/a-1/desc": "x", "var/lib/pacman/local/ALPM_DB_VERSION": { mode: 0o755, body: "9" } },
      { "var/lib/pacman/local/b-1/desc": "x" },
    ],
  ],
  [
    "pacman's folder without a package removed later",
    "pacman",
    1,
    [
      { "var/lib/pacman/local/a-1/desc": "x", "var/lib/pacman/local/b-1/desc": "x" },
      { "var/lib/pacman/local/.wh.a-1": "" },
    ],
  ],
  [
    "portage's folders",
    "portage",
    3,
    [{ "var/db/pkg/sys-libs/a-1/PF": "a-1", "var/db/pkg/sys-libs/b-1/PF": "b-1" }, { "var/db/pkg/app/c-1/PF": "c-1" }],
  ],
  [
    "the store of nix",
    "nix",
    2,
    [
      { "nix/store/h-a/": { type: "5", mode: 0o555 } },
      { "nix/store/h-b/bin/b": EXEC, "nix/store/.links/": { type: "5", mode: 0o755 } },
    ],
  ],
  [
    "opkg's status",
    "opkg",
    2,
    [
      {
        "usr/lib/opkg/status": installed(
          "install user installed",
          "install ok installed",
          "deinstall ok not-installed",
        ),
      },
    ],
  ],
];

for (const [what, database, packages, layers, marks] of COUNTED) {
  test(`counts ${what}`, () => {
    const fact = composedWith(marks ?? {}, ...layers);
    assert.equal(fact.packages, packages);
    assert.deepEqual(
      fact.modifiers.filter((one) => one.startsWith("packages")),
      [`packages:${database}`],
    );
  });
}

test("adds the packages of databases that stand beside one another", () => {
  const fact = composed(
    { "var/lib/dpkg/status": stanzas(3) },
    { "lib/apk/db/installed": "P:a\n" },
    { [`${STATUS_D}/x`]: "Package: x\n" },
  );
  assert.equal(fact.packages, 5);
  assert.deepEqual(
    fact.modifiers.filter((one) => one.startsWith("packages")),
    ["packages:apk", "packages:dpkg", "packages:status.d"],
  );
});

test("names each database with the layer that wrote it last", () => {
  const top: LayerSpec = { "var/lib/dpkg/status": stanzas(2) };
  const fact = composed({ "var/lib/dpkg/status": stanzas(1) }, top);
  assert.deepEqual(fact.sightings, [
    { layer: layer(top, "tar").digest, path: "var/lib/dpkg/status", note: "dpkg database" },
  ]);
});

const UNCOUNTED: readonly (readonly [string, LayerSpec])[] = [
  ["rpm's older form", { "var/lib/rpm/Packages": "x" }],
  ["rpm's form of SUSE", { "usr/lib/sysimage/rpm/Packages.db": "RpmP" }],
  ["a sqlite database nobody counted", { "var/lib/rpm/rpmdb.sqlite": RPM }],
  ["a chisel manifest nobody counted", { "var/lib/chisel/manifest.wall": "x" }],
  [
    "a status too large to be read",
    { "var/lib/dpkg/status": `Package: a\nStatus: install ok installed\nX: ${"x".repeat(8 * 1024 * 1024)}\n` },
  ],
];

const RANK = ["scratch", "distroless-static", "chiseled", "distroless", "micro", "minimal", "slim", "full"];

for (const [what, database] of UNCOUNTED) {
  test(`says that ${what} is uncounted, and never makes a class better by it`, () => {
    for (const tools of [
      {},
      { "lib64/ld-linux-x86-64.so.2": EXEC },
      { "usr/bin/bash": EXEC },
      { "bin/busybox": EXEC },
      { "sbin/apk": EXEC, "bin/busybox": EXEC },
      { "usr/bin/bash": EXEC, "usr/bin/apt-get": EXEC },
    ] as LayerSpec[]) {
      const without = composed({ app: EXEC }, tools);
      const fact = composed({ app: EXEC }, tools, database);
      assert.ok(fact.modifiers.includes("packages-uncounted"));
      assert.ok(RANK.indexOf(fact.class) >= RANK.indexOf(without.class), `${without.class} became ${fact.class}`);
      assert.equal(fact.surface.items.packages.points, 5);
    }
  });
}
