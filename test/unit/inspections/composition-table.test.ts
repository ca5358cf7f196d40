import assert from "node:assert/strict";
import { suite, test } from "node:test";

import {
  ALPINE,
  BUSYBOX_DEBUG,
  composed,
  composedWith,
  DEBIAN_SLIM,
  DISTROLESS_STATIC,
  ELF,
  EXEC,
  LIBC,
  script,
  stanzas,
} from "../../support/composed-image.ts";
import { inspected, type Marks } from "../../support/layer-facts.ts";
import { layer, type Entries, type LayerSpec } from "../../support/tar.ts";

/** One row's image and what one change makes of it: every word of the row's predicate, one at a time. */
type Case = readonly [what: string, expected: string, layers: readonly LayerSpec[], marks?: Marks];

const LOADER: Entries = { "lib64/ld-linux-x86-64.so.2": EXEC };
const UBUNTU: Entries = { "etc/os-release": "ID=ubuntu\n" };
const WALL = "var/lib/chisel/manifest.wall";
const CUT: Entries = { [WALL]: "\x28\xb5\x2f\xfd", ...LOADER, ...UBUNTU };
const BASH: Entries = { "usr/bin/bash": EXEC };
const APT: Entries = { "usr/bin/apt-get": EXEC };
const BUSYBOX: Entries = { "bin/busybox": EXEC, "bin/sh": { link: "/bin/busybox" } };
const TOYBOX: Entries = { "bin/toybox": EXEC, "bin/sh": { link: "toybox" } };

function dpkg(packages: number): Entries {
  return { "var/lib/dpkg/status": stanzas(packages) };
}

function apk(packages: number): Entries {
  return { "lib/apk/db/installed": "P:x\n\n".repeat(packages) };
}

function libraries(count: number): Entries {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`usr/lib/libx${index}.so.1`, ELF]));
}

