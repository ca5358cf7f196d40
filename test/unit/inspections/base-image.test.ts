import assert from "node:assert/strict";
import { suite, test } from "node:test";

import * as fc from "fast-check";

import {
  baseName,
  PROTECTED_THINGS,
  type BaseCandidate,
  type BaseFact,
  type ProtectedThing,
} from "../../../src/domain/base-image.ts";
import type { Known, Observation } from "../../../src/domain/gap.ts";
import { instantOf } from "../../../src/domain/instant.ts";
import { inspectImage } from "../../../src/inspections/index.ts";
import { walked } from "../../support/layer-facts.ts";
import { digestFor, GAP, linux, repository } from "../../support/policy-facts.ts";
import { imageConfig, type ConfigSpec, type EntrySpec, type LayerSpec } from "../../support/tar.ts";

const ELF: EntrySpec = { mode: 0o755, body: "\x7fELF" };
const DATA: EntrySpec = { mode: 0o644, body: "data" };

/** A base image as Debian lays it out, all in one layer. */
const DEBIAN: LayerSpec = {
  lib: { link: "usr/lib" },
  lib64: { link: "usr/lib64" },
  bin: { link: "usr/bin" },
  "usr/lib64/ld-linux-x86-64.so.2": { link: "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" },
  "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2": ELF,
  "usr/lib/x86_64-linux-gnu/libc.so.6": ELF,
  "usr/bin/true": ELF,
  "etc/passwd": "root:x:0:0::/:",
  "etc/group": "root:x:0:",
  "etc/ssl/certs/ca-certificates.crt": DATA,
  "etc/ssl/cert.pem": { link: "certs/ca-certificates.crt" },
  "var/lib/dpkg/status": "Package: libc6\n",
};
const APP: LayerSpec = { "app/server": ELF };

type Spec = { readonly config?: ConfigSpec; readonly annotations?: Readonly<Record<string, string>> };

function candidate(depth: number, overrides: Partial<BaseCandidate> = {}): BaseCandidate {
  return {
    repository: repository("base.example", "debian"),
    digest: digestFor(`base ${depth}`),
    index: undefined,
    platform: linux("amd64"),
    tags: [],
    firstSeen: instantOf(0),
    depth,
    ...overrides,
  };
}

function observed(value: readonly BaseCandidate[]): Observation<readonly BaseCandidate[]> {
  return { kind: "observed", at: instantOf(0), value };
}

function baseOf(
  layers: readonly LayerSpec[],
  bases: Observation<readonly BaseCandidate[]> | readonly BaseCandidate[],
  { config = {}, annotations = {} }: Spec = {},
): Known<BaseFact> {
  const all = layers.map(walked);
  const parsed = imageConfig(
    config,
    all.map(({ built }) => built),
  );
  const origin = { bases: "kind" in bases ? bases : observed(bases), annotations, tag: undefined };
  return inspectImage(
    parsed,
    all.map(({ evidence }) => evidence),
    origin,
  ).base;
}

function found(fact: Known<BaseFact>): Extract<BaseFact, { kind: "found" }> {
  assert.ok(fact.kind === "known" && fact.value.kind === "found", JSON.stringify(fact));
  return fact.value;
}

function why(fact: Known<BaseFact>): string {
  assert.ok(fact.kind === "known" && fact.value.kind === "unknown", JSON.stringify(fact));
  return fact.value.because;
}

/** Things changed above the first layer, each once. */
function changed(...layers: readonly LayerSpec[]): readonly ProtectedThing[] {
  const [only] = found(baseOf(layers, [candidate(1)])).candidates;
  return [...new Set(only?.changes.map(({ thing }) => thing))];
}

