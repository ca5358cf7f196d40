import assert from "node:assert/strict";
import { test } from "node:test";

import { parseConfig } from "../../src/config.ts";
import { InputError } from "../../src/domain/errors.ts";

test("follows the public-good repository unless that is switched off", () => {
  assert.equal(parseConfig({}).tufRefresh, true);
  assert.equal(parseConfig({ ASSAY_TUF_REFRESH: "" }).tufRefresh, true);
  assert.equal(parseConfig({ ASSAY_TUF_REFRESH: "on" }).tufRefresh, true);
  assert.equal(parseConfig({ ASSAY_TUF_REFRESH: "off" }).tufRefresh, false);
  for (const value of ["false", "no", "0", "OFF"]) {
    assert.throws(() => parseConfig({ ASSAY_TUF_REFRESH: value }), InputError);
  }
});

test("looks at the tags of base images every six hours, or as often as is said, or never", () => {
  assert.equal(parseConfig({}).baseRefreshMs, 6 * 3_600_000);
  assert.equal(parseConfig({ ASSAY_BASE_REFRESH: "" }).baseRefreshMs, 6 * 3_600_000);
  assert.equal(parseConfig({ ASSAY_BASE_REFRESH: "1m" }).baseRefreshMs, 60_000);
  assert.equal(parseConfig({ ASSAY_BASE_REFRESH: "1d" }).baseRefreshMs, 24 * 3_600_000);
  assert.equal(parseConfig({ ASSAY_BASE_REFRESH: "off" }).baseRefreshMs, undefined);
  for (const value of ["59s", "25h", "0s", "on", "never"]) {
    assert.throws(
      () => parseConfig({ ASSAY_BASE_REFRESH: value }),
      (error: unknown) => error instanceof InputError && error.message.includes("ASSAY_BASE_REFRESH"),
    );
  }
});
