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
  because: string,
  uid?: number,
  docker?: number | undefined,
  kubernetes?: number,
];

/** Why, in the words people are told. */
const NOT_SET = "USER is not set, so the container starts as uid 0";
const ZERO = "USER is uid 0";
const ROOT_NAME = "USER is root";
const NAMED_ZERO = "USER is a name that etc/passwd maps to uid 0";
const MALFORMED = "USER is a name whose line in etc/passwd is malformed, which the runtimes read as uid 0";
const PASSWD_RANGE = "etc/passwd gives USER a number beyond 0 to 2147483647, which some runtimes turn into root";
const NO_LINE = "USER is a name that etc/passwd does not have";
const SPACES = "USER has spaces around a name or number";
const CONTROL = "USER has control characters or is overlong";
const RANGE = "USER is a number beyond 0 to 2147483647, which some runtimes turn into root";
const GROUP_RANGE = "the group of USER is beyond 0 to 2147483647";
const COLONS = "USER has more than one colon";
const NO_GROUP = "; its group is not in etc/group, so some runtimes refuse to start it";
const named = (uid: number): string => `USER is a name that etc/passwd maps to uid ${uid}`;

/** Reference: inspection, 3.2; the numbers are uid, and gid under Docker and under Kubernetes. */
const LINUX: readonly Row[] = [
  ["", "root", NOT_SET, 0, 0, 0],
  ["0", "root", ZERO, 0, 0, 0],
  ["00", "root", ZERO, 0, 0, 0],
  ["000", "root", ZERO, 0, 0, 0],
  ["+0", "root", ZERO, 0, 0, 0],
  ["-0", "root", ZERO, 0, 0, 0],
  ["0:0", "root", ZERO, 0, 0, 0],
  ["0:1000", "root", ZERO, 0, 1000, 0],
  ["0:nogroup", "root", ZERO, 0, undefined, 0],
  ["00:5", "root", ZERO, 0, 5, 0],
  [":1000", "root", NOT_SET, 0, 1000, 0],
  [":", "root", NOT_SET, 0, 0, 0],
  [":staff", "root", NOT_SET, 0, 50, 0],
  ["root", "root", ROOT_NAME, 0, 0, 0],
  ["root:root", "root", ROOT_NAME, 0, 0, 0],
  ["root:1000", "root", ROOT_NAME, 0, 1000, 0],
  ["0:root", "root", ZERO, 0, 0, 0],
  ["0:", "root", ZERO, 0, 0, 0],
  ["+0:50", "root", ZERO, 0, 50, 0],
  ["toor", "root", NAMED_ZERO, 0, 0, 0],
  ["short", "root", MALFORMED, 0, 0, 0],
  ["noid", "root", MALFORMED, 0, 0, 0],
  ["words", "root", MALFORMED, 0, 1, 1],
  ["spaced", "root", MALFORMED, 0, 1, 1],
  ["huge", "invalid", PASSWD_RANGE],
  ["endless", "invalid", PASSWD_RANGE],
  ["minus", "invalid", PASSWD_RANGE],
  ["widegroup", "invalid", PASSWD_RANGE],
  ["app", "nonroot-named", named(1000), 1000, 1001, 1001],
  ["app:staff", "nonroot-named", named(1000), 1000, 50, 1001],
  ["app:0", "nonroot-named", named(1000), 1000, 0, 1001],
  ["app:absent", "nonroot-named", `${named(1000)}${NO_GROUP}`, 1000, undefined, 1001],
  ["nonroot", "nonroot-named", named(65532), 65_532, 65_532, 65_532],
  ["indented", "nonroot-named", named(77), 77, 77, 77],
  ["#comment", "nonroot-named", named(55), 55, 55, 55],
  ["twice", "nonroot-named", named(5), 5, 5, 5],
  ["1e3", "nonroot-named", named(1003), 1003, 1, 1],
  ["j\u00fcrgen", "nonroot-named", named(1234), 1234, 5, 5],
  ["absent", "unresolvable", NO_LINE],
  ["absent:0", "unresolvable", NO_LINE],
  ["0:1000:", "invalid", COLONS],
  ["4294967296:4294967296", "invalid", GROUP_RANGE],
  ["4294967296:0", "invalid", RANGE],
  ["-4294967296", "invalid", RANGE],
  ["App", "unresolvable", NO_LINE],
  ["65532", "nonroot", "USER is uid 65532", 65_532, 65_532, 65_532],
  ["1000", "nonroot", "USER is uid 1000", 1000, 1001, 1001],
  ["0001000", "nonroot", "USER is uid 1000", 1000, 1001, 1001],
  ["+1000", "nonroot", "USER is uid 1000", 1000, 1001, 1001],
  ["4000", "nonroot", "USER is uid 4000; its group is 0", 4000, 0, 0],
  ["2147483647", "nonroot", "USER is uid 2147483647; its group is 0", 2_147_483_647, 0, 0],
  ["1000:1000", "nonroot", "USER is uid 1000", 1000, 1000, 1001],
  ["1000:0", "nonroot", "USER is uid 1000; its group is 0", 1000, 0, 1001],
  ["1000:root", "nonroot", "USER is uid 1000; its group is 0", 1000, 0, 1001],
  ["1000:", "nonroot", "USER is uid 1000", 1000, 1001, 1001],
  ["1000:nogrp", "nonroot", `USER is uid 1000${NO_GROUP}`, 1000, undefined, 1001],
  ["1000:#staff", "nonroot", `USER is uid 1000${NO_GROUP}`, 1000, undefined, 1001],
  ["1000:wide", "nonroot", "USER is uid 1000", 1000, undefined, 1001],
  [" 0", "invalid", SPACES],
  ["0 ", "invalid", SPACES],
  ["\t0", "invalid", CONTROL],
  ["0\n", "invalid", CONTROL],
  ["\u00a00", "invalid", SPACES],
  ["1000: 0", "invalid", SPACES],
  ["0x0", "unresolvable", NO_LINE],
  ["0_0", "unresolvable", NO_LINE],
  ["0b0", "unresolvable", NO_LINE],
  ["1000.0", "unresolvable", NO_LINE],
  ["\u0660", "unresolvable", NO_LINE],
  ["-1", "invalid", RANGE],
  ["-5:0", "invalid", RANGE],
  ["2147483648", "invalid", RANGE],
  ["4294967296", "invalid", RANGE],
  ["9223372036854775807", "invalid", RANGE],
  ["99999999999999999999", "invalid", RANGE],
  ["1".repeat(36), "invalid", RANGE],
  ["1000:-1", "invalid", GROUP_RANGE],
  ["1000:4294967296", "invalid", GROUP_RANGE],
  ["a:b:c", "invalid", COLONS],
  ["1000:1:1", "invalid", COLONS],
  ["x".repeat(1025), "invalid", CONTROL],
  ["root\0", "invalid", CONTROL],
  ["app\u200b", "invalid", CONTROL],
  ["\ud800", "invalid", CONTROL],
];

