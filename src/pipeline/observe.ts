import { InputError, PortError, type PortCode } from "../domain/errors.ts";
import type { Gap, Observation } from "../domain/gap.ts";
import type { Clock } from "../ports/clock.ts";

/**
 * Looks at one thing. A failure to look becomes a gap; what came back but is not what it claims to be is a `malformed`
 * gap. A cancelled look is nobody's observation and is thrown on, as is a mistake of ours.
 */
export async function observe<T>(
  clock: Clock,
  what: string,
  signal: AbortSignal,
  look: () => Promise<T>,
): Promise<Observation<T>> {
  try {
    const value = await look();
    return { kind: "observed", at: clock.now(), value };
  } catch (error) {
    signal.throwIfAborted();
    const gap = gapFrom(what, error);
    if (gap === undefined) throw error;
    return { kind: "gap", at: clock.now(), gap };
  }
}

/** `undefined` for errors that are neither the world's nor the input's. */
function gapFrom(what: string, error: unknown): Gap | undefined {
  if (error instanceof PortError) return { code: error.code, what, detail: error.message };
  if (error instanceof InputError) return { code: "malformed", what, detail: error.message };
  return undefined;
}

/** What the registry was expected to hold and does not: a look that came back empty-handed. */
export function notThere(what: string): PortError {
  const code: PortCode = "not-found";
  return new PortError(code, what, "the registry does not have it");
}
