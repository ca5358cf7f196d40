import assert from "node:assert/strict";
import { suite, test } from "node:test";

import * as fc from "fast-check";

import type { Digest } from "../../../../src/domain/digest.ts";
import { decodeRemembered } from "../../../../src/schemes/notary-v1/remembered.ts";
import { InputError } from "../../../../src/domain/errors.ts";
import { runs } from "../../../support/fuzz.ts";
import { TestCollection } from "../../../support/signing/notary/collection.ts";
import {
  MemoryNotary,
  notaryAuthority,
  opinionOf,
  outcomeOf,
  targetFor,
  TestMemory,
} from "../../../support/signing/notary/judging.ts";

const RUNS = runs(250);
const IMAGE = `sha256:${"1".repeat(64)}` as Digest;
const ROLES = ["root", "timestamp", "snapshot", "targets", "targets/a"] as const;

const collection = new TestCollection();
collection.delegate("targets/a");
collection.sign("1.0", IMAGE, "targets/a");
const spec = notaryAuthority(collection);
const good = collection.publish();
const names = [...good.keys()];

/** What parsers of strangers' metadata have fallen over. */
const ODD: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0, 1.5, 2 ** 53, 1e300, "", "\u0000", "../..", "__proto__", [], {}, [[]]),
  fc.constantFrom<unknown>({ keyids: null }, { sha256: 1 }, { length: -1, hashes: {} }, "9999-99-99T99:99:99Z"),
  fc.jsonValue({ maxDepth: 4 }),
);

/** A copy of a value in which one member, found by walking, is another. */
function withOdd(value: unknown, steps: readonly number[], odd: unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined || typeof value !== "object" || value === null) return odd;
  const entries: [string, unknown][] = Object.entries(value);
  if (entries.length === 0) return odd;
  const at = step % entries.length;
  const changed = entries.map(([key, member], index): [string, unknown] => [
    key,
    index === at ? withOdd(member, rest, odd) : member,
  ]);
  return Array.isArray(value) ? changed.map(([, member]) => member) : Object.fromEntries(changed);
}

suite("metadata of strangers", () => {
  test("that is signed and odd is judged, whatever it says", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...ROLES),
        fc.array(fc.nat(30), { minLength: 1, maxLength: 6 }),
        ODD,
        async (role, steps, odd) => {
          const edit = {
            [role]: (signed: Record<string, unknown>) => withOdd(signed, steps, odd) as Record<string, unknown>,
          };
          const world = { notary: new MemoryNotary(collection.publish({ edit })), memory: new TestMemory() };
          const opinion = await opinionOf(spec, world, targetFor(IMAGE));
          assert.match(outcomeOf(opinion), /^[a-z-]+$/);
          if (opinion !== "unsigned" && opinion.kind === "verified") assert.notEqual(opinion.notAfter, undefined);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test("that is cut, doubled or garbled is refused, and none crashes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.nat(6000),
        fc.nat(40),
        fc.oneof(
          fc.constantFrom("", "{", "}", '"', ",", "null", "-", "[]", "\ud800", "1e999", "\u017f", "[".repeat(500)),
          fc.string({ maxLength: 8 }),
        ),
        async (name, from, length, by) => {
          const text = good.get(name)!.toString();
          const at = from % text.length;
          const bytes = Buffer.from(text.slice(0, at) + by + text.slice(at + length));
          if (bytes.equals(good.get(name)!)) return;
          const notary = new MemoryNotary(new Map([...good, [name, bytes]]));
          const outcome = outcomeOf(await opinionOf(spec, { notary, memory: new TestMemory() }, targetFor(IMAGE)));
          // What a timestamp's signature does not cover is nobody's word: its method, for one.
          const isCovered = name !== "timestamp.json" || at < text.indexOf(',"signatures"');
          if (isCovered) assert.notEqual(outcome, "verified");
        },
      ),
      { numRuns: RUNS },
    );
  });

  test("that is remembered and cannot be read is bad input, and nothing else", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 64 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          try {
            decodeRemembered(bytes);
          } catch (error) {
            assert.ok(error instanceof InputError, String(error));
          }
        },
      ),
      { numRuns: RUNS },
    );
  });
});
