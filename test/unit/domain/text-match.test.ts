import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { compileTextMatch, matchesEverything, strangerMatched } from "../../../src/domain/text-match.ts";
import type { TextMatch } from "../../../src/domain/trust.ts";

const exact = (text: string): TextMatch => ({ kind: "exact", text });
const glob = (pattern: string): TextMatch => ({ kind: "glob", pattern });
const re2 = (pattern: string): TextMatch => ({ kind: "re2", pattern });
const WORKFLOW = "https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main";

describe("a text match", () => {
  const MATCHES: readonly (readonly [TextMatch, string])[] = [
    [exact(WORKFLOW), WORKFLOW],
    [glob("https://github.com/acme/*/.github/workflows/release.yml@refs/heads/main"), WORKFLOW],
    [glob("https://github.com/acme/**"), WORKFLOW],
    [glob("https://github.com/**/release.yml@refs/heads/*"), WORKFLOW],
    [glob("*@acme.example"), "bob@acme.example"],
    [glob("*@acme.example"), "@acme.example"],
    [re2("https://github\\.com/acme/[^/]+/.*@refs/heads/main"), WORKFLOW],
    [re2("^bob@acme\\.example$"), "bob@acme.example"],
    [re2("(?i)BOB@acme\\.example"), "bob@acme.example"],
  ];
  for (const [match, text] of MATCHES) {
    test(`${JSON.stringify(match)} matches ${text}`, () => assert.equal(compileTextMatch(match)(text), true));
  }

  const MISSES: readonly (readonly [TextMatch, string])[] = [
    [exact("github"), WORKFLOW],
    [exact(WORKFLOW), `${WORKFLOW}x`],
    [exact(WORKFLOW), WORKFLOW.toUpperCase()],
    [exact("*"), "a"],
    // A star does not reach over a slash, so a trusted name in another's path is no match.
    [glob("https://*.acme.example/ci"), "https://evil.example/x.acme.example/ci"],
    [glob("https://github.com/acme/*"), WORKFLOW],
    [glob("*@acme.example"), "bob@evil.example/@acme.example"],
    [glob("*@acme.example"), "bob@acme.example.evil.example"],
    // Nothing in a glob but the star means anything else than itself.
    [glob("bob@acme.exampl."), "bob@acme.example"],
    [glob("[a-z]@acme.example"), "b@acme.example"],
    // Always the whole text, whatever the expression's own anchors (T-ID-01).
    [re2("github"), WORKFLOW],
    [re2("bob@acme\\.example"), "bob@acme.example.evil.example"],
    [re2("bob@acme\\.example|x"), "bob@acme.example.evil.example"],
    [re2("bob@acme\\.example"), "xbob@acme.example"],
    [re2("(?m)^bob@acme\\.example$"), "bob@acme.example\neve@evil.example"],
    [re2("bob@acme.example$"), "bob@acme.example\n"],
    [re2("a*"), "a".repeat(2049)],
  ];
  for (const [match, text] of MISSES) {
    test(`${JSON.stringify(match)} does not match ${JSON.stringify(text.slice(0, 80))}`, () =>
      assert.equal(compileTextMatch(match)(text), false));
  }

  const REFUSED: Readonly<Record<string, readonly [TextMatch, RegExp]>> = {
    "an empty glob": [glob(""), /is empty/],
    "an empty expression": [re2(""), /is empty/],
    "a back-reference": [re2("(a)\\1"), /no regular expression of RE2/],
    "a look-ahead": [re2("(?=a)b"), /no regular expression of RE2/],
    "an open bracket": [re2("[a"), /no regular expression of RE2/],
    "a repetition of repetitions": [re2("((a{100}){10}){10}"), /no regular expression of RE2/],
    "too many repetitions": [re2("a{500}b{500}"), /repeats too much/],
    "more than 1024 characters": [re2("a".repeat(1025)), /longer than 1024/],
  };
  for (const [what, [match, why]] of Object.entries(REFUSED)) {
    test(`is refused with ${what}`, () => {
      assert.throws(() => compileTextMatch(match), { name: "InputError", code: "policy", message: why });
    });
  }
});

describe("a pattern that lets everybody pass is told from one that does not", () => {
  const EVERYBODY = [
    re2(".*"),
    re2("^.*$"),
    re2(".+"),
    re2("(?s).*"),
    re2("[\\s\\S]*"),
    re2(".*|bob@acme\\.example"),
    re2("(.*)"),
    re2(".{3,}"),
    re2("[^#]*"),
    re2("\\S+"),
    glob("*"),
    glob("**"),
    glob("**/**"),
    glob("*@*"),
    glob("*://**"),
  ];
  for (const match of EVERYBODY) {
    test(`${JSON.stringify(match)} does`, () => assert.equal(matchesEverything(match), true));
  }
  const SOMEBODY = [exact("*"), re2("https://github\\.com/acme/.*"), glob("*@acme.example"), re2("bob@acme\\.example")];
  for (const match of SOMEBODY) {
    test(`${JSON.stringify(match)} does not`, () => {
      assert.equal(matchesEverything(match), false);
      assert.equal(strangerMatched(match), undefined);
    });
  }

  test("and one that lets strangers of one kind pass can name one", () => {
    assert.match(strangerMatched(re2("https://.*")) ?? "", /^https:/);
    assert.match(strangerMatched(re2(".*@.*")) ?? "", /@/);
    assert.match(strangerMatched(glob("https://github.com/**")) ?? "", /^https:\/\/github\.com\//);
  });
});

/** Each is known to take JavaScript's own engine seconds to hours on texts such as these. */
const HOSTILE = [
  "^([a-z:/.-]+)+!$",
  "(a|a)*b",
  "(a*)*$x",
  "([a-zA-Z0-9]+/?)+@$",
  ".*.*.*.*=.*",
  "(\\w+\\s?)*!",
  "(.*)(.*)(.*)(.*)(.*)[^a]!",
  "(a?){50}a{50}!",
  "(x+x+)+y",
  ".*a.{200}b",
] as const;

test("a hundred hostile expressions are each held against a thousand subjects in less than 50 ms (T-ID-02)", () => {
  const subjects = Array.from(
    { length: 1000 },
    (_, at) => `https://github.com/${"a".repeat(40 + (at % 50))}${at}/.github/workflows/x.yml@refs/heads/main`,
  );
  const patterns = HOSTILE.flatMap((pattern) => Array.from({ length: 10 }, (_, at) => `${pattern}(?:z{${at}})?`));
  assert.equal(patterns.length, 100);
  const slow: string[] = [];
  for (const pattern of patterns) {
    const matches = compileTextMatch(re2(pattern));
    // The best of three runs of this process's own time: a slow engine is slow each time, and in no other process.
    const times = [1, 2, 3].map(() => {
      const started = process.cpuUsage();
      assert.equal(subjects.some(matches), false);
      const { user, system } = process.cpuUsage(started);
      return (user + system) / 1000;
    });
    const time = Math.min(...times);
    if (time >= 50) slow.push(`${pattern}: ${time.toFixed(0)} ms`);
  }
  assert.deepEqual(slow, []);
});
