import { quoted } from "../../domain/quoted.ts";
import { ExpressionRefused } from "./refusal.ts";
import type { Operand, Operator, Syntax } from "./syntax.ts";
import { tokensOf, type Token } from "./token.ts";

/** Levels of brackets, operators and member accesses in one another: far above what anybody can read. */
const MAX_DEPTH = 64;

const KEYWORDS: readonly string[] = ["true", "false", "null", "in"];
/** CEL language definition, "Syntax": RESERVED. */
const RESERVED: readonly string[] =
  "as break const continue else for function if import let loop package namespace return var void while".split(" ");

const LEVELS: readonly (readonly string[])[] = [
  ["<", "<=", ">", ">=", "==", "!=", "in"],
  ["+", "-"],
  ["*", "/", "%"],
];

/** Reads an expression by the grammar of the CEL language definition. Throws `ExpressionRefused`. */
export function parseSyntax(text: string): Syntax {
  const reader = new Reader(tokensOf(text));
  const syntax = choice(reader);
  reader.expectEnd();
  return syntax;
}

class Reader {
  readonly #tokens: readonly Token[];
  #position = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get token(): Token {
    const token = this.#tokens[this.#position] ?? this.#tokens.at(-1);
    if (token === undefined) throw new Error("a text has at least the token of its end");
    return token;
  }

  /** The end of the last token that was passed. */
  get passedUntil(): number {
    return this.#tokens[this.#position - 1]?.end ?? 0;
  }

  next(): Token {
    const { token } = this;
    this.#position += 1;
    return token;
  }

  /** Whether the next token is this sign or keyword; it is then passed. */
  passes(text: string): boolean {
    if (!this.sees(text)) return false;
    this.#position += 1;
    return true;
  }

  sees(text: string): boolean {
    const { token } = this;
    return (
      (token.kind === "sign" && token.text === text) ||
      (token.kind === "name" && isKeyword(token) && token.text === text)
    );
  }

  expect(text: string, why: string): void {
    if (!this.passes(text))
      throw new ExpressionRefused(this.token.at, `expected ${text} ${why}, found ${this.found()}`);
  }

  expectEnd(): void {
    if (this.token.kind === "end") return;
    throw new ExpressionRefused(this.token.at, `expected an operator or the end, found ${this.found()}`);
  }

  found(): string {
    const { token } = this;
    if (token.kind === "end") return "the end";
    return token.kind === "string" ? "a text" : quoted(token.text, 40);
  }

  nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw tooDeep(this.token.at);
    const result = read();
    this.#depth -= 1;
    return result;
  }
}

function tooDeep(at: number): ExpressionRefused {
  return new ExpressionRefused(
    at,
    `the expression is nested deeper than ${MAX_DEPTH} levels: split it over several rules`,
  );
}

function isKeyword(token: Token): boolean {
  return token.kind === "name" && !token.escaped && KEYWORDS.includes(token.text);
}

function choice(reader: Reader): Syntax {
  return reader.nested(() => {
    const condition = junction(reader, "or");
    const { at } = reader.token;
    if (!reader.passes("?")) return condition;
    const yes = junction(reader, "or");
    reader.expect(":", "after the first alternative");
    return { kind: "choice", condition, yes, no: choice(reader), at };
  });
}

function junction(reader: Reader, kind: "and" | "or"): Syntax {
  const sign = kind === "and" ? "&&" : "||";
  const operand = (): Operand => {
    const from = reader.token.at;
    const syntax = kind === "or" ? junction(reader, "and") : binary(reader, 0);
    return { syntax, from, to: reader.passedUntil };
  };
  const { at } = reader.token;
  const first = operand();
  if (!reader.sees(sign)) return first.syntax;
  const operands = [first];
  while (reader.passes(sign)) operands.push(operand());
  return { kind, operands, at };
}

function binary(reader: Reader, level: number): Syntax {
  const signs = LEVELS[level];
  if (signs === undefined) return unary(reader);
  let left = binary(reader, level + 1);
  for (let count = 1; ; count++) {
    const sign = signs.find((one) => reader.sees(one));
    if (sign === undefined) return left;
    const { at } = reader.next();
    if (count > MAX_DEPTH) throw tooDeep(at);
    left = { kind: "binary", operator: sign as Operator, left, right: binary(reader, level + 1), at };
  }
}

