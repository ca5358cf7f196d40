import { resolve } from "node:path";

import type { ImageReference } from "../domain/reference.ts";
import type { NamedText } from "../app.ts";

export type OneOff = {
  /** The public key's file as typed. */
  readonly key: string;
  readonly images: readonly ImageReference[];
  readonly isLogIgnored: boolean;
  readonly cwd: string;
};

/**
 * The policy that `--key` stands for: a cosign signature by that key on exactly these images. Everything else, as the
 * transparency log, is as strict as a policy file that says nothing of it. JSON documents are YAML documents.
 */
export function oneOffPolicy({ key, images, isLogIgnored, cwd }: OneOff): NamedText {
  const authority = {
    apiVersion: "assay.dev/v1alpha1",
    kind: "Authority",
    metadata: { name: "key" },
    spec: {
      cosign: {
        keys: [{ file: resolve(cwd, key) }],
        transparencyLog: isLogIgnored ? "unsafeIgnored" : "required",
      },
    },
  };
  const names = images.map(({ repository }) => `${repository.registry}/${repository.path}`);
  const policy = {
    apiVersion: "assay.dev/v1alpha1",
    kind: "Policy",
    metadata: { name: "signed-by-key" },
    spec: { match: { images: [...new Set(names)] }, rules: [{ signed: { by: "key" } }] },
  };
  return { name: resolve(cwd, "--key"), text: `${JSON.stringify(authority)}\n---\n${JSON.stringify(policy)}\n` };
}
