import assert from "node:assert/strict";
import { test } from "node:test";

import { assert as holds, property, string } from "fast-check";

import { didYouMean } from "../../../src/cli/did-you-mean.ts";
import { printable } from "../../../src/cli/terminal-text.ts";

test("guesses a word with a letter missing, added, changed or swapped, and no word that is far", () => {
  for (const word of ["formt", "formatt", "fermat", "fromat"]) {
    assert.equal(didYouMean(word, ["output", "format"]), ` Did you mean "format"?`);
  }
  assert.equal(didYouMean("frobnicate", ["output", "format"]), "");
});

test("guesses every known word as itself, and the nearest of several", () => {
  assert.equal(didYouMean("test", ["text", "test"]), ` Did you mean "test"?`);
});

test("makes any text printable, and leaves printable text as it is", () => {
  holds(
    property(string({ unit: "binary" }), (text) => {
      const shown = printable(text);
      assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/u);
      assert.equal(printable(shown), shown);
    }),
  );
  assert.equal(printable('naïve — 日本 👍 \\ "q"'), 'naïve — 日本 👍 \\ "q"');
});
