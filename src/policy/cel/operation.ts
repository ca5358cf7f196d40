import type { Meter } from "./meter.ts";
import { describeValue, CelError, type CelValue, type Result, type StaticType } from "./value.ts";

/** One function or method: which types it takes and gives, as far as they are known before there are values. */
export type CelFunction = {
  /** For a method, the first is what it is called on. Each position names the types it may have. */
  readonly takes: readonly (readonly StaticType[])[];
  /** How many of the last may be left out. */
  readonly optional?: number;
  readonly gives: StaticType;
  readonly call: (args: readonly CelValue[], meter: Meter) => Result;
};

/** An error that the caller puts its place in the expression on. */
export function failure(message: string): CelError {
  return new CelError(UNPLACED, message);
}

const UNPLACED = -1;

/** The same, with its place if it has none yet. */
export function placed(result: Result, at: number): Result {
  return result instanceof CelError && result.at === UNPLACED ? new CelError(at, result.message) : result;
}

export function noOverload(name: string, ...values: readonly CelValue[]): CelError {
  const of = values.map(describeValue).join(" and ");
  const hint =
    values.some((value) => typeof value === "number") && values.some((value) => typeof value === "bigint")
      ? "; numbers of JSON are doubles, so write 1.0 rather than 1, or int(…)"
      : "";
  return failure(`${name} is not defined for ${of}${hint}`);
}

/** A text may grow to this many units; more is no answer that a policy reads. */
const MAX_TEXT = 4 * 1024 * 1024;

export function boundedText(units: number): CelError | undefined {
  return units > MAX_TEXT ? failure(`a text would be longer than ${MAX_TEXT} characters`) : undefined;
}

/** An integer within 64 bits. */
export function integer(value: bigint): Result {
  return value === BigInt.asIntN(64, value) ? value : failure("the result is beyond the 64 bits of an integer");
}

/** A value, or the error that there is none. */
export function given<T extends CelValue>(value: T | undefined, message: string): T | CelError {
  return value === undefined ? failure(message) : value;
}