suite("candidates", () => {
  test("are those whose layers the image begins with, the deepest first, then by repository", () => {
    const fact = baseOf(
      [DEBIAN, APP, { x: ELF }],
      [
        candidate(1),
        candidate(2, { repository: repository("z.example", "mid") }),
        candidate(2, { repository: repository("a.example", "mid") }),
      ],
    );
    const names = found(fact).candidates.map(({ depth, repository: { registry } }) => `${depth} ${registry}`);
    assert.deepEqual(names, ["2 a.example", "2 z.example", "1 base.example"]);
    assert.ok(found(fact).candidates.every(({ changes, isWhole }) => changes.length === 0 && !isWhole));
  });

  test("keep what the catalogue knew of them", () => {
    const [only] = found(baseOf([DEBIAN, APP], [candidate(1, { index: digestFor("index") })])).candidates;
    assert.deepEqual(only, { ...candidate(1, { index: digestFor("index") }), isWhole: false, changes: [] });
    assert.equal(only && baseName(only), `base.example/debian@${digestFor("base 1")}`);
  });

  test("may spell the architecture otherwise, as runtimes take it for the same", () => {
    const one = candidate(1, { platform: linux("x86_64") });
    assert.equal(found(baseOf([DEBIAN, APP], [one])).candidates.length, 1);
  });

  test("that share every layer are the image itself", () => {
    const [only] = found(baseOf([DEBIAN, APP], [candidate(2)])).candidates;
    assert.deepEqual([only?.isWhole, only?.changes], [true, []]);
  });

  const LIES: readonly (readonly [string, BaseCandidate])[] = [
    ["of another architecture", candidate(1, { platform: linux("arm64") })],
    ["of another operating system", candidate(1, { platform: { ...linux("amd64"), os: "windows" } })],
    ["of depth 0", candidate(0)],
    ["of a negative depth", candidate(-1)],
    ["of half a layer", candidate(0.5)],
    ["deeper than the image", candidate(3)],
    ["of no depth at all", candidate(Number.NaN)],
  ];
  for (const [what, one] of LIES) {
    test(`${what} are none, whatever the catalogue says`, () => {
      assert.match(why(baseOf([DEBIAN, APP], [one])), /no catalogued image ends within its 2 layers/);
      assert.equal(found(baseOf([DEBIAN, APP], [one, candidate(1)])).candidates.length, 1);
    });
  }

  test("that share nothing but layers without content are none", () => {
    assert.match(why(baseOf([{}, {}, APP], [candidate(1), candidate(2)])), /no catalogued image/);
    assert.equal(found(baseOf([{}, DEBIAN, APP], [candidate(1), candidate(2)])).candidates.length, 1);
  });
});

suite("a base image that cannot be told", () => {
  test("is unknown where none is catalogued, and says how many layers there are", () => {
    assert.equal(why(baseOf([DEBIAN, APP], [])), "no catalogued image ends within its 2 layers");
  });

  test("is unknown for a flattened image, which is no reproach", () => {
    assert.match(why(baseOf([DEBIAN], [])), /a single layer, as flattened images have/);
  });

  test("is unknown for an image without layers", () => {
    assert.match(why(baseOf([], [])), /no layers, so it is built on nothing/);
  });

  test("is unknown where the layers cannot be inspected, though the catalogue names one", () => {
    const lied = { diffIds: [digestFor("another"), digestFor("layer")] };
    assert.match(why(baseOf([DEBIAN, APP], [candidate(1)], { config: lied })), /diff-id-mismatch/);
    assert.match(why(baseOf([DEBIAN, APP], [candidate(1)], { config: { os: "windows" } })), /operating-system/);
    const odd: LayerSpec = [
      [".wh.opt", ""],
      ["opt/new", ELF],
    ];
    assert.match(why(baseOf([{ "opt/old": ELF }, odd], [candidate(1)])), /ambiguous-layers/);
  });

  test("is a gap where the catalogue could not be asked, and not collected where nobody asked it", () => {
    const gap = { kind: "gap", at: instantOf(0), gap: GAP } as const;
    assert.deepEqual(baseOf([DEBIAN, APP], gap), { kind: "gap", gap: GAP });
    assert.deepEqual(baseOf([DEBIAN, APP], { kind: "not-asked" }), { kind: "not-collected" });
  });

  test("is a gap or not collected where a layer was not seen, though the catalogue names one", () => {
    const [base, app] = [DEBIAN, APP].map(walked);
    assert.ok(base !== undefined && app !== undefined);
    const config = imageConfig({}, [base.built, app.built]);
    const origin = { bases: observed([candidate(1)]), annotations: {}, tag: undefined };
    const unseen = { ...app.evidence, content: { kind: "gap", at: instantOf(0), gap: GAP } as const };
    const unasked = { ...app.evidence, content: { kind: "not-asked" } as const };
    assert.deepEqual(inspectImage(config, [base.evidence, unseen], origin).base, { kind: "gap", gap: GAP });
    assert.deepEqual(inspectImage(config, [base.evidence, unasked], origin).base, { kind: "not-collected" });
  });
});

