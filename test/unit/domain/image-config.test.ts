import assert from "node:assert/strict";
import { test } from "node:test";

import { InputError } from "../../../src/domain/errors.ts";
import { parseImageConfig } from "../../../src/domain/image-config.ts";
import { jsonValue } from "../../support/json-value.ts";

const DIFF_ID = `sha256:${"d1".repeat(32)}`;
const CONFIG = {
  os: "linux",
  architecture: "amd64",
  config: {
    User: "1000:1000",
    Env: ["A=1"],
    Entrypoint: ["/app"],
    Cmd: ["-v"],
    WorkingDir: "/srv",
    Labels: { a: "1" },
  },
  rootfs: { type: "layers", diff_ids: [DIFF_ID] },
};

function refused(value: unknown, about: RegExp): void {
  assert.throws(
    () => parseImageConfig(jsonValue(value)),
    (error) => error instanceof InputError && error.code === "config" && about.test(error.message),
    JSON.stringify(value),
  );
}

function withConfig(more: object): object {
  return { ...CONFIG, config: { ...CONFIG.config, ...more } };
}

test("a configuration is read whole", () => {
  const history = [
    { created: "2026-01-02T03:04:05.678901Z", created_by: "COPY app /app" },
    { created_by: "USER 1000", empty_layer: true },
  ];
  const more = {
    created: "2026-01-02T03:04:05+01:00",
    variant: "v3",
    "os.version": "1",
    history,
    author: "x",
    other: 1,
  };
  const volumes = { "/data": {}, "/DATA": {} };
  assert.deepEqual(parseImageConfig(jsonValue({ ...withConfig({ Volumes: volumes }), ...more })), {
    platform: { os: "linux", architecture: "amd64", variant: "v3", osVersion: "1" },
    user: "1000:1000",
    env: ["A=1"],
    entrypoint: ["/app"],
    cmd: ["-v"],
    workingDir: "/srv",
    labels: { a: "1" },
    volumes: ["/data", "/DATA"],
    healthcheck: false,
    created: "2026-01-02T02:04:05.000Z",
    diffIds: [DIFF_ID],
    history: [
      { created: "2026-01-02T03:04:05.678Z", createdBy: "COPY app /app", emptyLayer: false },
      { created: undefined, createdBy: "USER 1000", emptyLayer: true },
    ],
  });
});

test("a health check is a test that does something", () => {
  const checked = (value: unknown) => parseImageConfig(jsonValue(withConfig({ Healthcheck: value }))).healthcheck;
  assert.equal(checked({ Test: ["CMD", "/app", "check"], Interval: 30_000_000_000 }), true);
  assert.equal(checked({ Test: ["CMD-SHELL", "true"] }), true);
  for (const none of [
    null,
    undefined,
    {},
    { Test: ["NONE"] },
    { Test: [] },
    { Test: null },
    { Test: "CMD" },
    [],
    "CMD",
  ])
    assert.equal(checked(none), false, JSON.stringify(none));
});

test("everything optional may be absent or null, and nobody is configured as user then", () => {
  const inner = { User: null, Env: null, Entrypoint: null, Cmd: null, WorkingDir: null, Labels: null, Volumes: null };
  const outer = { created: null, variant: null, "os.version": null, history: null };
  const nulls = parseImageConfig(jsonValue({ ...CONFIG, ...outer, config: inner }));
  assert.deepEqual(nulls, parseImageConfig(jsonValue({ ...CONFIG, config: null })));
  assert.deepEqual(nulls, parseImageConfig(jsonValue({ ...CONFIG, config: undefined })));
  assert.equal(nulls.user, "");
  assert.deepEqual(nulls.entrypoint, []);
  const empty = parseImageConfig(jsonValue({ ...CONFIG, rootfs: { type: "layers", diff_ids: null } }));
  assert.deepEqual(empty.diffIds, []);
});

