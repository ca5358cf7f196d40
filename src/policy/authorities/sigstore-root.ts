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
    const json = readJson(written, ["trustRoot"], files, isTrustedRoot, "a Sigstore trusted root in JSON");
    return { kind: "trusted-root", json, from: written };
  }
  const { tufMirror: mirror, root } = written;
  const rootJson = readJson(root, ["trustRoot", "root"], files, isTufRoot, "the root.json of a TUF repository");
  return { kind: "tuf-mirror", mirror: mirror.replace(/\/$/, ""), rootJson, from: root };
}

function readJson(
  path: string,
  at: readonly PropertyKey[],
  files: AuthorityFiles,
  isMeant: (json: string) => boolean,
  what: string,
): string {
  const read = readText(files.read, files.from, path, MAX_TRUSTED_ROOT_BYTES);
  if (read.kind === "unusable") files.problem(at, `the file "${path}" ${read.message}`);
  else if (!isMeant(read.text)) files.problem(at, `the file "${path}" is not ${what}`);
  return read.kind === "text" ? read.text : "";
}
