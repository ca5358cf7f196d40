import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import type { DockerRegistry } from "./docker-registry.ts";

/**
 * Copies `oci:DIR[:TAG]` or `docker-archive:FILE` into a registry by Debian's `skopeo copy`, all platforms of an index
 * included, bytes unchanged.
 */
export async function skopeoPush(from: string, registry: DockerRegistry, name: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "assay-skopeo-"));
  try {
    if (registry.ca !== undefined) await writeFile(join(folder, "ca.crt"), registry.ca);
    const { username, password } = registry.account;
    const verified = registry.ca === undefined ? ["--dest-tls-verify=false"] : ["--dest-cert-dir", folder];
    const options = ["--all", "--preserve-digests", "--dest-creds", `${username}:${password}`, ...verified];
    const command = [
      "--insecure-policy",
      "--tmpdir",
      folder,
      "copy",
      ...options,
      from,
      `docker://${registry.host}/${name}`,
    ];
    await promisify(execFile)("skopeo", command, { timeout: 30_000 });
  } finally {
    await rm(folder, { recursive: true });
  }
}