const ROWS: Readonly<Record<string, readonly Case[]>> = {
  scratch: [
    ["nothing", "scratch", []],
    ["a static program", "scratch", [{ app: EXEC }]],
    ["many static programs", "scratch", [{ a: EXEC, b: EXEC, c: EXEC }]],
    ["users, zones and certificates", "scratch", [{ "etc/passwd": "", "etc/ssl/certs/ca-certificates.crt": "x" }]],
    ["with a shell", "micro", [{ app: EXEC }, BASH]],
    ["with a package manager", "full", [{ app: EXEC }, APT]],
    ["with a package database", "distroless-static", [{ app: EXEC }, dpkg(1)]],
    ["with an empty package database", "distroless-static", [{ app: EXEC }, { "var/lib/dpkg/status": "" }]],
    ["with an os-release", "distroless-static", [{ app: EXEC, "etc/os-release": "ID=x\n" }]],
    ["with an empty os-release", "scratch", [{ app: EXEC, "etc/os-release": "" }]],
    ["with an older mark of a distribution", "distroless-static", [{ app: EXEC, "etc/alpine-release": "3.20\n" }]],
    ["with glibc's loader", "distroless", [{ app: EXEC }, LOADER]],
    ["with musl's loader", "distroless", [{ app: EXEC, "lib/ld-musl-x86_64.so.1": EXEC }]],
    [
      "with a loader that stands in a file of another name",
      "distroless",
      [{ app: EXEC, "usr/lib/libc.so": EXEC, "lib/ld-musl-x86_64.so.1": { link: "/usr/lib/libc.so" } }],
    ],
  ],
  chiseled: [
    ["a manifest that names packages", "chiseled", [CUT], { counts: { [WALL]: 5 } }],
    ["a manifest nobody counted", "distroless", [CUT]],
    ["a manifest without packages", "distroless", [CUT], { counts: { [WALL]: 0 } }],
    [
      "a manifest taken away",
      "distroless",
      [CUT, { "var/lib/chisel/.wh.manifest.wall": "" }],
      { counts: { [WALL]: 5 } },
    ],
    ["Ubuntu's status without dpkg", "chiseled", [{ ...LOADER, ...UBUNTU, ...dpkg(9) }]],
    [
      "another distribution's status without dpkg",
      "distroless",
      [{ ...LOADER, "etc/os-release": "ID=debian\n", ...dpkg(9) }],
    ],
    ["Ubuntu's status with dpkg", "full", [{ ...LOADER, ...UBUNTU, ...dpkg(9), "usr/bin/dpkg": EXEC }]],
    ["with busybox cut in", "minimal", [CUT, BUSYBOX], { counts: { [WALL]: 5 } }],
    ["with bash cut in", "micro", [CUT, BASH], { counts: { [WALL]: 5 } }],
  ],
  "distroless-static": [
    ["static", "distroless-static", DISTROLESS_STATIC],
    ["static with a program", "distroless-static", [...DISTROLESS_STATIC, { app: EXEC }]],
    ["only an os-release", "distroless-static", [{ app: EXEC, "usr/lib/os-release": "ID=debian\n" }]],
    ["with a loader", "distroless", [...DISTROLESS_STATIC, LOADER]],
    ["with a shell", "micro", [...DISTROLESS_STATIC, BASH]],
    ["with a package manager", "full", [...DISTROLESS_STATIC, APT]],
  ],
  distroless: [
    ["base", "distroless", [...DISTROLESS_STATIC, LIBC]],
    ["base with python", "distroless", [...DISTROLESS_STATIC, LIBC, { "usr/bin/python3.11": EXEC }]],
    ["base with curl", "distroless", [...DISTROLESS_STATIC, LIBC, { "usr/bin/curl": EXEC }]],
    ["more packages than a micro image may have", "distroless", [{ ...LOADER, ...dpkg(500) }]],
    ["packages nobody counts", "distroless", [{ ...LOADER, "var/lib/rpm/rpmdb.sqlite": "SQLite format 3\0" }]],
  ],
  micro: [
    ["bash", "micro", [BASH]],
    ["bash and 40 packages", "micro", [{ ...BASH, ...dpkg(40) }]],
    ["bash and 41 packages", "full", [{ ...BASH, ...dpkg(41) }]],
    ["bash and packages nobody counts", "full", [{ ...BASH, "var/lib/rpm/rpmdb.sqlite": "SQLite format 3\0" }]],
    [
      "bash and 18 packages counted where the layer was read",
      "micro",
      [{ ...BASH, "var/lib/rpm/rpmdb.sqlite": "SQLite format 3\0" }],
      { counts: { "var/lib/rpm/rpmdb.sqlite": 18 } },
    ],
    ["bash and a compiler", "micro", [BASH, { "usr/bin/gcc": EXEC }]],
    ["bash beside busybox", "minimal", [BASH, BUSYBOX]],
    ["bash and apt", "slim", [BASH, APT]],
  ],
  minimal: [
    ["busybox", "minimal", [BUSYBOX]],
    ["toybox", "minimal", [TOYBOX]],
    ["busybox and 60 packages", "minimal", [BUSYBOX, dpkg(60)]],
    ["busybox and 61 packages", "full", [BUSYBOX, dpkg(61)]],
    ["busybox and a compiler", "full", [BUSYBOX, { "usr/bin/cc": EXEC }]],
    ["busybox and packages nobody counts", "full", [BUSYBOX, { "var/lib/rpm/Packages": "x" }]],
    ["Alpine", "minimal", [ALPINE]],
    ["Alpine with bash", "minimal", [ALPINE, BASH]],
    ["Alpine with 61 packages", "slim", [ALPINE, apk(61)]],
    ["Alpine with git", "full", [ALPINE, { "usr/bin/git": EXEC }]],
    ["bash and microdnf, which brings rpm", "minimal", [BASH, { "usr/bin/microdnf": EXEC, "usr/bin/rpm": EXEC }]],
    ["bash and tdnf", "minimal", [BASH, { "usr/bin/tdnf": EXEC }]],
    ["bash and opkg", "minimal", [BASH, { "bin/opkg": EXEC, "usr/lib/opkg/status": stanzas(20) }]],
    ["bash and rpm alone", "slim", [BASH, { "usr/bin/rpm": EXEC }]],
    ["bash with apk and apt", "slim", [BASH, APT, { "sbin/apk": EXEC }]],
    ["busybox and apt", "slim", [BUSYBOX, APT]],
    ["apk under a link's name", "minimal", [{ "sbin/apk": EXEC, "opt/tool": { link: "/sbin/apk" } }]],
  ],
  slim: [
    ["Debian slim", "slim", [DEBIAN_SLIM]],
    ["bash, apt and 150 packages", "slim", [{ ...BASH, ...APT, ...dpkg(150) }]],
    ["bash, apt and 151 packages", "full", [{ ...BASH, ...APT, ...dpkg(151) }]],
    ["with a compiler", "full", [DEBIAN_SLIM, { "usr/bin/x86_64-linux-gnu-gcc-12": EXEC }]],
    ["with git", "full", [DEBIAN_SLIM, { "usr/bin/git": EXEC }]],
    ["with strace", "full", [DEBIAN_SLIM, { "usr/bin/strace": EXEC }]],
    ["apt without a shell", "full", [{ ...APT, ...dpkg(3) }]],
    [
      "a distribution whose database was taken away",
      "slim",
      [{ ...BASH, ...LOADER, ...libraries(51), ...dpkg(5) }, { "var/lib/dpkg/.wh.status": "" }],
    ],
    [
      "a distribution whose database was emptied",
      "slim",
      [{ ...BASH, ...LOADER, ...libraries(51), ...dpkg(5) }, { "var/lib/dpkg/status": "" }],
    ],
    ["many libraries and no loader", "micro", [{ ...BASH, ...libraries(51) }]],
    ["50 libraries, the loader among them, and no database", "micro", [{ ...BASH, ...LOADER, ...libraries(49) }]],
    ["no shell, 51 libraries and no database", "slim", [{ ...LOADER, ...libraries(50) }]],
  ],
};

