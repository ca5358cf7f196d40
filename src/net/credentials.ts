import type { Registry } from "../domain/reference.ts";

/** What a registry's own account is proved with. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, exchanged at the token server and never sent to the registry. */
  | { readonly kind: "identity-token"; readonly token: string };

/**
 * The account for one registry, or `undefined` to ask as nobody. Throws `InputError` or `PortError` where an account is
 * configured but cannot be had: that must not become an anonymous look, nor another registry's account.
 */
export type CredentialsProvider = (registry: Registry, signal: AbortSignal) => Promise<Credentials | undefined>;

/** Docker Hub by all its names, the last as `docker login` writes it; every other registry has only its own (CVE-2026-59891). */
export const DOCKER_HUB_NAMES: readonly string[] = [
  "https://index.docker.io/v1/",
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
];

/** All names under which a registry's account may be kept. */
export function namesOf(registry: Registry): readonly string[] {
  return DOCKER_HUB_NAMES.includes(registry) ? DOCKER_HUB_NAMES : [registry.toLowerCase()];
}
