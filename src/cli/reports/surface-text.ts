import { SURFACE_ITEMS, type AttackSurface } from "../../domain/attack-surface.ts";
import { field } from "./field.ts";

/** The sum and what it is made of: a number alone tells nobody what to remove. */
export function surfaceLines({ score, items }: AttackSurface): readonly string[] {
  const made = SURFACE_ITEMS.filter((name) => items[name].points > 0).map(
    (name) => `${name} ${items[name].points} (${items[name].count} found)`,
  );
  return [field("surface", `${score} of 100${made.length === 0 ? "" : `: ${made.join(", ")}`}`)];
}
