import assert from "node:assert/strict";
import { test } from "node:test";

import { readinessSchema } from "../../../src/api/schemas.ts";
import { factsSchema } from "../../../src/api/facts-schema.ts";
import { PortError } from "../../../src/domain/errors.ts";
import { bearer, problemOf, startApi, TOKENS, withTokens } from "../../support/api-server.ts";
import { digestFor, judged, sampleFacts } from "../../support/fake-assay.ts";

test("says that it lives", async (t) => {
  const api = await startApi(t);
  const response = await api.call("/healthz");
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { status: "ok" });
});

type Readiness = { readonly status: string; readonly checks?: Record<string, Record<string, unknown>> };

test("is ready with its stores, and shows a refused policy without going away", async (t) => {
  const api = await startApi(t, { policies: { problem: () => "policy/a.yaml:3:1: unknown key" } });
  const response = await api.call("/readyz");
  const body = (await response.json()) as Readiness;
  assert.equal(response.status, 200);
  assert.equal(readinessSchema.safeParse(body).error, undefined);
  assert.deepEqual(body.checks?.["policy"], { ok: false, problem: "policy/a.yaml:3:1: unknown key" });
  assert.deepEqual(body.checks?.["queue"], { ok: true, waiting: 2, active: 1, delayed: 0 });
});

const AWAY = (): Promise<never> => Promise.reject(new PortError("store-unavailable", "store", "away"));
const SILENT = (): Promise<never> => new Promise(() => undefined);

for (const [why, broken] of [
  ["its store is away", { store: { ping: AWAY } }],
  ["its store is silent", { store: { ping: SILENT } }],
  ["its queue is away", { queue: { ping: AWAY } }],
  ["its queue is silent", { queue: { ping: SILENT } }],
] as const) {
  test(`is not ready while ${why}, and says so in time`, async (t) => {
    const api = await startApi(t);
    Object.assign(api.parts.store, "store" in broken ? broken.store : {});
    Object.assign(api.parts.queue, "queue" in broken ? broken.queue : {});
    const started = performance.now();
    const response = await api.call("/readyz");
    assert.equal(response.status, 503);
    assert.equal(((await response.json()) as Readiness).status, "not-ready");
    assert.ok(performance.now() - started < 5000);
    assert.equal((await api.call("/healthz")).status, 200);
  });
}

test("asks its stores once a second, however often it is asked", async (t) => {
  const api = await startApi(t);
  let pings = 0;
  Object.assign(api.parts.store, { ping: () => Promise.resolve(void (pings += 1)) });
  await Promise.all(Array.from({ length: 50 }, () => api.call("/readyz")));
  assert.ok(pings >= 1 && pings <= 5, `${pings} pings`);
});

test("keeps its checks from callers without a token and from scoped ones", async (t) => {
  const api = await startApi(t, { access: withTokens() });
  const checks = async (headers: Record<string, string>): Promise<unknown> =>
    ((await (await api.call("/readyz", { headers })).json()) as Readiness).checks;
  assert.equal(await checks({}), undefined);
  assert.equal(await checks(bearer(TOKENS.scoped)), undefined);
  assert.ok(await checks(bearer(TOKENS.reader)));
});

test("counts calls by route, method and class, and labels nothing by what was asked", async (t) => {
  const api = await startApi(t);
  api.assay.script.inForce = (image) => Promise.resolve(judged(image));
  await api.call("/v1/verdicts?image=registry.example.com/canary/web:1");
  await api.call("/v1/verifications/canary-job");
  await api.call("/canary");
  await api.call("/canary", { method: "PURGE" });
  await api.call("/v1/verdicts", { method: "PURGE" });
  const response = await api.call("/metrics");
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain/);
  const text = await response.text();
  assert.match(text, /^assay_http_requests_total\{route="\/v1\/verdicts",method="GET",status="2xx"\} 1$/m);
  assert.match(text, /^assay_http_requests_total\{route="\/v1\/verifications\/\{id\}",method="GET",status="4xx"\} 1$/m);
  assert.match(text, /^assay_http_requests_total\{route="none",method="other",status="4xx"\} 2$/m);
  assert.match(text, /^assay_http_requests_total\{route="\/v1\/verdicts",method="other",status="4xx"\} 1$/m);
  assert.match(text, /^assay_http_request_duration_seconds_count\{route="\/v1\/verdicts"\} 2$/m);
  assert.doesNotMatch(text, /canary|PURGE/);
});

test("shows the facts of a digest in the repository asked for", async (t) => {
  const api = await startApi(t);
  const digest = digestFor("image");
  api.assay.script.facts = (repository, digest) => Promise.resolve(sampleFacts(repository, digest));
  const response = await api.call(`/v1/images/${digest}?repository=registry.example.com/shop/web`);
  const facts = (await response.json()) as Record<string, unknown>;
  assert.equal(response.status, 200);
  assert.equal(factsSchema.safeParse(facts).error, undefined);
  assert.deepEqual(facts["repository"], { registry: "registry.example.com", path: "shop/web" });
  assert.deepEqual(api.assay.called("facts"), [`registry.example.com/shop/web@${digest}`]);
});

test("has no facts of what it never saw", async (t) => {
  const api = await startApi(t);
  assert.equal((await problemOf(await api.call(`/v1/images/${digestFor("x")}?repository=a/b`))).slug, "not-found");
});

for (const [why, digest, query, slug] of [
  ["a digest that is none", "sha256:12", "?repository=a/b", "digest"],
  ["a digest in capitals", digestFor("x").toUpperCase(), "?repository=a/b", "digest"],
  ["no repository", digestFor("x"), "", "request"],
  ["a repository with a tag", digestFor("x"), "?repository=a/b:1", "reference"],
  ["a repository with a digest", digestFor("x"), `?repository=a/b@${digestFor("y")}`, "reference"],
  ["a repository that cannot be read", digestFor("x"), "?repository=a/B", "reference"],
] as const) {
  test(`refuses to show facts for ${why}`, async (t) => {
    const api = await startApi(t);
    const problem = await problemOf(await api.call(`/v1/images/${digest}${query}`));
    assert.equal(problem.slug, slug);
    assert.equal(problem["status"], 400);
    assert.deepEqual(api.assay.calls, []);
  });
}