function unary(reader: Reader): Syntax {
  const { at } = reader.token;
  if (reader.passes("!")) return { kind: "not", of: reader.nested(() => unary(reader)), at };
  if (!reader.passes("-")) return members(reader);
  const { token } = reader;
  if (token.kind !== "int" && token.kind !== "double") {
    return { kind: "negative", of: reader.nested(() => unary(reader)), at };
  }
  reader.next();
  return membersOf(reader, numberLiteral(token, "-"));
}

function numberLiteral(token: Extract<Token, { readonly kind: "int" | "double" }>, sign: "" | "-"): Syntax {
  const { at, text } = token;
  if (token.kind === "double") return { kind: "literal", value: Number(sign + text), at };
  const value = sign === "" ? BigInt(text) : -BigInt(text);
  if (value === BigInt.asIntN(64, value)) return { kind: "literal", value, at };
  throw new ExpressionRefused(at, `${sign}${text} is beyond the 64 bits of an integer`);
}

function members(reader: Reader): Syntax {
  return membersOf(reader, primary(reader));
}

function membersOf(reader: Reader, first: Syntax): Syntax {
  let of = first;
  for (let count = 1; ; count++) {
    const { at } = reader.token;
    if (reader.passes(".")) of = member(reader, of);
    else if (reader.passes("[")) {
      refuseOptional(reader);
      of = { kind: "index", of, index: choice(reader), at };
      reader.expect("]", "after the index");
    } else return of;
    if (count > MAX_DEPTH) throw tooDeep(at);
  }
}

function refuseOptional(reader: Reader): void {
  if (reader.sees("?")) {
    throw new ExpressionRefused(reader.token.at, "optional access with ? is not supported: write has(…) &&");
  }
}

function member(reader: Reader, of: Syntax): Syntax {
  refuseOptional(reader);
  const token = reader.next();
  if (token.kind !== "name" || isKeyword(token)) {
    throw new ExpressionRefused(token.at, 'expected the name of a member after ".": write ["…"] for other names');
  }
  const { at, text: name } = token;
  if (token.escaped || !reader.passes("(")) return { kind: "member", of, name, at };
  return { kind: "call", of, name, args: listed(reader, ")"), at };
}

function primary(reader: Reader): Syntax {
  const token = reader.next();
  const { at } = token;
  switch (token.kind) {
    case "string":
      return { kind: "literal", value: token.value, at };
    case "int":
    case "double":
      return numberLiteral(token, "");
    case "name":
      return named(reader, token);
    case "sign":
      return bracketed(reader, token);
    case "end":
      throw new ExpressionRefused(at, "expected a value, found the end");
  }
}

function named(reader: Reader, token: Extract<Token, { readonly kind: "name" }>): Syntax {
  const { at, text: name } = token;
  if (!token.escaped && (name === "true" || name === "false")) return { kind: "literal", value: name === "true", at };
  if (!token.escaped && name === "null") return { kind: "literal", value: null, at };
  if (token.escaped || KEYWORDS.includes(name) || RESERVED.includes(name)) {
    throw new ExpressionRefused(at, `expected a value, found ${quoted(name, 40)}`);
  }
  if (reader.passes("(")) return { kind: "call", of: undefined, name, args: listed(reader, ")"), at };
  return { kind: "name", name, at };
}

function bracketed(reader: Reader, { at, text }: Extract<Token, { readonly kind: "sign" }>): Syntax {
  switch (text) {
    case "(": {
      const inner = choice(reader);
      reader.expect(")", "to close the bracket");
      return inner;
    }
    case "[":
      return { kind: "list", items: listed(reader, "]"), at };
    case "{":
      return { kind: "map", entries: entries(reader), at };
    default:
      throw new ExpressionRefused(at, `expected a value, found ${quoted(text)}`);
  }
}

/** Values with commas between them until the closing sign; a list may end in a comma, arguments may not. */
function listed(reader: Reader, close: ")" | "]"): readonly Syntax[] {
  const items: Syntax[] = [];
  if (reader.passes(close)) return items;
  for (;;) {
    refuseOptional(reader);
    items.push(choice(reader));
    if (!reader.passes(",")) break;
    if (close === "]" && reader.sees(close)) break;
  }
  reader.expect(close, "or a comma");
  return items;
}

function entries(reader: Reader): readonly (readonly [Syntax, Syntax])[] {
  const found: (readonly [Syntax, Syntax])[] = [];
  while (!reader.sees("}")) {
    refuseOptional(reader);
    const key = choice(reader);
    reader.expect(":", "after the key");
    found.push([key, choice(reader)]);
    if (!reader.passes(",")) break;
  }
  reader.expect("}", "or a comma");
  return found;
}
