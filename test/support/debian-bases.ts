import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { contentOf, type DebianPackage, type DebianPackages, type TarPart } from "./debian-packages.ts";
import { END, entry, layer, type BuiltLayer, type ConfigSpec, type Entries } from "./tar.ts";

/** An image as somebody publishes it, made of Debian's packages. */
export type DebianBase = {
  readonly config: ConfigSpec;
  readonly layers: readonly BuiltLayer[];
  /** How many packages it tells of itself. */
  readonly packages: number;
};

/** Since Debian 12 these are links into /usr, laid first, and packages that still name them are unpacked through them. */
const MERGED: Entries = Object.fromEntries(
  ["bin", "sbin", "lib", "lib32", "lib64", "libx32"].map((name) => [`./${name}`, { type: "2", link: `usr/${name}` }]),
);

/** Package lists of Google's distroless images for Debian (static/config.bzl, base/base.bzl, cc/cc.bzl). */
const STATIC = ["base-files", "netbase", "tzdata", "media-types"];
const BASE = [...STATIC, "libc6", "libssl3(?:t64)?"];
const CC = [...BASE, "libgcc-s1", "libgomp1", "libstdc\\+\\+6"];
const PYTHON = [...CC, "libpython3[.][0-9]+-minimal", "python3[.][0-9]+-minimal", "libexpat1", "zlib1g"];

/** What distroless lays beside its packages (common/BUILD.bazel, common/variables.bzl): users, a home, certificates, a name. */
const DISTROLESS: Entries = {
  "./etc/passwd":
    "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
  "./etc/group": "root:x:0:\nnobody:x:65534:\ntty:x:5:\nstaff:x:50:\nnonroot:x:65532:\n",
  "./home/nonroot/": { type: "5", mode: 0o700, uid: 65532, gid: 65532 },
  "./tmp/": { type: "5", mode: 0o1777 },
  "./etc/nsswitch.conf": "hosts: files dns\n",
  "./etc/ssl/certs/ca-certificates.crt": "-----BEGIN CERTIFICATE-----\n",
  "./usr/lib/os-release":
    'PRETTY_NAME="Distroless"\nNAME="Debian GNU/Linux"\nID="debian"\nVERSION_ID="12"\nHOME_URL="https://github.com/GoogleContainerTools/distroless"\n',
};

export class DebianBases {
  readonly #packages: DebianPackages;

  constructor(packages: DebianPackages) {
    this.#packages = packages;
  }

  static(user = "0"): DebianBase {
    return this.#distroless(user, STATIC);
  }

  base(user = "0"): DebianBase {
    return this.#distroless(user, BASE);
  }

  cc(user = "0"): DebianBase {
    return this.#distroless(user, CC);
  }

  python(user = "0"): DebianBase {
    return this.#distroless(user, PYTHON);
  }

  /** The static image with busybox in a folder of its own, each applet an absolute link (experimental/busybox/commands.bzl). */
  debug(): DebianBase {
    const base = this.static();
    const { binary, applets } = this.#busybox();
    const links = applets.map((name) => [`./busybox/${name}`, { type: "2", link: "/busybox/busybox" }]);
    const top = { "./busybox/busybox": { mode: 0o755, body: binary }, ...(Object.fromEntries(links) as Entries) };
    return this.with({ ...base, config: { ...base.config, env: ["PATH=/usr/bin:/bin:/busybox"] } }, top);
  }

