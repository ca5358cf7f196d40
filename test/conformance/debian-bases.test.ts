import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";

import type { SurfaceItem } from "../../src/domain/attack-surface.ts";
import type { Absentee } from "../../src/domain/policy.ts";
import type { Classified } from "../support/composed-image.ts";
import { DebianBases, type DebianBase } from "../support/debian-bases.ts";
import { DebianPackages } from "../support/debian-packages.ts";
import { inspectedLayers, walkedLayer } from "../support/layer-facts.ts";

type Points = Partial<Readonly<Record<SurfaceItem, number>>>;

type Expected = {
  readonly class: string;
  readonly modifiers: readonly string[];
  readonly user: string;
  /** Absent where Debian's release decides it: then as many as were unpacked. */
  readonly packages?: number;
  /** As measured on such an image by an independent prototype (reference: inspection, 2.3), and how far from it we may be. */
  readonly score: number;
  /** What ours is, item by item, executables and packages left out: they change with every package. */
  readonly points: Points;
  readonly absent: readonly Absentee[];
};

const TOLERANCE = 3;
const EVERYTHING = ["shell", "package-manager", "setuid", "ssh-server", "interpreter", "compiler"] as const;
const TOOLS = ["network-tool", "language-package-manager", "privilege-tool"] as const;
const GOOGLE = ["distroless:google", "packages:status.d"];
const BUSYBOX: Points = { shell: 25, "network-tool": 8, "privilege-tool": 5 };
const SLIM: Expected = {
  class: "slim",
  modifiers: ["packages:dpkg", "runtime-interpreter", "runtime:awk", "runtime:perl"],
  user: "root",
  score: 73,
  points: { shell: 25, "os-package-manager": 20, interpreter: 6, "privilege-tool": 5, "setuid-root": 8 },
  absent: ["ssh-server", "compiler", "network-tool", "language-package-manager"],
};

const BASES: Readonly<Record<string, { readonly make: (bases: DebianBases) => DebianBase; readonly is: Expected }>> = {
  "distroless static": {
    make: (bases) => bases.static(),
    is: {
      class: "distroless-static",
      modifiers: GOOGLE,
      user: "root",
      packages: 4,
      score: 2,
      points: {},
      absent: [...EVERYTHING, ...TOOLS],
    },
  },
  "distroless static for its unprivileged user": {
    make: (bases) => bases.static("65532"),
    is: {
      class: "distroless-static",
      modifiers: GOOGLE,
      user: "nonroot",
      packages: 4,
      score: 2,
      points: {},
      absent: [...EVERYTHING, ...TOOLS],
    },
  },
  "distroless base": {
    make: (bases) => bases.base(),
    is: {
      class: "distroless",
      modifiers: GOOGLE,
      user: "root",
      packages: 6,
      score: 3,
      points: {},
      absent: [...EVERYTHING, ...TOOLS],
    },
  },
  "distroless cc for its unprivileged user by name": {
    make: (bases) => bases.cc("nonroot"),
    is: {
      class: "distroless",
      modifiers: GOOGLE,
      user: "nonroot-named",
      packages: 9,
      score: 3,
      points: {},
      absent: [...EVERYTHING, ...TOOLS],
    },
  },
  "distroless python": {
    make: (bases) => bases.python("65532:65532"),
    is: {
      class: "distroless",
      modifiers: [...GOOGLE, "runtime-interpreter", "runtime:python"],
      user: "nonroot",
      packages: 13,
      score: 11,
      points: { interpreter: 6 },
      absent: [...EVERYTHING.filter((one) => one !== "interpreter"), ...TOOLS],
    },
  },
  "distroless debug": {
    make: (bases) => bases.debug(),
    is: {
      class: "minimal",
      modifiers: ["packages:status.d", "debug"],
      user: "root",
      packages: 4,
      score: 40,
      points: BUSYBOX,
      absent: ["package-manager", "setuid", "ssh-server", "interpreter", "compiler", "language-package-manager"],
    },
  },
  busybox: {
    make: (bases) => bases.busybox(),
    is: {
      class: "minimal",
      modifiers: [],
      user: "root",
      packages: 0,
      score: 39,
      points: BUSYBOX,
      absent: ["package-manager", "setuid", "ssh-server", "interpreter", "compiler", "language-package-manager"],
    },
  },
  "bash and coreutils": {
    make: (bases) => bases.micro(),
    is: {
      class: "micro",
      modifiers: ["packages:dpkg"],
      user: "root",
      packages: 12,
      score: 36,
      points: { shell: 25, "privilege-tool": 5 },
      absent: ["package-manager", "setuid", "ssh-server", "interpreter", "compiler", "network-tool"],
    },
  },
  "debian minbase": { make: (bases) => bases.minbase(), is: SLIM },
  "debian slim": { make: (bases) => bases.slim(), is: SLIM },
};

