import { compileExpression } from "../../../src/policy/cel/expression.ts";
import { Meter } from "../../../src/policy/cel/meter.ts";
import { jsonValue } from "../../support/json-value.ts";
const names = ["_type", "subject", "predicateType", "predicate"];
export function ev(text: string, predicate: unknown, limit = 2_000_000) {
  const c = compileExpression(text, names);
  if (c.kind === "refused") return `refused@${c.offset}: ${c.message}`;
  const m = new Meter(limit);
  const t = performance.now();
  const r = c.expression.evaluate(new Map([["predicate", jsonValue(predicate)]]), m);
  return (
    JSON.stringify(r) +
    ` ${(performance.now() - t).toFixed(1)}ms cost ${limit - m.left} ` +
    JSON.stringify(c.expression.paths)
  );
}
for (const [t, p] of [
  ["predicate.a.b == 'x' && predicate.c > 5", { a: { b: "x" }, c: 4 }],
  ["predicate.l.all(x, x.s in ['a','b'])", { l: [{ s: "a" }, { s: "c" }] }],
  ["predicate.zz == 1", {}],
  ["predicat.zz == 1", {}],
  ["now > timestamp('2020-01-01T00:00:00Z')", {}],
  ["true || predicate.x == 1", {}],
  ["predicate.x.foo(1)", {}],
  ["predicate.x = 1", {}],
  ["predicate.x == 'a", {}],
  ["predicate.x && (true", {}],
  ["duration('24 h') > duration(predicate.x)", {}],
  ["size(predicate)", {}],
  ["predicate.n + 1 == 2", { n: 1 }],
  ["predicate.x.matches('(a')", {}],
  ["timestamp(predicate.t) - timestamp('2026-01-01T00:00:00Z') < duration('24h')", { t: "2026-01-01T12:00:00Z" }],
  ["predicate.constructor == 1", {}],
  ["[1].constructor() == 1 || predicate.x", {}],
  ["predicate.a.x.y[0].exists_one(i, i==1)", { a: { x: { y: [[1, 2]] } } }],
] as const)
  console.log(t, "→", ev(t, p));
const big = Array.from({ length: 100_000 }, (_, i) => i);
console.log(ev("predicate.all(a, predicate.all(b, predicate.all(c, a+b+c >= 0.0)))", big));
console.log(ev("predicate.all(a, a >= 0.0 && a < 1000000.0)", big));
console.log(ev("predicate.map(a, predicate.map(b, [a,b])).size() > 0", big));
console.log(ev("predicate.map(a, string(a)).join('').contains('99999')", big));
console.log(ev("predicate.s.matches('(a|b|c)*(x+x+)+y$')", { s: "x".repeat(60000) }));
console.log(ev("predicate.s.contains(predicate.t)", { s: "a".repeat(1000000), t: "b" + "a".repeat(250) }));
console.log(ev("predicate.s.contains(predicate.t)", { s: "a".repeat(20000), t: "b" + "a".repeat(10000) }));
console.log(ev("predicate.all(a, predicate.exists(b, b.zz == a))", big));
console.log(ev("predicate.all(a, predicate == predicate)", big));
console.log(ev("predicate.all(a, a in predicate)", big));
console.log(ev("predicate.map(a, predicate + predicate).size() == 1", big));
