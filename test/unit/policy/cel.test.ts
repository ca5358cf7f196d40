import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { celEnv, isCelError, parse, plan } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import * as fc from "fast-check";

import type { JsonValue } from "../../../src/domain/json.ts";
import { compileExpression, EVALUATION_COST } from "../../../src/policy/cel/expression.ts";
import { Meter } from "../../../src/policy/cel/meter.ts";
import { readStatementText } from "../../../src/schemes/attestation/statement-text.ts";
import { celConditions, celData, celExpressions, celRecord } from "../../support/cel-corpus.ts";
import { jsonValue } from "../../support/json-value.ts";

type Data = Readonly<Record<string, unknown>>;

const NAMES = ["x", "y"];

function valuesOf(data: Data): ReadonlyMap<string, JsonValue> {
  return new Map(Object.entries(data).map(([name, value]) => [name, jsonValue(JSON.stringify(value))]));
}

/** `true`, `false`, or the words of the error; of a refusal, with its offset. */
function said(text: string, data: Data = {}, limit = EVALUATION_COST): string {
  const compiled = compileExpression(text, NAMES);
  if (compiled.kind === "refused") return `${compiled.offset}: ${compiled.message}`;
  const result = compiled.expression.evaluate(valuesOf(data), new Meter(limit));
  return result.kind === "error" ? `error: ${result.message}` : result.kind;
}

function pathsIn(text: string): readonly string[] {
  const compiled = compileExpression(text, NAMES);
  assert.ok(compiled.kind === "compiled", JSON.stringify(compiled));
  return compiled.expression.paths.map((path) => path.join("."));
}

suite("an expression agrees with another interpreter of CEL", () => {
  const environment = celEnv({ funcs: strings });
  const expected = (text: string, data: Data): string => {
    const result = plan(environment, parse(text))(JSON.parse(JSON.stringify(data)));
    if (isCelError(result) || typeof result !== "boolean") return "error";
    return String(result);
  };
  const agrees = (text: string, data: Data): boolean => {
    const ours = said(text, data);
    // What is refused when it is read has no answer to compare; the other reads less strictly.
    if (/^\d+: /.test(ours)) return false;
    assert.equal(
      ours.startsWith("error") ? "error" : ours,
      expected(text, data),
      `${text} over ${JSON.stringify(data)}: ${ours}`,
    );
    return true;
  };

  test("on conditions that mostly have an answer", () => {
    let compared = 0;
    fc.assert(
      fc.property(celConditions, celRecord, (text, x) => {
        if (agrees(text, { x })) compared += 1;
      }),
      { numRuns: 2000 },
    );
    assert.ok(compared > 1300, `${compared} were compared`);
  });

  test("on whatever can be written, over whatever data", () => {
    let compared = 0;
    fc.assert(
      // The other finds no member whose value is null, and none in what is no map, where the definition asks for an error.
      fc.property(
        celExpressions.filter((text) => !text.includes("has(")),
        celData,
        celData,
        (text, x, y) => {
          if (agrees(text, { x, y })) compared += 1;
        },
      ),
      { numRuns: 2000 },
    );
    assert.ok(compared > 600, `${compared} were compared`);
  });
});