suite("images made of Debian's own packages", () => {
  let packages: DebianPackages | undefined;

  before(() => {
    packages = DebianPackages.download();
  });
  after(() => packages?.remove());

  type Inspected = { readonly fact: Classified; readonly user: string; readonly packages: number };

  const inspect = (make: (bases: DebianBases) => DebianBase): Inspected => {
    assert.ok(packages !== undefined);
    const { config, layers, packages: unpacked } = make(new DebianBases(packages));
    const { composition, user } = inspectedLayers(config, layers.map(walkedLayer));
    assert.ok(composition.kind === "known" && composition.value.kind === "classified", JSON.stringify(composition));
    return {
      fact: composition.value,
      user: user.kind === "known" ? user.value.verdict : user.kind,
      packages: unpacked,
    };
  };

  const known = new Map<string, Inspected>();

  /** One of the images above, inspected once. */
  const told = (name: string): Inspected => {
    const make = BASES[name]?.make ?? assert.fail(`no image is called ${name}`);
    const one = known.get(name) ?? inspect(make);
    known.set(name, one);
    return one;
  };

  for (const [name, { is }] of Object.entries(BASES)) {
    test(`tells ${name} for what it is`, () => {
      const { fact, user, packages: unpacked } = told(name);
      assert.equal(fact.class, is.class, fact.because);
      assert.deepEqual(fact.modifiers, is.modifiers);
      assert.equal(user, is.user);
      assert.equal(fact.packages, is.packages ?? unpacked);
      for (const thing of is.absent) assert.deepEqual(fact.present[thing], [], thing);
      const { executables, packages: _, ...items } = fact.surface.items;
      assert.equal(executables.count, fact.executables);
      const given = Object.entries(items).flatMap(([item, { points }]) => (points > 0 ? [[item, points]] : []));
      assert.deepEqual(Object.fromEntries(given), is.points);
      const off = Math.abs(fact.surface.score - is.score);
      assert.ok(off <= TOLERANCE, `${fact.surface.score} points, ${is.score} measured`);
    });
  }

  for (const [origin, base, nature, expected] of [
    ["busybox-static", "busybox", "shell:busybox", "minimal"],
    ["dash", "dash", "shell:dash", "micro"],
    ["bash", "bash", "shell:bash", "micro"],
  ] as const) {
    test(`knows ${base} under another name on distroless base`, () => {
      const { fact } = inspect((bases) =>
        bases.with(bases.base(), { "app/server": { mode: 0o755, body: bases.program(origin, base) } }),
      );
      assert.equal(fact.class, expected);
      assert.deepEqual(
        fact.present.shell.map(({ path }) => path),
        ["app/server"],
      );
      assert.match(fact.present.shell[0]?.note ?? "", new RegExp(nature));
      assert.equal(fact.surface.items.shell.points, 25);
      assert.ok(fact.modifiers.includes("debug"));
    });
  }

  test("tells a shell that only the loader can start on distroless base", () => {
    const { fact } = inspect((bases) =>
      bases.with(bases.base(), { "./usr/bin/bash": { mode: 0o644, body: bases.program("bash", "bash") } }),
    );
    assert.equal(fact.class, "distroless");
    assert.ok(fact.modifiers.includes("shell-without-exec-bit"));
    assert.deepEqual(
      fact.present.shell.map(({ path }) => path),
      ["usr/bin/bash"],
    );
    assert.equal(fact.surface.items.shell.points, 13);
  });

  test("puts wide gaps between the kinds of image", () => {
    const score = (name: string): number => told(name).fact.surface.score;
    assert.ok(score("distroless python") < 15);
    for (const name of ["bash and coreutils", "busybox", "distroless debug"])
      assert.ok(score(name) > 15 && score(name) < 50, `${name}: ${score(name)}`);
    assert.ok(score("debian slim") > 50 && score("debian slim") < 80, `debian slim: ${score("debian slim")}`);
  });
});
