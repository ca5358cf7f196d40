import assert from "node:assert/strict";
import { test } from "node:test";

import { Slices } from "../../../src/crypto/slices.ts";

/** Whether somebody who waits has a turn while this work pauses, after it was busy for so many milliseconds. */
async function letsOthersRun(busy: number): Promise<boolean> {
  const slices = new Slices();
  const start = performance.now();
  while (performance.now() - start < busy);
  let hadTurn = false;
  const waiting = setImmediate(() => (hadTurn = true));
  await slices.pause();
  clearImmediate(waiting);
  return hadTurn;
}

test("work lets others run once a slice of it is used up", async () => {
  assert.equal(await letsOthersRun(8), true);
});

test("work goes on while its slice is fresh", async () => {
  const tries = [];
  // A busy machine may use one of them up by itself.
  for (let round = 0; round < 20; round += 1) tries.push(await letsOthersRun(0));
  assert.ok(tries.includes(false));
});
