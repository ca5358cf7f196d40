import assert from "node:assert/strict";
import { test } from "node:test";

import { InputError } from "../../../src/domain/errors.ts";
import { hostAndPort, parseHostList } from "../../../src/net/host-list.ts";

test("lists a host and port exactly", () => {
  const listed = parseHostList(["registry.example.com:5000", "[::1]:5000", "Localhost:80"]);
  for (const url of ["https://registry.example.com:5000", "http://[::1]:5000/v2/", "http://localhost"]) {
    assert.equal(listed(new URL(url)), true, url);
  }
  for (const url of [
    "https://registry.example.com",
    "https://registry.example.com:5001",
    "https://registry.example.com.evil.test:5000",
    "https://evil.test:5000/registry.example.com:5000",
    "http://[::1]",
    "https://localhost",
  ]) {
    assert.equal(listed(new URL(url)), false, url);
  }
});

test("takes an entry without a port as the default port of either scheme", () => {
  const listed = parseHostList(["registry.internal"]);
  assert.equal(listed(new URL("https://registry.internal:443/")), true);
  assert.equal(listed(new URL("http://registry.internal/")), true);
  assert.equal(listed(new URL("https://registry.internal:80/")), false);
  assert.equal(listed(new URL("http://registry.internal:443/")), false);
});

test("refuses entries that are more or less than a host", () => {
  for (const entry of [
    "",
    "https://a.test",
    "a.test/path",
    "user@a.test",
    "a.test:notaport",
    "a b",
    "a.test?x",
    "a.test#x",
  ]) {
    assert.throws(() => parseHostList([entry]), InputError, entry);
  }
});

test("always writes the port", () => {
  assert.equal(hostAndPort(new URL("https://a.test/x")), "a.test:443");
  assert.equal(hostAndPort(new URL("http://[::1]/x")), "[::1]:80");
});
