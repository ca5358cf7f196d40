import { formatRepository, type Repository } from "../domain/reference.ts";

/** From least to most; each may do all that the former may. */
export const ROLES = ["reader", "submitter", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** Who calls. */
export type Subject = {
  readonly name: string;
  readonly role: Role;
  /** Registries, or repositories and all below them, this subject may name; `undefined` is every one. */
  readonly repositories: readonly string[] | undefined;
};

export function isAtLeast(subject: Subject, role: Role): boolean {
  return ROLES.indexOf(subject.role) >= ROLES.indexOf(role);
}

/** Whether a repository lies in the subject's scope: whole segments only, so `host/prod` does not open `host/production`. */
export function isInScope(subject: Subject, repository: Repository): boolean {
  const name = `${formatRepository(repository)}/`;
  return subject.repositories === undefined || subject.repositories.some((prefix) => name.startsWith(`${prefix}/`));
}
