import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Parts of a file by offset, and how often each ran; the smallest part around an offset tells. */
type Ranges = readonly (readonly [start: number, end: number, count: number])[];

/** What ran of each source file, per process; types are stripped into spaces, so offsets are those of the source. */
export type Coverage = Readonly<Record<string, readonly Ranges[]>>;

type Range = { readonly startOffset: number; readonly endOffset: number; readonly count: number };
type Report = {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly Range[] }[];
  }[];
};

/** As V8 wrote it for processes that ran with `NODE_V8_COVERAGE` in the tree. */
export function readCoverage(folder: string, tree: string): Coverage {
  const found: Record<string, Ranges[]> = {};
  for (const name of readdirSync(folder)) {
    const report = JSON.parse(readFileSync(join(folder, name), "utf8")) as Report;
    for (const { url, functions } of report.result) {
      const file = url.startsWith("file:") ? relative(tree, fileURLToPath(url)) : "";
      if (!file.startsWith("src/")) continue;
      (found[file] ??= []).push(
        functions.flatMap(({ ranges }) =>
          ranges.map((range) => [range.startOffset, range.endOffset, range.count] as const),
        ),
      );
    }
  }
  return found;
}

/** Whether any process came to this place. */
export function ran(coverage: Coverage, file: string, at: number): boolean {
  return (coverage[file] ?? []).some((ranges) => {
    const around = ranges.filter(([start, end]) => start <= at && at < end);
    const [smallest] = around.sort((a, b) => a[1] - a[0] - (b[1] - b[0]));
    return smallest !== undefined && smallest[2] > 0;
  });
}
