import { InputError } from "../../domain/errors.ts";
import { inside, readStruct, type JsonObject, type JsonPlace } from "../../domain/json.ts";
import { MAX_ROOT_BYTES } from "./limits.ts";
import { parseMetadata, placeOf, requiredObject, type Metadata } from "./metadata.ts";
import { parseRole, type Role } from "./role.ts";
import { parseTufKey, type TufKey } from "./tuf-key.ts";

const TOP_ROLES = ["root", "timestamp", "snapshot", "targets"] as const;
export type TopRole = (typeof TOP_ROLES)[number];

/** Says whose signatures count for everything else. */
export type Root = {
  readonly bytes: Uint8Array;
  readonly metadata: Metadata;
  readonly roles: Readonly<Record<TopRole, Role>>;
};

/** Throws `InputError`. */
export function parseRoot(bytes: Uint8Array): Root {
  const metadata = parseMetadata(bytes, "root", "Root", MAX_ROOT_BYTES);
  const place = placeOf("root");
  const keys = parseKeys(requiredObject(metadata.signed, "keys", place), inside(place, "keys"));
  const roles = requiredObject(metadata.signed, "roles", place);
  const role = (name: TopRole): Role => parseTopRole(name, roles, keys, inside(place, "roles"));
  return {
    bytes,
    metadata,
    roles: { root: role("root"), timestamp: role("timestamp"), snapshot: role("snapshot"), targets: role("targets") },
  };
}

/** Throws `InputError` if one of them is not what it is called. */
export function parseKeys(object: JsonObject, place: JsonPlace): ReadonlyMap<string, TufKey> {
  return new Map([...object].map(([id, value]) => [id, parseTufKey(id, value, inside(place, id))]));
}

function parseTopRole(name: TopRole, roles: JsonObject, keys: ReadonlyMap<string, TufKey>, place: JsonPlace): Role {
  const value = readStruct(roles.get(name), ["keyids", "threshold"], inside(place, name));
  const role = parseRole(name, value, keys, inside(place, name));
  if (role.keys.length > 0) return role;
  throw new InputError(place.code, `${inside(place, name).path} names no key that the root has`);
}