function userOf(config: ConfigSpec, ...layers: readonly LayerSpec[]): UserFact {
  const { user } = inspected(config, ...layers);
  assert.equal(user.kind, "known");
  return user.kind === "known" ? user.value : assert.fail();
}

for (const [user, verdict, because, uid, docker, kubernetes] of LINUX) {
  test(`answers ${verdict} for USER ${JSON.stringify(user.slice(0, 40))}`, () => {
    const fact = userOf({ user }, { "etc/passwd": PASSWD, "etc/group": GROUP });
    assert.equal(fact.verdict, verdict, fact.because);
    assert.deepEqual([fact.uid, fact.gidDocker, fact.gidKubernetes], [uid, docker, kubernetes]);
    assert.deepEqual([fact.because, fact.configured], [because, user]);
  });
}

const WINDOWS_ORDINARY = "USER is the ordinary container user of Windows";
const WINDOWS_ADMINISTRATOR = "USER is an administrator or a domain's account on Windows";
const WINDOWS_BASE = "USER is not set, and the Windows base image decides who that is";
const WINDOWS_UNKNOWN = "USER is a Windows account whose rights cannot be told";

const WINDOWS: readonly (readonly [string, UserFact["verdict"], string])[] = [
  ["ContainerUser", "nonroot", WINDOWS_ORDINARY],
  ["containeruser", "nonroot", WINDOWS_ORDINARY],
  ["ContainerAdministrator", "root", WINDOWS_ADMINISTRATOR],
  ["CONTAINERADMINISTRATOR", "root", WINDOWS_ADMINISTRATOR],
  ["containeradministrator", "root", WINDOWS_ADMINISTRATOR],
  ["Administrator", "root", WINDOWS_ADMINISTRATOR],
  ["SYSTEM", "root", WINDOWS_ADMINISTRATOR],
  [String.raw`NT AUTHORITY\SYSTEM`, "root", WINDOWS_ADMINISTRATOR],
  [String.raw`nt authority\system`, "root", WINDOWS_ADMINISTRATOR],
  [String.raw`CORP\alice`, "root", WINDOWS_ADMINISTRATOR],
  ["alice@corp.example", "root", WINDOWS_ADMINISTRATOR],
  ["", "unresolvable", WINDOWS_BASE],
  ["someone", "unresolvable", WINDOWS_UNKNOWN],
  ["ContainerUser ", "unresolvable", WINDOWS_UNKNOWN],
  ["1000", "unresolvable", WINDOWS_UNKNOWN],
];

