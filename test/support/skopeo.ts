import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import type { DockerRegistry } from "./docker-registry.ts";

/** Copies between any two of skopeo's transports by Debian's `skopeo`: all of an index, bytes unchanged, save for `docker-archive:`. */
export async function skopeoCopy(from: string, to: string, options: readonly string[] = []): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "assay-skopeo-tmp-"));
  try {
    // An archive of Docker's is converted on the way, so it has no digest to keep.
    const exact = from.startsWith("docker-archive:") ? [] : ["--all", "--preserve-digests"];
    const command = ["--insecure-policy", "--tmpdir", folder, "copy", ...exact, ...options];
    await promisify(execFile)("skopeo", [...command, from, to], { timeout: 30_000 });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Pushes `oci:DIR[:TAG]` or `docker-archive:FILE` to a registry under `name`, which is `path:tag`. */
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
