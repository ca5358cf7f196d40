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

/** How skopeo is to sign: by which key of which GnuPG folder, and where signatures go. */
export type SkopeoSigning = { readonly home: string; readonly key: string; readonly lookaside: string };

/**
 * Copies an image of a plain HTTP registry onto itself and signs it, an index and all its images each; skopeo writes the
 * signatures into the lookaside folder.
 */
export async function skopeoSign(reference: string, { home, key, lookaside }: SkopeoSigning): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "assay-skopeo-sign-"));
  try {
    await writeFile(join(folder, "all.yaml"), `default-docker:\n  lookaside-staging: file://${lookaside}\n`);
    const always = ["--insecure-policy", "--tmpdir", folder, "--registries.d", folder];
    const copy = ["copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", "--sign-by", key];
    const image = `docker://${reference}`;
    const env = { ...process.env, GNUPGHOME: home };
    await promisify(execFile)("skopeo", [...always, ...copy, image, image], { timeout: 30_000, env });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Whether skopeo accepts a signature of a manifest under this name by this key. */
export async function skopeoAccepts(
  { manifest, signature }: { readonly manifest: Uint8Array; readonly signature: Uint8Array },
  { name, home, key }: { readonly name: string; readonly home: string; readonly key: string },
): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "assay-skopeo-verify-"));
  try {
    const files = [join(folder, "manifest.json"), join(folder, "signature")] as const;
    await writeFile(files[0], manifest);
    await writeFile(files[1], signature);
    const env = { ...process.env, GNUPGHOME: home };
    await promisify(execFile)("skopeo", ["standalone-verify", files[0], name, key, files[1]], { timeout: 30_000, env });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === 1) return false;
    throw error;
  } finally {
    await rm(folder, { recursive: true });
  }
}
