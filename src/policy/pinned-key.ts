import type { z } from "zod";

import type { CertificateMaterial, PinnedKey } from "../domain/trust.ts";
import type { AuthorityFiles } from "./authorities/authority.ts";
import { publicKeyProblem, readText } from "./key-file.ts";
import { lines, struct, text } from "./schema.ts";

/** A chain of certificates has some KiB. */
const MAX_PEM_BYTES = 256 * 1024;

const written = struct({ file: text.optional(), inline: lines.optional() }).refine(
  (value) => (value.file === undefined) !== (value.inline === undefined),
  { error: "must have either file: a path, or inline: the PEM text" },
);

/** A key or certificate by `file` or `inline`. */
export const pemMaterial = written;
export type PemMaterial = z.output<typeof pemMaterial>;

/** A public key, or certificates whose first is the key's own. What cannot be used is a problem, and then empty. */
export function loadPinnedKey(material: PemMaterial, path: readonly PropertyKey[], files: AuthorityFiles): PinnedKey {
  const { pem, from, at } = readPem(material, path, files);
  const certified = pem.includes("BEGIN CERTIFICATE");
  const problem = pem === "" ? undefined : certified ? certificatesProblem(pem) : publicKeyProblem(pem);
  if (problem !== undefined) files.problem(at, `${from} ${problem}`);
  return { kind: certified ? "certificate" : "key", pem: problem === undefined ? pem : "", from };
}

/** Certificates alone. */
export function loadCertificates(
  material: PemMaterial,
  path: readonly PropertyKey[],
  files: AuthorityFiles,
): CertificateMaterial {
  const { pem, from, at } = readPem(material, path, files);
  const problem = pem === "" ? undefined : certificatesProblem(pem);
  if (problem !== undefined) files.problem(at, `${from} ${problem}`);
  return { pem: problem === undefined ? pem : "", from };
}

type Pem = { readonly pem: string; readonly from: string; readonly at: readonly PropertyKey[] };

function readPem({ file, inline }: PemMaterial, path: readonly PropertyKey[], files: AuthorityFiles): Pem {
  if (file === undefined) return { pem: inline ?? "", from: "the inline PEM text", at: [...path, "inline"] };
  const read = readText(files.read, files.from, file, MAX_PEM_BYTES);
  if (read.kind === "text") return { pem: read.text, from: file, at: [...path, "file"] };
  files.problem([...path, "file"], `the file "${file}" ${read.message}`);
  return { pem: "", from: file, at: [...path, "file"] };
}

/** Why a text is not made of certificates alone, without repeating any of it. */
function certificatesProblem(pem: string): string | undefined {
  if (/PRIVATE KEY/.test(pem)) return "holds a private key: name the certificate alone, and keep this file elsewhere";
  const [all, begun, ended] = ["-----BEGIN ", "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"].map(
    (line) => pem.split(line).length - 1,
  );
  return begun !== 0 && all === begun && begun === ended
    ? undefined
    : 'is not made of certificates in PEM form ("-----BEGIN CERTIFICATE-----")';
}
