import { resolve } from "node:path";

import type { ImageReference } from "../domain/reference.ts";
import type { NamedText } from "../app.ts";

/** Whose signature is asked for on the command line. */
export type OneOffSigner =
  /** The public key's file as typed. */
  | { readonly kind: "key"; readonly file: string; readonly isLogIgnored: boolean }
  | { readonly kind: "identity"; readonly subject: string; readonly issuer: string };

/**
 * The policy that `--key` or `--certificate-identity` stands for: a cosign signature by that signer on exactly these images.
 * Everything else, as the transparency log, is as strict as a policy file that says nothing of it. JSON documents are YAML
 * documents.
 */
export function oneOffPolicy(signer: OneOffSigner, images: readonly ImageReference[], cwd: string): NamedText {
  const name = signer.kind;
  const authority = {
    apiVersion: "assay.dev/v1alpha1",
    kind: "Authority",
    metadata: { name },
    spec: specOf(signer, cwd),
  };
  const names = images.map(({ repository }) => `${repository.registry}/${repository.path}`);
  const policy = {
    apiVersion: "assay.dev/v1alpha1",
    kind: "Policy",
    metadata: { name: `signed-by-${name}` },
    spec: { match: { images: [...new Set(names)] }, rules: [{ signed: { by: name } }] },
  };
  const flag = signer.kind === "key" ? "--key" : "--certificate-identity";
  return { name: resolve(cwd, flag), text: `${JSON.stringify(authority)}\n---\n${JSON.stringify(policy)}\n` };
}

function specOf(signer: OneOffSigner, cwd: string): object {
  switch (signer.kind) {
    case "key": {
      const transparencyLog = signer.isLogIgnored ? "unsafeIgnored" : "required";
      return { cosign: { keys: [{ file: resolve(cwd, signer.file) }], transparencyLog } };
    }
    case "identity": {
      const { issuer, subject } = signer;
      return { keyless: { identities: [{ issuer, subject }] } };
    }
  }
}
