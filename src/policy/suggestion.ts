/** Words that people bring along from other verifiers, and what they are called here. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ["data", "inline"],
  ["pem", "inline"],
  ["path", "file"],
  ["glob", "images"],
  ["issuerregexp", "issuerRegExp"],
  ["ctlog", "transparencyLog"],
  ["rekor", "rekorKeys"],
  ["threshold", "atLeast"],
  ["count", "atLeast"],
  ["mode", "enforcement"],
  ["nonroot", "user"],
]);

/** The known word that was probably meant: the same but for case, a word of another tool, or at most two typing errors. */
function nearMiss(word: string, known: readonly string[]): string | undefined {
  const folded = word.toLowerCase();
  const same = known.find((name) => name.toLowerCase() === folded);
  const elsewhere = ELSEWHERE.get(folded);
  if (same !== undefined) return same;
  if (elsewhere !== undefined && known.includes(elsewhere)) return elsewhere;
  const scored = known.map((name) => ({ name, distance: distance(folded.slice(0, 64), name.toLowerCase()) }));
  const best = scored.sort((a, b) => a.distance - b.distance)[0];
  return best !== undefined && best.distance <= Math.min(2, Math.floor(best.name.length / 3)) ? best.name : undefined;
}

/** `; did you mean "images"?`, or the words that could stand there. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearMiss(word, known);
  return near === undefined ? `; known here: ${known.join(", ")}` : `; did you mean "${near}"?`;
}

/** Edits (insert, delete, replace one letter) between two short words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (b[j] === a[i] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
