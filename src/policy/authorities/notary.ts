import { z } from "zod";

import { InputError } from "../../domain/errors.ts";
import type { NotaryAuthority, NotaryDelegation, NotaryPins } from "../../domain/trust.ts";
import { loadCertificates, loadPinnedKey, pemMaterial } from "../pinned-key.ts";
import { parsed, some, struct, text } from "../schema.ts";
import type { AuthorityDefinition, AuthorityFiles } from "./authority.ts";

/** As Notary allows names of delegations; it becomes part of a request's path. */
const ROLE = /^targets(?:\/[-a-z0-9_]+)*$/;
const MAX_ROLE = 255;

const delegation = struct({
  role: text
    .regex(ROLE, { error: "is not a role: write targets/ and lower-case letters, digits, hyphens and underscores" })
    .max(MAX_ROLE, { error: `is longer than ${MAX_ROLE} characters` }),
  keys: some(pemMaterial).optional(),
});

const pins = struct({ rootKeys: some(pemMaterial).optional(), ca: some(pemMaterial).optional() }).refine(
  (value) => (value.rootKeys === undefined) !== (value.ca === undefined),
  { error: "must have either rootKeys: the collection's root keys, or ca: who certified them" },
);

const spec = struct({
  server: parsed(parseServer),
  serverCA: text.optional(),
  gun: parsed(parseGun).default("{registry}/{repository}"),
  pins: pins.optional(),
  unsafeTrustOnFirstUse: z.literal(true).optional(),
  delegations: some(delegation).default([]),
  resolve: z.enum(["registry", "signedDigest"]).default("registry"),
}).superRefine((value, context) => {
  for (const [path, message] of contradictions(value)) context.addIssue({ code: "custom", path: [...path], message });
});

type Spec = z.output<typeof spec>;

function contradictions({
  pins: pinned,
  unsafeTrustOnFirstUse,
  delegations,
}: {
  readonly pins?: unknown;
  readonly unsafeTrustOnFirstUse?: true | undefined;
  readonly delegations: readonly { readonly role: string }[];
}): readonly (readonly [readonly PropertyKey[], string])[] {
  const found: (readonly [readonly PropertyKey[], string])[] = [];
  if (pinned === undefined && unsafeTrustOnFirstUse === undefined) {
    found.push([["pins"], "is missing: whoever answers for the server could sign anything; name its root key"]);
  }
  if (pinned !== undefined && unsafeTrustOnFirstUse !== undefined) {
    found.push([["unsafeTrustOnFirstUse"], "and pins both say where trust begins: keep one"]);
  }
  const roles = delegations.map(({ role }) => role);
  roles.forEach((role, at) => {
    if (roles.indexOf(role) < at) found.push([["delegations", at, "role"], "is named a second time: join the keys"]);
  });
  return found;
}

/** Host, perhaps a port, perhaps a path. Plain HTTP is for the fetch to allow, by the operator's list of hosts. */
const SERVER = /^https?:\/\/(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?((?:\/[A-Za-z0-9._~-]+)*)\/*$/;

function parseServer(value: string): string {
  const match = SERVER.exec(value);
  if (match === null || hasDots(match[1] ?? "")) {
    throw new InputError("policy", "is not a server: write its URL, such as https://notary.example.com");
  }
  return value.replace(/\/+$/, "");
}

/** What a name is made of once registry and repository are put into it. */
const GUN = /^[A-Za-z0-9._:-]+(?:\/[A-Za-z0-9._:-]+)*$/;

function parseGun(value: string): string {
  const filled = value.replaceAll("{registry}", "registry").replaceAll("{repository}", "repository");
  if (!GUN.test(filled) || hasDots(filled)) {
    throw new InputError("policy", 'is not the name of a collection: write it like "{registry}/{repository}"');
  }
  return value;
}

function hasDots(path: string): boolean {
  return path.split("/").some((part) => part === "." || part === "..");
}

function load(value: Spec, files: AuthorityFiles): NotaryAuthority {
  return {
    kind: "notary",
    server: value.server,
    serverCa:
      value.serverCA === undefined ? undefined : loadCertificates({ file: value.serverCA }, ["serverCA"], files),
    gun: value.gun,
    pins: loadPins(value.pins, files),
    delegations: value.delegations.map((one, at) => loadDelegation(one, ["delegations", at], files)),
    resolve: value.resolve === "registry" ? "registry" : "signed-digest",
  };
}

function loadPins(value: Spec["pins"], files: AuthorityFiles): NotaryPins {
  if (value?.rootKeys !== undefined) {
    const keys = value.rootKeys.map((key, at) => loadPinnedKey(key, ["pins", "rootKeys", at], files));
    return { kind: "root-keys", keys };
  }
  if (value?.ca !== undefined) {
    const certificates = value.ca.map((one, at) => loadCertificates(one, ["pins", "ca", at], files));
    return { kind: "certificate-authorities", certificates };
  }
  return { kind: "unsafe-first-use" };
}

function loadDelegation(
  { role, keys = [] }: Spec["delegations"][number],
  path: readonly PropertyKey[],
  files: AuthorityFiles,
): NotaryDelegation {
  return { role, keys: keys.map((key, at) => loadPinnedKey(key, [...path, "keys", at], files)) };
}

function weakenings({ pins: pinned }: NotaryAuthority): readonly string[] {
  return pinned.kind === "unsafe-first-use" ? ["unsafeTrustOnFirstUse: true"] : [];
}

/** Docker Content Trust: names signed in collections of a Notary v1 server. */
export const notary: AuthorityDefinition<"notary", Spec> = { kind: "notary", schema: spec, load, weakenings };