suite("layers above a base image", () => {
  const WHOLE = [...PROTECTED_THINGS];
  const OPAQUE = ".wh..wh..opq";
  const EVIL: EntrySpec = { mode: 0o644, body: "evil" };
  const ROWS: readonly (readonly [string, LayerSpec, readonly ProtectedThing[]])[] = [
    ["add an application", APP, []],
    ["add what the base does not have, protected or not", { "lib2/libc.so.6": ELF, "etc/shadow": "x" }, []],
    ["add a certificate beside the bundle", { "etc/ssl/certs/other.pem": DATA }, []],
    ["repeat the directories on the way", { "etc/": { type: "5" }, "usr/lib/": { type: "5" } }, []],
    ["remove an unprotected file", { "usr/bin/.wh.true": "" }, []],
    ["replace the C library", { "usr/lib/x86_64-linux-gnu/libc.so.6": ELF }, ["libc"]],
    ["replace the C library by a file nobody may execute", { "usr/lib/x86_64-linux-gnu/libc.so.6": EVIL }, ["libc"]],
    ["replace the loader", { "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2": ELF }, ["loader"]],
    ["replace the link by which programs name the loader", { "usr/lib64/ld-linux-x86-64.so.2": ELF }, ["loader"]],
    ["put a directory over lib64, which was a link", { "lib64/ld-linux-x86-64.so.2": ELF }, ["loader"]],
    [
      "put a file under lib, which was a link to usr/lib",
      { "lib/x86_64-linux-gnu/libc.so.6": ELF },
      ["loader", "libc"],
    ],
    ["put anything under a link that leads to the libraries", { "lib/mine.txt": ELF }, ["loader", "libc"]],
    ["point lib elsewhere", { lib: { link: "opt/lib" }, "opt/lib/x": ELF }, ["loader", "libc"]],
    ["replace usr by a link to another tree", { usr: { link: "opt/usr" }, "opt/usr/x": ELF }, ["loader", "libc"]],
    ["hide the C library", { "usr/lib/x86_64-linux-gnu/.wh.libc.so.6": "" }, ["libc"]],
    ["hide the certificates' directory", { "etc/ssl/.wh.certs": "" }, ["ca-certificates"]],
    ["make the certificates' directory opaque", { [`etc/ssl/certs/${OPAQUE}`]: "" }, ["ca-certificates"]],
    ["replace the certificates' directory by a link", { "etc/ssl/certs": { link: "/opt" } }, ["ca-certificates"]],
    ["replace the bundle", { "etc/ssl/certs/ca-certificates.crt": EVIL }, ["ca-certificates"]],
    ["replace the link to the bundle by a file", { "etc/ssl/cert.pem": EVIL }, ["ca-certificates"]],
    [
      "hide the bundle by a device 0:0",
      { "etc/ssl/certs/ca-certificates.crt": { type: "3", device: [0, 0] } },
      ["ca-certificates"],
    ],
    ["replace the users", { "etc/passwd": "root:x:0:0::/:\nevil:x:0:0::/:" }, ["users"]],
    ["replace the groups", { "etc/group": "root:x:0:evil" }, ["users"]],
    ["point the users elsewhere", { "etc/passwd": { link: "/tmp/passwd" } }, ["users"]],
    ["remove the package database", { "var/lib/dpkg/.wh.status": "" }, ["package-database"]],
    ["remove var", { ".wh.var": "" }, ["package-database"]],
    ["replace etc by a file", { etc: DATA }, ["ca-certificates", "users"]],
    ["make the root opaque", { [OPAQUE]: "" }, WHOLE],
    ["make the root opaque and put all in its place", { [OPAQUE]: "", "etc/passwd": "root:x:0:0::/:" }, WHOLE],
    [
      "hide everything, directory by directory",
      Object.fromEntries(["bin", "etc", "lib", "lib64", "usr", "var"].map((name) => [`.wh.${name}`, ""])),
      WHOLE,
    ],
  ];
  for (const [what, layer, things] of ROWS) {
    test(`${things.length === 0 ? "may" : "are seen to"} ${what}`, () => {
      assert.deepEqual(changed(DEBIAN, layer), things);
    });
  }

  const BARE: LayerSpec = { "srv/runner": ELF, "opt/tool": ELF };
  const GONE: readonly (readonly [string, LayerSpec, readonly ProtectedThing[]])[] = [
    ["an opaque root", { [OPAQUE]: "" }, WHOLE],
    ["whiteouts", { ".wh.srv": "", "opt/.wh.tool": "" }, WHOLE],
    ["devices 0:0", { srv: { type: "3", device: [0, 0] }, opt: { type: "3", device: [0, 0] } }, WHOLE],
    ["whiteouts of all but one file", { ".wh.srv": "" }, []],
    ["files of its own", { "srv/runner": ELF, "opt/tool": ELF }, []],
  ];
  for (const [what, layer, things] of GONE) {
    test(`${things.length > 0 ? "take" : "do not take"} a base without protected things away by ${what}`, () => {
      assert.deepEqual(changed(BARE, layer), things);
    });
  }

  test("that take everything away are named by the layer that did it", () => {
    const layers: readonly LayerSpec[] = [BARE, APP, { [OPAQUE]: "" }, APP];
    const [only] = found(baseOf(layers, [candidate(1)])).candidates;
    const { digest } = walked({ [OPAQUE]: "" }).built;
    const note = "hides everything of the base image";
    assert.deepEqual(only?.changes[0], { thing: "loader", sighting: { layer: digest, path: "", note } });
  });

  test("are seen through a link that another of them added, which only some snapshotters follow", () => {
    const through: LayerSpec = { "y/x86_64-linux-gnu/libc.so.6": ELF };
    assert.deepEqual(changed(DEBIAN, { y: { link: "usr/lib" } }, through), ["libc"]);
    assert.deepEqual(changed(DEBIAN, { y: { link: "usr/bin" } }, { "y/tool": ELF }), []);
  });

  test("are not blamed for what the base itself did through a link", () => {
    const layers: readonly LayerSpec[] = [
      DEBIAN,
      { y: { link: "usr/lib" } },
      { "y/x86_64-linux-gnu/libc.so.6": ELF },
      APP,
    ];
    assert.deepEqual(found(baseOf(layers, [candidate(3)])).candidates[0]?.changes, []);
  });

  test("may bring users, certificates or packages to a base that has none", () => {
    const added: LayerSpec = { "etc/passwd": "x", "etc/ssl/cert.pem": DATA, "var/lib/dpkg/status": "x" };
    assert.deepEqual(changed({ "srv/runner": ELF }, added), []);
    assert.deepEqual(changed({ "srv/runner": ELF, "etc/passwd/": { type: "5" } }, { "etc/passwd/x": ELF }), []);
  });

  test("take a base away by an opaque root though nothing of it was worth keeping", () => {
    assert.deepEqual(changed({ "srv/page.html": DATA }, { [OPAQUE]: "" }), WHOLE);
    assert.deepEqual(changed({ "srv/page.html": DATA }, { [`srv/${OPAQUE}`]: "" }), []);
  });

  test("cannot put things back: what is hidden and added again is another's", () => {
    assert.deepEqual(changed(DEBIAN, { "etc/.wh.passwd": "" }, { "etc/passwd": "root:x:0:0::/:" }), ["users"]);
  });

  test("cannot swap one file of the base for another by a hard link", () => {
    const link: EntrySpec = { type: "1", link: "usr/bin/true" };
    assert.deepEqual(changed(DEBIAN, { "usr/lib/x86_64-linux-gnu/libc.so.6": link }), ["libc"]);
  });

  test("are named by the layer that did it and by the path", () => {
    const layers: readonly LayerSpec[] = [DEBIAN, APP, { "etc/.wh.passwd": "" }, { "etc/passwd": "x" }];
    const [only] = found(baseOf(layers, [candidate(1)])).candidates;
    const digests = layers.map((layer) => walked(layer).built.digest);
    assert.deepEqual(only?.changes, [
      { thing: "users", sighting: { layer: digests[2], path: "etc/passwd", note: "replaced" } },
    ]);
  });

  test("count for each base apart: what one brings is no change to it", () => {
    const users: LayerSpec = { "etc/passwd": "app:x:1:1::/:" };
    const { candidates } = found(baseOf([DEBIAN, users, APP], [candidate(1), candidate(2)]));
    assert.deepEqual(
      candidates.map(({ changes, depth }) => [depth, changes.map(({ thing }) => thing)]),
      [
        [2, []],
        [1, ["users"]],
      ],
    );
  });

  test("are not taken for harmless where the base leads to a file of which nothing is kept", () => {
    const odd: LayerSpec = { "etc/ssl/cert.pem": { link: "/opt/trust.txt" }, "opt/trust.txt": DATA, x: ELF };
    assert.deepEqual(changed(odd, APP), ["ca-certificates"]);
    assert.deepEqual(found(baseOf([odd], [candidate(1)])).candidates[0]?.changes, []);
  });

  const DATABASES: readonly (readonly [string, string])[] = [
    ["distroless stanzas", "var/lib/dpkg/status.d/libc6"],
    ["apk", "lib/apk/db/installed"],
    ["apk of Wolfi", "usr/lib/apk/db/installed"],
    ["rpm", "var/lib/rpm/rpmdb.sqlite"],
    ["rpm of Azure Linux", "var/lib/rpmmanifest/container-manifest-2"],
    ["chisel", "var/lib/chisel/manifest.wall"],
    ["pacman", "var/lib/pacman/local/glibc-2/desc"],
  ];
  for (const [what, path] of DATABASES) {
    test(`are seen to replace or hide the package database of ${what}, not to add another beside it`, () => {
      const base: LayerSpec = { [path]: DATA, x: ELF };
      const folder = path.slice(0, path.lastIndexOf("/"));
      assert.deepEqual(changed(base, { [path]: "other" }), ["package-database"]);
      assert.deepEqual(changed(base, { [`${folder}/${OPAQUE}`]: "" }), ["package-database"]);
      assert.deepEqual(changed(base, { [`${folder}/mine`]: DATA }), []);
    });
  }

  test("however they are cut, change what they change together", () => {
    const entries: readonly (readonly [string, EntrySpec])[] = [
      ["usr/lib/x86_64-linux-gnu/libc.so.6", ELF],
      ["etc/passwd", "x"],
      ["etc/ssl/.wh.certs", ""],
      ["var/lib/dpkg/status", "x"],
      ["opt/app", ELF],
    ];
    fc.assert(
      fc.property(fc.subarray([...entries]), fc.nat(4), (some, cut) => {
        const split = [some.slice(0, cut), some.slice(cut)];
        assert.deepEqual(changed(DEBIAN, ...split), changed(DEBIAN, some));
      }),
      { numRuns: 60 },
    );
  });
});

