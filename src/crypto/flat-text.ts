/** V8 makes shorter parts of a text whole by themselves. */
const SHORT = 13;

/** The same text for itself: a part of a longer text otherwise points into it, and so holds all of it in memory. */
export function flatText(part: string): string {
  return part.length < SHORT ? part : Buffer.from(part, "utf8").toString("utf8");
}
