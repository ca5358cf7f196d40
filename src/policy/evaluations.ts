import { EVALUATION_COST, type Evaluation, type Expression, type Values } from "./cel/expression.ts";
import { Meter } from "./cel/meter.ts";

/** All expressions of one judgement together may cost as much as this many of the costliest. */
const COSTLIEST = 10;

/**
 * Evaluates expressions within one judgement: the same one over the same statements once, each within its own limit, and
 * all within one, so that neither many attestations nor many policies can hold up whoever waits for the verdict.
 */
export class Evaluations {
  readonly #known = new Map<string, Evaluation>();
  #left = COSTLIEST * EVALUATION_COST;

  /** `subject` names what the values are. Never throws. */
  of(expression: Expression, subject: readonly string[], values: Values): Evaluation {
    const key = JSON.stringify([expression.text, ...subject]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const limit = Math.min(this.#left, EVALUATION_COST);
    const meter = new Meter(limit);
    const evaluation = expression.evaluate(values, meter);
    this.#left -= OVERHEAD + limit - Math.max(meter.left, 0);
    this.#known.set(key, evaluation);
    return evaluation;
  }
}

/** What it costs to begin at all, so that very many short evaluations end too. */
const OVERHEAD = 200;
