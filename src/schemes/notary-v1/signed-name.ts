import type { PublicKey } from "../../crypto/public-key.ts";
import { algorithmOf, type Digest } from "../../domain/digest.ts";
import { earliest, type Instant } from "../../domain/instant.ts";
import { quoted } from "../../domain/quoted.ts";
import type { RoleContent, SigningRole } from "./collection.ts";
import { pinsKey, type PinnedKeys } from "./pins.ts";
import { refused, type Refusal } from "./refusal.ts";

/** A delegation that must have signed, and whose keys alone count; any that the collection gives it if `keys` is absent. */
export type RequiredRole = { readonly name: string; readonly keys: PinnedKeys | undefined };

/** What a name stands for. */
export type SignedName = {
  readonly kind: "signed";
  readonly digests: readonly Digest[];
  readonly roles: readonly string[];
  readonly signers: readonly PublicKey[];
  readonly notAfter: Instant | undefined;
};

export type NameOutcome = SignedName | Refusal | { readonly kind: "unsigned" };

/** A role with the ends of all roles above it, which vouch for its keys. */
type Placed = { readonly role: SigningRole; readonly above: readonly Instant[] };
type Entry = { readonly placed: Placed; readonly content: Usable; readonly digests: readonly Digest[] };
type Usable = Extract<RoleContent, { readonly kind: "signed" }>;

/**
 * What the collection says a name is: by every required role, which must agree, or without any by the first role in the
 * order of the clients: targets itself, then each delegation and what is below it.
 */
export function findName(targets: SigningRole, name: string, required: readonly RequiredRole[]): NameOutcome {
  if (required.length === 0) {
    const found = search({ role: targets, above: [] }, name);
    return found === undefined || found === "stop" ? { kind: "unsigned" } : signedBy([found]);
  }
  const roles = allRoles({ role: targets, above: [] });
  const signing = roles.flatMap((placed) => entryOf(placed, name) ?? []);
  if (signing.length === 0) return missingRoles(roles, required) ?? { kind: "unsigned" };
  const entries: Entry[] = [];
  for (const each of required) {
    const entry = requiredEntry(each, roles, name, signing);
    if ("kind" in entry) return entry;
    entries.push(entry);
  }
  return agreed(entries, name);
}

/** Every name that stands for a digest, in the order in which the roles are asked. */
export function namesOf(targets: SigningRole, digest: Digest): readonly string[] {
  const roles = allRoles({ role: targets, above: [] });
  const names = roles.flatMap(({ role: { content } }) =>
    content.kind === "signed"
      ? [...content.targets].filter(([, digests]) => digests.includes(digest)).map(([name]) => name)
      : [],
  );
  return [...new Set(names)];
}

function allRoles(placed: Placed): readonly Placed[] {
  return [placed, ...below(placed).flatMap(allRoles)];
}

function below({ role, above }: Placed): readonly Placed[] {
  const ends = role.content.kind === "signed" ? [...above, role.content.expires] : above;
  return role.children.map((child) => ({ role: child, above: ends }));
}

function entryOf(placed: Placed, name: string): Entry | undefined {
  const { content } = placed.role;
  if (content.kind !== "signed" || !maySign(placed.role, name)) return undefined;
  const digests = content.targets.get(name);
  return digests === undefined ? undefined : { placed, content, digests };
}

function maySign({ paths }: SigningRole, name: string): boolean {
  return paths.some((prefix) => name.startsWith(prefix));
}

/** `stop` if a terminating role was passed that says nothing of the name: then nobody after it may. */
function search(placed: Placed, name: string): Entry | "stop" | undefined {
  if (!maySign(placed.role, name)) return undefined;
  const own = entryOf(placed, name);
  if (own !== undefined) return own;
  for (const child of below(placed)) {
    const found = search(child, name);
    if (found !== undefined) return found;
  }
  return placed.role.terminating ? "stop" : undefined;
}

function missingRoles(roles: readonly Placed[], required: readonly RequiredRole[]): Refusal | undefined {
  const broken = required.find(({ name }) => contentOf(roles, name)?.kind !== "signed");
  return broken === undefined ? undefined : unusableRole(broken.name, contentOf(roles, broken.name));
}

function contentOf(roles: readonly Placed[], name: string): RoleContent | undefined {
  return roles.find(({ role }) => role.name === name)?.role.content;
}

function unusableRole(name: string, content: RoleContent | undefined): Refusal {
  if (content?.kind === "unusable" && content.published) {
    return refused("signature", "bad-signature", `the ${name} metadata is not signed by enough of the role's keys`);
  }
  const how = content === undefined ? "the collection has no such role" : "nothing was published in it yet";
  return refused("identity", "missing-role", `${name} must have signed, and ${how}`);
}

function requiredEntry(
  { name: roleName, keys }: RequiredRole,
  roles: readonly Placed[],
  name: string,
  signing: readonly Entry[],
): Entry | Refusal {
  const content = contentOf(roles, roleName);
  if (content?.kind !== "signed") return unusableRole(roleName, content);
  const pinned = content.signers.filter((key) => keys === undefined || pinsKey(keys, key));
  if (pinned.length < content.threshold) {
    const named = `${pinned.length} of the keys named for it, and needs ${content.threshold}`;
    return refused("identity", "unknown-key", `${roleName} is signed by ${named}`);
  }
  const entry = signing.find(({ placed }) => placed.role.name === roleName);
  if (entry !== undefined) return { ...entry, content: { ...entry.content, signers: pinned } };
  const others = signing.map(({ placed }) => placed.role.name).join(", ");
  const what = `${quoted(name, 128)} must be signed by ${roleName}`;
  return refused("identity", "missing-role", `${what}, and is signed by ${others} only`);
}

function agreed(entries: readonly Entry[], name: string): NameOutcome {
  const [first, ...others] = entries;
  const other = others.find(({ digests }) => first !== undefined && !isSameContent(first.digests, digests));
  if (first === undefined || other === undefined) return signedBy(entries);
  const all = new Set(entries.map(({ digests }) => digests[0]));
  const said = entries.map(({ placed, digests }) => `${placed.role.name} says ${digests[0]}`).join(", ");
  return refused(
    "subject",
    "conflicting-digests",
    `expected 1 digest, found ${Math.max(2, all.size)} for ${quoted(name, 128)}: ${said}`,
  );
}

/** Hashes of one algorithm must be equal, and there must be one that both give. */
function isSameContent(a: readonly Digest[], b: readonly Digest[]): boolean {
  const pairs = a.flatMap((one) => b.filter((two) => algorithmOf(two) === algorithmOf(one)).map((two) => one === two));
  return pairs.length > 0 && pairs.every(Boolean);
}

function signedBy(entries: readonly Entry[]): SignedName {
  const signers = new Map(entries.flatMap(({ content }) => content.signers).map((key) => [key.spki, key]));
  return {
    kind: "signed",
    digests: entries[0]?.digests ?? [],
    roles: entries.map(({ placed }) => placed.role.name),
    signers: [...signers.values()],
    notAfter: earliest(...entries.flatMap(({ placed, content }) => [...placed.above, content.expires])),
  };
}
