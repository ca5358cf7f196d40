import { RE2JS, RE2JSException } from "re2js";

import { noOverload, placed } from "./operation.ts";
import { ExpressionRefused } from "./refusal.ts";
import { chained, type Frame, type Step } from "./step.ts";
import type { Result } from "./value.ts";

const LONGEST_PATTERN = 1000;
/** Instructions of a compiled pattern; each may be tried at each character. */
const LARGEST_PROGRAM = 5000;

/**
 * `text.matches(pattern)` by RE2, whose time grows with text and pattern and never beyond. The pattern is written in the
 * expression, so that it is read once, and refused when it is wrong.
 */
export function matchStep(at: number, steps: readonly Step[]): Step {
  const [text, pattern] = steps;
  if (text === undefined || pattern === undefined || steps.length > 2) {
    throw new ExpressionRefused(at, 'matches takes a pattern, as in name.matches("^v[0-9]+$")');
  }
  if (text.type !== "string" && text.type !== "dyn")
    throw new ExpressionRefused(at, "matches is defined for a text only");
  const expression = readPattern(pattern);
  const size = expression.programSize();
  const run = (frame: Frame): Result =>
    chained(text, frame, (value) => {
      if (typeof value !== "string") return placed(noOverload("matches", value), at);
      frame.meter.spend(1 + ((value.length + 1) * size) / 4);
      return expression.test(value);
    });
  return { at, type: "bool", value: undefined, reads: text.reads, run };
}

function readPattern({ at, value }: Step): RE2JS {
  if (typeof value !== "string") throw new ExpressionRefused(at, "the pattern must be a text that is written here");
  if (value.length > LONGEST_PATTERN) {
    throw new ExpressionRefused(at, `the pattern is longer than ${LONGEST_PATTERN} characters`);
  }
  const expression = readRe2(value, at);
  if (expression.programSize() <= LARGEST_PROGRAM) return expression;
  throw new ExpressionRefused(at, "the pattern is too large: repeat fewer things fewer times");
}

function readRe2(pattern: string, at: number): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new ExpressionRefused(at, `the pattern is none of RE2: ${error.message.slice(0, 120)}`);
  }
}
