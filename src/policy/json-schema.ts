import { z } from "zod";

import { authorityDocument } from "./authority-document.ts";
import { policyDocument } from "./policy-document.ts";
import { policyTestDocument } from "./policy-test-document.ts";

/** JSON Schema (2020-12) of one policy document, for editors, from the schemas that read them. */
export function policyJsonSchema(): Readonly<Record<string, unknown>> {
  const documents = z.union([authorityDocument, policyDocument, policyTestDocument]);
  return {
    ...z.toJSONSchema(documents, {
      io: "input",
      unrepresentable: "any",
      // A word of later versions is refused, so an editor must not offer it.
      override: ({ jsonSchema }) => dropRefused(jsonSchema),
    }),
    title: "Assay policy",
  };
}

function dropRefused(schema: z.core.JSONSchema.BaseSchema): void {
  const properties = schema.properties ?? {};
  for (const [name, property] of Object.entries(properties)) {
    if (typeof property === "object" && property.not !== undefined && Object.keys(property.not).length === 0) {
      delete properties[name];
    }
  }
}
