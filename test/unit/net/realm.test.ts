import assert from "node:assert/strict";
import { test } from "node:test";

import { parseHosts } from "../../../src/net/hosts.ts";
import { judgeRealm } from "../../../src/net/realm.ts";
import { isPortError } from "../../support/port-error.ts";

const HOSTS = parseHosts(["plain.internal:5000", "tokens.internal:5001"], ["secure.internal", "auth.internal:8443"]);
const judge = (realm: string, registry: string) => judgeRealm(realm, new URL(registry), HOSTS, "it");

test("lets a registry name itself, the public, and what the operator listed", () => {
  const rows = [
    ["https://auth.docker.io/token", "https://registry-1.docker.io", false],
    ["https://registry.example.com/token", "https://registry.example.com", true],
    ["https://secure.internal/token", "https://secure.internal", true],
    ["https://auth.internal:8443/token", "https://registry.example.com", true],
    ["http://plain.internal:5000/token", "http://plain.internal:5000", true],
    ["http://tokens.internal:5001/token", "http://plain.internal:5000", true],
    ["https://auth.example.com/token", "http://plain.internal:5000", false],
    // What is not listed is trusted with nothing: its address is judged when it is connected to.
    ["https://169.254.169.254/token", "https://registry.example.com", false],
    ["https://registry.example.com:8443/token", "https://registry.example.com", false],
  ] as const;
  for (const [realm, registry, trusted] of rows) assert.equal(judge(realm, registry).trusted, trusted, realm);
});

test("blocks plain HTTP but from a plain registry to itself or a listed host", () => {
  const rows = [
    ["http://registry.example.com/token", "https://registry.example.com"],
    ["http://registry.example.com:443/token", "https://registry.example.com"],
    ["http://plain.internal:5000/token", "https://registry.example.com"],
    ["http://169.254.169.254/latest/meta-data", "https://registry.example.com"],
    ["http://169.254.169.254/latest/meta-data", "http://plain.internal:5000"],
    ["http://plain.internal:5001/token", "http://plain.internal:5000"],
    ["http://plain.internal/token", "http://plain.internal:5000"],
    ["http://[::1]/token", "http://plain.internal:5000"],
    ["http://0.0.0.0/token", "http://plain.internal:5000"],
    ["http://localhost:5000/token", "http://plain.internal:5000"],
    ["file:///etc/passwd", "http://plain.internal:5000"],
    ["ftp://plain.internal:5000/", "http://plain.internal:5000"],
  ] as const;
  for (const [realm, registry] of rows) {
    assert.throws(() => judge(realm, registry), isPortError("blocked-address"), `${realm} for ${registry}`);
  }
});

test("refuses a realm that is no URL or carries credentials", () => {
  for (const realm of [
    "",
    "token",
    "https://",
    "https://user@auth.example.com/",
    "https://a:b@auth.example.com/",
    "https://a.test/#x",
  ]) {
    assert.throws(() => judge(realm, "https://registry.example.com"), isPortError("malformed"), realm);
  }
});