for (const [user, verdict, because] of WINDOWS) {
  test(`answers ${verdict} for USER ${JSON.stringify(user)} on Windows`, () => {
    const fact = userOf({ user, os: "windows" }, { "etc/passwd": PASSWD });
    assert.deepEqual([fact.verdict, fact.because, fact.configured], [verdict, because, user]);
    assert.deepEqual([fact.uid, fact.gidDocker, fact.gidKubernetes], [undefined, undefined, undefined]);
  });
}

/** Rows that rest on another etc/passwd than the one above. */
const OTHER_FILES: readonly (readonly [string, string | undefined, ...(readonly unknown[])])[] = [
  ["root", undefined, "root", "USER is root, which etc/passwd does not have, so that some runtimes do not start it", 0],
  [
    "root",
    "app:x:5:5",
    "root",
    "USER is root, which etc/passwd does not have, so that some runtimes do not start it",
    0,
  ],
  [
    "root:0",
    "root:x:1000:7",
    "root",
    "USER is root, which etc/passwd maps to uid 1000, and counts as root all the same",
    0,
  ],
  ["app", undefined, "unresolvable", "USER is a name and the image has no etc/passwd", undefined],
  ["scratch", undefined, "unresolvable", "USER is a name and the image has no etc/passwd", undefined],
  ["0x0", "0x0:x:77:77", "nonroot-named", named(77), 77],
  ["0x0", "0x0:x:0:77", "root", NAMED_ZERO, 0],
  ["\u0660", "\xd9\xa0:x:0:0", "root", NAMED_ZERO, 0],
  ["app", "app", "root", MALFORMED, 0],
  ["app", "app:x", "root", MALFORMED, 0],
  ["app", "app:x:abc:1", "root", MALFORMED, 0],
  ["app", "app:x: 1000:1", "root", MALFORMED, 0],
  ["app", "app:x:-4294967296:1", "invalid", PASSWD_RANGE, undefined],
  ["0 ", "0 :x:77:77", "invalid", SPACES, undefined],
  ["1000", "1000:x:0:0", "nonroot", "USER is uid 1000; its group is 0", 1000],
  [
    "4294967296",
    "root:x:0:0\n4294967296:x:0:0",
    "invalid",
    `${RANGE}; etc/passwd has a user whose name is a number, by which an unpatched containerd starts it`,
    undefined,
  ],
];

for (const [user, passwd, verdict, because, uid] of OTHER_FILES) {
  const file = passwd === undefined ? "no file" : JSON.stringify(passwd);
  test(`answers ${String(verdict)} for USER ${JSON.stringify(user)} with ${file}`, () => {
    const fact = userOf({ user }, passwd === undefined ? {} : { "etc/passwd": passwd });
    assert.deepEqual([fact.verdict, fact.because, fact.uid], [verdict, because, uid]);
  });
}

test("says how an image steps down from root by itself, and that it is root all the same", () => {
  const script = { body: "#!/bin/sh\nexec gosu app", mode: 0o755 };
  const tool = { body: "\u007fELF", mode: 0o755 };
  const seen = (config: ConfigSpec, ...layers: readonly LayerSpec[]): string => {
    const fact = userOf(config, ...layers);
    assert.equal(fact.verdict, "root");
    return /step down from root by ([a-z0-9-]+), which a kubelet does not see/.exec(fact.because)?.[1] ?? "";
  };
  assert.equal(seen({ entrypoint: ["gosu", "app", "/app"] }), "gosu");
  assert.equal(seen({ entrypoint: ["/sbin/tini", "--"], cmd: ["/sbin/su-exec", "app", "/app"] }), "su-exec");
  assert.equal(seen({ entrypoint: ["sh", "-c", "exec setpriv --reuid=7 /app"] }), "setpriv");
  assert.equal(seen({ entrypoint: ["chroot", "--userspec=app", "/", "/app"] }), "chroot");
  assert.equal(seen({ entrypoint: ["chroot", "/", "/app"] }), "");
  assert.equal(
    seen({ entrypoint: ["entry.sh"] }, { "usr/local/bin/entry.sh": script, "usr/local/bin/gosu": tool }),
    "gosu",
  );
  assert.equal(seen({ entrypoint: ["/entry.sh"] }, { "entry.sh": script }), "");
  assert.equal(seen({ entrypoint: ["/entry"] }, { entry: tool, "usr/local/bin/gosu": tool }), "");
  assert.doesNotMatch(userOf({ user: "1000", entrypoint: ["gosu", "app", "/app"] }).because, /step down/);
});

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
