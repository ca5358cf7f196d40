import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import type { UserFact } from "../../../src/domain/facts.ts";
import { NOT_ASKED } from "../../../src/domain/gap.ts";
import { instantOf } from "../../../src/domain/instant.ts";
import { inspectImage } from "../../../src/inspections/index.ts";
import { parsePasswd } from "../../../src/inspections/passwd.ts";
import { isUserNameNeedingLayers } from "../../../src/inspections/user.ts";
import { inspected, observed } from "../../support/layer-facts.ts";
import { imageConfig, layer, type ConfigSpec, type EntrySpec, type LayerSpec } from "../../support/tar.ts";

const PASSWD = [
  "root:x:0:0:root:/root:/sbin/nologin",
  "toor:x:0:0::/:",
  "app:x:1000:1001::/:",
  "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin",
  "short",
  "noid:x",
  "words:x:abc:1",
  "spaced:x: 1000:1",
  "  indented:x:77:77::/:",
  "#comment:x:55:55::/:",
  "huge:x:4294967296:1::/:",
  "endless:x:-99999999999999999999:1::/:",
  "minus:x:-1:1::/:",
  "widegroup:x:8:4294967296::/:",
  "twice:x:5:5::/:",
  "twice:x:0:0::/:",
  "1e3:x:1003:1::/:",
  "j\xc3\xbcrgen:x:1234:5::/:",
  "",
].join("\n");
const GROUP = "#staff:x:1\nroot:x:0:\nstaff:x:50:\nwide:x:4294967296:\n";

type Row = readonly [
  user: string,
  verdict: UserFact["verdict"],
  uid?: number,
  docker?: number | undefined,
  kubernetes?: number,
];

/** Reference: inspection, 3.2; the numbers are uid, and gid under Docker and under Kubernetes. */
const LINUX: readonly Row[] = [
  ["", "root", 0, 0, 0],
  ["0", "root", 0, 0, 0],
  ["00", "root", 0, 0, 0],
  ["000", "root", 0, 0, 0],
  ["+0", "root", 0, 0, 0],
  ["-0", "root", 0, 0, 0],
  ["0:0", "root", 0, 0, 0],
  ["0:1000", "root", 0, 1000, 0],
  ["0:nogroup", "root", 0, undefined, 0],
  ["00:5", "root", 0, 5, 0],
  [":1000", "root", 0, 1000, 0],
  [":", "root", 0, 0, 0],
  [":staff", "root", 0, 50, 0],
  ["root", "root", 0, 0, 0],
  ["root:root", "root", 0, 0, 0],
  ["root:1000", "root", 0, 1000, 0],
  ["toor", "root", 0, 0, 0],
  ["short", "root", 0, 0, 0],
  ["noid", "root", 0, 0, 0],
  ["words", "root", 0, 1, 1],
  ["spaced", "root", 0, 1, 1],
  ["huge", "invalid"],
  ["endless", "invalid"],
  ["minus", "invalid"],
  ["widegroup", "invalid"],
  ["app", "nonroot-named", 1000, 1001, 1001],
  ["app:staff", "nonroot-named", 1000, 50, 1001],
  ["app:0", "nonroot-named", 1000, 0, 1001],
  ["app:absent", "nonroot-named", 1000, undefined, 1001],
  ["nonroot", "nonroot-named", 65_532, 65_532, 65_532],
  ["indented", "nonroot-named", 77, 77, 77],
  ["#comment", "nonroot-named", 55, 55, 55],
  ["twice", "nonroot-named", 5, 5, 5],
  ["1e3", "nonroot-named", 1003, 1, 1],
  ["j\u00fcrgen", "nonroot-named", 1234, 5, 5],
  ["absent", "unresolvable"],
  ["App", "unresolvable"],
  ["65532", "nonroot", 65_532, 65_532, 65_532],
  ["1000", "nonroot", 1000, 1001, 1001],
  ["0001000", "nonroot", 1000, 1001, 1001],
  ["+1000", "nonroot", 1000, 1001, 1001],
  ["4000", "nonroot", 4000, 0, 0],
  ["2147483647", "nonroot", 2_147_483_647, 0, 0],
  ["1000:1000", "nonroot", 1000, 1000, 1001],
  ["1000:0", "nonroot", 1000, 0, 1001],
  ["1000:root", "nonroot", 1000, 0, 1001],
  ["1000:", "nonroot", 1000, 1001, 1001],
  ["1000:nogrp", "nonroot", 1000, undefined, 1001],
  ["1000:#staff", "nonroot", 1000, undefined, 1001],
  ["1000:wide", "nonroot", 1000, undefined, 1001],
  [" 0", "invalid"],
  ["0 ", "invalid"],
  ["\t0", "invalid"],
  ["0\n", "invalid"],
  ["\u00a00", "invalid"],
  ["1000: 0", "invalid"],
  ["0x0", "unresolvable"],
  ["0_0", "unresolvable"],
  ["0b0", "unresolvable"],
  ["1000.0", "unresolvable"],
  ["\u0660", "unresolvable"],
  ["-1", "invalid"],
  ["-5:0", "invalid"],
  ["2147483648", "invalid"],
  ["4294967296", "invalid"],
  ["9223372036854775807", "invalid"],
  ["99999999999999999999", "invalid"],
  ["1".repeat(36), "invalid"],
  ["1000:-1", "invalid"],
  ["1000:4294967296", "invalid"],
  ["a:b:c", "invalid"],
  ["1000:1:1", "invalid"],
  ["x".repeat(1025), "invalid"],
  ["root\0", "invalid"],
  ["app\u200b", "invalid"],
  ["\ud800", "invalid"],
];

