import assert from "node:assert/strict";
import { suite, test } from "node:test";

import * as fc from "fast-check";

import type { UserFact } from "../../../src/domain/facts.ts";
import { resolveWindowsUser } from "../../../src/domain/windows-user.ts";
import {
  effectiveUser,
  NO_CHOICE,
  type EffectiveUser,
  type PodUserChoice,
  type UserChoice,
} from "../../../src/policy/effective-user.ts";

function image(verdict: UserFact["verdict"], because: string, uid?: number, gid?: number): UserFact {
  const configured = verdict === "nonroot" ? String(uid) : "app";
  return { configured, verdict, uid, gidDocker: 5, gidKubernetes: gid, because, sightings: [] };
}

const NONROOT = image("nonroot", "USER is uid 1000", 1000, 1001);
const NAMED = image("nonroot-named", "USER is a name that etc/passwd maps to uid 1000", 1000, 1001);
const ROOT = image("root", "USER is uid 0", 0, 0);
const NAMED_ROOT = image("root", "USER is a name that etc/passwd maps to uid 0", 0, 0);
const MALFORMED = image("root", "USER is a name whose line in etc/passwd is malformed", 0, 7);
const NOBODY = image("unresolvable", "USER is a name and the image has no etc/passwd");
const TOO_LARGE = image("invalid", "USER is a number beyond 0 to 2147483647");
const ALL = { NONROOT, NAMED, ROOT, NAMED_ROOT, MALFORMED, NOBODY, TOO_LARGE };

type Row = readonly [
  what: string,
  user: UserFact,
  pod: PodUserChoice,
  container: UserChoice,
  verdict: EffectiveUser["verdict"],
  uid: number | undefined,
  gid: number | undefined,
  because: RegExp,
];

const RANGE = /beyond 0 to 2147483647.*Set a number in that range/;

