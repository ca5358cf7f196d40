import * as fc from "fast-check";

/** Data as statements hold it: few names and values, so that expressions hit them. */
export const celData: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small", withCrossShrink: true },
    fc.constantFrom<unknown>(
      null,
      true,
      false,
      0,
      1,
      2,
      -1,
      1.5,
      1e300,
      "",
      "a",
      "ab",
      "b",
      "1",
      "2026-11-21T10:00:00Z",
      "90m",
    ),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { maxKeys: 3 }),
  ),
})).value;

const literal = fc.constantFrom(
  "true",
  "false",
  "null",
  "0",
  "1",
  "2",
  "-1",
  "1.0",
  "2.5",
  "-0.0",
  "9223372036854775807",
  "-9223372036854775808",
  "''",
  "'a'",
  "'ab'",
  '"b"',
  "r'a'",
  "'\\u0061'",
  "'''a'''",
  "duration('90m')",
  "duration('1h30m')",
  "timestamp('2026-11-21T10:00:00Z')",
  "timestamp('2026-11-21T12:00:00+02:00')",
);
const path = fc.constantFrom("x", "y", "x.a", "x.b", "y.a", "x.a.b", "x['a']", "y[0]", "x[1]", "y.c", "x.a[0]");

/** Expressions of every operator, macro and function that both interpreters have, more often sensible than not. */
export const celExpressions: fc.Arbitrary<string> = fc.letrec<Record<"any" | "truth", string>>((tie) => {
  const any = tie("any");
  const truth = tie("truth");
  // What is called on is mostly data: a call that cannot be right is refused before it is evaluated.
  const of = fc.oneof({ weight: 8, arbitrary: path }, { weight: 1, arbitrary: any });
  const both = (...operators: readonly string[]) =>
    fc.tuple(any, fc.constantFrom(...operators), any).map(([a, operator, b]) => `(${a} ${operator} ${b})`);
  const macro = fc
    .tuple(of, fc.constantFrom("all", "exists", "exists_one", "filter", "map"), fc.constantFrom("i", "j", "x"), truth)
    .map(([of, name, variable, body]) => `${of}.${name}(${variable}, ${body.replaceAll(/\by\b/g, variable)})`);
  return {
    truth: fc.oneof(
      { maxDepth: 5, depthSize: "small" },
      both("==", "!=", "<", "<=", ">", ">=", "in"),
      fc.constantFrom("true", "false", "x", "x.a", "has(x.a)", "has(y.b)", "has(x.a.b)", "x.a == 1", "y.a == 'a'"),
      fc.tuple(truth, fc.constantFrom("&&", "||"), truth).map(([a, operator, b]) => `(${a} ${operator} ${b})`),
      fc.tuple(truth, truth, truth).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      truth.map((one) => `!${one}`),
      fc
        .tuple(of, fc.constantFrom("contains", "startsWith", "endsWith"), fc.oneof(path, fc.constantFrom("'a'", "''")))
        .map(([a, name, b]) => `${a}.${name}(${b})`),
      fc
        .tuple(of, fc.constantFrom("a+", "^a", "b$", "^(a|b)*$", "[0-9]"))
        .map(([a, pattern]) => `${a}.matches('${pattern}')`),
      macro,
    ),
    any: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      path,
      literal,
      both("+", "-", "*", "/", "%"),
      fc.tuple(any, any).map(([a, b]) => `[${a}, ${b}]`),
      any.map((a) => `{'a': ${a}, 'b': 1}`),
      fc
        .tuple(fc.constantFrom("size", "dyn", "type", "timestamp", "duration"), path)
        .map(([name, a]) => `${name}(${a})`),
      fc
        .tuple(
          of,
          fc.constantFrom(
            "size()",
            "lowerAscii()",
            "upperAscii()",
            "trim()",
            "split('a')",
            "join('a')",
            "replace('a', 'b')",
            "indexOf('b')",
            "lastIndexOf('a')",
            "substring(1)",
            "charAt(0)",
            "getHours()",
            "getFullYear()",
            "getSeconds()",
          ),
        )
        .map(([a, call]) => `${a}.${call}`),
      fc.tuple(of, fc.constantFrom("[0]", "['a']", ".a", "[1.0]")).map(([a, after]) => `${a}${after}`),
      of.map((a) => `-(${a})`),
      macro,
    ),
  };
}).truth;

const texts = fc.constantFrom("", "a", "ab", "B", "CVE-2026-1", "é");
const amounts = fc.constantFrom(0, 1, 2, 2.5, -1, 1e300);
const times = fc.constantFrom("2026-11-21T10:00:00Z", "2026-11-21T12:30:00.5+02:00", "1969-12-31T23:59:59Z");

