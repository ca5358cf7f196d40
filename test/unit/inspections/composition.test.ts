import assert from "node:assert/strict";
import { test } from "node:test";

import type { Absentee } from "../../../src/domain/policy.ts";
import { parseCapability } from "../../../src/inspections/capability.ts";
import { parseOsRelease } from "../../../src/inspections/os-release.ts";
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
import { layer, type LayerSpec } from "../../support/tar.ts";

const CLASSES: readonly (readonly [string, string, readonly LayerSpec[]])[] = [
  ["an image without layers", "scratch", []],
  ["a single static program", "scratch", [{ app: EXEC }]],
  [
    "a static program with users, zones and certificates",
    "scratch",
    [
      {
        app: EXEC,
        "etc/passwd": "a:x:1:1::/:",
        "etc/ssl/certs/ca-certificates.crt": "x",
        "usr/share/zoneinfo/UTC": "x",
      },
    ],
  ],
  ["distroless static", "distroless-static", DISTROLESS_STATIC],
  ["distroless static with a program on top", "distroless-static", [...DISTROLESS_STATIC, { "app/server": EXEC }]],
  ["distroless base", "distroless", [...DISTROLESS_STATIC, LIBC]],
  [
    "distroless python",
    "distroless",
    [...DISTROLESS_STATIC, LIBC, { "usr/bin/python3.11": EXEC, "usr/bin/python3": { link: "python3.11" } }],
  ],
  [
    "Wolfi with its database behind a link",
    "distroless",
    [
      {
        "usr/lib/apk/db/installed": "P:glibc\n",
        "lib/apk": { link: "../usr/lib/apk" },
        "lib/ld-linux-x86-64.so.2": EXEC,
        "etc/os-release": "ID=wolfi\n",
      },
    ],
  ],
  [
    "Azure Linux distroless",
    "distroless",
    [
      {
        "var/lib/rpmmanifest/container-manifest-2": "glibc\t1\n",
        "lib/ld-linux-x86-64.so.2": EXEC,
        "etc/os-release": "ID=azurelinux\n",
      },
    ],
  ],
  [
    "chiselled .NET: Ubuntu's status and no dpkg",
    "chiseled",
    [
      {
        "var/lib/dpkg/status": stanzas(9),
        "lib/ld-linux-x86-64.so.2": EXEC,
        "etc/os-release": "ID=ubuntu\n",
        "usr/bin/dotnet": EXEC,
      },
    ],
  ],
  ["distroless debug", "minimal", [...DISTROLESS_STATIC, BUSYBOX_DEBUG]],
  [
    "a shell and few packages",
    "micro",
    [
      {
        "usr/bin/bash": EXEC,
        "usr/bin/ls": EXEC,
        "lib/ld-linux-x86-64.so.2": EXEC,
        "var/lib/dpkg/status": stanzas(18),
      },
    ],
  ],
  ["busybox alone", "minimal", [{ "bin/busybox": EXEC, "bin/sh": { type: "1", link: "bin/busybox" } }]],
  ["Alpine", "minimal", [ALPINE]],
  ["Debian slim", "slim", [DEBIAN_SLIM]],
  ["Debian slim with a compiler", "full", [DEBIAN_SLIM, { "usr/bin/gcc": EXEC }]],
  ["Debian slim with many packages", "full", [DEBIAN_SLIM, { "var/lib/dpkg/status": stanzas(151) }]],
  [
    "an rpm database nobody counts",
    "full",
    [{ "usr/bin/bash": EXEC, "var/lib/rpm/rpmdb.sqlite": "SQLite format 3\0" }],
  ],
  ["a package manager without a shell", "minimal", [{ "sbin/apk": EXEC, "lib/apk/db/installed": "P:a\n" }]],
  ["a big package manager without a shell", "full", [{ "usr/bin/apt-get": EXEC, "var/lib/dpkg/status": stanzas(3) }]],
];