/** Reference: inspection, 3.3, and what pod and container may say besides. */
const ROWS: readonly Row[] = [
  ["no choice leaves a number", NONROOT, {}, {}, "nonroot", 1000, 1001, /^USER is uid 1000$/],
  ["no choice leaves a name", NAMED, {}, {}, "nonroot", 1000, 1001, /maps to uid 1000$/],
  ["no choice leaves root", ROOT, {}, {}, "root", 0, 0, /^USER is uid 0\. Set USER.*or runAsUser/],
  ["no choice leaves a name of root", NAMED_ROOT, {}, {}, "root", 0, 0, /maps to uid 0\. Set/],
  ["no choice leaves a malformed line", MALFORMED, {}, {}, "root", 0, 7, /malformed\. Set/],
  ["no choice leaves nobody", NOBODY, {}, {}, "unresolvable", undefined, undefined, /no etc\/passwd\. Set/],
  ["no choice leaves what is too large", TOO_LARGE, {}, {}, "invalid", undefined, undefined, /from 1 to 2147483647$/],
  ["runAsNonRoot: false is no choice", ROOT, {}, { runAsNonRoot: false }, "root", 0, 0, /uid 0/],
  ["runAsNonRoot takes a number", NONROOT, { runAsNonRoot: true }, {}, "nonroot", 1000, 1001, /uid 1000/],
  [
    "runAsNonRoot refuses a name",
    NAMED,
    { runAsNonRoot: true },
    {},
    "never-starts",
    undefined,
    undefined,
    /kubelet refuses.*Write USER as 1000/,
  ],
  [
    "runAsNonRoot refuses nobody",
    NOBODY,
    { runAsNonRoot: true },
    {},
    "never-starts",
    undefined,
    undefined,
    /kubelet refuses.*number above 0/,
  ],
  [
    "runAsNonRoot refuses root",
    ROOT,
    { runAsNonRoot: true },
    {},
    "never-starts",
    undefined,
    undefined,
    /kubelet refuses.*number above 0/,
  ],
  [
    "runAsNonRoot refuses a name of root",
    NAMED_ROOT,
    { runAsNonRoot: true },
    {},
    "never-starts",
    undefined,
    undefined,
    /refuses/,
  ],
  [
    "runAsNonRoot is no help against what is too large",
    TOO_LARGE,
    { runAsNonRoot: true },
    {},
    "invalid",
    undefined,
    undefined,
    /kubelet before 1\.34.*containerd runs them as root/,
  ],
  [
    "the container's runAsNonRoot: false undoes the pod's true",
    ROOT,
    { runAsNonRoot: true },
    { runAsNonRoot: false },
    "root",
    0,
    0,
    /uid 0/,
  ],
  [
    "the container's runAsNonRoot: true stands before the pod's false",
    ROOT,
    { runAsNonRoot: false },
    { runAsNonRoot: true },
    "never-starts",
    undefined,
    undefined,
    /refuses/,
  ],
  [
    "runAsUser 0 is root though the image is not",
    NONROOT,
    { runAsUser: 0 },
    {},
    "root",
    0,
    undefined,
    /runAsUser is 0.*above 0/,
  ],
  [
    "runAsUser 0 is refused under runAsNonRoot",
    NONROOT,
    { runAsUser: 0, runAsNonRoot: true },
    {},
    "never-starts",
    undefined,
    undefined,
    /runAsUser is 0 and runAsNonRoot is true/,
  ],
  [
    "the container's runAsUser 0 under the pod's runAsNonRoot",
    NONROOT,
    { runAsNonRoot: true },
    { runAsUser: 0 },
    "never-starts",
    undefined,
    undefined,
    /refuses/,
  ],
  [
    "the container's 0 and false undo all of the pod's",
    NONROOT,
    { runAsUser: 7, runAsNonRoot: true },
    { runAsUser: 0, runAsNonRoot: false },
    "root",
    0,
    undefined,
    /runAsUser is 0/,
  ],
  [
    "the container's runAsUser stands before the pod's 0",
    ROOT,
    { runAsUser: 0 },
    { runAsUser: 7 },
    "nonroot",
    7,
    undefined,
    /runAsUser is 7/,
  ],
  [
    "each value falls back by itself",
    ROOT,
    { runAsUser: 7, runAsGroup: 8 },
    { runAsNonRoot: true },
    "nonroot",
    7,
    8,
    /runAsUser is 7/,
  ],
  ["runAsGroup of the container", NONROOT, { runAsGroup: 8 }, { runAsGroup: 9 }, "nonroot", 1000, 9, /uid 1000/],
  ["runAsGroup 0 is a group", NONROOT, { runAsGroup: 8 }, { runAsGroup: 0 }, "nonroot", 1000, 0, /uid 1000/],
  [
    "the image's group where the pod names the image's user",
    NAMED,
    { runAsUser: 1000 },
    {},
    "nonroot",
    1000,
    1001,
    /runAsUser is 1000/,
  ],
  [
    "runAsUser 2147483647 is in range",
    ROOT,
    { runAsUser: 2_147_483_647 },
    {},
    "nonroot",
    2_147_483_647,
    undefined,
    /runAsUser/,
  ],
  ["runAsUser 2147483648 is not", NONROOT, { runAsUser: 2_147_483_648 }, {}, "invalid", undefined, undefined, RANGE],
  ["runAsUser -1 is not", NONROOT, {}, { runAsUser: -1 }, "invalid", undefined, undefined, RANGE],
  [
    "runAsUser 4294967296 is not",
    NONROOT,
    { runAsUser: 4_294_967_296, runAsNonRoot: true },
    {},
    "invalid",
    undefined,
    undefined,
    RANGE,
  ],
  ["runAsUser 0.5 is not", NONROOT, { runAsUser: 0.5 }, {}, "invalid", undefined, undefined, RANGE],
  ["runAsUser NaN is not", NONROOT, { runAsUser: Number.NaN }, {}, "invalid", undefined, undefined, RANGE],
  ["runAsGroup -1 is not", NONROOT, { runAsGroup: -1 }, {}, "invalid", undefined, undefined, RANGE],
  [
    "hostUsers: false makes root nobody on the node",
    ROOT,
    { hostUsers: false },
    {},
    "root-in-user-namespace",
    0,
    0,
    /user namespace/,
  ],
  [
    "hostUsers: false and runAsUser 0",
    NONROOT,
    { hostUsers: false, runAsUser: 0 },
    {},
    "root-in-user-namespace",
    0,
    undefined,
    /user namespace/,
  ],
  ["hostUsers: true is no choice", ROOT, { hostUsers: true }, {}, "root", 0, 0, /uid 0/],
  [
    "hostUsers: false does not start what is refused",
    ROOT,
    { hostUsers: false, runAsNonRoot: true },
    {},
    "never-starts",
    undefined,
    undefined,
    /refuses/,
  ],
  [
    "hostUsers: false does not make what is too large right",
    TOO_LARGE,
    { hostUsers: false },
    {},
    "invalid",
    undefined,
    undefined,
    /beyond/,
  ],
  ["Windows' user name means nothing on Linux", ROOT, { runAsUserName: "ContainerUser" }, {}, "root", 0, 0, /uid 0/],
];

