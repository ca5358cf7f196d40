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
