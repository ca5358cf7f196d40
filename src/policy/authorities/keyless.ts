import { z } from "zod";

import { isFulcioExtension, FULCIO_EXTENSIONS } from "../../domain/fulcio-extensions.ts";
import type { CertificateMaterial, KeylessAuthority } from "../../domain/trust.ts";
import { certificatesProblem, MAX_CERTIFICATES_BYTES } from "../certificate-file.ts";
import { readText } from "../key-file.ts";
import { lines, some, struct, text } from "../schema.ts";
import { signedIdentity } from "../signed-identity.ts";
import { suggestion } from "../suggestion.ts";
import type { AuthorityDefinition, AuthorityFiles } from "./authority.ts";
import { identity, loadIdentities } from "./keyless-identity.ts";
import { loadSigstoreRoot, sigstoreRoot } from "./sigstore-root.ts";

const written = struct({ file: text.optional(), inline: lines.optional() }).refine(
  (value) => (value.file === undefined) !== (value.inline === undefined),
  { error: "must have either file: a path, or inline: the PEM text" },
);
const certificates = z.union([text.transform((file) => ({ file, inline: undefined })), written]);

const extensions = z.record(text, text).superRefine((value, context) => {
  for (const name of Object.keys(value).filter((each) => !isFulcioExtension(each))) {
    const message = `is no extension of Fulcio's certificates${suggestion(name, Object.keys(FULCIO_EXTENSIONS))}`;
    context.addIssue({ code: "custom", path: [name], message });
  }
});

const spec = struct({
  identities: some(identity),
  trustRoot: sigstoreRoot.optional(),
  certificateAuthority: struct({ roots: some(certificates), intermediates: some(certificates).optional() }).optional(),
  discover: some(z.enum(["tag", "referrers"])).default(["tag", "referrers"]),
  sct: z.enum(["required", "unsafeIgnored"]).default("required"),
  transparencyLog: z.enum(["required", "unsafeIgnored"]).default("required"),
  timestamp: z.enum(["optional", "required"]).default("optional"),
  extensions: extensions.default({}),
  annotations: z.record(text, z.string()).default({}),
  signedIdentity: signedIdentity.optional(),
});

type Spec = z.output<typeof spec>;
type Certificates = z.output<typeof certificates>;

function load(value: Spec, files: AuthorityFiles): KeylessAuthority {
  return {
    kind: "keyless",
    identities: loadIdentities(value.identities, value.certificateAuthority !== undefined, files),
    discover: [...new Set(value.discover)],
    root: loadSigstoreRoot(value.trustRoot, files),
    certificateAuthority: loadAuthority(value.certificateAuthority, files),
    transparencyLog: value.transparencyLog === "required" ? "required" : "unsafe-ignored",
    sct: value.sct === "required" ? "required" : "unsafe-ignored",
    timestamp: value.timestamp,
    extensions: value.extensions,
    annotations: value.annotations,
    signedIdentity: value.signedIdentity,
  };
}

function loadAuthority(
  value: Spec["certificateAuthority"],
  files: AuthorityFiles,
): KeylessAuthority["certificateAuthority"] {
  if (value === undefined) return undefined;
  const loaded = (all: readonly Certificates[], member: string): readonly CertificateMaterial[] =>
    all.map((one, at) => loadCertificates(one, ["certificateAuthority", member, at], files));
  return { roots: loaded(value.roots, "roots"), intermediates: loaded(value.intermediates ?? [], "intermediates") };
}

function loadCertificates(
  { file, inline }: Certificates,
  at: readonly PropertyKey[],
  files: AuthorityFiles,
): CertificateMaterial {
  const from = file ?? "the inline certificates";
  const read =
    file === undefined
      ? ({ kind: "text", text: inline ?? "" } as const)
      : readText(files.read, files.from, file, MAX_CERTIFICATES_BYTES);
  const problem = read.kind === "text" ? certificatesProblem(read.text) : read.message;
  if (problem !== undefined) files.problem(at, `${file === undefined ? from : `the file "${file}"`} ${problem}`);
  return { pem: read.kind === "text" && problem === undefined ? read.text : "", from };
}

function weakenings(authority: KeylessAuthority): readonly string[] {
  return [
    ...(authority.transparencyLog === "unsafe-ignored" ? ["transparencyLog: unsafeIgnored"] : []),
    ...(authority.sct === "unsafe-ignored" ? ["sct: unsafeIgnored"] : []),
  ];
}

/** Signatures made with short-lived certificates of an identity, as `cosign sign` does without a key. */
export const keyless: AuthorityDefinition<"keyless", Spec> = { kind: "keyless", schema: spec, load, weakenings };
