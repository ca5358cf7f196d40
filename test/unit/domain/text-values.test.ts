import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { algorithmOf, hexOf, isDigest, parseDigest } from "../../../src/domain/digest.ts";
import { formatDuration, parseDuration } from "../../../src/domain/duration.ts";
import { InputError, type InputCode } from "../../../src/domain/errors.ts";
import { earliest, instantOf, isBefore, latest, millisOf, parseInstant, plus } from "../../../src/domain/instant.ts";
import { quoted } from "../../../src/domain/quoted.ts";

const HEX = "0123456789abcdef".repeat(4);

function refused(action: () => unknown, code: InputCode, text: string): void {
  assert.throws(
    action,
    (error) => error instanceof InputError && error.code === code && error.message.length < 1200,
    JSON.stringify(text),
  );
}

test("a digest is a known algorithm and its exact number of lower-case digits", () => {
  assert.equal(algorithmOf(parseDigest(`sha256:${HEX}`)), "sha256");
  assert.equal(hexOf(parseDigest(`sha384:${HEX}${HEX.slice(32)}`)), HEX + HEX.slice(32));
  assert.equal(algorithmOf(parseDigest(`sha512:${HEX}${HEX}`)), "sha512");
  const wrong = [
    "",
    "sha256",
    "sha256:",
    HEX,
    `sha256:${HEX.slice(1)}`,
    `sha256:${HEX}0`,
    `sha256:${HEX.toUpperCase()}`,
    `SHA256:${HEX}`,
    `sha256:${HEX}\n`,
    ` sha256:${HEX}`,
    `sha256:${HEX.slice(1)}g`,
    `sha256:${"../".repeat(21)}x`,
    `../sha256:${HEX}`,
    `sha256:../../${HEX.slice(6)}`,
    `sha256:${HEX.slice(1)}/`,
    `sha512:${HEX}`,
    `sha384:${HEX}`,
    `sha256:${HEX}${HEX}`,
    `sha1:${HEX.slice(24)}`,
    `md5:${HEX.slice(32)}`,
    `sha256+b64:${HEX}`,
    `blake3:${HEX}`,
    `sha256:${"\uff10".repeat(64)}`,
    `sha256:${HEX.slice(1)}\u0000`,
    `x\nsha256:${HEX}`,
    "x".repeat(100_000),
  ];
  for (const text of wrong) {
    assert.equal(isDigest(text), false, text);
    refused(() => parseDigest(text), "digest", text);
  }
});

test("an instant is RFC 3339 in any offset, kept in UTC with milliseconds", () => {
  const same: readonly (readonly [string, string])[] = [
    ["2026-11-21T07:31:00Z", "2026-11-21T07:31:00.000Z"],
    ["2026-11-21t07:31:00z", "2026-11-21T07:31:00.000Z"],
    ["2026-11-21T09:31:00+02:00", "2026-11-21T07:31:00.000Z"],
    ["2026-11-21T00:01:00.5-07:30", "2026-11-21T07:31:00.500Z"],
    ["2026-11-21T07:31:00.123456789Z", "2026-11-21T07:31:00.123Z"],
    ["2028-02-29T00:00:00Z", "2028-02-29T00:00:00.000Z"],
    ["2000-02-29T23:59:59Z", "2000-02-29T23:59:59.000Z"],
    ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
  ];
  for (const [text, instant] of same) assert.equal(parseInstant(text), instant);
});

test("what is no time on any calendar is refused", () => {
  const wrong = [
    "",
    "now",
    "2026-11-21",
    "2026-11-21T07:31:00",
    "2026-11-21 07:31:00Z",
    "2026-11-21T07:31Z",
    "2026-11-21T07:31:00.Z",
    "2026-11-21T07:31:00,5Z",
    "2026-11-21T07:31:00Z\n",
    "2026-11-21T24:00:00Z",
    "2026-11-21T23:59:60Z",
    "2026-11-21T23:60:00Z",
    "2026-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2026-13-10T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-01-32T00:00:00Z",
    "2026-01-01T00:00:00+24:00",
    "2026-01-01T00:00:00+0000",
    "2026-01-01T00:00:00+00:60",
    "+010000-01-01T00:00:00Z",
    "9999-12-31T23:59:59-01:00",
    "0000-01-01T00:00:00+01:00",
    "\u0662026-01-01T00:00:00Z",
    "1e3",
  ];
  for (const text of wrong) refused(() => parseInstant(text), "instant", text);
  for (const millis of [Number.NaN, Infinity, -Infinity, 253_402_300_800_000, -62_167_219_200_001]) {
    refused(() => instantOf(millis), "instant", String(millis));
  }
});

test("instants sort as text as they do in time, and survive arithmetic that leaves the calendar", () => {
  const millis = fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 });
  fc.assert(
    fc.property(millis, millis, (a, b) => {
      const [one, other] = [instantOf(a), instantOf(b)];
      assert.equal(millisOf(one), a);
      assert.equal(parseInstant(one), one);
      assert.equal(isBefore(one, other), a < b);
      assert.equal(earliest(one, undefined, other), instantOf(Math.min(a, b)));
      assert.equal(latest(undefined, one, other), instantOf(Math.max(a, b)));
    }),
    { numRuns: 1000 },
  );
  const now = parseInstant("2026-11-21T07:31:00Z");
  assert.equal(plus(now, parseDuration("999999999d")), "9999-12-31T23:59:59.999Z");
  assert.equal(plus(now, -Number.MAX_VALUE), "0000-01-01T00:00:00.000Z");
  assert.equal(plus(now, 1), "2026-11-21T07:31:00.001Z");
  refused(() => plus(now, Number.NaN), "instant", "NaN");
  assert.equal(earliest(undefined), undefined);
});

test("a duration is a whole number and one unit", () => {
  const same: readonly (readonly [string, number])[] = [
    ["0s", 0],
    ["500ms", 500],
    ["30s", 30_000],
    ["15m", 900_000],
    ["24h", 86_400_000],
    ["90d", 7_776_000_000],
  ];
  for (const [text, millis] of same) assert.equal(parseDuration(text), millis);
  for (const text of [
    "",
    "1",
    "d",
    "1.5h",
    "-1d",
    "+1d",
    "1 d",
    "1D",
    "1d\n",
    "1w",
    "1h30m",
    "1e3s",
    "9999999999s",
    "\u0661d",
  ]) {
    refused(() => parseDuration(text), "duration", text);
  }
  for (const text of ["1d", "23h", "90m", "61s", "1500ms", "0ms"])
    assert.equal(formatDuration(parseDuration(text)), text);
  assert.equal(formatDuration(86_400_000), "1d");
  assert.equal(formatDuration(60_000), "1m");
});

test("quoted text is one clipped line of printable ASCII", () => {
  assert.equal(quoted('a"b\\c'), '"a\\"b\\\\c"');
  assert.equal(quoted("\u0430\n\u0000\u202e\ud800"), '"\\u0430\\n\\u0000\\u202e\\ud800"');
  assert.equal(quoted("abcdef", 3), '"abc…"');
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
      assert.match(quoted(text, 20), /^"[\x20-\x7e]*…?"$/);
    }),
  );
});