test("refuses a user, or anything else, that a runtime would read from another key", () => {
  for (const key of [
    "user",
    "USER",
    "uSer",
    "u\u017fer",
    "U\u017fER",
    "entrypoint",
    "env",
    "CMD",
    "labels",
    "workingdir",
    "volumes",
  ]) {
    refused(withConfig({ [key]: "0" }), /^config\.config is ambiguous: the key ".*" would be read as/);
  }
  for (const key of [
    "Config",
    "CONFIG",
    "RootFS",
    "rootf\u017f",
    "History",
    "OS",
    "o\u017f",
    "Architecture",
    "Created",
  ]) {
    refused({ ...CONFIG, [key]: {} }, /^config is ambiguous/);
  }
  refused({ ...CONFIG, rootfs: { ...CONFIG.rootfs, Diff_IDs: [] } }, /^config\.rootfs is ambiguous/);
  refused({ ...CONFIG, rootfs: { ...CONFIG.rootfs, Type: "x" } }, /^config\.rootfs is ambiguous/);
  refused({ ...CONFIG, history: [{ Created_By: "x" }] }, /^config\.history\[0\] is ambiguous/);
});

test("labels may differ only in case, since they are data", () => {
  assert.deepEqual(parseImageConfig(jsonValue(withConfig({ Labels: { a: "1", A: "2" } }))).labels, { a: "1", A: "2" });
});

test("refuses members of the wrong type instead of taking them for absent", () => {
  for (const config of ["x", [], 0, false, [{ User: "0" }]])
    refused({ ...CONFIG, config }, /^config\.config is not an object$/);
  refused(withConfig({ User: 0 }), /^config\.config\.User is not a string$/);
  refused(withConfig({ User: ["0"] }), /User is not a string/);
  refused(withConfig({ Env: "A=1" }), /Env is not an array/);
  refused(withConfig({ Entrypoint: "/app" }), /Entrypoint is not an array/);
  refused(withConfig({ Cmd: [1] }), /Cmd\[0\] is not a string/);
  refused(withConfig({ Labels: { a: 1 } }), /Labels\.a is not a string/);
  refused(withConfig({ Volumes: ["/data"] }), /Volumes is not an object/);
  refused({ ...CONFIG, created: 0 }, /config\.created is not a string/);
  refused({ ...CONFIG, history: {} }, /config\.history is not an array/);
  refused({ ...CONFIG, history: [null] }, /config\.history\[0\] is not an object/);
  refused({ ...CONFIG, history: [{ empty_layer: "true" }] }, /empty_layer is not true or false/);
  refused({ ...CONFIG, os: undefined }, /config\.os is not a string/);
  refused({ ...CONFIG, architecture: null }, /config\.architecture is not a string/);
  for (const value of [[], "null", 1]) refused(value, /^config is not an object$/);
});

test("refuses a root file system that is not made of layers with known digests", () => {
  refused({ ...CONFIG, rootfs: undefined }, /config\.rootfs is not an object/);
  refused({ ...CONFIG, rootfs: null }, /config\.rootfs is not an object/);
  refused({ ...CONFIG, rootfs: { diff_ids: [DIFF_ID] } }, /config\.rootfs\.type is not a string/);
  refused({ ...CONFIG, rootfs: { type: "layer", diff_ids: [] } }, /config\.rootfs\.type is not "layers"/);
  for (const text of ["", "sha256:d1", DIFF_ID.toUpperCase(), `${DIFF_ID}0`, `md5:${"d1".repeat(16)}`, "../x"]) {
    refused(
      { ...CONFIG, rootfs: { type: "layers", diff_ids: [DIFF_ID, text] } },
      /rootfs\.diff_ids\[1\] is not a digest/,
    );
  }
  refused({ ...CONFIG, rootfs: { type: "layers", diff_ids: [null] } }, /diff_ids\[0\] is not a string/);
});

test("a date that is no date is absent", () => {
  for (const created of ["", "yesterday", "2026-02-30T00:00:00Z", "0001-01-01", "9999-12-31T23:59:59-01:00"]) {
    assert.equal(parseImageConfig(jsonValue({ ...CONFIG, created })).created, undefined);
  }
});
