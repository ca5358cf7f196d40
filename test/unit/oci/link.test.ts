import assert from "node:assert/strict";
import { test } from "node:test";

import { nextPage, parseNextLink } from "../../../src/adapters/oci/link.ts";
import { isPortError } from "../../support/port-error.ts";

const CURRENT = new URL("https://registry.example.com:5000/v2/shop/web/tags/list?n=10");

test("finds the next link among others", () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['</v2/x?last=a>; rel="next"', "/v2/x?last=a"],
    ["</v2/x?last=a>; rel=next", "/v2/x?last=a"],
    ['</a>; rel="prev", </b>; rel="next"', "/b"],
    ['</a>; title="x, y"; rel="last next"', "/a"],
    ['</a>; rel="nextish"', undefined],
    ['</a>; title="rel=next"', undefined],
    ["</a>", undefined],
    ["garbage", undefined],
    ["", undefined],
  ];
  for (const [header, expected] of rows) assert.equal(parseNextLink(header), expected, header);
});

test("stays on the scheme, host, port and list", () => {
  const next = (target: string) => nextPage(`<${target}>; rel="next"`, CURRENT, "tags");
  assert.equal(next("/v2/shop/web/tags/list?n=10&last=b"), "/v2/shop/web/tags/list?n=10&last=b");
  assert.equal(next("?last=c"), "/v2/shop/web/tags/list?last=c");
  assert.equal(next("https://registry.example.com:5000/v2/shop/web/tags/list?last=d"), "/v2/shop/web/tags/list?last=d");
  for (const target of [
    "http://registry.example.com:5000/v2/shop/web/tags/list",
    "https://registry.example.com/v2/shop/web/tags/list",
    "https://169.254.169.254/v2/shop/web/tags/list",
    "//evil.test/v2/shop/web/tags/list",
    "https://user@registry.example.com:5000/v2/shop/web/tags/list",
  ]) {
    assert.throws(() => next(target), isPortError("blocked-address"), target);
  }
  for (const target of ["/v2/other/tags/list", "/v2/shop/web/tags/list/../../../../admin", `?${"x".repeat(5000)}`]) {
    assert.throws(() => next(target), isPortError("malformed"), target);
  }
});

test("reads a hostile header quickly", () => {
  for (const piece of ["<", "<>;", '; a="', "; a=b", " "]) {
    const started = performance.now();
    parseNextLink(`</x>${piece.repeat(20_000)}`);
    assert.ok(performance.now() - started < 200, piece);
  }
});
