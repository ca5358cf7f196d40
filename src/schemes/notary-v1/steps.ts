import type { Question } from "./collection.ts";
import { mismatchOf, type FileMeta } from "./file-meta.ts";
import type { Metadata } from "./metadata.ts";
import { refused, type Refusal } from "./refusal.ts";
import { floorOf } from "./remembered.ts";
import { signersFor, type Role } from "./role.ts";

/** A file that is needed next. Its name is made of what is verified already, the newest root's of nothing. */
export type FileRequest = { readonly file: string; readonly limit: number };

/** Verification that asks for files as it goes, so that whoever fetches follows nothing but the word of verified bytes. */
export type Steps<T> = Generator<FileRequest, T, Uint8Array | undefined>;

/** Signatures first, so that nothing unsigned is reported as older; then the version. */
export function checkMetadata(metadata: Metadata, role: Role, { remembered }: Question): Refusal | undefined {
  if (signersFor(metadata, role) === undefined) return unsigned(role);
  const floor = floorOf(role, remembered);
  if (floor === undefined || metadata.version >= floor) return undefined;
  return refused(
    "chain",
    "metadata-rollback",
    `the ${role.name} metadata has version ${metadata.version}, and ${floor} was seen before: an older state is being served`,
  );
}

export function unsigned({ name, threshold }: Role): Refusal {
  return refused("signature", "bad-signature", `the ${name} metadata is not signed by ${threshold} of its keys`);
}

export function mismatched(name: string, how: string): Refusal {
  return refused(
    "fetched",
    "metadata-mismatch",
    `the ${name} metadata ${how}: it was changed, or is of another state than the rest`,
  );
}

export function missing(file: string): Refusal {
  return refused("fetched", "missing-document", `the server has a root for the collection, and not its ${file}`);
}

/** A file by its hash, as Notary's servers keep every state of it. */
export function* namedSteps(name: string, meta: FileMeta, limit: number): Steps<Uint8Array | Refusal> {
  const file = `${name}.${meta.sha256}.json`;
  const bytes = yield { file, limit };
  if (bytes === undefined) return missing(file);
  const mismatch = mismatchOf(bytes, meta);
  return mismatch === undefined ? bytes : mismatched(name, mismatch);
}
