import type { Meter } from "./meter.ts";
import type { Syntax } from "./syntax.ts";
import { CelError, type CelValue, type Result, type StaticType } from "./value.ts";

/** What an evaluation works on: its names by position, and what it may still cost. */
export type Frame = { readonly meter: Meter; readonly slots: (CelValue | undefined)[] };

/** A part of an expression, ready to be evaluated any number of times. */
export type Step = {
  readonly at: number;
  readonly type: StaticType;
  /** Positions of the names it reads. */
  readonly reads: ReadonlySet<number>;
  /** Its value where that is the same for every statement. */
  readonly value: CelValue | undefined;
  readonly run: (frame: Frame) => Result;
};

/** The names that may be read, with their positions. */
export type Scope = ReadonlyMap<string, number>;

/** Turns syntax into a step; parts that hold other parts are given it. Throws `ExpressionRefused`. */
export type Compile = (syntax: Syntax, scope: Scope) => Step;

const NOTHING: ReadonlySet<number> = new Set();

export function constantStep(at: number, type: StaticType, value: CelValue): Step {
  return {
    at,
    type,
    value,
    reads: NOTHING,
    run: ({ meter }) => {
      meter.spend(1);
      return value;
    },
  };
}

export function readsOf(...steps: readonly Step[]): ReadonlySet<number> {
  return new Set(steps.flatMap(({ reads }) => [...reads]));
}

/** Runs a step for a value and hands an error on. */
export function chained(step: Step, frame: Frame, then: (value: CelValue) => Result): Result {
  const value = step.run(frame);
  return value instanceof CelError ? value : then(value);
}
