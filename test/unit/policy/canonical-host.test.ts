import assert from "node:assert/strict";
import { test } from "node:test";

import { canonicalHost } from "../../../src/policy/canonical-host.ts";

test("spellings of one host are one, and different hosts stay different", () => {
  const same: readonly (readonly [string, string])[] = [
    ["Registry.Example.com", "registry.example.com"],
    ["registry.example.com:443", "registry.example.com"],
    ["registry.example.com:0443", "registry.example.com"],
    ["registry.example.com:05000", "registry.example.com:5000"],
    ["[::1]:5000", "[0:0:0:0:0:0:0:1]:05000"],
    ["[0:0::1]", "[::1]"],
    ["[2001:DB8::0:0001]", "[2001:db8:0:0:0:0:0:1]"],
    ["[::ffff:192.0.2.1]", "[::ffff:c000:201]"],
    ["[fe80::1:0:0]", "[fe80:0:0:0:0:1::]"],
  ];
  for (const [one, other] of same) assert.equal(canonicalHost(one), canonicalHost(other), `${one} is ${other}`);
  const different: readonly (readonly [string, string])[] = [
    ["registry.example.com:80", "registry.example.com"],
    ["registry.example.com:4430", "registry.example.com:443"],
    ["[::1]", "[::2]"],
    ["[::1]:1", "[::1:1]"],
    ["[1::2::3]", "[1::2:0:3]"],
    ["[1:2:3]", "[1:2:3::]"],
  ];
  for (const [one, other] of different) assert.notEqual(canonicalHost(one), canonicalHost(other), `${one}, ${other}`);
});
