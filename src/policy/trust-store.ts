import type { CertificateMaterial, NotationStore } from "../domain/trust.ts";
import type { AuthorityFiles } from "./authorities/authority.ts";
import { readCertificates } from "./certificate-material.ts";
import type { StoreName } from "./trust-policy-document.ts";

const CERTIFICATE_FILE = /\.(?:crt|pem|cer)$/i;
/** More than any store has; each is parsed at every reload. */
const MAX_FILES = 256;

/**
 * A named store of the Notary Project's layout, `<folder>/x509/<type>/<name>/*.{crt,pem,cer}` (trust-store-trust-policy
 * specification, "Trust Store"). A link that leads out of the folder is refused; what is no certificate file is named in a
 * warning. Always returns; problems are reported at `path`.
 */
export function loadStore(
  folder: string,
  { type, name }: StoreName,
  files: AuthorityFiles,
  path: readonly PropertyKey[],
): NotationStore {
  const place = `x509/${type}/${name}`;
  const entries = files.list(files.from, folder, place);
  if ("error" in entries) {
    files.problem(path, `the trust store ${type}:${name} (${folder}/${place}) cannot be read: ${entries.error}`);
    return { type, name, certificates: [] };
  }
  const certificates = entries.filter((entry) => entry.kind === "file" && CERTIFICATE_FILE.test(entry.name));
  const ignored = entries.filter((entry) => !certificates.includes(entry)).map((entry) => entry.name);
  if (ignored.length > 0) {
    const shown = ignored.slice(0, 3).map((each) => JSON.stringify(each.slice(0, 80)));
    files.warning(
      path,
      `the trust store ${type}:${name} holds ${shown.join(", ")}, which is no certificate file and not read`,
    );
  }
  if (certificates.length === 0 || certificates.length > MAX_FILES) {
    const problem = certificates.length === 0 ? "no *.crt, *.pem or *.cer file" : `more than ${MAX_FILES} certificates`;
    files.problem(path, `the trust store ${type}:${name} (${folder}/${place}) holds ${problem}`);
    return { type, name, certificates: [] };
  }
  const read = certificates.map((entry) => loadCertificates(`${folder}/${place}/${entry.name}`, files, path));
  return { type, name, certificates: read.flat() };
}

/** One file of certificates as a list, empty if it cannot be used, which is then a problem. */
export function loadCertificates(
  file: string,
  files: AuthorityFiles,
  path: readonly PropertyKey[],
): readonly CertificateMaterial[] {
  const read = readCertificates(files.read, files.from, file);
  if (read.kind === "read") return [read.material];
  files.problem(path, `the certificate file "${file}" ${read.message}`);
  return [];
}
