import { z } from "zod";

import type { PolicyDocument } from "./document.ts";
import { problemAt, type PolicyProblem } from "./problem.ts";
import { struct } from "./schema.ts";
import { name } from "./signatories.ts";
import { suggestion } from "./suggestion.ts";

/** The version every document of the language must name. */
const API_VERSION = "assay.dev/v1alpha1";

/** The members that a document of any kind has. */
export const apiVersion = z.literal(API_VERSION);
export const metadata = struct({ name });
export const enforcement = z.enum(["deny", "warn", "audit"]);

/** Whether a document is of one of the kinds, by its first two members; the problem, if not. */
export function kindOf<Kind extends string>(document: PolicyDocument, kinds: readonly Kind[]): Kind | PolicyProblem {
  const { value } = document;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return problemAt(document, [], `the document is not a mapping that begins with apiVersion: ${API_VERSION}`);
  }
  const { apiVersion, kind } = value as Readonly<Record<string, unknown>>;
  if (apiVersion !== API_VERSION) return wrongVersion(document, apiVersion);
  const known = kinds.find((one) => one === kind);
  if (known !== undefined) return known;
  if (kind === "PolicyTest")
    return problemAt(document, ["kind"], "policy tests stand apart from the policies: move it");
  const shown = typeof kind === "string" ? `"${kind.slice(0, 80)}"` : "missing";
  const near = typeof kind === "string" ? suggestion(kind, kinds) : `: write one of ${kinds.join(", ")}`;
  return problemAt(document, ["kind"], `the kind is ${shown}${near}`);
}

function wrongVersion(document: PolicyDocument, found: unknown): PolicyProblem {
  const shown = typeof found === "string" ? `is "${found.slice(0, 80)}"` : "is missing";
  return problemAt(document, ["apiVersion"], `the apiVersion ${shown}: write apiVersion: ${API_VERSION}`);
}