for (const [row, cases] of Object.entries(ROWS)) {
  suite(`the row of ${row}`, () => {
    for (const [what, expected, layers, marks] of cases) {
      test(`classifies ${what} as ${expected}`, () => {
        const fact = composedWith(marks ?? {}, ...layers);
        assert.equal(fact.class, expected, fact.because);
      });
    }
  });
}

test("takes a large image with manuals and no mark of slimming for full", () => {
  const manuals: Entries = { "usr/share/man/man1/x.1": "x" };
  const large: Entries = { ...BASH, ...APT, ...dpkg(88) };
  const mark: Entries = { "etc/dpkg/dpkg.cfg.d/docker": "path-exclude /usr/share/doc/*\n" };
  const over = { uncompressedBytes: 120_000_001 };
  assert.equal(composedWith(over, { ...large, ...manuals }).class, "full");
  assert.equal(composedWith(over, { ...large, ...manuals, ...mark }).class, "slim");
  assert.equal(composedWith(over, large).class, "slim");
  assert.equal(composedWith({ uncompressedBytes: 120_000_000 }, { ...large, ...manuals }).class, "slim");
});

test("calls nothing a class that it cannot read", () => {
  const { composition } = inspected({ os: "windows" }, { app: EXEC });
  assert.deepEqual(composition.kind === "known" ? composition.value : undefined, {
    kind: "uninspectable",
    reason: "operating-system",
    detail: 'the layers of "windows" images are not read',
  });
});

const MODIFIED: readonly (readonly [
  modifiers: readonly string[],
  what: string,
  layers: readonly LayerSpec[],
  marks?: Marks,
])[] = [
  [["empty"], "no layers", []],
  [["static-binary-only"], "a static program", [{ app: EXEC }]],
  [["distroless:google", "packages:status.d"], "distroless static", DISTROLESS_STATIC],
  [
    ["distroless:google", "packages:status.d", "static-binary-only"],
    "distroless static with a program",
    [...DISTROLESS_STATIC, { app: EXEC }],
  ],
  [["distroless:google", "packages:status.d"], "distroless base", [...DISTROLESS_STATIC, LIBC]],
  [
    ["distroless:wolfi", "packages:apk"],
    "Wolfi without apk",
    [
      {
        ...LOADER,
        "usr/lib/apk/db/installed": "P:a\n",
        "lib/apk": { link: "../usr/lib/apk" },
        "etc/os-release": "ID=wolfi\n",
      },
    ],
  ],
  [
    ["distroless:azurelinux", "packages:rpmmanifest"],
    "Azure Linux",
    [
      {
        ...LOADER,
        "var/lib/rpmmanifest/container-manifest-2": "a\t1\n",
        "var/lib/rpmmanifest/container-manifest-1": "a\n",
      },
    ],
  ],
  [["distroless:other"], "a loader alone", [LOADER]],
  [["packages:chisel"], "a chisel manifest", [CUT], { counts: { [WALL]: 3 } }],
  [
    ["distroless:google", "packages:status.d", "runtime-interpreter", "runtime:node", "runtime:python"],
    "distroless with two runtimes",
    [...DISTROLESS_STATIC, LIBC, { "nodejs/bin/node": EXEC, "usr/bin/python3.11": EXEC }],
  ],
  [["packages:status.d", "debug"], "distroless debug", [...DISTROLESS_STATIC, BUSYBOX_DEBUG]],
  [["debug"], "a busybox folder", [BUSYBOX_DEBUG]],
  [["debug"], "what calls itself Distroless, with bash", [BASH, { "etc/os-release": 'PRETTY_NAME="Distroless"\n' }]],
  [["packages:chisel", "debug"], "chiseled with busybox", [CUT, BUSYBOX], { counts: { [WALL]: 3 } }],
  [
    ["packages:rpmmanifest", "debug"],
    "Azure Linux distroless with bash",
    [BASH, { "var/lib/rpmmanifest/container-manifest-2": "a\t1\n" }],
  ],
  [
    ["packages:apk", "dev-variant"],
    "Wolfi with apk and a shell",
    [{ "sbin/apk": EXEC, "usr/lib/apk/db/installed": "P:a\n", "etc/os-release": "ID=wolfi\n" }, BASH],
  ],
  [["debug"], "Chainguard with a shell alone", [{ "etc/os-release": "ID=chainguard\n" }, BASH]],
  [["packages:apk"], "Alpine", [ALPINE]],
  [["packages-uncounted", "packages:rpm"], "an rpm database", [BASH, { "var/lib/rpm/Packages": "x" }]],
  [["pkgdb-removed"], "many libraries and no database", [{ ...LOADER, ...libraries(51) }]],
  [["distroless:other"], "50 libraries and no database", [{ ...LOADER, ...libraries(49) }]],
  [["shell-without-exec-bit"], "a disarmed shell", [{ "bin/sh": { mode: 0o644, body: ELF } }]],
  [[], "a shell's name over data", [{ "bin/sh": "data" }]],
];

