/** Whether a text matches a glob in which `*` is any run of characters, none included. Time is at most |glob|·|text|. */
export function matchesGlob(glob: string, text: string): boolean {
  const [first = "", ...rest] = glob.split("*");
  if (rest.length === 0) return glob === text;
  const last = rest.pop() ?? "";
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  // Taking each middle piece at its first place leaves the most for the pieces behind it, so nothing is tried twice.
  let from = first.length;
  const end = text.length - last.length;
  for (const piece of rest) {
    const at = text.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  // The pieces may not reach into what the last one needs.
  return from <= end;
}

/**
 * Whether segments match: `*` inside a segment stays in it, a segment `**` stands for any number of segments, and at the
 * end for at least one, so that `prod/**` is what lies under `prod` and not `prod` itself.
 */
export function matchesSegments(globs: readonly string[], segments: readonly string[]): boolean {
  // reachable[j]: the globs read so far can match exactly the first j segments.
  let reachable = [true, ...segments.map(() => false)];
  for (const [at, glob] of globs.entries()) {
    reachable =
      glob === "**" ? acrossSegments(reachable, at === globs.length - 1) : oneSegment(reachable, glob, segments);
  }
  return reachable[segments.length] ?? false;
}

function acrossSegments(reachable: readonly boolean[], isLast: boolean): boolean[] {
  let before = false;
  return reachable.map((here) => {
    const answer = before || (here && !isLast);
    before ||= here;
    return answer;
  });
}

function oneSegment(reachable: readonly boolean[], glob: string, segments: readonly string[]): boolean[] {
  return [
    false,
    ...segments.map((segment, at) => (reachable[at] ?? false) && segment !== "" && matchesGlob(glob, segment)),
  ];
}