test("classifies an image with a chisel manifest as chiseled only if the manifest names packages", () => {
  const path = "var/lib/chisel/manifest.wall";
  const cut: LayerSpec = {
    [path]: "\x28\xb5\x2f\xfd",
    "lib/ld-linux-x86-64.so.2": EXEC,
    "etc/os-release": "ID=ubuntu\n",
  };
  assert.equal(composedWith({ counts: { [path]: 4 } }, cut).class, "chiseled");
  assert.equal(composedWith({ counts: { [path]: 0 } }, cut).class, "distroless");
  assert.equal(composed(cut).class, "distroless");
});

for (const [what, expected, layers] of CLASSES) {
  test(`classifies ${what} as ${expected}`, () => {
    const fact = composed(...layers);
    assert.equal(fact.class, expected, fact.because);
  });
}

const SHELLS: readonly (readonly [string, readonly LayerSpec[]])[] = [
  ["in a folder of its own", [{ "opt/tools/bin/bash": EXEC }]],
  ["that a link leads to", [{ "opt/x": EXEC, "bin/sh": { link: "../opt/x" } }]],
  ["whose link has another name", [{ "bin/dash": EXEC, "opt/run": { link: "/bin/dash" } }]],
  ["that is a hard link to busybox", [{ "bin/busybox": EXEC, "bin/ash": { type: "1", link: "bin/busybox" } }]],
  [
    "whose name was hidden while a hard link stayed",
    [{ "bin/sh": EXEC, app: { type: "1", link: "bin/sh", mode: 0o755 } }, { "bin/.wh.sh": "" }],
  ],
  ["of a longer name", [{ "bin/bash-static": EXEC }]],
  ["of a version", [{ "bin/zsh-5.9": EXEC }]],
  ["that was diverted", [{ "bin/sh.distrib": EXEC }]],
  ["that is written as a script", [{ "usr/bin/xonsh": script("/usr/bin/python3") }]],
  ["whose name is clamped at the root", [{ "../../bin/sh": EXEC }]],
  ["put over a link of a lower layer", [{ bin: { link: "usr/bin" }, "usr/bin/app": EXEC }, { "bin/sh": EXEC }]],
  ["that only others may execute", [{ "bin/sh": { mode: 0o001, body: ELF } }]],
];

for (const [what, layers] of SHELLS) {
  test(`finds a shell ${what}`, () => {
    const fact = composed(...layers);
    assert.notEqual(fact.present.shell.length, 0);
    assert.ok(!["scratch", "distroless-static", "chiseled", "distroless"].includes(fact.class));
  });
}

const NO_SHELLS: readonly (readonly [string, readonly LayerSpec[]])[] = [
  ["a script under a shell's name", [{ "usr/bin/sh": script("/app/python") }]],
  ["a directory", [{ "usr/share/sh/": { type: "5", mode: 0o755 } }]],
  ["a dangling link", [{ "bin/sh": { link: "busybox" } }]],
  ["one that a later layer hides", [{ "bin/sh": EXEC }, { "bin/.wh.sh": "" }]],
  ["one whose directory a later layer replaces", [{ "bin/sh": EXEC }, { "bin/.wh..wh..opq": "", "bin/app": EXEC }]],
  ["one that a later layer overwrites with data", [{ "bin/sh": EXEC }, { "bin/sh": "data" }]],
  ["an image that only says it has one", [{ app: EXEC, "etc/shells": "/bin/sh\n" }]],
];

for (const [what, layers] of NO_SHELLS) {
  test(`sees no shell in ${what}`, () => {
    const fact = composed(...layers);
    assert.deepEqual(fact.present.shell, []);
    assert.equal(fact.class, "scratch");
  });
}

