import type { Digest } from "./digest.ts";
import type { Known } from "./gap.ts";
import type { JsonValue } from "./json.ts";

/**
 * The text of a verified statement, as `judge` reads it: `_type`, `subject`, `predicateType` and `predicate`. Where only
 * parts were asked for, `value` has those, or is `not-collected` if the parts at hand are others.
 */
export type StatementView = {
  readonly digest: Digest;
  readonly predicateType: string;
  readonly value: Known<JsonValue>;
};

/** Every statement that a rule may ask about, by the digest that its facts name. */
export type Statements = ReadonlyMap<Digest, StatementView>;
