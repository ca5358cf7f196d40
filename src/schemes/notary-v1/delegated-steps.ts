import type { PublicKey } from "../../crypto/public-key.ts";
import type { Question, RoleContent, SigningRole } from "./collection.ts";
import { metaOf } from "./file-meta.ts";
import { MAX_DELEGATIONS, MAX_TARGETS_BYTES } from "./limits.ts";
import type { Metadata } from "./metadata.ts";
import { isRefusal, refused, type Refusal } from "./refusal.ts";
import { rememberRole, type RememberedRole } from "./remembered.ts";
import { signersFor, type Role } from "./role.ts";
import { parseTargets, type Delegation, type Targets } from "./targets.ts";
import { checkMetadata, namedSteps, type Steps } from "./steps.ts";

export type RoleTree = { readonly targets: SigningRole; readonly roles: readonly RememberedRole[] };

/** The targets role's own metadata, with the keys that signed it. */
export type SignedTargets = {
  readonly targets: Targets;
  readonly role: Role;
  readonly signers: readonly PublicKey[];
};

type Above = { readonly question: Question; readonly snapshot: Metadata };
type Walk = Above & { fetched: number; readonly roles: RememberedRole[] };

/**
 * The targets role with everything below it. A role is only ever read under the keys that its own parent gives it; one that
 * was not published or has too few signatures has no say, as with Notary's clients, and any other flaw refuses the whole.
 */
export function* delegatedSteps({ targets, role, signers }: SignedTargets, above: Above): Steps<RoleTree | Refusal> {
  const walk: Walk = { ...above, fetched: 0, roles: [] };
  const children = yield* childrenSteps(targets, [""], walk);
  if (isRefusal(children)) return children;
  const content = contentOf(targets, signers, role);
  return { targets: { name: "targets", paths: [""], terminating: false, content, children }, roles: walk.roles };
}

function contentOf({ metadata, targets }: Targets, signers: readonly PublicKey[], { threshold }: Role): RoleContent {
  return { kind: "signed", targets, signers, threshold, expires: metadata.expires };
}

function* childrenSteps(
  parent: Targets,
  allowed: readonly string[],
  walk: Walk,
): Steps<readonly SigningRole[] | Refusal> {
  const children: SigningRole[] = [];
  for (const delegation of parent.delegations) {
    const child = yield* childSteps(delegation, allowed, walk);
    if (isRefusal(child)) return child;
    children.push(child);
  }
  return children;
}

function* childSteps(delegation: Delegation, allowed: readonly string[], walk: Walk): Steps<SigningRole | Refusal> {
  const { role, terminating } = delegation;
  // A child's path counts only inside one of its parent's (notary, RestrictDelegationPathPrefixes).
  const paths = delegation.paths.filter((path) => allowed.some((prefix) => path.startsWith(prefix)));
  const unusable = (published: boolean): SigningRole => {
    return { name: role.name, paths, terminating, content: { kind: "unusable", published }, children: [] };
  };
  const meta = metaOf(walk.snapshot, role.name);
  if (meta === undefined) return wasPublished(role, walk) ? withdrawn(role) : unusable(false);
  walk.fetched += 1;
  if (walk.fetched > MAX_DELEGATIONS) {
    return refused("fetched", "unsupported", `the collection has more than the ${MAX_DELEGATIONS} delegations allowed`);
  }
  const bytes = yield* namedSteps(role.name, meta, MAX_TARGETS_BYTES);
  if (isRefusal(bytes)) return bytes;
  const targets = parseTargets(bytes, role.name);
  const signers = signersFor(targets.metadata, role);
  if (signers === undefined) return unusable(true);
  const wrong = checkMetadata(targets.metadata, role, walk.question);
  if (wrong !== undefined) return wrong;
  walk.roles.push(rememberRole(role, targets.metadata.version));
  const children = yield* childrenSteps(targets, paths, walk);
  if (isRefusal(children)) return children;
  return { name: role.name, paths, terminating, content: contentOf(targets, signers, role), children };
}

function wasPublished(role: Role, { question }: Walk): boolean {
  return question.remembered?.roles.some(({ name }) => name === role.name) === true;
}

/** TUF specification 1.0.33, section 5.5.5: what a snapshot listed once, later ones must list. */
function withdrawn({ name }: Role): Refusal {
  return refused(
    "chain",
    "metadata-rollback",
    `the snapshot no longer lists ${name}, which was seen before and still exists`,
  );
}
