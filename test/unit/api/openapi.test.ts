import assert from "node:assert/strict";
import { test } from "node:test";

import { createApi } from "../../../src/api/api.ts";
import { apiParts, startApi } from "../../support/api-server.ts";

type Operation = {
  readonly operationId: string;
  readonly security?: readonly unknown[];
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: { readonly $ref: string } }> };
  readonly responses: Record<string, { readonly description: string; readonly content: Record<string, unknown> }>;
};
type Document = {
  readonly openapi: string;
  readonly info: Record<string, unknown>;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Record<string, unknown>> };
};

async function document(t: Parameters<typeof startApi>[0]): Promise<Document> {
  const api = await startApi(t);
  return (await (await api.call("/openapi.json")).json()) as Document;
}

/** Every value of a member anywhere in the document. */
function valuesOf(value: unknown, name: string): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [];
  const entries: readonly (readonly [string, unknown])[] = Object.entries(value);
  return entries.flatMap(([key, inner]) => [...(key === name ? [inner] : []), ...valuesOf(inner, name)]);
}

test("describes every route there is and none besides, as OpenAPI 3.1", async (t) => {
  const api = await document(t);
  assert.match(api.openapi, /^3\.1\.\d+$/);
  assert.ok(api.info["title"] !== undefined && api.info["version"] !== undefined);
  const described = Object.entries(api.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const routes = createApi(apiParts().parts).routes.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(described.toSorted(), routes.toSorted());
});

test("gives each operation a name of its own, its path's parameters and its answers", async (t) => {
  const api = await document(t);
  const names = new Set<string>();
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      assert.ok(!names.has(operation.operationId), operation.operationId);
      names.add(operation.operationId);
      const inPath = operation.parameters.filter((parameter) => parameter.in === "path").map(({ name }) => `{${name}}`);
      assert.deepEqual(path.match(/\{[a-z]+\}/g) ?? [], inPath);
      assert.equal(operation.requestBody !== undefined, method === "post");
      assert.ok(
        Object.keys(operation.responses).some((status) => status.startsWith("2")),
        path,
      );
      for (const [status, response] of Object.entries(operation.responses)) {
        assert.match(status, /^[2-5]\d\d$/);
        assert.ok(response.description.length > 0);
        const [type = ""] = Object.keys(response.content);
        if (Number(status) >= 400 && path !== "/readyz") assert.equal(type, "application/problem+json");
      }
      if (operation.security === undefined)
        assert.ok("401" in operation.responses && "403" in operation.responses, path);
    }
  }
});

test("points only at schemas that are there, and leaves no dialect or id inside", async (t) => {
  const api = await document(t);
  const refs = valuesOf(api, "$ref") as readonly string[];
  assert.ok(refs.length > 10);
  for (const ref of refs) {
    const name = /^#\/components\/schemas\/([A-Za-z]+)$/.exec(ref)?.[1] ?? "";
    assert.ok(name in api.components.schemas, ref);
  }
  assert.deepEqual(valuesOf(api, "$schema"), []);
  assert.deepEqual(valuesOf(api, "$id"), []);
});

test("documents that unknown members are refused, by the schema that refuses them", async (t) => {
  const { schemas } = (await document(t)).components;
  assert.equal(schemas["Submission"]?.["additionalProperties"], false);
  assert.deepEqual(schemas["Submission"]?.["required"], ["images"]);
  assert.equal(schemas["Verdict"]?.["additionalProperties"], false);
  const required = schemas["Verdict"]?.["required"] as readonly string[];
  assert.ok(required.includes("decision") && !required.includes("validUntil"));
});
