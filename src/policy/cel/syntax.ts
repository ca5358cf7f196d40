/** Operators between two values. */
export type Operator = "<" | "<=" | ">" | ">=" | "==" | "!=" | "in" | "+" | "-" | "*" | "/" | "%";

/** One side of `&&` or `||`, with where it was written. */
export type Operand = { readonly syntax: Syntax; readonly from: number; readonly to: number };

/** An expression as it is written; `at` is the offset that messages about it name. */
export type Syntax = { readonly at: number } & (
  | { readonly kind: "literal"; readonly value: null | boolean | bigint | number | string }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "list"; readonly items: readonly Syntax[] }
  | { readonly kind: "map"; readonly entries: readonly (readonly [Syntax, Syntax])[] }
  | { readonly kind: "member"; readonly of: Syntax; readonly name: string }
  | { readonly kind: "index"; readonly of: Syntax; readonly index: Syntax }
  /** `f(…)`, or `of.f(…)`: functions, methods and macros alike. */
  | { readonly kind: "call"; readonly of: Syntax | undefined; readonly name: string; readonly args: readonly Syntax[] }
  | { readonly kind: "not" | "negative"; readonly of: Syntax }
  | { readonly kind: "binary"; readonly operator: Operator; readonly left: Syntax; readonly right: Syntax }
  /** Two or more operands, which CEL may evaluate in any order. */
  | { readonly kind: "and" | "or"; readonly operands: readonly Operand[] }
  | { readonly kind: "choice"; readonly condition: Syntax; readonly yes: Syntax; readonly no: Syntax }
);
