import type { UserFact } from "./facts.ts";

const ADMINISTRATORS: ReadonlySet<string> = new Set(["containeradministrator", "administrator", "system"]);

/**
 * Windows has names only, compared without case. Whoever is not the ordinary container user, or is a domain's account,
 * counts as an administrator or as unknown; an empty user is whatever the base image says (reference: inspection, 3.2).
 */
export function resolveWindowsUser(configured: string): UserFact {
  const name = configured.toLowerCase();
  const fact = (verdict: UserFact["verdict"], because: string): UserFact => ({
    configured,
    verdict,
    uid: undefined,
    gidDocker: undefined,
    gidKubernetes: undefined,
    because,
    sightings: [],
  });
  if (name === "containeruser") return fact("nonroot", "USER is the ordinary container user of Windows");
  if (name === "") return fact("unresolvable", "USER is not set, and the Windows base image decides who that is");
  if (ADMINISTRATORS.has(name) || name.includes("\\") || name.includes("@")) {
    return fact("root", "USER is an administrator or a domain's account on Windows");
  }
  return fact("unresolvable", "USER is a Windows account whose rights cannot be told");
}
