import { z } from "zod";

import { factsSchema } from "./facts-schema.ts";
import { MAX_WAIT_SECONDS } from "./prefer.ts";
import { statusesOf, type ProblemSlug } from "./problem.ts";
import type { AnswerDocs, Route } from "./route.ts";
import { jobSchema, jobsSchema, problemSchema, queryAnswerSchema, submissionSchema, verdictSchema } from "./schemas.ts";

type Json = { readonly [key: string]: unknown };

/** Schemas that have a name of their own in the document. */
const NAMED: readonly (readonly [string, z.ZodType])[] = [
  ["Verdict", verdictSchema],
  ["Problem", problemSchema],
  ["QueryAnswer", queryAnswerSchema],
  ["Submission", submissionSchema],
  ["Verification", jobSchema],
  ["Verifications", jobsSchema],
  ["ImageFacts", factsSchema],
];

const COMPONENTS = "#/components/schemas/";

/** The OpenAPI 3.1 document of these routes, from the schemas that parse their requests. */
export function openApi(routes: readonly Route[]): Json {
  return {
    openapi: "3.1.1",
    info: {
      title: "Assay",
      version: "v1",
      description: "Tells whether a container image may run, and proves why.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    security: [{ token: [] }],
    paths: paths(routes),
    components: {
      schemas: components(),
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "Not asked for on an open loopback service" },
      },
    },
  };
}

function components(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of NAMED) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `${COMPONENTS}${id}`, io: "input" });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _dialect, $id: _id, ...schema }]) => [id, schema]),
  );
}

function paths(routes: readonly Route[]): Json {
  const all: Record<string, Record<string, unknown>> = {};
  for (const route of routes) (all[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  return all;
}

function operation(route: Route): Json {
  const { docs } = route;
  const { description, body } = docs;
  return {
    operationId: operationId(route),
    summary: docs.summary,
    ...(description === undefined ? {} : { description }),
    ...(route.access === "public" ? { security: [] } : { "x-least-role": route.access }),
    parameters: [...pathParameters(route.path), ...queryParameters(docs.query), ...headerParameters(route)],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: refTo(body) } } } }),
    responses: responses(route),
  };
}

function operationId(route: Route): string {
  const words = route.path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  return [route.method.toLowerCase(), ...words].join("-");
}

function refTo(schema: z.ZodType): Json {
  const named = NAMED.find(([, candidate]) => candidate === schema);
  if (named !== undefined) return { $ref: `${COMPONENTS}${named[0]}` };
  if (schema instanceof z.ZodUnion) return { oneOf: schema.options.map((option) => refTo(option as z.ZodType)) };
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io: "input" });
  return json;
}

function pathParameters(path: string): readonly Json[] {
  return [...path.matchAll(/\{([a-z]+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters(query: z.ZodObject | undefined): readonly Json[] {
  return Object.entries(query?.shape ?? {}).map(([name, schema]) => {
    const { $schema: _dialect, description, ...json } = z.toJSONSchema(schema as z.ZodType, { io: "input" });
    const required = !(schema instanceof z.ZodOptional);
    return { name, in: "query", required, ...(description === undefined ? {} : { description }), schema: json };
  });
}

function headerParameters(route: Route): readonly Json[] {
  const wait = {
    name: "Prefer",
    in: "header",
    required: false,
    description: `wait=N, seconds, at most ${MAX_WAIT_SECONDS}; what was honoured is in Preference-Applied`,
    schema: { type: "string" },
  };
  const key = { name: "Idempotency-Key", in: "header", required: false, schema: { type: "string", maxLength: 255 } };
  return [...(route.docs.prefersWait ? [wait] : []), ...(route.path === "/v1/verifications" ? [key] : [])];
}

const PROTECTED: readonly ProblemSlug[] = [
  "unauthenticated",
  "forbidden",
  "origin",
  "rate-limited",
  "request",
  "internal",
];
const WITH_BODY: readonly ProblemSlug[] = ["request-timeout", "request-too-large", "media-type"];

function responses(route: Route): Json {
  const { docs, access } = route;
  const slugs = [
    ...docs.problems,
    ...(access === "public" ? [] : PROTECTED),
    ...(docs.body === undefined ? [] : WITH_BODY),
  ];
  const problems = statusesOf(slugs).map((status): [string, Json] => [`${status}`, PROBLEM_ANSWER]);
  return Object.fromEntries([...problems, ...docs.answers.map(answer)]);
}

const PROBLEM_ANSWER = {
  description: "A problem; its `type` says which",
  content: { "application/problem+json": { schema: { $ref: `${COMPONENTS}Problem` } } },
} as const;

function answer({ status, description, type, schema }: AnswerDocs): [string, Json] {
  return [`${status}`, { description, content: { [type]: schema === undefined ? {} : { schema: refTo(schema) } } }];
}
