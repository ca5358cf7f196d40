import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import type { DockerRegistry } from "./docker-registry.ts";

/** Copies between any two of skopeo's transports by Debian's `skopeo`: all of an index, bytes unchanged. */
export async function skopeoCopy(from: string, to: string, options: readonly string[] = []): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "assay-skopeo-tmp-"));
  try {
    const command = ["--insecure-policy", "--tmpdir", folder, "copy", "--all", "--preserve-digests", ...options];
    await promisify(execFile)("skopeo", [...command, from, to], { timeout: 30_000 });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Pushes `oci:DIR[:TAG]` to a registry under `name`, which is `path:tag`. */
export async function skopeoPush(from: string, registry: DockerRegistry, name: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "assay-skopeo-ca-"));
  try {
    if (registry.ca !== undefined) await writeFile(join(folder, "ca.crt"), registry.ca);
    const { username, password } = registry.account;
    const verified = registry.ca === undefined ? ["--dest-tls-verify=false"] : ["--dest-cert-dir", folder];
    await skopeoCopy(from, `docker://${registry.host}/${name}`, [
      "--dest-creds",
      `${username}:${password}`,
      ...verified,
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
}
