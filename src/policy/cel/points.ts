/** The code points of a text: what CEL counts, where JavaScript counts UTF-16 units. */
export function pointsIn(text: string): readonly string[] {
  return Array.from(text);
}
