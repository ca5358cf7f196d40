/** At most a third of the letters may differ: beyond that a guess misleads. */
const TOLERANCE = 3;

/** ` Did you mean "verify"?`, or nothing if no known word is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / TOLERANCE)))
    .sort((a, b) => a.distance - b.distance);
  return near[0] === undefined ? "" : ` Did you mean "${near[0].candidate}"?`;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const steps = [(row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced];
      next.push(Math.min(...steps, swapped ? (before[j - 2] ?? 0) + 1 : replaced));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
