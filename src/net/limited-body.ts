import { PortError } from "../domain/errors.ts";

/** The whole of a body of at most `limit` bytes. One more throws `too-large` and the rest is not read. */
export async function readLimited(body: AsyncIterable<Uint8Array>, limit: number, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > limit) throw new PortError("too-large", what, `the answer is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}