suite("the effective user on Linux", () => {
  for (const [what, user, pod, container, verdict, uid, gid, because] of ROWS) {
    test(what, () => {
      const who = effectiveUser(user, "linux", pod, container);
      assert.deepEqual([who.verdict, who.uid, who.gid], [verdict, uid, gid], who.because);
      assert.match(who.because, because);
    });
  }

  for (const [name, user] of Object.entries(ALL)) {
    for (const runAsNonRoot of [undefined, false, true]) {
      test(`runAsUser above 0 decides over ${name} with runAsNonRoot ${runAsNonRoot}`, () => {
        const who = effectiveUser(user, "linux", { runAsNonRoot }, { runAsUser: 7 });
        assert.deepEqual([who.verdict, who.uid, who.gid], ["nonroot", 7, undefined]);
      });
    }
  }
});

const ORDINARY = resolveWindowsUser("ContainerUser");
const ADMINISTRATOR = resolveWindowsUser("ContainerAdministrator");
const LOWER = resolveWindowsUser("containeradministrator");
const UNSET = resolveWindowsUser("");

type WindowsRow = readonly [string, UserFact, PodUserChoice, UserChoice, EffectiveUser["verdict"], RegExp];

const WINDOWS: readonly WindowsRow[] = [
  ["the container's ordinary user", ORDINARY, {}, {}, "nonroot", /ordinary/],
  ["the ordinary user under runAsNonRoot", ORDINARY, { runAsNonRoot: true }, {}, "nonroot", /ordinary/],
  ["the administrator", ADMINISTRATOR, {}, {}, "root", /administrator.*Set USER to ContainerUser/],
  ["the administrator under runAsNonRoot", ADMINISTRATOR, { runAsNonRoot: true }, {}, "never-starts", /refuses/],
  [
    "the administrator in other letters, which runAsNonRoot overlooks",
    LOWER,
    { runAsNonRoot: true },
    {},
    "root",
    /overlooks/,
  ],
  ["no user, which runAsNonRoot does not refuse", UNSET, { runAsNonRoot: true }, {}, "unresolvable", /base image/],
  [
    "runAsUserName of the pod",
    ADMINISTRATOR,
    { runAsUserName: "ContainerUser" },
    {},
    "nonroot",
    /^runAsUserName is the ordinary/,
  ],
  [
    "runAsUserName of the container",
    ORDINARY,
    { runAsUserName: "ContainerUser" },
    { runAsUserName: "ContainerAdministrator" },
    "root",
    /^runAsUserName.*Set runAsUserName/,
  ],
  [
    "runAsUserName that the kubelet refuses",
    ORDINARY,
    { runAsNonRoot: true },
    { runAsUserName: "ContainerAdministrator" },
    "never-starts",
    /refuses/,
  ],
  ["runAsUserName of a domain", ORDINARY, {}, { runAsUserName: String.raw`CORP\alice` }, "root", /domain/],
  ["runAsUserName of nobody known", ORDINARY, {}, { runAsUserName: "svc" }, "unresolvable", /cannot be told/],
  ["runAsUser, which means nothing there", ADMINISTRATOR, { runAsUser: 1000 }, {}, "root", /administrator/],
];

suite("the effective user on Windows", () => {
  for (const [what, user, pod, container, verdict, because] of WINDOWS) {
    test(what, () => {
      const who = effectiveUser(user, "windows", pod, container);
      assert.deepEqual([who.verdict, who.uid], [verdict, undefined], who.because);
      assert.match(who.because, because);
    });
  }
});

test("a pod that says nothing leaves the image's own answer", () => {
  for (const user of Object.values(ALL)) {
    const { verdict } = effectiveUser(user, "linux", NO_CHOICE, NO_CHOICE);
    assert.equal(verdict, user.verdict === "nonroot-named" ? "nonroot" : user.verdict);
  }
});

test("nobody runs as root where runAsNonRoot is in force, and only those above 0 are not root", () => {
  const ids = fc.option(fc.oneof(fc.integer({ min: -2, max: 3 }), fc.double(), fc.maxSafeInteger()), {
    nil: undefined,
  });
  const choice = fc.record({
    runAsUser: ids,
    runAsGroup: ids,
    runAsNonRoot: fc.option(fc.boolean(), { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(ALL)),
      choice,
      choice,
      fc.boolean(),
      (user, pod, container, hostUsers) => {
        const who = effectiveUser(user, "linux", { ...pod, hostUsers }, container);
        const nonRoot = container.runAsNonRoot ?? pod.runAsNonRoot ?? false;
        if (nonRoot) assert.ok(!who.verdict.startsWith("root"));
        if (who.verdict === "nonroot") assert.ok((who.uid ?? 0) > 0);
        if (who.verdict.startsWith("root")) assert.equal(who.uid, 0);
      },
    ),
  );
});
