import type { Digest } from "../../domain/digest.ts";
import { InputError } from "../../domain/errors.ts";
import {
  inside,
  optionalArray,
  optionalBoolean,
  optionalObject,
  optionalStringArray,
  readStruct,
  requiredString,
  type JsonPlace,
  type JsonValue,
} from "../../domain/json.ts";
import { quoted } from "../../domain/quoted.ts";
import { parseHashes } from "./file-meta.ts";
import { MAX_ROLE_NAME, MAX_TARGETS_BYTES } from "./limits.ts";
import { parseMetadata, placeOf, requiredObject, type Metadata } from "./metadata.ts";
import { parseRole, type Role } from "./role.ts";
import { parseKeys } from "./root.ts";
import type { TufKey } from "./tuf-key.ts";

/** Names and the digests they stand for, with those who may say more. */
export type Targets = {
  readonly metadata: Metadata;
  readonly targets: ReadonlyMap<string, readonly Digest[]>;
  readonly delegations: readonly Delegation[];
};

export type Delegation = {
  readonly role: Role;
  /** Beginnings of the names it may sign. */
  readonly paths: readonly string[];
  /** For a name it may sign, those after it have no say, even if it says nothing. */
  readonly terminating: boolean;
};

/** Of `name`'s own metadata. Throws `InputError`. */
export function parseTargets(bytes: Uint8Array, name: string): Targets {
  const metadata = parseMetadata(bytes, name, "Targets", MAX_TARGETS_BYTES);
  const place = placeOf(name);
  const targets = [...requiredObject(metadata.signed, "targets", place)].map(
    ([target, value]): [string, readonly Digest[]] => [target, parseTarget(value, inside(place, target))],
  );
  return { metadata, targets: new Map(targets), delegations: parseDelegations(metadata, place) };
}

function parseTarget(value: JsonValue, place: JsonPlace): readonly Digest[] {
  return parseHashes(readStruct(value, ["length", "hashes", "custom"], place).get("hashes"), place);
}

function parseDelegations(metadata: Metadata, place: JsonPlace): readonly Delegation[] {
  const at = inside(place, "delegations");
  const object = optionalObject(metadata.signed, "delegations", place);
  if (object === undefined) return [];
  const delegations = readStruct(object, ["keys", "roles"], at);
  const keys = parseKeys(optionalObject(delegations, "keys", at) ?? new Map(), inside(at, "keys"));
  const roles = (optionalArray(delegations, "roles", at) ?? []).map((value, index) =>
    parseDelegation(value, { parent: metadata.name, keys, place: inside(inside(at, "roles"), index) }),
  );
  const names = roles.map(({ role }) => role.name);
  if (new Set(names).size < names.length) throw new InputError(place.code, `${at.path} names a role twice`);
  return roles;
}

type Parent = { readonly parent: string; readonly keys: ReadonlyMap<string, TufKey>; readonly place: JsonPlace };

const FIELDS = ["name", "keyids", "threshold", "paths", "path_hash_prefixes", "terminating"];

function parseDelegation(value: JsonValue, { parent, keys, place }: Parent): Delegation {
  const object = readStruct(value, FIELDS, place);
  const name = requiredString(object, "name", place);
  if (!isRoleName(name) || !isChildOf(name, parent)) {
    throw new InputError(place.code, `${place.path} is a role that ${parent} may not have: ${quoted(name, 80)}`);
  }
  return {
    role: parseRole(name, object, keys, place),
    paths: optionalStringArray(object, "paths", place),
    terminating: optionalBoolean(object, "terminating", place),
  };
}

/** As Notary writes names of delegations; a name becomes part of a request's path, and never a pattern. */
function isRoleName(name: string): boolean {
  return name.length <= MAX_ROLE_NAME && name.split("/").every((part) => /^[-a-z0-9_]+$/.test(part));
}

function isChildOf(name: string, parent: string): boolean {
  return name.slice(0, name.lastIndexOf("/")) === parent;
}