suite("an expression over JSON", () => {
  const ROWS: readonly (readonly [string, unknown, string])[] = [
    ["x == 1", 1, "true"],
    ["x == 1.0 && x < 2 && 0 < x && x != 2", 1, "true"],
    ["x == 9007199254740993", 9007199254740992, "false"],
    ["x.a == null", { a: null }, "true"],
    ["has(x.a)", { a: null }, "true"],
    ["has(x.a)", {}, "false"],
    ["!has(x.a)", [], "error: has is not defined for a list (at has(x.a))"],
    ["has(x.a.b)", {}, 'error: there is no member "a" (at a.b))'],
    ["x['@id'] == 'i'", { "@id": "i" }, "true"],
    ["x.`a-b/c.d` == 1", { "a-b/c.d": 1 }, "true"],
    ["x.constructor == 1", {}, 'error: there is no member "constructor" (at constructor == 1)'],
    ["'__proto__' in x", {}, "false"],
    ["x[0] == 'a'", ["a"], "true"],
    ["x[x[1]] == 'b'", [9, 2, "b"], "true"],
    ["x[-1] == 1", [1], "error: the index -1 is outside the list, which has 1 items (at [-1] == 1)"],
    ["x[0.5] == 1", [1], "error: the index 0.5 is outside the list, which has 1 items (at [0.5] == 1)"],
    ["x", "true", "error: the expression gave a text, not true or false"],
    ["x || y", true, "true"],
    ["y || x", true, "true"],
    ["x && y.z", false, "false"],
    ["y.z && x", false, "false"],
    ["y.z && x", true, "error: there is no y (at y.z && x)"],
    ["x.all(i, i.ok)", [{ ok: true }, {}, { ok: false }], "false"],
    ["x.all(i, i.ok)", [{ ok: true }, {}], 'error: there is no member "ok" (at ok))'],
    ["x.exists(i, i.ok)", [{}, { ok: true }], "true"],
    ["x.all(i, i == 1)", [], "true"],
    ["x.exists_one(i, i == 1)", [1, 1], "false"],
    ["x.all(k, x[k] == 1)", { a: 1, b: 1 }, "true"],
    ["x.filter(i, i > 1).map(i, i * 2.0) == [4.0, 6.0]", [1, 2, 3], "true"],
    ["x.exists(x, x == 2) && x.size() == 2", [1, 2], "true"],
    ["x.all(a, x.exists(b, b == a && x.exists(c, c == b)))", [1, 2], "true"],
    ["'a' in x && !('b' in x)", { a: 1 }, "true"],
    ["x in ['a', 'b']", "b", "true"],
    ["x in [1, 2]", 2, "true"],
    ["x.size() == 1 && x.substring(1) == '' && x.charAt(0) == '\\U0001F600'", "\u{1f600}", "true"],
    ["x > '\\uffff'", "\u{1f600}", "true"],
    ["x.split(',') == ['a', 'b', 'c'] && x.split(',', 2) == ['a', 'b,c']", "a,b,c", "true"],
    ["x.replace('a', 'b', 1) == 'ba' && x.lowerAscii().upperAscii() == 'AA'", "aa", "true"],
    ["x.indexOf('b') == 1 && x.lastIndexOf('b') == 2 && x.trim() == 'abb'", "abb", "true"],
    ["['a', x].join('-') == 'a-b'", "b", "true"],
    ["x.matches('^v[0-9]+[.]') && !x.matches('^x')", "v12.1", "true"],
    ["timestamp(x) == timestamp('2026-11-21T08:00:00Z')", "2026-11-21T10:00:00+02:00", "true"],
    ["timestamp(x) + duration('24h') > timestamp('2026-11-22T00:00:00Z')", "2026-11-21T10:00:00Z", "true"],
    ["timestamp(x).getFullYear() == 2024 && timestamp(x).getDayOfYear() == 60", "2024-03-01T00:00:00Z", "true"],
    ["int(timestamp(x)) == 1 && timestamp(1) == timestamp(x)", "1970-01-01T00:00:01.5Z", "false"],
    ["string(timestamp(x)) == '2026-11-21T08:00:00.250Z'", "2026-11-21T10:00:00.25+02:00", "true"],
    [
      "timestamp(x) > timestamp('2020-01-01T00:00:00Z')",
      "2025-02-29T00:00:00Z",
      "error: the text is no timestamp of RFC 3339, such as 2026-11-21T07:31:00Z (at timestamp(x) > timestamp('2020-01-01T00:…)",
    ],
    ["duration(x) < duration('1h') && string(duration(x)) == '1800s'", "30m", "true"],
    ["int(x) + 1 == 3", 2, "true"],
    [
      "x + 1 == 3",
      2,
      "error: + is not defined for a number and a whole number; numbers of JSON are doubles, so write 1.0 rather than 1, or int(…) (at + 1 == 3)",
    ],
    [
      "int(x) * 9223372036854775807 > 0",
      2,
      "error: the result is beyond the 64 bits of an integer (at * 9223372036854775807 > 0)",
    ],
    ["10 / int(x) == 1", 0, "error: 10 is divided by zero (at / int(x) == 1)"],
    [
      "type(x) == string && type(x) != list && type(timestamp('2026-11-21T00:00:00Z')) == google.protobuf.Timestamp",
      "a",
      "true",
    ],
    ["x ? true : false", 1, "error: ? is not defined for a number (at ? true : false)"],
    ["dyn(x) == 'a' // a comment", "a", "true"],
  ];
  for (const [text, x, expected] of ROWS) {
    test(`${text} over ${JSON.stringify(x)}`, () => assert.equal(said(text, { x }), expected));
  }
});

