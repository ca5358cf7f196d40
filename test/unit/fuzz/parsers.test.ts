import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { runs } from "../../support/fuzz.ts";
import { fuzz } from "../../fuzz/fuzzing.ts";
import { PARSERS } from "../../fuzz/parsers.ts";

/** All parsers together take some seconds. */
const BOUNDED = 400;
const seed = Number(process.env["ASSAY_FUZZ_SEED"] ?? Date.now() % 2 ** 31);

describe("whatever bytes come, they are read or refused, and nobody is believed, by", () => {
  for (const parser of PARSERS) {
    test(`the parser of ${parser.name}`, () => {
      const { values, refused, fault } = fuzz(parser, runs(BOUNDED), seed);
      const input = fault?.input.toString("base64") ?? "";
      assert.equal(fault, undefined, `seed ${seed}, input ${input}: ${fault?.why ?? ""}`);
      assert.equal(values + refused, runs(BOUNDED));
    });
  }

  test("its own seeds are read by each", () => {
    for (const { name, seeds, read } of PARSERS) {
      for (const good of seeds) assert.doesNotThrow(() => read(Buffer.from(good)), name);
    }
  });
});
