import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { parseStrictJson } from "../../crypto/strict-json.ts";
import { InputError } from "../../domain/errors.ts";
import {
  isJsonObject,
  optionalString,
  optionalStringMap,
  readStruct,
  type JsonObject,
  type JsonPlace,
} from "../../domain/json.ts";
import type { Registry } from "../../domain/reference.ts";
import { askCredentialHelper, type HelperOptions } from "./credential-helper.ts";
import { DOCKER_HUB_NAMES, namesOf, type Credentials, type CredentialsProvider } from "../../net/credentials.ts";

const MAX_CONFIG_BYTES = 1024 * 1024;
const FIELDS = ["auths", "credHelpers", "credsStore"] as const;
const ENTRY_FIELDS = ["auth", "username", "password", "identitytoken"] as const;

/**
 * Accounts from the `config.json` of a Docker configuration folder (`DOCKER_CONFIG`, else `~/.docker`), read anew for each
 * question so that a mounted secret may change. Order: the registry's own `credHelpers` entry, whose answer is final; then
 * `credsStore`; then `auths`. No file means no accounts; a broken one throws `InputError`.
 */
export function dockerConfigCredentials(folder: string, options: HelperOptions = {}): CredentialsProvider {
  return async (registry, signal) => {
    const config = await readConfig(join(folder, "config.json"));
    return config === undefined ? undefined : find(config, registry, { ...options, signal });
  };
}

async function readConfig(path: string): Promise<JsonObject | undefined> {
  try {
    const bytes = await readFile(path);
    const value = parseStrictJson(bytes, { code: "credentials", name: path, maxBytes: MAX_CONFIG_BYTES });
    return readStruct(value, FIELDS, { code: "credentials", path });
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new InputError("credentials", `${path} cannot be read (${String(code)}): mend its permissions`, {
      cause: error,
    });
  }
}

async function find(config: JsonObject, registry: Registry, options: HelperOptions): Promise<Credentials | undefined> {
  const place: JsonPlace = { code: "credentials", path: "Docker configuration" };
  const names = namesOf(registry);
  const helpers = optionalStringMap(config, "credHelpers", place);
  const own = Object.entries(helpers).find(([key]) => names.includes(hostOfKey(key) ?? ""));
  if (own !== undefined) return askCredentialHelper(own[1], names, options);
  const store = optionalString(config, "credsStore", place);
  const stored = store === undefined || store === "" ? undefined : await askCredentialHelper(store, names, options);
  return stored ?? fromAuths(config, names);
}

function fromAuths(config: JsonObject, names: readonly string[]): Credentials | undefined {
  const auths = config.get("auths");
  if (auths === undefined || auths === null) return undefined;
  if (!isJsonObject(auths)) throw new InputError("credentials", "auths of the Docker configuration is not an object");
  const found = [...auths].flatMap(([key, value]) => {
    const known = names.includes(hostOfKey(key) ?? "");
    return known
      ? [readEntry(readStruct(value, ENTRY_FIELDS, { code: "credentials", path: `auths["${key}"]` }), key)]
      : [];
  });
  return found.find((credentials) => credentials !== undefined);
}

/**
 * The registry a key is for: `host[:port]` itself, or the URL of one as old clients wrote it. A key with any other path is
 * for a part of a registry, and is nobody's.
 */
function hostOfKey(key: string): string | undefined {
  if (DOCKER_HUB_NAMES.includes(key)) return key;
  return /^(?:https?:\/\/)?([^/?#@\s]+)(?:\/|\/v1\/?|\/v2\/?)?$/.exec(key)?.[1]?.toLowerCase();
}

function readEntry(entry: JsonObject, key: string): Credentials | undefined {
  const place: JsonPlace = { code: "credentials", path: `auths["${key}"]` };
  const identity = optionalString(entry, "identitytoken", place) ?? "";
  if (identity !== "") return { kind: "identity-token", token: identity };
  const auth = optionalString(entry, "auth", place) ?? "";
  if (auth !== "") return splitAuth(auth, key);
  const username = optionalString(entry, "username", place) ?? "";
  const password = optionalString(entry, "password", place) ?? "";
  return username === "" ? undefined : { kind: "password", username, password };
}

function splitAuth(auth: string, key: string): Credentials {
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 1) {
    throw new InputError("credentials", `auths["${key}"].auth is not base64 of user:password: log in to it again`);
  }
  // Docker pads passwords with NUL bytes when it writes them (docker/cli, configfile.decodeAuth).
  return { kind: "password", username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") };
}