function userOf(config: ConfigSpec, ...layers: readonly LayerSpec[]): UserFact {
  const { user } = inspected(config, ...layers);
  assert.equal(user.kind, "known");
  return user.kind === "known" ? user.value : assert.fail();
}

for (const [user, verdict, uid, docker, kubernetes] of LINUX) {
  test(`answers ${verdict} for USER ${JSON.stringify(user.slice(0, 40))}`, () => {
    const fact = userOf({ user }, { "etc/passwd": PASSWD, "etc/group": GROUP });
    assert.equal(fact.verdict, verdict, fact.because);
    assert.deepEqual([fact.uid, fact.gidDocker, fact.gidKubernetes], [uid, docker, kubernetes]);
    assert.equal(fact.configured, user);
  });
}

const WINDOWS: readonly (readonly [string, UserFact["verdict"]])[] = [
  ["ContainerUser", "nonroot"],
  ["containeruser", "nonroot"],
  ["ContainerAdministrator", "root"],
  ["CONTAINERADMINISTRATOR", "root"],
  ["Administrator", "root"],
  [String.raw`NT AUTHORITY\SYSTEM`, "root"],
  [String.raw`CORP\alice`, "root"],
  ["", "unresolvable"],
  ["someone", "unresolvable"],
  ["1000", "unresolvable"],
];

for (const [user, verdict] of WINDOWS) {
  test(`answers ${verdict} for USER ${JSON.stringify(user)} on Windows`, () => {
    assert.equal(userOf({ user, os: "windows" }, { "etc/passwd": PASSWD }).verdict, verdict);
  });
}

test("says which layer's etc/passwd decided", () => {
  const { user } = inspected({ user: "app" }, { "etc/passwd": "app:x:0:0" }, { "etc/passwd": PASSWD });
  const built = layer({ "etc/passwd": PASSWD }, "tar");
  assert.deepEqual(user.kind === "known" ? user.value.sightings : [], [
    { layer: built.digest, path: "etc/passwd", note: "etc/passwd" },
  ]);
});

test("needs layers for a name and for nothing else", () => {
  const needs = (user: string, os = "linux"): boolean => isUserNameNeedingLayers(imageConfig({ user, os }, []));
  assert.deepEqual(
    ["app", "0x0", "1e3", "app:0"].map((user) => needs(user)),
    [true, true, true, true],
  );
  for (const user of ["", "0", "1000", "root", ":5", "1000:staff", "99999999999", "a:b:c", " app"])
    assert.equal(needs(user), false, user);
  assert.equal(needs("app", "windows"), false);
});

