import { z } from "zod";

import { authorityDocument } from "./authority-document.ts";
import { policyDocument } from "./policy-document.ts";
import { policyTestDocument } from "./policy-test-document.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** JSON Schema (2020-12) of one policy document, for editors, from the schemas that read them. */
export function policyJsonSchema(): Readonly<Record<string, unknown>> {
  const documents = z.union([authorityDocument, policyDocument, policyTestDocument]);
  const schema = z.toJSONSchema(documents, { io: "input", unrepresentable: "any" });
  return { ...(offered(schema as Json) as Readonly<Record<string, Json>>), title: "Assay policy" };
}

/** Without the words of later versions, which an editor must not offer; they stand in the schemas as "never". */
function offered(schema: Json): Json {
  if (Array.isArray(schema)) return schema.filter((one: Json) => !isRefused(one)).map(offered);
  if (typeof schema !== "object" || schema === null) return schema;
  const members = Object.entries(schema).filter(([, value]) => !isRefused(value));
  return Object.fromEntries(members.map(([name, value]) => [name, offered(value)]));
}

/** Nothing at all, or an object all of whose members are refused. */
function isRefused(schema: Json): boolean {
  if (typeof schema !== "object" || schema === null || !("type" in schema || "not" in schema)) return false;
  if ("not" in schema) return JSON.stringify(schema["not"]) === "{}";
  const properties = "properties" in schema ? schema["properties"] : undefined;
  const members = typeof properties === "object" && properties !== null ? Object.values(properties) : [];
  return members.length > 0 && members.every(isRefused);
}