test("names the layer and the path of what it found", () => {
  const base = layer({ app: EXEC }, "tar");
  const top: LayerSpec = { "busybox/busybox": EXEC, "busybox/sh": { link: "/busybox/busybox" } };
  assert.deepEqual(composed({ app: EXEC }, top).present.shell, [
    { layer: layer(top, "tar").digest, path: "busybox/busybox", note: "executable" },
    { layer: layer(top, "tar").digest, path: "busybox/sh", note: "leads to busybox/busybox" },
  ]);
  assert.ok(composed({ app: EXEC }, top).present.shell.every((one) => one.layer !== base.digest));
});

test("does not take busybox applets for package managers, nor a script for a shell", () => {
  const fact = composed(...DISTROLESS_STATIC, BUSYBOX_DEBUG);
  assert.deepEqual(fact.present["package-manager"], []);
  assert.deepEqual(fact.present.shell.map((one) => one.path).sort(), [
    "busybox/awk",
    "busybox/busybox",
    "busybox/dpkg",
    "busybox/ls",
    "busybox/rpm",
    "busybox/sh",
    "busybox/wget",
  ]);
});

const PRESENT: readonly (readonly [Absentee, string, LayerSpec])[] = [
  ["package-manager", "a package manager", { "usr/bin/apt-get": EXEC }],
  ["package-manager", "a package manager that is a script", { "usr/bin/dnf": script("/usr/bin/python3") }],
  [
    "package-manager",
    "a package manager behind a link",
    { "opt/apk-tools": EXEC, "sbin/apk": { link: "/opt/apk-tools" } },
  ],
  ["setuid", "a setuid program", { "usr/bin/su": { mode: 0o4755, body: ELF } }],
  ["setuid", "a setgid program", { "usr/bin/wall": { mode: 0o2755, body: ELF } }],
  [
    "setuid",
    "a setuid program that a hard link makes so",
    { "usr/bin/x": EXEC, "usr/bin/y": { type: "1", link: "usr/bin/x", mode: 0o4755 } },
  ],
  [
    "setuid",
    "a program with cap_setuid",
    { x: { mode: 0o755, body: ELF, pax: { "SCHILY.xattr.security.capability": capability(7) } } },
  ],
  [
    "setuid",
    "a program with capabilities nobody can read",
    { x: { mode: 0o755, body: ELF, pax: { "SCHILY.xattr.security.capability": "??" } } },
  ],
  ["ssh-server", "an ssh server", { "usr/sbin/sshd": EXEC }],
  ["ssh-server", "an ssh server of another name", { "usr/sbin/dropbear": EXEC }],
];

/** Revision 2 with one permitted capability, effective. */
function capability(bit: number): string {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt32LE(0x02000001, 0);
  bytes.writeUInt32LE(2 ** bit, 4);
  return bytes.toString("latin1");
}

for (const [thing, what, spec] of PRESENT) {
  test(`finds ${what}`, () => assert.notEqual(composed(spec).present[thing].length, 0));
}

test("takes no directory and no cap_net_raw for setuid, but says that there are capabilities", () => {
  const fact = composed({
    "var/mail/": { type: "5", mode: 0o2775 },
    "bin/ping": { mode: 0o755, body: ELF, pax: { "SCHILY.xattr.security.capability": capability(13) } },
  });
  assert.deepEqual(fact.present.setuid, []);
  assert.ok(fact.modifiers.includes("file-capabilities"));
});

test("reads capability sets of every revision", () => {
  assert.deepEqual(parseCapability("0100000200040000000000000a00000000000000"), [
    "cap_net_bind_service",
    "cap_mac_admin",
    "cap_wake_alarm",
  ]);
  assert.deepEqual(parseCapability("010000018000000000000000"), ["cap_setuid"]);
  assert.deepEqual(parseCapability("01000003800000000000000000000000000000000a000000"), ["cap_setuid"]);
  assert.equal(parseCapability("0100000280"), undefined);
  assert.equal(parseCapability(""), undefined);
});

test("counts packages after merging and without what is no package", () => {
  assert.equal(composed(...DISTROLESS_STATIC).packages, 3);
  assert.equal(composed(DEBIAN_SLIM).packages, 88);
  assert.equal(composed(ALPINE).packages, 14);
  assert.equal(composed(...DISTROLESS_STATIC, { "var/lib/dpkg/status.d/.wh.tzdata": "" }).packages, 2);
});

