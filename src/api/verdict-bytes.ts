import { verdictJson } from "../domain/verdict-json.ts";
import type { Verdict } from "../domain/verdict.ts";

/** The pipeline hands out the same verdict object for as long as it holds it, so its bytes live and die with it. */
const ENCODED = new WeakMap<Verdict, Buffer>();

/** A verdict's JSON in UTF-8, encoded once. */
export function verdictBytes(verdict: Verdict): Buffer {
  const kept = ENCODED.get(verdict);
  if (kept !== undefined) return kept;
  const bytes = Buffer.from(JSON.stringify(verdictJson(verdict)));
  ENCODED.set(verdict, bytes);
  return bytes;
}