const UNUSABLE: readonly (readonly [string, readonly LayerSpec[], ConfigSpec?])[] = [
  ["no layers at all", []],
  ["no etc/passwd", [{ "etc/group": GROUP }]],
  ["an etc/passwd that a later layer hides", [{ "etc/passwd": PASSWD }, { "etc/.wh.passwd": "" }]],
  ["an etc that a later layer makes opaque", [{ "etc/passwd": PASSWD }, { "etc/.wh..wh..opq": "" }]],
  ["an etc/passwd that is a directory", [{ "etc/passwd/": { type: "5" } }]],
  ["an etc/passwd that is a device", [{ "etc/passwd": { type: "3", device: [1, 5] } }]],
  ["a dangling link", [{ "etc/passwd": { link: "nowhere" } }]],
  ["a link to itself", [{ "etc/passwd": { link: "passwd" } }]],
  ["a link to a file of another name, which is not read", [{ "etc/passwd": { link: "users" }, "etc/users": PASSWD }]],
  [
    "a hard link to a file nobody kept",
    [{ "opt/a/b/c/users": PASSWD, "etc/passwd": { type: "1", link: "opt/a/b/c/users" } }],
  ],
  ["a link into /run", [{ "etc/passwd": { link: "/run/passwd" }, "run/passwd": PASSWD }]],
  [
    "a link through /tmp and back",
    [{ "etc/passwd": { link: "/tmp/passwd" }, "tmp/passwd": { link: "/opt/passwd" }, "opt/passwd": PASSWD }],
  ],
  ["an etc/passwd in a volume", [{ "etc/passwd": PASSWD }], { volumes: ["/etc"] }],
  ["a volume over everything", [{ "etc/passwd": PASSWD }], { volumes: ["/"] }],
  ["a line of more than 64 KiB", [{ "etc/passwd": `${PASSWD}${"x".repeat(65_600)}\n` }]],
  ["more than 100,000 lines", [{ "etc/passwd": `${PASSWD}${"\n".repeat(100_001)}` }]],
  ["a file larger than runtimes read", [{ "etc/passwd": PASSWD + "a\n".repeat(5_300_000) }]],
  [
    "an etc that is put over a lower link",
    [{ etc: { link: "real" }, "real/passwd": "app:x:0:0" }, { "etc/passwd": PASSWD }],
  ],
  [
    "files put over a lower link that leads to etc",
    [{ "etc/passwd": PASSWD, alias: { link: "etc" } }, { "alias/passwd": "app:x:0:0" }],
  ],
  [
    "files put over a lower link that leads to the root",
    [{ "etc/passwd": PASSWD, alias: { link: "/" } }, { "alias/etc/passwd": "app:x:0:0" }],
  ],
];

for (const [what, layers, config] of UNUSABLE) {
  test(`cannot resolve a name with ${what}`, () => {
    const fact = userOf({ user: "app", ...config }, ...layers);
    assert.equal(fact.verdict, "unresolvable", fact.because);
    assert.equal(fact.uid, undefined);
  });
}

const STORE: Readonly<Record<string, EntrySpec>> = { "nix/store/abc-etc/etc/passwd": PASSWD };

const USABLE: readonly (readonly [string, readonly LayerSpec[]])[] = [
  ["a relative link", [{ "etc/passwd": { link: "../usr/etc/passwd" }, "usr/etc/passwd": PASSWD }]],
  ["an absolute link into a store", [{ ...STORE, "etc/passwd": { link: "/nix/store/abc-etc/etc/passwd" } }]],
  ["an etc that is a link", [{ ...STORE, etc: { link: "nix/store/abc-etc/etc" } }]],
  ["a link that tries to leave the root", [{ "etc/passwd": { link: "../../../../opt/passwd" }, "opt/passwd": PASSWD }]],
  ["a hard link", [{ "opt/passwd": PASSWD, "etc/passwd": { type: "1", link: "opt/passwd" } }]],
  ["a name that is clamped at the root", [{ "../../etc/passwd": PASSWD }]],
  [
    "files put over a link that leads elsewhere",
    [{ "etc/passwd": PASSWD, bin: { link: "usr/bin" } }, { "bin/tool": { mode: 0o755 } }],
  ],
];

