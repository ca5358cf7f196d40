import assert from "node:assert/strict";
import { test } from "node:test";

import { ABSENTEES, type Absentee } from "../../../src/domain/policy.ts";
import { composed, ELF, EXEC, script } from "../../support/composed-image.ts";
import { layer, type LayerSpec } from "../../support/tar.ts";

/** Names of section 1.4 of the inspection reference, class by class, as people meet them. */
const NAMED: Readonly<Record<Exclude<Absentee, "setuid">, string>> = {
  shell:
    "sh bash rbash dash ash zsh ksh mksh oksh csh tcsh fish busybox toybox nu pwsh elvish rc es yash bash-static zsh-5.9 ksh93",
  "package-manager":
    "apt apt-get aptitude dpkg apk dnf dnf5 yum microdnf tdnf rpm zypper pacman opkg emerge xbps-install swupd nix nix-env guix snap flatpak brew",
  "language-package-manager":
    "pip pip3 pip3.11 npm npx corepack yarn pnpm gem bundle cargo go composer conda mamba uv poetry nuget mvn gradle luarocks cpan cpanm opam stack cabal mix",
  "network-tool":
    "curl wget nc ncat netcat socat ssh scp sftp sshd dropbear telnet telnetd ftp tftp rsync nmap tcpdump dig nslookup host ip ifconfig ping traceroute openssl gdbserver nc.openbsd",
  compiler:
    "gcc g++ cc c++ clang tcc ld as make cmake ninja rustc javac tsc go git svn hg gdb strace gcc-12 clang-16 x86_64-linux-gnu-gcc-12 aarch64-linux-gnu-ld cc1",
  interpreter:
    "python python3 python3.11 perl perl5.36 ruby ruby3.1 node nodejs deno bun php php8.2 lua lua5.4 tclsh tclsh8.6 guile java R julia awk gawk mawk dotnet",
  "privilege-tool": "sudo doas su pkexec gosu su-exec setpriv chroot nsenter unshare mount newuidmap newgidmap",
  "ssh-server": "sshd dropbear tinysshd",
};

for (const [thing, names] of Object.entries(NAMED) as [keyof typeof NAMED, string][]) {
  for (const name of names.split(" ")) {
    test(`takes ${name} for one of ${thing}, in any folder, with the layer and the path`, () => {
      const spec: LayerSpec = { [`opt/t/${name}`]: EXEC };
      const { present } = composed({ app: EXEC }, spec);
      assert.deepEqual(present[thing], [
        { layer: layer(spec, "tar").digest, path: `opt/t/${name}`, note: "executable" },
      ]);
    });
  }
}

const COUNTED = ABSENTEES.filter((thing) => thing !== "setuid" && thing !== "shell");

for (const thing of COUNTED) {
  const name = NAMED[thing as keyof typeof NAMED].split(" ")[0] ?? "";

  test(`finds ${thing} behind a link, under a link of another name, and as a script`, () => {
    const reached = (spec: LayerSpec) =>
      composed(spec)
        .present[thing].map(({ path }) => path)
        .sort();
    assert.deepEqual(reached({ "opt/x": EXEC, [`bin/${name}`]: { link: "../opt/x" } }), [`bin/${name}`]);
    assert.deepEqual(reached({ [`bin/${name}`]: EXEC, "opt/x": { link: `/bin/${name}` } }), [`bin/${name}`, "opt/x"]);
    assert.deepEqual(reached({ [`bin/${name}`]: script("/bin/any") }), [`bin/${name}`]);
  });

  test(`sees no ${thing} in data, in a folder, in a dangling link, or in what a later layer hides`, () => {
    const none = (...layers: readonly LayerSpec[]) => assert.deepEqual(composed(...layers).present[thing], []);
    none({ [`usr/bin/${name}`]: { mode: 0o644, body: ELF } });
    none({ [`usr/share/${name}/`]: { type: "5", mode: 0o755 } });
    none({ [`usr/bin/${name}`]: { link: "nowhere" } });
    none({ [`usr/bin/${name}`]: EXEC }, { [`usr/bin/.wh.${name}`]: "" });
    none({ [`usr/bin/${name}`]: EXEC }, { "usr/.wh..wh..opq": "" });
  });
}

const IMITATED: readonly (readonly [Absentee, string, number])[] = [
  ["package-manager", "dpkg", 0],
  ["language-package-manager", "pip", 0],
  ["compiler", "make", 0],
  ["interpreter", "awk", 0],
  ["network-tool", "wget", 2],
  ["privilege-tool", "su", 2],
];

for (const [thing, name, expected] of IMITATED) {
  test(`${expected === 0 ? "does not take" : "takes"} busybox under the name of ${name} for one of ${thing}`, () => {
    const link = { link: "/bin/busybox" };
    const hard = { type: "1", link: "bin/busybox", mode: 0o755 };
    for (const applet of [link, hard])
      assert.equal(composed({ "bin/busybox": EXEC, [`bin/${name}`]: applet }).present[thing].length, expected);
  });
}

test("shows what people know a thing by before other names of it, and no more than fifty", () => {
  const applets = Object.fromEntries(
    Array.from({ length: 80 }, (_, index) => [`bin/a${index}`, { link: "/bin/busybox" }]),
  );
  const { shell } = composed({ ...applets, "bin/busybox": EXEC, "bin/sh": { link: "/bin/busybox" } }).present;
  assert.equal(shell.length, 50);
  assert.deepEqual(
    shell.slice(0, 2).map(({ path }) => path),
    ["bin/busybox", "bin/sh"],
  );
});

test("takes the parts of apt that bear clients' names for no network tools, and anything else beside them for one", () => {
  const found = (...names: readonly string[]) =>
    composed(Object.fromEntries(names.map((name) => [`usr/lib/apt/methods/${name}`, EXEC]))).present["network-tool"];
  assert.deepEqual(found("ftp", "ssh", "http"), []);
  assert.deepEqual(
    found("ftp", "curl").map(({ path }) => path),
    ["usr/lib/apt/methods/curl"],
  );
});

test("names every kind of thing in a large image, and none in an empty one", () => {
  const everything = Object.values(NAMED).join(" ").split(" ");
  const { present } = composed({
    ...Object.fromEntries(everything.map((name) => [`usr/bin/${name}`, EXEC])),
    "usr/bin/x": { mode: 0o4755, body: ELF },
  });
  for (const thing of ABSENTEES) assert.notEqual(present[thing].length, 0, thing);
  for (const thing of ABSENTEES) assert.deepEqual(composed({ app: EXEC }).present[thing], [], thing);
});
