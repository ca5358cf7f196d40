import assert from "node:assert/strict";

import { PortError, type PortCode } from "../../src/domain/errors.ts";

/** For `assert.rejects` and `assert.throws`: a `PortError` of this code and no other error. */
export function isPortError(code: PortCode): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof PortError, `${String(error)} is no PortError`);
    assert.equal(error.code, code, error.message);
    return true;
  };
}
