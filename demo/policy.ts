import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Keys } from "./keys.ts";

/** Writes the policy and the public keys it names into a new folder, as an operator would, and gives the policy's path. */
export function writePolicy(folder: string, host: string, keys: Keys): string {
  mkdirSync(folder);
  writeFileSync(join(folder, "release.pub"), keys.release.pem);
  writeFileSync(join(folder, "security.pub"), keys.security.pem);
  writeFileSync(join(folder, "log.pub"), keys.log.key.pem);
  const file = join(folder, "policy.yaml");
  writeFileSync(file, policyText(host));
  return file;
}

function policyText(host: string): string {
  return `# Who may vouch for an image: a key, whose signatures a transparency log must have recorded.
apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: release-key }
spec:
  cosign:
    keys: [{ file: release.pub }]
    rekorKeys: [{ file: log.pub }]
---
apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: security-key }
spec:
  cosign:
    keys: [{ file: security.pub }]
    rekorKeys: [{ file: log.pub }]
---
# What every image of this registry must be. Change a rule, save, and ask again.
apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: production }
spec:
  match: { images: ["${host}/**"] }
  rules:
    - signed: { by: release-key }
    - user: nonRoot
    - composition: { atMost: distroless }
    - absent: [shell, package-manager]
    - age: { atMost: 90d }
      enforcement: warn
---
# Whatever handles money needs both signatures, too.
apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: payments }
spec:
  match: { images: ["${host}/payments/**"] }
  rules:
    - signed: { by: { atLeast: 2, of: [release-key, security-key] } }
`;
}
