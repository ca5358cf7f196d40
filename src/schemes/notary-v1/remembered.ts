import { decodeBase64, encodeBase64 } from "../../crypto/base64.ts";
import { canonicalJson } from "../../crypto/canonical-json.ts";
import { parseStrictJson } from "../../crypto/strict-json.ts";
import { parseDigest, type Digest } from "../../domain/digest.ts";
import { InputError } from "../../domain/errors.ts";
import { parseInstant, type Instant } from "../../domain/instant.ts";
import {
  inside,
  optionalArray,
  optionalStringArray,
  readStruct,
  requiredInteger,
  requiredString,
  type JsonPlace,
  type JsonValue,
} from "../../domain/json.ts";
import type { Role } from "./role.ts";

/** What was seen and verified of a collection before, so that nothing older is believed again. */
export type Remembered = {
  readonly firstSeen: Instant;
  /** The newest root's file. */
  readonly root: Uint8Array;
  readonly roles: readonly RememberedRole[];
};

/** A role's newest version, and by whose signatures it became known. */
export type RememberedRole = {
  readonly name: string;
  readonly version: number;
  readonly threshold: number;
  readonly keys: readonly Digest[];
};

const VERSION = 1;
/** The root in base64 and some lines for each role. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Roles that are gone are remembered too, as far as there is room: they may come back. */
const MAX_ROLES = 256;

/** The same for the same memory, whatever the order of its roles. */
export function encodeRemembered({ firstSeen, root, roles }: Remembered): Uint8Array {
  const sorted = [...roles].sort((a, b) => (a.name < b.name ? -1 : 1));
  return Buffer.from(canonicalJson({ v: VERSION, firstSeen, root: encodeBase64(root), roles: sorted }));
}

/** Throws `InputError`. */
export function decodeRemembered(bytes: Uint8Array): Remembered {
  const place: JsonPlace = { code: "record", path: "what is remembered of the trust data" };
  const json = parseStrictJson(bytes, { code: place.code, name: place.path, maxBytes: MAX_BYTES });
  const object = readStruct(json, ["v", "firstSeen", "root", "roles"], place);
  if (object.get("v") !== VERSION) throw new InputError("record", `${place.path} is of another version`);
  return {
    firstSeen: parseInstant(requiredString(object, "firstSeen", place)),
    root: decodeBase64(requiredString(object, "root", place), place.path),
    roles: (optionalArray(object, "roles", place) ?? []).map((value, at) => decodeRole(value, inside(place, at))),
  };
}

function decodeRole(value: JsonValue, place: JsonPlace): RememberedRole {
  const role = readStruct(value, ["name", "version", "threshold", "keys"], place);
  return {
    name: requiredString(role, "name", place),
    version: requiredInteger(role, "version", place),
    threshold: requiredInteger(role, "threshold", place),
    keys: optionalStringArray(role, "keys", place).map(parseDigest),
  };
}

export function rememberRole(role: Role, version: number): RememberedRole {
  const keys = role.keys.flatMap(({ key }) => (key === undefined ? [] : [key.spki]));
  return { name: role.name, version, threshold: role.threshold, keys: [...new Set(keys)].sort() };
}

/** Those of now, and of those before whatever is not among them. */
export function joinRoles(
  now: readonly RememberedRole[],
  before: readonly RememberedRole[],
): readonly RememberedRole[] {
  const others = before.filter(({ name }) => !now.some((role) => role.name === name));
  return [...now, ...others].slice(0, MAX_ROLES);
}

/**
 * The version below which the role's metadata is a rollback; `undefined` if there is none. Once a threshold of the keys that
 * signed the remembered version is no longer trusted, it may have been raised by whoever had them (TUF specification 1.0.33,
 * section 5.3.11: recovery from a fast-forward attack), and does not bind the keys that came in their place.
 */
export function floorOf(role: Role, remembered: Remembered | undefined): number | undefined {
  const before = remembered?.roles.find(({ name }) => name === role.name);
  if (before === undefined) return undefined;
  const gone = before.keys.filter((spki) => !role.keys.some(({ key }) => key?.spki === spki));
  return gone.length >= before.threshold ? undefined : before.version;
}
