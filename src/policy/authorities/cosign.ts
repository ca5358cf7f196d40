import { z } from "zod";

import type { CosignAuthority, LogTrust, PublicKeyMaterial } from "../../domain/trust.ts";
import { MAX_KEY_BYTES, publicKeyProblem, readText } from "../key-file.ts";
import { lines, some, struct, text } from "../schema.ts";
import { signedIdentity } from "../signed-identity.ts";
import type { AuthorityDefinition, AuthorityFiles } from "./authority.ts";
import { loadSigstoreRoot, sigstoreRoot } from "./sigstore-root.ts";

const key = struct({ file: text.optional(), inline: lines.optional() }).refine(
  (value) => (value.file === undefined) !== (value.inline === undefined),
  { error: "must have either file: a path, or inline: the PEM text" },
);

const discovery = z.enum(["tag", "referrers"]);

const spec = struct({
  keys: some(key),
  discover: some(discovery).default(["tag", "referrers"]),
  trustRoot: sigstoreRoot.optional(),
  rekorKeys: some(key).optional(),
  transparencyLog: z.enum(["required", "unsafeIgnored"]).default("required"),
  timestamp: z.enum(["optional", "required"]).default("optional"),
  annotations: z.record(text, z.string()).default({}),
  signedIdentity: signedIdentity.optional(),
});

type Spec = z.output<typeof spec>;
type Key = z.output<typeof key>;

const checkedSpec = spec.superRefine((value, context) => {
  for (const [path, message] of contradictions(value)) context.addIssue({ code: "custom", path: [path], message });
});

/** Members that would be accepted and then have no effect. */
function contradictions(value: Spec): readonly (readonly [keyof Spec, string])[] {
  const ignored = value.transparencyLog === "unsafeIgnored";
  const found: (readonly [keyof Spec, string])[] = [];
  if (value.trustRoot !== undefined && value.rekorKeys !== undefined) {
    found.push(["rekorKeys", "and trustRoot both say whose log counts: keep one"]);
  }
  if (ignored && value.trustRoot !== undefined) {
    found.push(["trustRoot", "says whose log counts, but transparencyLog is unsafeIgnored: remove one"]);
  }
  if (ignored && value.rekorKeys !== undefined) {
    found.push(["rekorKeys", "say whose log counts, but transparencyLog is unsafeIgnored: remove one"]);
  }
  if (value.timestamp === "required" && (ignored || value.rekorKeys !== undefined)) {
    found.push(["timestamp", "is required, but nothing says whose timestamps count: name a trustRoot"]);
  }
  return found;
}

function load(value: Spec, files: AuthorityFiles): CosignAuthority {
  return {
    kind: "cosign",
    keys: loadKeys(value.keys, "keys", files),
    discover: [...new Set(value.discover)],
    transparencyLog: loadLog(value, files),
    timestamp: value.timestamp,
    annotations: value.annotations,
    signedIdentity: value.signedIdentity,
  };
}

function loadLog(value: Spec, files: AuthorityFiles): LogTrust {
  if (value.transparencyLog === "unsafeIgnored") return { kind: "unsafe-ignored" };
  if (value.rekorKeys !== undefined) {
    return { kind: "required", root: { kind: "rekor-keys", keys: loadKeys(value.rekorKeys, "rekorKeys", files) } };
  }
  return { kind: "required", root: loadSigstoreRoot(value.trustRoot, files) };
}

function loadKeys(keys: readonly Key[], member: string, files: AuthorityFiles): readonly PublicKeyMaterial[] {
  const loaded = keys.map((one, at) => loadKey(one, [member, at], files));
  const seen = new Set<string>();
  for (const [at, { pem }] of loaded.entries()) {
    if (pem !== "" && seen.has(bodyOf(pem))) files.warning([member, at], "names the same key a second time");
    seen.add(bodyOf(pem));
  }
  return loaded;
}

function bodyOf(pem: string): string {
  return pem.replaceAll(/\s/g, "");
}

function loadKey(key: Key, path: readonly PropertyKey[], files: AuthorityFiles): PublicKeyMaterial {
  if (key.file === undefined) return acceptKey(key.inline ?? "", "the inline key", [...path, "inline"], files);
  const read = readText(files.read, files.from, key.file, MAX_KEY_BYTES);
  if (read.kind === "text") return acceptKey(read.text, key.file, [...path, "file"], files);
  files.problem([...path, "file"], `the key file "${key.file}" ${read.message}`);
  return { pem: "", from: key.file };
}

function acceptKey(pem: string, from: string, path: readonly PropertyKey[], files: AuthorityFiles): PublicKeyMaterial {
  const problem = publicKeyProblem(pem);
  if (problem !== undefined)
    files.problem(path, `${from === "the inline key" ? from : `the key file "${from}"`} ${problem}`);
  return { pem: problem === undefined ? pem : "", from };
}

function weakenings(authority: CosignAuthority): readonly string[] {
  return authority.transparencyLog.kind === "unsafe-ignored" ? ["transparencyLog: unsafeIgnored"] : [];
}

/** Signatures made with `cosign sign --key`, in either of its storage forms. */
export const cosign: AuthorityDefinition<"cosign", Spec> = { kind: "cosign", schema: checkedSpec, load, weakenings };