for (const [modifiers, what, layers, marks] of MODIFIED) {
  test(`says of ${what}: ${modifiers.join(", ") || "nothing more"}`, () => {
    assert.deepEqual([...composedWith(marks ?? {}, ...layers).modifiers].sort(), [...modifiers].sort());
  });
}

suite("what the debug traps look like", () => {
  const base = [...DISTROLESS_STATIC, LIBC];
  const noTools = { "package-manager": 0, compiler: 0, interpreter: 0, "language-package-manager": 0 } as const;

  test("distroless debug with its 380 absolute links, dpkg and rpm among them, has a shell and no package manager", () => {
    const names = ["sh", "ash", "dpkg", "dpkg-deb", "rpm", "rpm2cpio", "awk", "ar", "wget", "nc", "su", "chroot"];
    const all = [...names, ...Array.from({ length: 380 - names.length }, (_, index) => `applet${index}`)];
    const fact = composed(...DISTROLESS_STATIC, {
      "./busybox/busybox": EXEC,
      ...Object.fromEntries(all.map((name) => [`./busybox/${name}`, { link: "/busybox/busybox" }])),
    });
    assert.equal(fact.class, "minimal");
    assert.ok(fact.modifiers.includes("debug"));
    for (const thing of Object.keys(noTools) as (keyof typeof noTools)[])
      assert.deepEqual(fact.present[thing], [], thing);
    assert.deepEqual(
      fact.present.shell.slice(0, 3).map(({ path }) => path),
      ["busybox/busybox", "busybox/sh", "busybox/ash"],
    );
    assert.deepEqual(fact.present["network-tool"].map(({ path }) => path).sort(), [
      "busybox/busybox",
      "busybox/nc",
      "busybox/wget",
    ]);
    assert.deepEqual(fact.present["privilege-tool"].map(({ path }) => path).sort(), [
      "busybox/busybox",
      "busybox/chroot",
      "busybox/su",
    ]);
    assert.equal(fact.executables, 1);
  });

  test("a variant to develop in has apk beside its shell", () => {
    const fact = composed({
      ...LOADER,
      "usr/lib/apk/db/installed": "P:glibc\n\nP:apk-tools\n\nP:busybox\n\nP:bash\n",
      "lib/apk": { link: "../usr/lib/apk" },
      "sbin/apk": EXEC,
      "usr/bin/bash": EXEC,
      "usr/bin/busybox": EXEC,
      "etc/os-release": "ID=wolfi\n",
    });
    assert.equal(fact.class, "minimal");
    assert.ok(fact.modifiers.includes("dev-variant") && !fact.modifiers.includes("debug"));
    assert.equal(fact.packages, 4);
  });

  test("a shell copied over a distroless base is named with the layer that brought it", () => {
    const top: LayerSpec = { "bin/busybox": EXEC, "bin/sh": { type: "1", link: "bin/busybox", mode: 0o755 } };
    const fact = composed(...base, top);
    assert.equal(fact.class, "minimal");
    assert.ok(fact.modifiers.includes("debug"));
    assert.deepEqual(fact.sightings[0], { layer: layer(top, "tar").digest, path: "bin/busybox", note: "shell" });
  });

  test("a busybox that is copied alone can fetch and become root without any link", () => {
    const fact = composed({ "opt/busybox": EXEC });
    for (const thing of ["shell", "network-tool", "privilege-tool"] as const)
      assert.deepEqual(
        fact.present[thing].map(({ path }) => path),
        ["opt/busybox"],
      );
  });

  test("a toybox under another name is told by its bytes", () => {
    const renamed: LayerSpec = { app: EXEC };
    assert.equal(composed(...base, renamed).class, "distroless");
    const fact = composedWith({ natures: { app: "shell:toybox" } }, ...base, renamed);
    assert.equal(fact.class, "minimal");
    assert.deepEqual(
      fact.present.shell.map(({ path, note }) => [path, note]),
      [["app", "executable, by its bytes shell:toybox"]],
    );
    assert.equal(fact.surface.items.shell.points, 25);
    assert.equal(fact.surface.items["network-tool"].points, 8);
  });

  test("bash under another name is a shell, and no busybox", () => {
    const fact = composedWith({ natures: { "usr/bin/app": "shell:bash" } }, ...base, { "usr/bin/app": EXEC });
    assert.equal(fact.class, "micro");
    assert.deepEqual(fact.present["network-tool"], []);
  });

  for (const [name, language] of [
    ["python3.11", "python"],
    ["perl", "perl"],
    ["node", "node"],
    ["java", "java"],
  ] as const) {
    test(`${name} in a shell's stead is a runtime, told apart from a shell`, () => {
      const fact = composed(...base, { [`usr/bin/${name}`]: EXEC });
      assert.equal(fact.class, "distroless");
      assert.deepEqual(fact.present.shell, []);
      assert.deepEqual(
        fact.present.interpreter.map(({ path }) => path),
        [`usr/bin/${name}`],
      );
      assert.ok(fact.modifiers.includes("runtime-interpreter") && fact.modifiers.includes(`runtime:${language}`));
    });
  }

  test("a shell that only the loader can start is told, and counts as half of one", () => {
    const fact = composed(...base, { "opt/data/sh": { mode: 0o644, body: ELF } });
    assert.equal(fact.class, "distroless");
    assert.equal(fact.because, "no shell that is executable and no package manager");
    assert.ok(fact.modifiers.includes("shell-without-exec-bit"));
    assert.deepEqual(
      fact.present.shell.map(({ path, note }) => [path, note]),
      [["opt/data/sh", "not executable, yet the loader runs it"]],
    );
    assert.deepEqual(fact.surface.items.shell, { count: 1, points: 13 });
  });

  test("a shell that only the loader can start is told under a link's name and by its bytes too", () => {
    const hidden: LayerSpec = { "usr/bin/x": { mode: 0o644, body: ELF }, "bin/sh": { link: "/usr/bin/x" } };
    assert.ok(composed(...base, hidden).modifiers.includes("shell-without-exec-bit"));
    const marks = { natures: { "usr/bin/x": "shell:bash" } };
    assert.ok(
      composedWith(marks, ...base, { "usr/bin/x": { mode: 0o644, body: ELF } }).modifiers.includes(
        "shell-without-exec-bit",
      ),
    );
  });

  test("a debugger left behind is told", () => {
    const fact = composed(...base, { "usr/bin/gdb": EXEC, "usr/bin/strace": EXEC });
    assert.equal(fact.class, "distroless");
    assert.deepEqual(
      fact.present.compiler.map(({ path }) => path),
      ["usr/bin/gdb", "usr/bin/strace"],
    );
  });

  test("a shell for an afternoon is not in the image", () => {
    const fact = composed(...base, BUSYBOX_DEBUG, { ".wh.busybox": "" });
    assert.equal(fact.class, "distroless");
    assert.deepEqual(fact.present.shell, []);
  });

  test("a script that calls for a shell is none", () => {
    assert.deepEqual(composed(...base, { "usr/sbin/tzconfig": script("/bin/sh") }).present.shell, []);
  });
});
