import assert from "node:assert/strict";
import { test } from "node:test";

import { mapInSlices, Slices } from "../../../src/crypto/slices.ts";

function busyFor(millis: number): void {
  const until = performance.now() + millis;
  while (performance.now() < until);
}

/** How often the event loop turned while `work` was done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let [turns, isDone] = [0, false];
  const turn = (): void => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isDone = true;
  return turns;
}

test("work in slices lets others run every few milliseconds", async () => {
  const items = Array.from({ length: 40 }, (_, at) => at);
  let doubled: readonly number[] = [];
  const turns = await turnsDuring(async () => {
    doubled = await mapInSlices(items, (item) => {
      busyFor(1);
      return item * 2;
    });
  });
  assert.ok(turns >= 15, `${turns} turns`);
  assert.deepEqual(
    doubled,
    items.map((item) => item * 2),
  );
});

test("several who share slices give way together, not one after the other in one turn", async () => {
  const slices = new Slices();
  const worker = async (): Promise<void> => {
    for (let step = 0; step < 10; step += 1) {
      busyFor(1);
      await slices.pause();
    }
  };
  const turns = await turnsDuring(() => Promise.all(Array.from({ length: 6 }, worker)));
  assert.ok(turns >= 20, `${turns} turns`);
});

test("a short piece of work is done without giving way", async () => {
  const turns = [];
  // A busy machine may use one slice up by itself.
  for (let round = 0; round < 20; round += 1) turns.push(await turnsDuring(() => mapInSlices([1, 2, 3], String)));
  assert.ok(turns.includes(0));
});
