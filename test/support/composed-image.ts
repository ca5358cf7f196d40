import assert from "node:assert/strict";

import type { CompositionFact } from "../../src/domain/facts.ts";
import { inspectedLayers, marked, walked, type Marks, type Walked } from "./layer-facts.ts";
import type { EntrySpec, LayerSpec } from "./tar.ts";

export const ELF = "\x7fELF\x02\x01\x01";
export const EXEC: EntrySpec = { mode: 0o755, body: ELF };

export function script(interpreter: string): EntrySpec {
  return { mode: 0o755, body: `#!${interpreter}\n` };
}

export type Classified = CompositionFact & { readonly kind: "classified" };

/** What an image of these layers is made of. */
export function composed(...layers: readonly LayerSpec[]): Classified {
  return composedWith({}, ...layers);
}

/** As `composed`, with what the files' bytes say written by hand. */
export function composedWith(marks: Marks, ...layers: readonly LayerSpec[]): Classified {
  return classifiedLayers(layers.map((spec) => marked(walked(spec), marks)));
}

export function classifiedLayers(layers: readonly Walked[]): Classified {
  const { composition } = inspectedLayers({}, layers);
  assert.equal(composition.kind, "known");
  const fact = composition.kind === "known" ? composition.value : assert.fail();
  if (fact.kind !== "classified") assert.fail(`${fact.reason}: ${fact.detail}`);
  return fact;
}

export function stanzas(count: number, more = ""): string {
  return (
    Array.from({ length: count }, (_, index) => `Package: p${index}\nVersion: 1\nStatus: install ok installed\n`).join(
      "\n",
    ) + more
  );
}

/** As gcr.io/distroless/static is laid out: one layer a package, `./` names, users, certificates, a distribution. */
export const DISTROLESS_STATIC: readonly LayerSpec[] = [
  {
    "./var/lib/dpkg/status.d/base-files": "Package: base-files\nVersion: 12\n",
    "./var/lib/dpkg/status.d/base-files.md5sums": "x",
    "./usr/lib/os-release": 'PRETTY_NAME="Distroless"\nNAME="Debian GNU/Linux"\nID="debian"\n',
    "./etc/os-release": { link: "../usr/lib/os-release" },
  },
  { "./var/lib/dpkg/status.d/netbase": "Package: netbase\nVersion: 6\n", "./etc/protocols": "tcp 6\n" },
  {
    "./var/lib/dpkg/status.d/tzdata": "Package: tzdata\nVersion: 2026a\n",
    "./usr/share/zoneinfo/UTC": "TZif2",
    "./usr/sbin/tzconfig": script("/bin/sh"),
  },
  {
    "./etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
    "./tmp/": { type: "5", mode: 0o1777 },
  },
  { "./etc/ssl/certs/ca-certificates.crt": "-----BEGIN CERTIFICATE-----\n" },
];

export const LIBC: LayerSpec = {
  "./var/lib/dpkg/status.d/libc6": "Package: libc6\nVersion: 2.36\n",
  "./lib/x86_64-linux-gnu/ld-linux-x86-64.so.2": EXEC,
  "./lib64/ld-linux-x86-64.so.2": { link: "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" },
  "./lib/x86_64-linux-gnu/libc.so.6": ELF,
};

export const BUSYBOX_DEBUG: LayerSpec = {
  "./busybox/busybox": EXEC,
  ...Object.fromEntries(
    ["sh", "ls", "dpkg", "rpm", "awk", "wget"].map((name) => [`./busybox/${name}`, { link: "/busybox/busybox" }]),
  ),
};

/** As debian:slim is: merged /usr, apt, dpkg, setuid tools, no manuals. */
export const DEBIAN_SLIM: LayerSpec = {
  bin: { link: "usr/bin" },
  sbin: { link: "usr/sbin" },
  lib: { link: "usr/lib" },
  "usr/bin/dash": EXEC,
  "usr/bin/bash": EXEC,
  "usr/bin/sh": { link: "dash" },
  "usr/bin/dpkg": EXEC,
  "usr/bin/apt-get": EXEC,
  "usr/bin/perl": EXEC,
  "usr/bin/su": { mode: 0o4755, body: ELF },
  "usr/bin/chage": { mode: 0o2755, gid: 42, body: ELF },
  "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2": EXEC,
  "usr/lib/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n',
  "etc/os-release": { link: "../usr/lib/os-release" },
  "etc/dpkg/dpkg.cfg.d/docker": "path-exclude /usr/share/doc/*\n",
  "var/lib/dpkg/status": stanzas(88, "\nPackage: gone\nStatus: deinstall ok config-files\n"),
  "var/mail/": { type: "5", mode: 0o2775 },
};

export const ALPINE: LayerSpec = {
  "bin/busybox": EXEC,
  "bin/sh": { link: "/bin/busybox" },
  "sbin/apk": EXEC,
  "lib/ld-musl-x86_64.so.1": EXEC,
  "lib/apk/db/installed": Array.from({ length: 14 }, (_, index) => `C:x\nP:p${index}\nV:1\n`).join("\n"),
  "etc/os-release": "ID=alpine\n",
};
