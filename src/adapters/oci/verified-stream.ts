import { digestStream } from "../../crypto/digest-of.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import { algorithmOf } from "../../domain/digest.ts";
import { PortError } from "../../domain/errors.ts";

/**
 * The bytes of a blob as they arrive, hashed on the way. The last piece is held back until size and digest agree with the
 * descriptor, so nobody holds the whole of a forged blob; a byte too many ends it at once. Throws `PortError`
 * (`digest-mismatch`, or what `explain` makes of a broken source). `release` is called exactly once, whatever happens.
 */
export async function* verifiedStream(
  source: AsyncIterable<Uint8Array>,
  descriptor: Descriptor,
  what: string,
  ends: { readonly explain: (error: unknown) => PortError; readonly release: () => void },
): AsyncGenerator<Uint8Array, void, undefined> {
  const running = digestStream(algorithmOf(descriptor.digest));
  let size = 0;
  let held: Uint8Array | undefined;
  try {
    for await (const chunk of source) {
      size += chunk.byteLength;
      if (size > descriptor.size) throw mismatch(what, `it is longer than the ${descriptor.size} bytes described`);
      running.update(chunk);
      if (held !== undefined) yield held;
      held = chunk;
    }
    if (size !== descriptor.size) throw mismatch(what, `it has ${size} bytes where ${descriptor.size} are described`);
    if (running.digest() !== descriptor.digest) throw mismatch(what, "its bytes have another digest");
  } catch (error) {
    throw ends.explain(error);
  } finally {
    ends.release();
  }
  if (held !== undefined) yield held;
}

export function mismatch(what: string, why: string): PortError {
  return new PortError("digest-mismatch", what, why);
}
