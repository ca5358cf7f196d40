/** One measurement. */
export type Figure = { readonly name: string; readonly figure: number; readonly unit: string };

/** One figure beside what it must reach. */
export type Gate = Figure & {
  readonly limit: number;
  /** Whether the figure must not be more than the limit, or not less. */
  readonly must: "at-most" | "at-least";
};

export function isReached({ figure, limit, must }: Gate): boolean {
  return must === "at-most" ? figure <= limit : figure >= limit;
}

/** Hands over a figure that no gate stands beside, since it says more of the machine than of us. */
export function seen(figure: Figure): void {
  process.stdout.write(`${JSON.stringify(figure)}\n`);
}

/** Hands a gate to whoever runs the benches: one line of JSON on standard output. */
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
export function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
}
