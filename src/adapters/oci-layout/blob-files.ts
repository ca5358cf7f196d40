import { digestStream } from "../../crypto/digest-of.ts";
import { type Descriptor } from "../../domain/descriptor.ts";
import { algorithmOf, hexOf, parseDigest, type Digest } from "../../domain/digest.ts";
import { PortError } from "../../domain/errors.ts";
import type { Document } from "../../domain/subject.ts";
import type { LayoutFile, LayoutFiles } from "./layout-files.ts";

/** The file of a digest. The digest is parsed anew: it becomes a path. Throws `PortError` if its size is another. */
export async function findBlob(files: LayoutFiles, descriptor: Descriptor): Promise<LayoutFile | undefined> {
  const file = await findDigest(files, descriptor.digest);
  if (file !== undefined && file.size !== descriptor.size) {
    throw new PortError(
      "digest-mismatch",
      `${files.place} ${descriptor.digest}`,
      `it has ${file.size} bytes where ${descriptor.size} are described`,
    );
  }
  return file;
}

export async function findDigest(files: LayoutFiles, text: Digest): Promise<LayoutFile | undefined> {
  const digest = parseDigest(text);
  return files.find(`blobs/${algorithmOf(digest)}/${hexOf(digest)}`);
}

/** A whole blob of at most `limit` bytes, checked against its digest. Throws `PortError`. */
export async function readBlob(
  files: LayoutFiles,
  wanted: { readonly descriptor: Descriptor; readonly limit: number },
  signal: AbortSignal,
): Promise<Document | undefined> {
  const { descriptor, limit } = wanted;
  if (descriptor.size > limit) {
    throw new PortError(
      "too-large",
      `${files.place} ${descriptor.digest}`,
      `its ${descriptor.size} bytes are more than the ${limit} allowed`,
    );
  }
  const file = await findBlob(files, descriptor);
  if (file === undefined) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of checked(files, file, descriptor, signal)) chunks.push(chunk);
  return { descriptor, bytes: Buffer.concat(chunks) };
}

/** A file's bytes with the last piece held back until the digest agrees. Throws `PortError`. */
export async function* checked(
  files: LayoutFiles,
  file: LayoutFile,
  descriptor: Descriptor,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const what = `${files.place} ${descriptor.digest}`;
  const running = digestStream(algorithmOf(descriptor.digest));
  let held: Uint8Array | undefined;
  for await (const chunk of file.read()) {
    if (signal.aborted) throw new PortError("aborted", what, "given up by the caller", { cause: signal.reason });
    running.update(chunk);
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (running.digest() !== descriptor.digest)
    throw new PortError("digest-mismatch", what, "its bytes have another digest");
  if (held !== undefined) yield held;
}
