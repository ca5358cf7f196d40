import assert from "node:assert/strict";

import { PortError, type PortCode } from "../../src/domain/errors.ts";

/** For `assert.rejects` and `assert.throws`: a `PortError` of this code and no other error, that says so. */
export function isPortError(code: PortCode, says = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof PortError, `${String(error)} is no PortError`);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
    return true;
  };
}