suite("an expression that could not work is refused when it is read", () => {
  const ROWS: readonly (readonly [string, string | RegExp])[] = [
    ["", "0: expected a value, found the end"],
    ["x ==", "4: expected a value, found the end"],
    ["x = 1", '2: the character "=" has no meaning here: write == to compare'],
    ["x & y", '2: the character "&" has no meaning here: write &&'],
    ["(x", "2: expected ) to close the bracket, found the end"],
    ["x y", '2: expected an operator or the end, found "y"'],
    ["x == 'a", "5: the text that begins here has no closing '"],
    ["x == '\\q'", /^6: the escape after this backslash/],
    ["x == 1u", /^5: 1u is an unsigned integer/],
    ["x == b'a'", /^5: bytes do not occur in JSON/],
    ["x == 9223372036854775808", /^5: 9223372036854775808 is beyond the 64 bits/],
    ["z == 1", '0: nothing is called "z" here; known here: x, y'],
    ["now > timestamp(x)", /^0: there is no clock/],
    ["x.foo()", /^2: there is no method "foo"/],
    ["foo(x)", /^0: there is no function "foo"/],
    ["x.contains()", "2: contains takes 1 arguments, not 0"],
    ["x.startsWith(1)", "13: startsWith is not defined for a whole number"],
    ["'a'.all(i, i == x)", /^4: all goes over a list/],
    ["x.all(1, true)", /^2: all needs a name/],
    ["x.exists(i, 'a')", /^12: exists needs a condition here/],
    ["has(x)", /^0: has takes a member/],
    ["x.matches(y)", /^10: the pattern must be a text that is written here/],
    ["x.matches('(')", /^10: the pattern is none of RE2/],
    [`x.matches('${"(a|b){900}".repeat(4)}')`, /^10: the pattern is too large/],
    ["x.?a == 1", /^2: optional access with \? is not supported/],
    ["x.in == 1", /^2: expected the name of a member/],
    ["for == 1", /^0: expected a value, found "for"/],
    ["'a'", "0: the expression gives a text, and must give true or false"],
    ["size(x)", "0: the expression gives a whole number, and must give true or false"],
    ["!'a'", "1: ! is not defined for a text"],
    ["x && 'a'", "5: && is not defined for a text"],
    ["true", /^0: the expression is true whatever the statement says/],
    ["x.a || 1 == 1", /^4: the expression is true whatever|^0: the expression is true whatever/],
    ["x.a && false", /the expression is false whatever it reads/],
    ["x == duration('24 h')", /^5: this can never be computed: the text is no duration/],
    ["x == [1][2]", /^8: this can never be computed: the index 2 is outside/],
    [
      `x == ${["a", "b", "c", "d", "e"].map((name) => `[1,2,3,4,5,6,7,8,9].map(${name}, `).join("")}a + b + c + d + e)))))`,
      /costs too much to compute/,
    ],
    ["(".repeat(100) + "x" + ")".repeat(100), /nested deeper than 64 levels/],
    ["!".repeat(100) + "x", /nested deeper than 64 levels/],
    ["x" + ".a".repeat(100), /nested deeper than 64 levels/],
    ["x" + "+x".repeat(100), /nested deeper than 64 levels/],
    ["x" + " || x".repeat(5000), /longer than 16384 characters/],
  ];
  for (const [text, expected] of ROWS) {
    test(text.slice(0, 60), () => {
      if (typeof expected === "string") assert.equal(said(text), expected);
      else assert.match(said(text), expected);
    });
  }
});

suite("an evaluation is bounded", () => {
  const big = Array.from({ length: 100_000 }, (_, at) => at);
  const COSTLY: readonly (readonly [string, unknown])[] = [
    ["x.all(a, x.all(b, a + b >= 0.0))", big],
    ["x.all(a, x.all(b, x.all(c, a + b + c >= 0.0)))", big],
    ["x.map(a, x.map(b, [a, b])).size() > 0", big],
    ["x.all(a, x == x)", big],
    ["x.all(a, -1.0 - a in x || true == (a >= 0.0))", big],
    ["x.map(a, x + x).size() > 0", big],
    ["x.all(a, x.exists(b, b.c == a) || a >= 0.0)", big],
    ["x.map(a, string(a)).join(',').split(',').map(t, t.replace('1', '11')).exists(t, t.matches('(a|b)*c'))", big],
    [`[x]${".map(s, s + s)".repeat(40)}.exists(s, s == '')`, "a"],
    [`[[x]]${".map(l, l + l)".repeat(40)}.exists(l, l == [])`, "a"],
    ["x.contains(x.substring(1) + 'b')", "a".repeat(1 << 20)],
    ["x.replace('', x) == ''", "a".repeat(10_000)],
    [`x.matches('${"(x+x+)+".repeat(20)}y$')`, "x".repeat(1 << 20)],
  ];
  for (const [text, x] of COSTLY) {
    test(`${text.slice(0, 60)} stops`, () => {
      const values = new Map([["x", jsonValue(JSON.stringify(x))]]);
      const compiled = compileExpression(text, NAMES);
      assert.ok(compiled.kind === "compiled", JSON.stringify(compiled));
      const before = process.cpuUsage().user;
      const result = compiled.expression.evaluate(values, new Meter(EVALUATION_COST));
      const milliseconds = (process.cpuUsage().user - before) / 1000;
      assert.equal(result.kind, "error");
      assert.match(result.kind === "error" ? result.message : "", /costs more|longer than/);
      // About 100 ms by themselves; the rest is for machines that do other things too.
      assert.ok(milliseconds < 1000, `${milliseconds} ms`);
    });
  }

  test("and a simple look at each of 100,000 things is within it", () => {
    assert.equal(said("x.all(a, a >= 0.0 && a < 1000000.0)", { x: big }), "true");
  });

  test("by whatever meter it is given", () => {
    assert.match(said("x.all(a, a >= 0.0)", { x: [1, 2, 3] }, 5), /costs more/);
    assert.match(said("x.all(a, a >= 0.0)", { x: [1, 2, 3] }, -1), /costs more/);
  });
});

suite("the paths of an expression", () => {
  const ROWS: readonly (readonly [string, readonly string[]])[] = [
    ["x.a.b == 1 && x.c == y.d", ["x.a.b", "x.c", "y.d"]],
    ["x['a'].b == 1", ["x.a.b"]],
    ["x.a[0].b == 1", ["x.a"]],
    ["x.a[y.b].c == 1", ["x.a", "y.b"]],
    ["x.a.exists(i, i.b == y.c)", ["x.a", "y.c"]],
    ["x.a.exists(y, y.b == 1) && y.c == 1", ["x.a", "y.c"]],
    ["has(x.a.b)", ["x.a.b"]],
    ["x.a == 1 || x.a.b == 2 || x.ab == 3", ["x.a", "x.ab"]],
    ["x == y", ["x", "y"]],
    ["[x.a, {'k': x.b}].size() > 0 && (x.c ? !x.d : -x.e > 0)", ["x.a", "x.b", "x.c", "x.d", "x.e"]],
    ["x.a.indexOf(y, 1) == 0", ["x.a", "y"]],
  ];
  for (const [text, expected] of ROWS) test(text, () => assert.deepEqual(pathsIn(text), expected));

  test("are all that the answer depends on", () => {
    const texts = fc.oneof(celConditions, celExpressions);
    fc.assert(
      fc.property(texts, fc.oneof(celRecord, celData), celData, (written, x, y) => {
        const compiled = compileExpression(written, NAMES);
        if (compiled.kind === "refused") return;
        const { expression } = compiled;
        const whole = valuesOf({ x, y });
        const bytes = Buffer.from(JSON.stringify({ x, y }));
        const text = readStatementText(bytes, pathsIn(written), 1 << 20);
        assert.ok(text.kind === "read" && text.kept !== undefined);
        const part = valuesOf(JSON.parse(text.kept));
        const meter = () => new Meter(EVALUATION_COST);
        assert.deepEqual(expression.evaluate(part, meter()), expression.evaluate(whole, meter()));
      }),
      { numRuns: 2000 },
    );
  });
});

test("no text makes the reading or the evaluation throw, hang or pass by accident", () => {
  const words =
    "x y i . , ( ) [ ] { } ? : ! - + * / % && || == != < <= > >= in 'a' \"b\" 1 2.5 true false null size has all exists map filter matches ` \\ ' \" // \n 0x1F 1e9 r'' '''a''' timestamp duration type \u{1f600} \0".split(
      " ",
    );
  const noise = fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((parts) => parts.join(" "));
  const bent = fc.tuple(celExpressions, fc.nat(), fc.constantFrom(...words, "")).map(([text, at, word]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + word + text.slice(place + 1);
  });
  fc.assert(
    fc.property(fc.oneof(noise, bent, fc.string()), celData, (text, x) => {
      const compiled = compileExpression(text, NAMES);
      if (compiled.kind === "refused") {
        assert.ok(compiled.offset >= 0 && compiled.offset <= text.length && compiled.message.length > 0);
        return;
      }
      const meter = new Meter(10_000);
      const { kind } = compiled.expression.evaluate(valuesOf({ x, y: x }), meter);
      assert.ok(["true", "false", "error"].includes(kind));
    }),
    { numRuns: 4000, interruptAfterTimeLimit: 10_000, markInterruptAsFailure: true },
  );
});
