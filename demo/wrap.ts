/** Breaks a text between words into lines of at most `width`; what does not fit on `most` of them ends in "…". */
export function wrap(text: string, width: number, most: number = Number.POSITIVE_INFINITY): readonly string[] {
  const lines: string[] = [""];
  for (const word of text.split(" ").flatMap((one) => pieces(one, width))) {
    const last = lines.at(-1) ?? "";
    const longer = last === "" ? word : `${last} ${word}`;
    if (longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  if (lines.length <= most) return lines;
  const shown = lines.slice(0, most);
  return [...shown.slice(0, -1), `${(shown.at(-1) ?? "").slice(0, width - 2)} …`];
}

function pieces(word: string, width: number): readonly string[] {
  return word.length <= width ? [word] : (word.match(new RegExp(`.{1,${width}}`, "gu")) ?? []);
}