for (const [what, layers] of USABLE) {
  test(`resolves a name through ${what}`, () => {
    const fact = userOf({ user: "app" }, ...layers);
    assert.equal(fact.verdict, "nonroot-named", fact.because);
    assert.equal(fact.uid, 1000);
  });
}

test("lets the upper etc/passwd decide", () => {
  assert.equal(userOf({ user: "app" }, { "etc/passwd": PASSWD }, { "etc/passwd": "app:x:0:0\n" }).verdict, "root");
});

test("says that a malformed line means uid 0", () => {
  assert.match(userOf({ user: "short" }, { "etc/passwd": PASSWD }).because, /malformed/);
});

test("says that a group is missing, or is 0", () => {
  assert.match(
    userOf({ user: "1000:nogrp" }, { "etc/passwd": PASSWD, "etc/group": GROUP }).because,
    /not in etc\/group/,
  );
  assert.match(userOf({ user: "1000:0" }, { "etc/passwd": PASSWD, "etc/group": GROUP }).because, /group is 0/);
});

test("keeps a name unknown while layers are missing, and answers numbers without them", () => {
  const built = layer({ "etc/passwd": PASSWD }, "tar");
  const gap = { code: "unreachable", what: "layer", detail: "down" } as const;
  const unseen = { descriptor: built.descriptor, content: { kind: "gap", at: instantOf(0), gap } } as const;
  const unasked = { descriptor: built.descriptor, content: NOT_ASKED } as const;
  const user = (name: string, evidence: typeof unseen | typeof unasked): unknown =>
    inspectImage(imageConfig({ user: name }, [built]), [evidence]).user;
  assert.deepEqual(user("app", unseen), { kind: "gap", gap });
  assert.deepEqual(user("app", unasked), { kind: "not-collected" });
  for (const [name, verdict, uid, docker] of [
    ["1000", "nonroot", 1000, undefined],
    ["1000:7", "nonroot", 1000, 7],
    ["0", "root", 0, undefined],
    ["root", "root", 0, undefined],
  ] as const) {
    for (const evidence of [unseen, unasked]) {
      const known = user(name, evidence) as { readonly value: UserFact };
      assert.deepEqual(
        [known.value.verdict, known.value.uid, known.value.gidDocker, known.value.gidKubernetes],
        [verdict, uid, docker, undefined],
      );
    }
  }
});

test("never resolves a name from layers that cannot be vouched for", () => {
  const built = layer({ "etc/passwd": PASSWD }, "tar");
  const config = imageConfig({ user: "app" }, [built]);
  const { user } = inspectImage(config, [
    observed(built, { kind: "uninspectable", reason: "bomb", detail: "too large" }),
  ]);
  assert.equal(user.kind === "known" ? user.value.verdict : user.kind, "unresolvable");
});

test("reads user files as the runtimes' parser does, whatever the text", () => {
  assert.deepEqual(
    parsePasswd(" \r\n\t\n\xc2\xa0\xe2\x80\x83a:x:1:2\xc2\x85\r\nb")?.map((line) => [line.name, line.uid, line.gid]),
    [
      ["a", 1n, 2n],
      ["b", 0n, 0n],
    ],
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      parsePasswd(text);
    }),
  );
});

test("answers every USER text with a verdict, and never nonroot for what is not digits above 0", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[+-]?[0-9_x ]{0,24}:?[0-9a-z:]{0,4}$/)),
      (user) => {
        const fact = userOf({ user }, { "etc/passwd": PASSWD, "etc/group": GROUP });
        if (fact.verdict === "nonroot") assert.match(user, /^\+?0*[1-9][0-9]{0,9}(?::|$)/);
        if (fact.verdict !== "nonroot" && fact.verdict !== "nonroot-named") assert.ok((fact.uid ?? 0) === 0);
      },
    ),
    { numRuns: 500 },
  );
});