  /** As Docker's busybox: one layer, every applet a hard link, no package database. */
  busybox(): DebianBase {
    const { binary, applets } = this.#busybox();
    const links = applets.map((name) => [`bin/${name}`, { type: "1", mode: 0o755, link: "bin/busybox" }]);
    const only = built([], {
      "bin/busybox": { mode: 0o755, body: binary },
      ...(Object.fromEntries(links) as Entries),
      "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    });
    return { config: {}, layers: [only], packages: 0 };
  }

  /** bash and coreutils with what they need, and no package manager, as Red Hat's micro image. */
  micro(): DebianBase {
    const names =
      "base-files base-passwd libc6 libtinfo6 bash coreutils libacl1 libattr1 libselinux1 libpcre2-8-0 libcap2 libgmp10";
    return this.#system(names.split(" "));
  }

  /** What debootstrap's minbase unpacks. */
  minbase(): DebianBase {
    return this.#system(this.#minimal());
  }

  /** The same without manuals, with the mark that debuerreotype leaves of what it cut. */
  slim(): DebianBase {
    const cut = /^\.\/usr\/share\/(?:doc|info|locale|man|lintian|linda|groff)\/./;
    const mark = { "./etc/dpkg/dpkg.cfg.d/docker": "path-exclude /usr/share/man/*\n" };
    return this.with(
      this.#system(this.#minimal(), ({ name }) => !cut.test(name)),
      mark,
    );
  }

  /** A program's bytes, as its package holds them. */
  program(pattern: string, base: string): Buffer {
    const part = this.#packages.find(pattern).parts.find(({ name }) => name.endsWith(`/bin/${base}`));
    if (part === undefined) throw new Error(`Debian's ${pattern} holds no bin/${base}`);
    return contentOf(part);
  }

  /** A base image with one more layer on top. */
  with(base: DebianBase, entries: Entries): DebianBase {
    return { ...base, layers: [...base.layers, built([], entries)] };
  }

  /** All that was downloaded but what only the other bases are made of. */
  #minimal(): readonly string[] {
    const others = /^(?:netbase|media-types|libgomp1|libssl3.*|libexpat1|busybox-static|(?:lib)?python3.*)$/;
    return this.#packages.names.filter((name) => !others.test(name)).map((name) => name.replaceAll("+", "\\+"));
  }

  /** A layer a package, each with its stanza beside it (distroless, PACKAGE_METADATA.md). */
  #distroless(user: string, patterns: readonly string[]): DebianBase {
    const packages = patterns.map((pattern) => this.#packages.find(pattern));
    const layers = packages.map((one) =>
      built(one.parts, {
        [`./var/lib/dpkg/status.d/${one.name}`]: one.stanza,
        [`./var/lib/dpkg/status.d/${one.name}.md5sums`]: one.md5sums,
      }),
    );
    return { config: { user }, layers: [...layers, built([], DISTROLESS)], packages: packages.length };
  }

  /** Packages as debootstrap leaves them, in one layer. */
  #system(patterns: readonly string[], keep: (part: TarPart) => boolean = () => true): DebianBase {
    const packages = patterns.map((pattern) => this.#packages.find(pattern));
    const links = Object.entries(MERGED).map(([name, spec]) => ({ name, bytes: entry(name, spec) }));
    const parts = packages.flatMap((one) => one.parts).filter(({ name }) => !(name.slice(0, -1) in MERGED));
    const only = built([...links, ...parts.filter(keep)], {
      "./var/lib/dpkg/status": packages.map(installed).join("\n"),
      "./etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
    });
    return { config: {}, layers: [only], packages: packages.length };
  }

  /** Its bytes and the names it answers to. */
  #busybox(): { readonly binary: Buffer; readonly applets: readonly string[] } {
    const binary = this.program("busybox-static", "busybox");
    const folder = mkdtempSync(join(tmpdir(), "assay-busybox-"));
    try {
      const file = join(folder, "busybox");
      writeFileSync(file, binary, { mode: 0o755 });
      const applets = execFileSync(file, ["--list"], { encoding: "utf8" }).trim().split("\n");
      return { binary, applets: applets.filter((name) => name !== "busybox") };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function installed({ stanza }: DebianPackage): string {
  return stanza.replace(/^(Package:.*)$/m, "$1\nStatus: install ok installed");
}

/** One layer: parts of packages first, then what is written beside them; each directory of a path once. */
function built(parts: readonly TarPart[], entries: Entries): BuiltLayer {
  const seen = new Set<string>();
  const kept = parts.filter(({ name }) => !name.endsWith("/") || (!seen.has(name) && seen.add(name)));
  const own = Object.entries(entries).map(([path, spec]) => entry(path, spec));
  return layer(Buffer.concat([...kept.map(({ bytes }) => bytes), ...own, END]), "tar");
}