suite("hints", () => {
  const NAME = "org.opencontainers.image.base.name";
  const DIGEST = "org.opencontainers.image.base.digest";
  const hints = (labels: Record<string, string>, annotations: Record<string, string> = {}) => {
    const fact = baseOf([DEBIAN, APP], [], { config: { labels }, annotations });
    assert.ok(fact.kind === "known");
    return fact.value.hints;
  };

  test("come from the manifest's annotations and from the labels", () => {
    const digest = digestFor("claimed");
    assert.deepEqual(hints({ [NAME]: "docker.io/library/debian:12" }, { [NAME]: "a.example/x:1", [DIGEST]: digest }), [
      { from: `manifest annotation ${NAME}`, name: "a.example/x:1", digest },
      { from: `label ${NAME}`, name: "docker.io/library/debian:12", digest: undefined },
    ]);
  });

  test("come from buildpacks and from Red Hat's labels", () => {
    const digest = digestFor("run image");
    const metadata = { runImage: { topLayer: digest, reference: `r.example/run@${digest}`, image: "r.example/run:1" } };
    const labels = {
      "io.buildpacks.lifecycle.metadata": JSON.stringify(metadata),
      "com.redhat.component": "ubi9-container",
      name: "ubi9",
      version: "9.4",
      release: "1123",
    };
    assert.deepEqual(hints(labels), [
      { from: "label io.buildpacks.lifecycle.metadata", name: "r.example/run:1", digest },
      { from: "label com.redhat.component", name: "ubi9:9.4-1123", digest: undefined },
    ]);
  });

  test("are left out where they are no text, no digest or no JSON, and are no more than one line", () => {
    assert.deepEqual(hints({ "io.buildpacks.lifecycle.metadata": "{", [DIGEST]: "sha256:short" }), []);
    assert.deepEqual(hints({ "io.buildpacks.lifecycle.metadata": '{"runImage":{"reference":7}}' }), []);
    assert.deepEqual(hints({ [NAME]: "a\nb" })[0]?.name, "a b");
    assert.equal(hints({ [NAME]: "x".repeat(10_000) })[0]?.name.length, 512);
  });

  test("make no base image, whatever they say", () => {
    const config = { labels: { [NAME]: "gcr.io/distroless/static" } };
    assert.match(why(baseOf([DEBIAN, APP], [], { config })), /no catalogued image/);
  });
});

