import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { isLater, parseRetryAfter, pauseAfter } from "../../../src/net/retry.ts";

const TIMES = { baseMs: 100, maxRetryAfterMs: 5000 };

test("asks again only after answers that say later", () => {
  const later = Array.from({ length: 600 }, (_, status) => status).filter(isLater);
  assert.deepEqual(later, [429, 500, 502, 503, 504]);
});

test("reads Retry-After as seconds or as a date", () => {
  const now = Date.parse("2026-11-21T08:00:00Z");
  const rows: readonly (readonly [string | undefined, number | undefined])[] = [
    ["0", 0],
    [" 120 ", 120_000],
    ["Sat, 21 Nov 2026 08:00:30 GMT", 30_000],
    ["Sat, 21 Nov 2026 07:00:00 GMT", 0],
    ["-1", undefined],
    ["1.5", undefined],
    ["9999999999999", undefined],
    ["soon", undefined],
    ["", undefined],
    [undefined, undefined],
  ];
  for (const [header, expected] of rows) assert.equal(parseRetryAfter(header, now), expected, header);
});

test("doubles the pause, and never comes back earlier than asked", () => {
  assert.equal(pauseAfter(1, undefined, TIMES, 0), 50);
  assert.equal(pauseAfter(3, undefined, TIMES, 0), 200);
  assert.equal(pauseAfter(1, 3000, TIMES, 0), 3000);
  assert.equal(pauseAfter(1, 5001, TIMES, 0), undefined);
  const given = fc.record({
    tries: fc.integer({ min: 1, max: 4 }),
    asked: fc.integer({ min: 0, max: 5000 }),
    random: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });
  fc.assert(
    fc.property(given, ({ tries, asked, random }) => {
      const pause = pauseAfter(tries, asked, TIMES, random) ?? assert.fail();
      assert.ok(pause >= asked && pause >= 50 && pause <= Math.max(asked, 800));
    }),
  );
});
