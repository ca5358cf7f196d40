import assert from "node:assert/strict";
import { test } from "node:test";

import { InputError } from "../../../src/domain/errors.ts";
import { formatPlatform, isPlatformNamed, parsePlatform, type Platform } from "../../../src/domain/platform.ts";
import { jsonValue } from "../../support/json-value.ts";

const PLACE = { code: "manifest", path: "entry" } as const;

function platform(os: string, architecture: string, variant?: string): Platform {
  return { os, architecture, variant, osVersion: undefined };
}

test("a platform is read from its members, null ones being absent", () => {
  const value = { os: "windows", architecture: "amd64", "os.version": "10.0.1", "os.features": null, variant: null };
  assert.deepEqual(parsePlatform(jsonValue(value), PLACE), {
    os: "windows",
    architecture: "amd64",
    variant: undefined,
    osVersion: "10.0.1",
  });
  assert.equal(parsePlatform(undefined, PLACE), undefined);
  assert.equal(parsePlatform(null, PLACE), undefined);
});

test("a platform without its two names, or with keys that fold into them, is refused", () => {
  const wrong: readonly unknown[] = [
    {},
    { os: "linux" },
    { architecture: "amd64" },
    { os: 1, architecture: "amd64" },
    { os: "linux", architecture: null },
    { os: "linux", architecture: "amd64", OS: "windows" },
    { os: "linux", architecture: "amd64", "o\u017f": "windows" },
    [],
    "1",
  ];
  for (const value of wrong) assert.throws(() => parsePlatform(jsonValue(value), PLACE), InputError);
});

test("a platform is written as docker writes it", () => {
  assert.equal(formatPlatform(platform("linux", "arm64", "v8")), "linux/arm64/v8");
  assert.equal(formatPlatform(platform("linux", "amd64")), "linux/amd64");
});

test("a name covers every spelling that a runtime takes for that platform", () => {
  const covered: readonly (readonly [string, Platform])[] = [
    ["linux/amd64", platform("linux", "amd64")],
    ["linux/amd64", platform("linux", "x86_64")],
    ["linux/amd64", platform("Linux", "X86-64")],
    ["linux/amd64", platform("linux", "amd64", "v3")],
    ["linux/amd64", platform("", "amd64")],
    ["linux/amd64/v1", platform("linux", "amd64")],
    ["linux/386", platform("linux", "i386", "i686")],
    ["linux/arm64", platform("linux", "arm64", "v8")],
    ["linux/arm64", platform("linux", "aarch64")],
    ["linux/arm64/v8", platform("linux", "arm64")],
    ["linux/arm64/v8", platform("linux", "arm64", "8")],
    ["linux/arm64/v8", platform("linux", "AArch64", "V8")],
    ["linux/aarch64", platform("linux", "arm64", "v8")],
    ["linux/arm", platform("linux", "arm", "v5")],
    ["linux/arm/v7", platform("linux", "arm")],
    ["linux/arm/v7", platform("linux", "armhf")],
    ["linux/arm/v7", platform("linux", "armhf", "v6")],
    ["linux/arm/v6", platform("linux", "armel")],
    ["linux/arm/v6", platform("linux", "arm", "6")],
  ];
  for (const [name, given] of covered) assert.ok(isPlatformNamed(given, name), `${name} ${formatPlatform(given)}`);
});

test("a name covers no other platform", () => {
  const apart: readonly (readonly [string, Platform])[] = [
    ["linux/amd64", platform("windows", "amd64")],
    ["linux/amd64", platform("linux", "arm64")],
    ["linux/arm/v7", platform("linux", "arm", "v6")],
    ["linux/arm/v7", platform("linux", "armel", "v7")],
    ["linux/arm64/v9", platform("linux", "arm64", "v8")],
    ["linux/amd64/v3", platform("linux", "amd64")],
    ["linux", platform("linux", "amd64")],
    ["", platform("unknown", "unknown")],
  ];
  for (const [name, given] of apart)
    assert.equal(isPlatformNamed(given, name), false, `${name} ${formatPlatform(given)}`);
});
