import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";
import supertest from "supertest";

import { createApi } from "../../../src/api/api.ts";
import { MAX_BODY_BYTES } from "../../../src/api/body.ts";
import { RateLimit } from "../../../src/api/rate-limit.ts";
import { apiParts, problemOf, startApi } from "../../support/api-server.ts";

const QUERY = "/v1/verdicts/query";
const SUBMIT = "/v1/verifications";

for (const path of ["/", "/v1", "/v1/verdicts/", "/V1/verdicts", "//v1/verdicts", "/v1/verdicts%2f", "/%zz"]) {
  test(`has nothing at ${path}`, async (t) => {
    const api = await startApi(t);
    const response = await api.call(path);
    assert.equal(response.status, 404);
    assert.equal((await problemOf(response)).slug, "not-found");
  });
}

for (const [method, path, allow] of [
  ["DELETE", "/v1/verdicts?image=a/b", "GET, HEAD"],
  ["GET", QUERY, "POST"],
  ["PUT", SUBMIT, "POST"],
  ["POST", "/v1/verifications/job-1", "GET, HEAD"],
  ["OPTIONS", "/healthz", "GET, HEAD"],
  ["POST", "/metrics", "GET, HEAD"],
] as const) {
  test(`names the methods of ${path} to ${method}`, async (t) => {
    const api = await startApi(t);
    const response = await api.call(path, { method });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get("allow"), allow);
    assert.equal((await problemOf(response)).slug, "method-not-allowed");
  });
}

test("puts the same guards on every answer, whichever router found it, and names neither", async () => {
  const { parts } = apiParts();
  const agent = supertest(createApi(parts));
  for (const path of ["/healthz", "/metrics", "/openapi.json", "/v1/verdicts?image=a/b", "/nowhere", "/v1/verdicts"]) {
    const { headers } = await agent.get(path);
    assert.equal(headers["x-content-type-options"], "nosniff", path);
    assert.equal(headers["cache-control"], "no-store", path);
    assert.match(headers["content-security-policy"] ?? "", /^default-src 'none'/, path);
    assert.match(headers["x-request-id"] ?? "", /^[0-9a-f-]{36}$/, path);
    assert.equal(headers["x-powered-by"], undefined, path);
    assert.equal(headers["etag"], undefined, path);
    assert.equal(headers["access-control-allow-origin"], undefined, path);
  }
});

test("keeps a caller's request id if it is well formed", async () => {
  const agent = supertest(createApi(apiParts().parts));
  const idFor = async (given: string): Promise<string> =>
    (await agent.get("/healthz").set("x-request-id", given)).headers["x-request-id"] ?? "";
  assert.equal(await idFor("trace-0123.A_b"), "trace-0123.A_b");
  for (const odd of ["short", "x".repeat(65), "with space here", 'quote"quote"', "a;b;c;d;e;f"])
    assert.match(await idFor(odd), /^[0-9a-f-]{36}$/);
});

for (const path of [QUERY, SUBMIT]) {
  for (const type of [
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/jsonp",
    "application/json; charset=latin1",
  ]) {
    test(`refuses the type "${type}" at ${path}`, async (t) => {
      const api = await startApi(t);
      const response = await api.post(path, { images: ["a/b"] }, { "content-type": type });
      assert.equal(response.status, 415);
      assert.equal((await problemOf(response)).slug, "media-type");
      assert.deepEqual(api.assay.calls, []);
    });
  }

  test(`refuses a packed body at ${path}`, async (t) => {
    const api = await startApi(t);
    const response = await api.post(path, { images: ["a/b"] }, { "content-encoding": "gzip" });
    assert.equal((await problemOf(response)).slug, "media-type");
  });

  for (const bytes of [MAX_BODY_BYTES + 1, 3 * MAX_BODY_BYTES]) {
    test(`refuses a body of ${bytes} bytes at ${path}, and the sender reads why`, async (t) => {
      const api = await startApi(t);
      const response = await api.post(path, `{"images":["${"x".repeat(bytes - 15)}"]}`);
      assert.equal(response.status, 413);
      assert.equal(response.headers.get("connection"), "close");
      assert.equal((await problemOf(response)).slug, "request-too-large");
    });
  }

  for (const [why, body] of [
    ["nothing", ""],
    ["half an object", '{"images":["a/b"]'],
    ["two values", '{"images":["a/b"]} {}'],
    ["a member twice", '{"images":["a/b"],"images":["a/c"]}'],
    ["a member twice in two spellings", '{"images":["a/b"],"im\\u0061ges":["a/c"]}'],
    ["a member __proto__", '{"images":["a/b"],"__proto__":{"priority":"scan"}}'],
    ["a byte order mark", '\ufeff{"images":["a/b"]}'],
    ["a number for the list", '{"images":7}'],
    ["deep nesting", `{"images":${"[".repeat(40)}${"]".repeat(40)}}`],
    ["very deep nesting", "[".repeat(500_000)],
  ] as const) {
    test(`refuses a body of ${why} at ${path}`, async (t) => {
      const api = await startApi(t);
      const response = await api.post(path, body);
      assert.equal(response.status, 400);
      assert.equal((await problemOf(response)).slug, "request");
      assert.deepEqual(api.assay.calls, []);
    });
  }
}

test("accepts the largest body there may be", async (t) => {
  const api = await startApi(t);
  const pad = " ".repeat(MAX_BODY_BYTES - '{"images":["a/b"]}'.length);
  assert.equal((await api.post(QUERY, `{"images":["a/b"]${pad}}`)).status, 200);
});

test("never gives out more than the rate and the burst allow", () => {
  const step = fc.record({ wait: fc.integer({ min: 0, max: 3000 }), cost: fc.integer({ min: 1, max: 8 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const limit = new RateLimit({ perSecond: 2, burst: 10 });
      let [now, taken] = [0, 0];
      for (const { wait, cost } of steps) {
        now += wait;
        const due = limit.take("a", cost, now);
        if (due === 0) taken += cost;
        else {
          const tooSoon = limit.take("a", cost, now);
          assert.ok(tooSoon > 0);
        }
        assert.ok(taken <= 10 + (now / 1000) * 2 + 1e-6);
      }
    }),
  );
});

test("remembers a bounded number of callers, and forgets the longest unseen", () => {
  const limit = new RateLimit({ perSecond: 1, burst: 1 }, 2);
  assert.equal(limit.take("a", 1, 0), 0);
  assert.equal(limit.take("b", 1, 0), 0);
  assert.ok(limit.take("a", 1, 0) > 0);
  assert.equal(limit.take("c", 1, 0), 0);
  assert.ok(limit.take("a", 1, 0) > 0);
  assert.equal(limit.take("b", 1, 0), 0);
});
