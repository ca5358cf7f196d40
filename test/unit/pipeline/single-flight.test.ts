import assert from "node:assert/strict";
import { test } from "node:test";

import { SingleFlight } from "../../../src/pipeline/single-flight.ts";

const never = new AbortController().signal;

test("callers of one key share one run, and callers of another do not", async () => {
  const flights = new SingleFlight<number>();
  let runs = 0;
  const work = (): Promise<number> => Promise.resolve((runs += 1));
  const answers = await Promise.all([
    ...Array.from({ length: 50 }, () => flights.run("a", never, work)),
    flights.run("b", never, work),
  ]);
  assert.equal(runs, 2);
  assert.deepEqual(new Set(answers), new Set([1, 2]));
});

test("a finished run is not remembered, whether it succeeded or failed", async () => {
  const flights = new SingleFlight<number>();
  let runs = 0;
  await flights.run("a", never, () => Promise.resolve((runs += 1)));
  await assert.rejects(flights.run("a", never, () => Promise.reject(new Error(`${(runs += 1)}`))));
  await flights.run("a", never, () => Promise.resolve((runs += 1)));
  assert.equal(runs, 3);
});

test("a caller who leaves gets the reason of its own signal, and the others their answer", async () => {
  const flights = new SingleFlight<string>();
  const { promise, resolve } = Promise.withResolvers<string>();
  const leaving = new AbortController();
  let shared: AbortSignal | undefined;
  const work = (signal: AbortSignal): Promise<string> => {
    shared = signal;
    return promise;
  };
  const impatient = flights.run("a", leaving.signal, work);
  const patient = flights.run("a", never, work);
  leaving.abort(new Error("too slow"));
  await assert.rejects(impatient, /too slow/);
  assert.equal(shared?.aborted, false);
  resolve("done");
  assert.equal(await patient, "done");
});

test("the work is cancelled once nobody waits, and whoever comes next starts anew", async () => {
  const flights = new SingleFlight<string>();
  const leaving = new AbortController();
  let cancelled = false;
  const hanging = flights.run("a", leaving.signal, (signal) => {
    signal.addEventListener("abort", () => {
      cancelled = true;
    });
    return new Promise<string>(() => {});
  });
  leaving.abort(new Error("gone"));
  await assert.rejects(hanging, /gone/);
  assert.equal(cancelled, true);
  assert.equal(await flights.run("a", never, () => Promise.resolve("fresh")), "fresh");
});

test("nothing is started for a caller who has already left", async () => {
  const flights = new SingleFlight<string>();
  const work = (): Promise<string> => assert.fail("started");
  await assert.rejects(flights.run("a", AbortSignal.abort(new Error("gone")), work), /gone/);
});
