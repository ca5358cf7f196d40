import { z } from "zod";

import { InputError } from "../domain/errors.ts";
import { formatRepository, parseRepository } from "../domain/reference.ts";
import { NOTATION_STORES, type NotationStatement, type NotationStore } from "../domain/trust.ts";
import { readDocuments, type PolicyDocument } from "./document.ts";
import { actionsOf, override, problemOfIdentities, verifyTimestamp } from "./notation-verification.ts";
import { formatProblem, problemsOf } from "./problem.ts";
import { check, some, struct, text } from "./schema.ts";

/** A store by the name that a statement gives it. */
export type StoreName = Pick<NotationStore, "type" | "name">;

/** A statement before the stores it names are read. */
export type TrustPolicyStatement = Omit<NotationStatement, "stores"> & { readonly stores: readonly StoreName[] };

export type TrustPolicyRead =
  | { readonly kind: "read"; readonly statements: readonly TrustPolicyStatement[] }
  | { readonly kind: "refused"; readonly problems: readonly string[] };

/** The characters that the reference client allows, without the two names that lead to another folder. */
const STORE_NAME = /^(?!\.{1,2}$)[a-zA-Z0-9_.-]{1,255}$/;

const store = text.transform((value, context): StoreName => {
  const [, written = "", name = ""] = /^([^:]*):(.*)$/.exec(value) ?? [];
  const type = NOTATION_STORES.find((known) => known === written);
  if (type !== undefined && STORE_NAME.test(name)) return { type, name };
  const message = `is ${JSON.stringify(value.slice(0, 80))}, which names no store: write ${NOTATION_STORES.join(", ")}, a colon and a folder's name, such as ca:acme-rockets`;
  context.issues.push({ code: "custom", message, input: value });
  return z.NEVER;
});

const statement = struct({
  name: text,
  registryScopes: some(text),
  signatureVerification: struct({
    level: z.enum(["strict", "permissive", "audit", "skip"]),
    override: override.optional(),
    verifyTimestamp: verifyTimestamp.default("always"),
  }),
  trustStores: z.array(store).max(100).default([]),
  trustedIdentities: z.array(z.string()).max(1000).default([]),
}).superRefine((value, context) => {
  for (const [path, message] of [...problemsOfTrust(value), ...problemsOfScopes(value.registryScopes)]) {
    context.addIssue({ code: "custom", path: [path], message });
  }
});

type Written = z.output<typeof statement>;
type Issue = readonly [keyof Written, string];

function problemsOfTrust(value: Written): readonly Issue[] {
  const { signatureVerification, trustStores, trustedIdentities } = value;
  const given = trustStores.length > 0 || trustedIdentities.length > 0;
  if (signatureVerification.level === "skip") {
    const issues: Issue[] = [];
    if (given)
      issues.push(["signatureVerification", "skips verification, but trust stores or identities are named: keep one"]);
    if (signatureVerification.override !== undefined) {
      issues.push(["signatureVerification", "skips verification, which cannot be overridden: choose another level"]);
    }
    return issues;
  }
  if (trustStores.length === 0) return [["trustStores", "names no trust store, so nobody could be trusted: name one"]];
  const problem = problemOfIdentities(trustedIdentities);
  return problem === undefined ? [] : [["trustedIdentities", problem]];
}

function problemsOfScopes(scopes: readonly string[]): readonly Issue[] {
  if (scopes.length > 1 && scopes.includes("*")) {
    return [["registryScopes", "has * beside other scopes: keep one or the others"]];
  }
  return scopes.flatMap((scope): readonly Issue[] => {
    const problem = scope === "*" ? undefined : problemOfScope(scope);
    return problem === undefined ? [] : [["registryScopes", problem]];
  });
}

/** A scope is compared with a repository's whole name, so it must be written so. */
function problemOfScope(scope: string): string | undefined {
  const shown = JSON.stringify(scope.slice(0, 120));
  const mend = "write the whole repository without tag or digest, such as registry.example.com/shop/web, or * alone";
  try {
    const name = formatRepository(parseRepository(scope));
    return name === scope ? undefined : `has the scope ${shown}, which is not a whole name: write ${name}`;
  } catch (error) {
    if (error instanceof InputError) return `has the scope ${shown}, which is no repository: ${mend}`;
    throw error;
  }
}

const document = struct({ version: z.literal("1.0"), trustPolicies: some(statement) }).superRefine((value, context) => {
  const names = value.trustPolicies.map(({ name }) => name);
  const scopes = value.trustPolicies.flatMap(({ registryScopes }) => registryScopes);
  for (const [what, found] of [
    ["name", again(names)],
    ["registry scope", again(scopes)],
  ] as const) {
    if (found === undefined) continue;
    const message = `has the ${what} ${JSON.stringify(found.slice(0, 120))} more than once: which statement applies would be open`;
    context.addIssue({ code: "custom", path: ["trustPolicies"], message });
  }
});

function again(texts: readonly string[]): string | undefined {
  return texts.find((text, at) => texts.indexOf(text) !== at);
}

/**
 * A Notary Project trust policy for OCI artefacts (`trustpolicy.json`, trust-store-trust-policy specification). What the
 * reference client refuses is refused, and besides it unknown and duplicate keys. Problems have places in the file. Never
 * throws.
 */
export function readTrustPolicy(name: string, json: string): TrustPolicyRead {
  const read = readDocuments({ name, text: json });
  const problems = read.problems.map(formatProblem);
  const [found, ...more] = read.documents;
  if (problems.length > 0) return { kind: "refused", problems };
  if (found === undefined || more.length > 0 || !isJson(json)) {
    return { kind: "refused", problems: [`${name}: is not JSON, in which trust policies are written`] };
  }
  return readDocument(found);
}

function readDocument(found: PolicyDocument): TrustPolicyRead {
  const checked = check(document, found.value);
  if (checked.kind === "invalid") {
    return { kind: "refused", problems: problemsOf(found, checked.issues).map(formatProblem) };
  }
  return { kind: "read", statements: checked.value.trustPolicies.map(statementOf) };
}

/** The reader of positions understands more than JSON; other readers of the file do not. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function statementOf(written: Written): TrustPolicyStatement {
  const { level, override: changes, verifyTimestamp: timestamps } = written.signatureVerification;
  const stores = new Map(written.trustStores.map((each) => [`${each.type}:${each.name}`, each]));
  return {
    name: written.name,
    scopes: written.registryScopes,
    level,
    actions: actionsOf(level, changes),
    verifyTimestamp: timestamps,
    stores: [...stores.values()],
    identities: written.trustedIdentities,
  };
}
