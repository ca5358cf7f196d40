import { z } from "zod";

import type { SigstoreRoot } from "../../domain/trust.ts";
import { MAX_TRUSTED_ROOT_BYTES, readText } from "../key-file.ts";
import { struct, text } from "../schema.ts";
import { isTrustedRoot, isTufRoot } from "../trusted-root.ts";
import type { AuthorityFiles } from "./authority.ts";

/** A host with an optional port and path: nothing that hides where the metadata comes from. */
const MIRROR =
  /^https:\/\/(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:\/[\w.~-]+)*\/?$/i;

const tufMirror = struct({
  tufMirror: text.regex(MIRROR, { error: "is not the https URL of a TUF repository, such as https://tuf.example.com" }),
  root: text,
});

/** Whose certificates, logs and timestamps count. */
export const sigstoreRoot = z.union([text, tufMirror]);

export type WrittenRoot = z.output<typeof sigstoreRoot>;

/** Always returns; what is unusable is reported as a problem. */
export function loadSigstoreRoot(written: WrittenRoot | undefined, files: AuthorityFiles): SigstoreRoot {
  if (written === undefined || written === "public-good") return { kind: "public-good" };
  if (typeof written === "string") {
    return { kind: "trusted-root", json: readJson(written, TRUSTED_ROOT, files), from: written };
  }
  const { tufMirror: mirror, root } = written;
  return {
    kind: "tuf-mirror",
    mirror: mirror.replace(/\/$/, ""),
    rootJson: readJson(root, TUF_ROOT, files),
    from: root,
  };
}

/** What a file must hold, and where it is named. */
type Meant = {
  readonly at: readonly PropertyKey[];
  readonly isMeant: (json: string) => boolean;
  readonly what: string;
};

const TRUSTED_ROOT: Meant = { at: ["trustRoot"], isMeant: isTrustedRoot, what: "a Sigstore trusted root in JSON" };
const TUF_ROOT: Meant = {
  at: ["trustRoot", "root"],
  isMeant: isTufRoot,
  what: "the root.json of a TUF repository",
};

function readJson(path: string, { at, isMeant, what }: Meant, files: AuthorityFiles): string {
  const read = readText(files.read, files.from, path, MAX_TRUSTED_ROOT_BYTES);
  if (read.kind === "unusable") files.problem(at, `the file "${path}" ${read.message}`);
  else if (!isMeant(read.text)) files.problem(at, `the file "${path}" is not ${what}`);
  return read.kind === "text" ? read.text : "";
}