test("counts each database once, whatever links lead to it", () => {
  const fact = composed({ "usr/lib/apk/db/installed": "P:a\nV:1\n\nP:b\n", "lib/apk": { link: "../usr/lib/apk" } });
  assert.equal(fact.packages, 2);
  assert.deepEqual(fact.modifiers, ["distroless:wolfi", "packages:apk"]);
});

test("says of one package that it is one", () => {
  const bash: LayerSpec = { "usr/bin/bash": EXEC, "lib/ld-linux-x86-64.so.2": EXEC };
  const reason = (count: number) => composed({ ...bash, "var/lib/dpkg/status": stanzas(count) }).because;
  assert.equal(reason(1), "a shell, no package manager, and 1 package");
  assert.equal(reason(2), "a shell, no package manager, and 2 packages");
  assert.match(reason(0), /, and 0 packages$/);
});

test("counts ELF executables, each once, and no shared library", () => {
  const fact = composed({
    a: EXEC,
    b: { type: "1", link: "a" },
    "lib/libx.so.1": EXEC,
    "bin/s": script("/x"),
    c: ELF,
    d: { link: "a" },
  });
  assert.equal(fact.executables, 1);
});

const MODIFIERS: readonly (readonly [string, string, readonly LayerSpec[]])[] = [
  ["empty", "nothing at all", []],
  ["debug", "distroless with busybox", [...DISTROLESS_STATIC, BUSYBOX_DEBUG]],
  ["debug", "a busybox folder alone", [{ app: EXEC }, BUSYBOX_DEBUG]],
  ["dev-variant", "Wolfi with apk and a shell", [{ "sbin/apk": EXEC, "bin/sh": EXEC, "etc/os-release": "ID=wolfi\n" }]],
  ["runtime:python", "python", [{ "usr/bin/python3.11": EXEC }]],
  ["runtime-interpreter", "node", [{ "nodejs/bin/node": EXEC }]],
  ["static-binary-only", "one static program", [{ app: EXEC }]],
  ["shell-without-exec-bit", "a disarmed shell", [{ "bin/sh": { mode: 0o644, body: ELF } }]],
  ["packages-uncounted", "an rpm database", [{ "var/lib/rpm/Packages": "x" }]],
  ["entry-through-lower-symlink", "a file put over a lower link", [{ bin: { link: "usr/bin" } }, { "bin/x": EXEC }]],
];

for (const [modifier, what, layers] of MODIFIERS) {
  test(`marks ${what} as ${modifier}`, () => assert.ok(composed(...layers).modifiers.includes(modifier)));
}

test("never grades an image whose package database was removed better than slim", () => {
  const libraries = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`usr/lib/libx${index}.so.1`, ELF]));
  const fact = composed(
    { "lib/ld-linux-x86-64.so.2": EXEC, ...libraries, "var/lib/dpkg/status": stanzas(5) },
    { "var/lib/dpkg/.wh.status": "" },
  );
  assert.equal(fact.class, "slim");
  assert.ok(fact.modifiers.includes("pkgdb-removed"));
  assert.equal(
    composed({ "lib/ld-linux-x86-64.so.2": EXEC, ...libraries, "var/lib/dpkg/status": stanzas(5) }).class,
    "distroless",
  );
});

test("reads os-release with quotes and escapes, and takes it for a hint only", () => {
  assert.deepEqual(
    [...parseOsRelease('ID=debian\nNAME="A \\"b\\" \\$c"\nX=\'y\'\n# no\nbad line\n')],
    [
      ["ID", "debian"],
      ["NAME", 'A "b" $c'],
      ["X", "y"],
    ],
  );
  assert.equal(composed({ "bin/sh": EXEC, "etc/os-release": 'PRETTY_NAME="Distroless"\nID=debian\n' }).class, "micro");
});
