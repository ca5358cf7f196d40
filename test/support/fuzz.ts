/** How many inputs a fuzz test tries: `bounded` in the normal tests, as many as `ASSAY_FUZZ_RUNS` says in a long run. */
export function runs(bounded: number): number {
  return Number(process.env["ASSAY_FUZZ_RUNS"] ?? bounded);
}
