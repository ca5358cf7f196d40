/** One figure beside what it must reach. */
export type Gate = {
  readonly name: string;
  readonly figure: number;
  readonly unit: string;
  readonly limit: number;
  /** Whether the figure must not be more than the limit, or not less. */
  readonly must: "at-most" | "at-least";
};

export function isReached({ figure, limit, must }: Gate): boolean {
  return must === "at-most" ? figure <= limit : figure >= limit;
}

/** Hands a figure to whoever runs the benches: one line of JSON on standard output. */
export function report(gate: Gate): void {
  process.stdout.write(`${JSON.stringify(gate)}\n`);
}

/** Microseconds of CPU, of all threads of this process, that `work` takes; the garbage it makes is collected within. */
export async function cpuMicros(work: () => Promise<void>): Promise<number> {
  globalThis.gc?.();
  const before = process.cpuUsage();
  await work();
  globalThis.gc?.();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** The middle of several measurements, so that one disturbance does not decide. */
export async function medianOf(runs: number, measure: () => Promise<number>): Promise<number> {
  const figures: number[] = [];
  for (let run = 0; run < runs; run += 1) figures.push(await measure());
  return figures.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN;
}
