import { z } from "zod";

import {
  NOTATION_STORES,
  type NotationAuthority,
  type NotationStatement,
  type NotationStore,
} from "../../domain/trust.ts";
import { readText } from "../key-file.ts";
import {
  actionsOf,
  override,
  problemOfIdentities,
  verifyTimestamp,
  weakeningsOfStatement,
} from "../notation-verification.ts";
import { some, struct, text } from "../schema.ts";
import { readTrustPolicy, type TrustPolicyStatement } from "../trust-policy-document.ts";
import { loadCertificates, loadStore } from "../trust-store.ts";
import type { AuthorityDefinition, AuthorityFiles } from "./authority.ts";

/** The largest real policies have some dozens of statements. */
const MAX_TRUST_POLICY_BYTES = 1024 * 1024;
/** How the one statement of an authority's own form is called in messages. */
const OWN = "notation";

const stores = struct({
  ca: some(text).optional(),
  signingAuthority: some(text).optional(),
  tsa: some(text).optional(),
}).refine((value) => value.ca !== undefined || value.signingAuthority !== undefined, {
  error: "names nobody who could vouch: write ca or signingAuthority, with a certificate file each",
});

const spec = struct({
  trustStores: stores.optional(),
  identities: some(z.string()).optional(),
  level: z.enum(["strict", "permissive", "audit"]).optional(),
  override: override.optional(),
  verifyTimestamp: verifyTimestamp.optional(),
  metadata: z.record(text, z.string()).default({}),
  trustPolicy: text.optional(),
  trustStore: text.optional(),
});

type Spec = z.output<typeof spec>;

const OWN_FORM = ["trustStores", "identities", "level", "override", "verifyTimestamp"] as const;

const checkedSpec = spec.superRefine((value, context) => {
  for (const [path, message] of contradictions(value)) context.addIssue({ code: "custom", path: [path], message });
});

function contradictions(value: Spec): readonly (readonly [keyof Spec, string])[] {
  if (value.trustPolicy === undefined && value.trustStore === undefined) return ownProblems(value);
  const both = OWN_FORM.filter((key) => value[key] !== undefined);
  const found = both.map((key) => [key, "stands beside trustPolicy, which says that already: keep one"] as const);
  if (value.trustPolicy === undefined)
    return [...found, ["trustStore", "has no trustPolicy, which says what of it to trust"]];
  if (value.trustStore === undefined) return [...found, ["trustPolicy", "has no trustStore, the folder of its stores"]];
  return found;
}

function ownProblems({ trustStores, identities }: Spec): readonly (readonly [keyof Spec, string])[] {
  if (trustStores === undefined) {
    return [["trustStores", "is missing: name certificates, or a trustPolicy with its trustStore"]];
  }
  if (identities === undefined)
    return [["identities", 'is missing: write who may sign, such as ["x509.subject: C=US, ST=WA, O=acme"]']];
  const problem = problemOfIdentities(identities);
  return problem === undefined ? [] : [["identities", problem]];
}

function load(value: Spec, files: AuthorityFiles): NotationAuthority {
  const { trustPolicy, trustStore, metadata } = value;
  const statements =
    trustPolicy === undefined || trustStore === undefined
      ? [ownStatement(value, files)]
      : loadTrustPolicy(trustPolicy, trustStore, files);
  return { kind: "notation", statements, metadata };
}

function ownStatement(value: Spec, files: AuthorityFiles): NotationStatement {
  const level = value.level ?? "strict";
  return {
    name: OWN,
    scopes: ["*"],
    level,
    actions: actionsOf(level, value.override),
    verifyTimestamp: value.verifyTimestamp ?? "always",
    stores: ownStores(value.trustStores ?? {}, files),
    identities: value.identities ?? [],
  };
}

/** Each file is a store by its path, so that a signer can be told from one of the same name below another root. */
function ownStores(written: NonNullable<Spec["trustStores"]>, files: AuthorityFiles): readonly NotationStore[] {
  return NOTATION_STORES.flatMap((type) =>
    (written[type] ?? []).map((name, at): NotationStore => {
      return { type, name, certificates: loadCertificates(name, files, ["trustStores", type, at]) };
    }),
  );
}

function loadTrustPolicy(file: string, folder: string, files: AuthorityFiles): readonly NotationStatement[] {
  const path = ["trustPolicy"];
  const read = readText(files.read, files.from, file, MAX_TRUST_POLICY_BYTES);
  if (read.kind === "unusable") {
    files.problem(path, `the trust policy "${file}" ${read.message}`);
    return [];
  }
  const policy = readTrustPolicy(file, read.text);
  if (policy.kind === "read") return policy.statements.map((statement) => withStores(statement, folder, files));
  for (const problem of policy.problems) files.problem(path, problem);
  return [];
}

function withStores(statement: TrustPolicyStatement, folder: string, files: AuthorityFiles): NotationStatement {
  const loaded = statement.stores.map((store) => loadStore(folder, store, files, ["trustStore"]));
  return { ...statement, stores: loaded };
}

/** A statement of a trust policy is named, since another may be at full strength. */
function weakenings({ statements }: NotationAuthority): readonly string[] {
  return statements.flatMap((statement) => {
    const weak = weakeningsOfStatement(statement);
    return statement.name === OWN ? weak : weak.map((option) => `trustPolicy "${statement.name}": ${option}`);
  });
}

/** Notary Project signatures: certificates and identities of one's own form, or a trust policy with its trust store. */
export const notation: AuthorityDefinition<"notation", Spec> = {
  kind: "notation",
  schema: checkedSpec,
  load,
  weakenings,
};
