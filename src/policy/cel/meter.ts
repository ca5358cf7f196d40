/** Thrown when an evaluation has used up what it may cost; no operator takes it for an error of its operands. */
export class CostExceeded extends Error {
  override readonly name = "CostExceeded";
}

/** Counts the work of evaluations. One unit is about the work of reading one member of an object. */
export class Meter {
  #left: number;

  constructor(limit: number) {
    this.#left = limit;
  }

  get left(): number {
    return this.#left;
  }

  /** Throws `CostExceeded` when nothing is left. */
  spend(cost: number): void {
    this.#left -= cost;
    if (this.#left < 0) throw new CostExceeded();
  }
}

/** Units of texts are read many at a time. */
const UNITS_AT_ONCE = 32;

/** What it costs to go over so many units of text. */
export function textCost(units: number): number {
  return units / UNITS_AT_ONCE;
}

/** What it costs to look for one text in another: searches go back, so both lengths count. */
export function searchCost(units: number, wanted: number): number {
  return textCost(units + wanted) + (units * wanted) / 128;
}
