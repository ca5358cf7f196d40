import { z } from "zod";

import type { SimpleSigningAuthority } from "../../domain/trust.ts";
import { readHex } from "../key-file.ts";
import { keyringProblem, MAX_KEYRING_BYTES } from "../keyring-file.ts";
import { some, struct, text } from "../schema.ts";
import { signedIdentity } from "../signed-identity.ts";
import type { AuthorityDefinition, AuthorityFiles } from "./authority.ts";

/** Scheme, host and perhaps a path: what stands behind could change which file is meant. */
const url = text
  .regex(/^https?:\/\//, { error: "is not a web address: write https://, and serve files over HTTPS to name them" })
  .regex(/^https?:\/\/[^/@?#\s]+(?:\/[^@?#\s]*)?$/, {
    error: "has a part that is not allowed: leave out user names, queries and fragments",
  })
  .transform((value) => value.replace(/\/+$/, ""));

const spec = struct({
  keyrings: some(text),
  lookaside: url.optional(),
  registryExtension: z.literal(true).optional(),
  signedIdentity: signedIdentity.optional(),
}).refine((value) => (value.lookaside === undefined) !== (value.registryExtension === undefined), {
  error: "must have either lookaside: a URL, or registryExtension: true",
});

type Spec = z.output<typeof spec>;

function load(value: Spec, files: AuthorityFiles): SimpleSigningAuthority {
  return {
    kind: "simpleSigning",
    keyrings: value.keyrings.map((path, at) => loadKeyring(path, ["keyrings", at], files)),
    place: value.lookaside === undefined ? { kind: "registry-extension" } : { kind: "lookaside", url: value.lookaside },
    signedIdentity: value.signedIdentity ?? { kind: "matchRepoDigestOrExact" },
  };
}

function loadKeyring(
  path: string,
  at: readonly PropertyKey[],
  files: AuthorityFiles,
): SimpleSigningAuthority["keyrings"][number] {
  const read = readHex(files.read, files.from, path, MAX_KEYRING_BYTES);
  const problem = read.kind === "hex" ? keyringProblem(read.hex) : read.message;
  if (problem !== undefined) files.problem(at, `the keyring "${path}" ${problem}`);
  return { hex: read.kind === "hex" ? read.hex : "", from: path };
}

/** The configuration names the host too, or nothing is fetched; here the verdict says so. */
function weakenings({ place }: SimpleSigningAuthority): readonly string[] {
  return place.kind === "lookaside" && place.url.startsWith("http:") ? [`lookaside: ${place.url} (plain HTTP)`] : [];
}

/** Signatures made with GPG by skopeo, podman and their like. */
export const simpleSigning: AuthorityDefinition<"simpleSigning", Spec> = {
  kind: "simpleSigning",
  schema: spec,
  load,
  weakenings,
};
