import { parseDigest } from "../domain/digest.ts";
import { parseRepository } from "../domain/reference.ts";
import type { Assay } from "../pipeline/assay.ts";
import { factsSchema } from "./facts-schema.ts";
import { outOfScope } from "./image-in-scope.ts";
import { problem } from "./problem.ts";
import { jsonReply, type Reply } from "./reply.ts";
import { route, type Route, type SubjectCall } from "./route.ts";
import { factsQuerySchema } from "./schemas.ts";
import { isInScope } from "./subject.ts";

export function imageRoute(parts: { readonly assay: Assay }): Route {
  return route({
    method: "GET",
    path: "/v1/images/{digest}",
    access: "reader",
    summary: "What is proved of an image, as seen in one repository",
    query: factsQuerySchema,
    answers: [{ status: 200, description: "The facts", type: "application/json", schema: factsSchema }],
    problems: ["digest", "reference", "not-found", "store-unavailable"],
    handle: (call, { query }) => show(parts.assay, call, query.repository),
  });
}

async function show(assay: Assay, call: SubjectCall, text: string): Promise<Reply> {
  const digest = parseDigest(call.params["digest"] ?? "");
  const repository = parseRepository(text);
  if (!isInScope(call.subject, repository)) return outOfScope(`${text}@${digest}`);
  const facts = await assay.facts(repository, digest);
  if (facts !== undefined) return jsonReply(200, facts);
  return problem("not-found", "No facts are stored for this digest in this repository; submit the image first.");
}