suite("a shell that the application's layers bring", () => {
  const SHELL: LayerSpec = { "usr/bin/sh": ELF };

  function modifiers(layers: readonly LayerSpec[], depths: readonly number[]): readonly string[] {
    const all = layers.map(walked);
    const parsed = imageConfig(
      {},
      all.map(({ built }) => built),
    );
    const origin = { bases: observed(depths.map((depth) => candidate(depth))), annotations: {}, tag: undefined };
    const { composition } = inspectImage(
      parsed,
      all.map(({ evidence }) => evidence),
      origin,
    );
    assert.ok(composition.kind === "known" && composition.value.kind === "classified");
    return composition.value.modifiers.filter((one) => one === "shell-added-in-app-layers");
  }

  test("is told where the deepest base has none", () => {
    assert.deepEqual(modifiers([DEBIAN, SHELL], [1]), ["shell-added-in-app-layers"]);
    assert.deepEqual(modifiers([DEBIAN, APP, SHELL], [1, 2]), ["shell-added-in-app-layers"]);
  });

  test("is not told where the base brought it, where no base is known, or where there is none", () => {
    assert.deepEqual(modifiers([DEBIAN, SHELL, APP], [2]), []);
    assert.deepEqual(modifiers([DEBIAN, SHELL], []), []);
    assert.deepEqual(modifiers([DEBIAN, SHELL], [2]), []);
    assert.deepEqual(modifiers([DEBIAN, APP], [1]), []);
  });
});