/** Data of one shape, as `celConditions` read it; some members are missing now and then. */
export const celRecord: fc.Arbitrary<unknown> = fc.record(
  {
    n: amounts,
    m: amounts,
    s: texts,
    t: texts,
    time: times,
    span: fc.constantFrom("90m", "1.5h", "-3s", "1 h"),
    yes: fc.boolean(),
    texts: fc.array(texts, { maxLength: 4 }),
    items: fc.array(fc.record({ n: amounts, s: texts }, { requiredKeys: ["n"] }), { maxLength: 4 }),
  },
  { requiredKeys: ["n", "s", "texts", "items"] },
);

/** Conditions over `x` of the shape above that mostly have an answer. */
export const celConditions: fc.Arbitrary<string> = fc.letrec<
  Record<"truth" | "number" | "text" | "texts" | "items" | "moment", string>
>((tie) => {
  const { truth, number, text, texts, items, moment } = {
    truth: tie("truth"),
    number: tie("number"),
    text: tie("text"),
    texts: tie("texts"),
    items: tie("items"),
    moment: tie("moment"),
  };
  const pair = (a: fc.Arbitrary<string>, operators: readonly string[], b = a) =>
    fc.tuple(a, fc.constantFrom(...operators), b).map((parts) => `(${parts.join(" ")})`);
  const comparison = ["==", "!=", "<", "<=", ">", ">="];
  const shallow = { maxDepth: 4, depthSize: "small" } as const;
  const whole = fc.oneof(
    text.map((one) => `size(${one})`),
    texts.map((one) => `${one}.size()`),
    text.map((one) => `${one}.indexOf('b')`),
    moment.map((one) => `${one}.getHours()`),
    fc.constantFrom("1", "2", "7 % 4", "-7 / 2", "int('12')", "int(x.n)"),
  );
  return {
    truth: fc.oneof(
      shallow,
      pair(number, comparison),
      pair(text, comparison),
      pair(moment, comparison),
      pair(whole, comparison),
      pair(number, comparison, whole),
      pair(texts, ["==", "!="]),
      pair(text, ["in"], texts),
      fc.constantFrom("x.yes", "'n' in x", "x.items == []", "type(x.n) == double", "duration(x.span) > duration('1h')"),
      pair(truth, ["&&", "||"]),
      truth.map((one) => `!${one}`),
      fc.tuple(truth, truth, truth).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      fc
        .tuple(text, fc.constantFrom("contains", "startsWith", "endsWith"), text)
        .map(([a, name, b]) => `${a}.${name}(${b})`),
      fc
        .tuple(text, fc.constantFrom("^a", "[Bb]$", "^CVE-[0-9]{4}-[0-9]+$"))
        .map(([a, pattern]) => `${a}.matches('${pattern}')`),
      fc
        .tuple(
          texts,
          fc.constantFrom("all", "exists", "exists_one"),
          fc.constantFrom("i == 'a'", "i.contains('a')", "i != x.s", "size(i) > 1"),
        )
        .map(([a, name, body]) => `${a}.${name}(i, ${body})`),
      fc
        .tuple(
          items,
          fc.constantFrom("all", "exists", "exists_one"),
          fc.constantFrom("i.n > 1.0", "i.s == x.s", "i.n == x.n && i.s != 'a'", "x.texts.exists(t, t == i.s)"),
        )
        .map(([a, name, body]) => `${a}.${name}(i, ${body})`),
    ),
    number: fc.oneof(
      shallow,
      fc.constantFrom("x.n", "x.m", "1.0", "2.5", "double('0.5')", "x.items[0].n"),
      pair(number, ["+", "-", "*", "/"]),
      number.map((one) => `-(${one})`),
    ),
    text: fc.oneof(
      shallow,
      fc.constantFrom("x.s", "x.t", "'a'", "'CVE-2026-1'", "x.texts[0]", "string(7)", "string(true)"),
      pair(text, ["+"]),
      fc
        .tuple(
          text,
          fc.constantFrom("lowerAscii()", "upperAscii()", "trim()", "replace('a', 'bb')", "substring(1)", "charAt(0)"),
        )
        .map(([a, call]) => `${a}.${call}`),
      texts.map((one) => `${one}.join('-')`),
    ),
    texts: fc.oneof(
      shallow,
      fc.constantFrom(
        "x.texts",
        "['a', 'b']",
        "x.items.map(i, i.s)",
        "x.items.map(i, i.n > 1.0, 'a')",
        "x.texts.filter(i, i != '')",
      ),
      pair(texts, ["+"]),
      text.map((one) => `${one}.split('-')`),
    ),
    items: fc.constantFrom("x.items", "x.items.filter(i, i.n > 0.0)", "x.items.filter(i, has(i.s))"),
    moment: fc.oneof(
      shallow,
      fc.constantFrom("timestamp(x.time)", "timestamp('2026-11-21T10:00:00Z')"),
      moment.map((one) => `(${one} + duration('90m'))`),
    ),
  };
}).truth;
