import { z } from "zod";

import type { PolicyWarning } from "../domain/policy.ts";
import type { Authority, AuthoritySpec } from "../domain/trust.ts";
import type { AuthorityDefinition, AuthorityKind } from "./authorities/authority.ts";
import { AUTHORITIES } from "./authorities/index.ts";
import type { PolicyDocument } from "./document.ts";
import { apiVersion, enforcement, metadata } from "./header.ts";
import type { NamedFiles } from "./key-file.ts";
import { problemAt, problemsOf, formatPath, type PolicyProblem } from "./problem.ts";
import { check, struct } from "./schema.ts";
import { authorityName } from "./signatories.ts";

export type AuthorityRead =
  | { readonly kind: "read"; readonly authority: Authority; readonly warnings: readonly PolicyWarning[] }
  | { readonly kind: "refused"; readonly problems: readonly PolicyProblem[] };

type AnyDefinition = AuthorityDefinition<AuthorityKind, unknown>;

const DEFINITIONS: readonly AnyDefinition[] = Object.values(AUTHORITIES) as unknown as readonly AnyDefinition[];
const KINDS = DEFINITIONS.map(({ kind }) => kind);

const specShape: Readonly<Record<string, z.ZodType>> = Object.fromEntries([
  ...DEFINITIONS.map(({ kind, schema }): [string, z.ZodType] => [kind, schema.optional()]),
  ["enforcement", enforcement.default("deny")],
]);

const spec = struct(specShape).superRefine((value, context) => {
  const written = KINDS.filter((kind) => value[kind] !== undefined);
  if (written.length === 1) return;
  const message =
    written.length === 0 ? `says nobody: write one of ${KINDS.join(", ")}` : `has ${written.join(" and ")}: keep one`;
  context.addIssue({ code: "custom", message });
});

/** An `Authority` document. */
export const authorityDocument = struct({
  apiVersion,
  kind: z.literal("Authority"),
  metadata: metadata.extend({ name: authorityName }),
  spec,
});

/** Reads one document and the key files it names. Never throws. */
export function readAuthority(document: PolicyDocument, named: NamedFiles): AuthorityRead {
  const checked = check(authorityDocument, document.value);
  if (checked.kind === "invalid") return { kind: "refused", problems: problemsOf(document, checked.issues) };
  const { metadata, spec } = checked.value;
  const problems: PolicyProblem[] = [];
  const warnings: PolicyWarning[] = [];
  const definition = DEFINITIONS.find(({ kind }) => spec[kind] !== undefined);
  if (definition === undefined) throw new Error("an authority passed its schema without a kind");
  const note = (notes: PolicyProblem[]) => (path: readonly PropertyKey[], message: string) => {
    const full = ["spec", definition.kind, ...path];
    notes.push(problemAt(document, full, `${formatPath(full)}: ${message}`));
  };
  const files = { ...named, from: document.file, problem: note(problems), warning: note(warnings) };
  const loaded: AuthoritySpec = definition.load(spec[definition.kind], files);
  if (problems.length > 0) return { kind: "refused", problems };
  const authority: Authority = {
    name: metadata.name,
    spec: loaded,
    enforcement: enforcement.parse(spec["enforcement"]),
    unsafe: definition.weakenings(loaded),
    at: document.where(["metadata", "name"]),
  };
  return { kind: "read", authority, warnings };
}
