import assert from "node:assert/strict";
import { test } from "node:test";

import { jobSchema, jobsSchema } from "../../../src/api/schemas.ts";
import { PortError } from "../../../src/domain/errors.ts";
import { bearer, problemOf, startApi, TOKENS, withTokens } from "../../support/api-server.ts";
import { NOW, sampleVerdict } from "../../support/fake-assay.ts";

const ONE = { images: ["registry.example.com/shop/web:1"] };
const THREE = { images: ["a/one", "a/two", "a/three"] };

type Jobs = { readonly state: string; readonly jobs: readonly Record<string, unknown>[] };

test("accepts an image with a job and its address", async (t) => {
  const api = await startApi(t);
  const response = await api.post("/v1/verifications", { ...ONE, priority: "scan" });
  const body = (await response.json()) as Jobs;
  assert.equal(response.status, 202);
  assert.equal(response.headers.get("location"), "/v1/verifications/job-1");
  assert.equal(response.headers.get("preference-applied"), null);
  assert.deepEqual(jobsSchema.parse(body), body);
  assert.deepEqual(body, {
    state: "pending",
    jobs: [
      {
        id: "job-1",
        href: "/v1/verifications/job-1",
        image: ONE.images[0],
        priority: "scan",
        submittedAt: NOW,
        state: "waiting",
      },
    ],
  });
});

test("shows a job through its states, and the verdict only at the end", async (t) => {
  const api = await startApi(t);
  await api.post("/v1/verifications", ONE);
  const show = async (): Promise<Record<string, unknown>> => {
    const body = (await (await api.call("/v1/verifications/job-1")).json()) as Record<string, unknown>;
    assert.deepEqual(jobSchema.parse(body), body);
    return body;
  };
  assert.equal((await show())["state"], "waiting");
  api.assay.move("job-1", { kind: "active", attempt: 1 });
  assert.equal((await show())["attempt"], 1);
  api.assay.move("job-1", { kind: "retrying", attempt: 2, notBefore: NOW, problem: { code: "timeout", message: "m" } });
  assert.deepEqual((await show())["problem"], { code: "timeout", message: "m" });
  api.assay.finish("job-1");
  const done = await show();
  assert.equal(done["state"], "done");
  assert.equal((done["verdict"] as { id: string }).id, sampleVerdict(ONE.images[0] ?? "").id);
  api.assay.move("job-1", { kind: "failed", problem: { code: "unreachable", message: "gave up" }, at: NOW });
  const failed = await show();
  assert.equal(failed["state"], "failed");
  assert.equal(failed["verdict"], undefined);
});

test("shows no verdict that is not the one its job names", async (t) => {
  const api = await startApi(t);
  await api.post("/v1/verifications", ONE);
  api.assay.move("job-1", { kind: "done", verdict: sampleVerdict("some/other").id, at: NOW });
  const body = (await (await api.call("/v1/verifications/job-1")).json()) as Record<string, unknown>;
  assert.equal(body["state"], "done");
  assert.equal(body["verdict"], undefined);
});

test("names several jobs together, and shows them together", async (t) => {
  const api = await startApi(t);
  const response = await api.post("/v1/verifications", THREE);
  const location = response.headers.get("location") ?? "";
  assert.match(location, /^\/v1\/verifications\/set-[a-f0-9]{64}$/);
  for (const id of ["job-1", "job-2", "job-3"]) api.assay.finish(id);
  const body = (await (await api.call(location)).json()) as Jobs;
  assert.deepEqual(jobsSchema.parse(body), body);
  assert.equal(body.state, "finished");
  assert.deepEqual(
    body.jobs.map((job) => job["id"]),
    ["job-1", "job-2", "job-3"],
  );
});

test("believes no list of jobs that is not the one its address was made of", async (t) => {
  const api = await startApi(t);
  const location = (await api.post("/v1/verifications", THREE)).headers.get("location") ?? "";
  const key = location.replace("/v1/verifications/", "");
  for (const forged of ['["job-1"]', '["job-1","job-1","job-1"]', "{}", "not json", ""]) {
    api.records.set(key, Buffer.from(forged));
    assert.equal((await problemOf(await api.call(location))).slug, "not-found", forged);
  }
});

test("answers 200 once all are terminal for a caller who waits", async (t) => {
  const api = await startApi(t);
  setTimeout(() => {
    for (const id of ["job-3", "job-1", "job-2"]) api.assay.finish(id);
  }, 100);
  const response = await api.post("/v1/verifications", THREE, { prefer: "wait=10" });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("preference-applied"), "wait=10");
  assert.ok(response.headers.has("location"));
  assert.equal(((await response.json()) as Jobs).state, "finished");
});

test("answers 202 in time where one of them is not terminal", async (t) => {
  const api = await startApi(t);
  setTimeout(() => api.assay.finish("job-1"), 10);
  const started = performance.now();
  const response = await api.post("/v1/verifications", THREE, { prefer: "wait=1" });
  const took = performance.now() - started;
  assert.ok(took >= 950 && took < 10_000, `took ${took} ms`);
  assert.equal(response.status, 202);
  assert.equal(response.headers.get("preference-applied"), "wait=1");
  const body = (await response.json()) as Jobs;
  assert.deepEqual(
    body.jobs.map((job) => job["state"]),
    ["done", "waiting", "waiting"],
  );
});

test("waits at a verification's own address too", async (t) => {
  const api = await startApi(t);
  await api.post("/v1/verifications", ONE);
  setTimeout(() => api.assay.finish("job-1"), 50);
  const response = await api.call("/v1/verifications/job-1", { headers: { prefer: "wait=10" } });
  assert.equal(response.headers.get("preference-applied"), "wait=10");
  assert.equal(((await response.json()) as { state: string }).state, "done");
});

for (const [prefer, applied] of [
  ['wait="3"', "wait=3"],
  ["respond-async; foo=bar, wait=3", "wait=3"],
  ["WAIT = 3", "wait=3"],
  ["wait=3, wait=9", "wait=3"],
  ["wait=-1", null],
  ["wait=1.5", null],
  ["wait", null],
  ["await=3", null],
  ["wait=0", null],
] as const) {
  test(`reads the preference ${prefer} as ${applied ?? "nothing"}`, async (t) => {
    const api = await startApi(t);
    await api.post("/v1/verifications", ONE);
    api.assay.finish("job-1");
    const response = await api.call("/v1/verifications/job-1", { headers: { prefer } });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("preference-applied"), applied);
  });
}

test("gives a retry with the same key and body the same jobs", async (t) => {
  const api = await startApi(t);
  const headers = { "idempotency-key": "deploy-17" };
  const first = await api.post("/v1/verifications", THREE, headers);
  const spaced = JSON.stringify({ priority: "normal", ...THREE }, null, 4);
  const second = await api.post("/v1/verifications", spaced, headers);
  assert.equal(second.status, 202);
  assert.equal(second.headers.get("location"), first.headers.get("location"));
  assert.deepEqual(await second.json(), await first.json());
  assert.equal(api.assay.called("submit").length, 3);
});

test("refuses a key that came with another body", async (t) => {
  const api = await startApi(t);
  const headers = { "idempotency-key": "deploy-17" };
  await api.post("/v1/verifications", ONE, headers);
  for (const other of [THREE, { ...ONE, priority: "scan" }]) {
    const response = await api.post("/v1/verifications", other, headers);
    assert.equal(response.status, 422);
    assert.equal((await problemOf(response)).slug, "idempotency-conflict");
  }
  assert.equal(api.assay.called("submit").length, 1);
});

test("submits once for many simultaneous calls with one key", async (t) => {
  const api = await startApi(t);
  const headers = { "idempotency-key": "burst" };
  const all = await Promise.all(Array.from({ length: 20 }, () => api.post("/v1/verifications", THREE, headers)));
  assert.deepEqual([...new Set(all.map((response) => response.status))], [202]);
  assert.equal(new Set(all.map((response) => response.headers.get("location"))).size, 1);
  assert.equal(api.assay.called("submit").length, 3);
});

test("keeps the keys of two callers apart", async (t) => {
  const api = await startApi(t, { access: withTokens() });
  const key = { "idempotency-key": "shared" };
  await api.post("/v1/verifications", ONE, { ...key, ...bearer(TOKENS.submitter) });
  const response = await api.post("/v1/verifications", THREE, { ...key, ...bearer(TOKENS.admin) });
  assert.equal(response.status, 202);
});

test("submits again where the jobs of a key are forgotten or are not about these images", async (t) => {
  const api = await startApi(t);
  const headers = { "idempotency-key": "again" };
  await api.post("/v1/verifications", { images: ["a/other"] });
  await api.post("/v1/verifications", ONE, headers);
  const [key, bytes] = [...api.records].find(([key]) => key.startsWith("idempotency-")) ?? ["", Buffer.alloc(0)];
  const kept = Buffer.from(bytes).toString();
  api.records.set(key, Buffer.from(kept.replace("job-2", "job-1")));
  const forged = (await (await api.post("/v1/verifications", ONE, headers)).json()) as Jobs;
  assert.equal(forged.jobs[0]?.["image"], ONE.images[0]);
  assert.equal(forged.jobs[0]?.["id"], "job-3");
  api.assay.forget("job-3");
  const forgotten = (await (await api.post("/v1/verifications", ONE, headers)).json()) as Jobs;
  assert.equal(forgotten.jobs[0]?.["image"], ONE.images[0]);
  assert.equal(api.assay.called("submit").length, 4);
});

test("refuses an idempotency key that cannot be one", async (t) => {
  const api = await startApi(t);
  for (const key of ["", "a b", "x".repeat(256)]) {
    const response = await api.post("/v1/verifications", ONE, { "idempotency-key": key });
    assert.equal((await problemOf(response)).slug, "request");
  }
  assert.deepEqual(api.assay.calls, []);
});

test("asks to come back where the queue is full, and remembers nothing of the key", async (t) => {
  const api = await startApi(t);
  const headers = { "idempotency-key": "full" };
  api.assay.script.accept = () => {
    throw new PortError("too-many", "queue", "full", { retryAfterMs: 7000 });
  };
  const refused = await api.post("/v1/verifications", ONE, headers);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get("retry-after"), "7");
  assert.equal((await problemOf(refused)).slug, "queue-full");
  api.assay.script.accept = () => undefined;
  assert.equal((await api.post("/v1/verifications", ONE, headers)).status, 202);
});

test("answers 503 where the store is away", async (t) => {
  const api = await startApi(t);
  api.assay.script.accept = () => {
    throw new PortError("store-unavailable", "queue", "no answer");
  };
  const response = await api.post("/v1/verifications", ONE);
  assert.equal((await problemOf(response)).slug, "store-unavailable");
  assert.ok(response.headers.has("retry-after"));
});

test("names the image of a submission that cannot be read, and submits none", async (t) => {
  const api = await startApi(t);
  const problem = await problemOf(await api.post("/v1/verifications", { images: ["a/fine", "not/FINE"] }));
  assert.equal(problem.slug, "reference");
  assert.match(String(problem["detail"]), /^images\[1\]: .*"not\/FINE"/);
  assert.deepEqual(api.assay.calls, []);
});

for (const [why, body] of [
  ["no image", { images: [] }],
  ["too many images", { images: Array.from({ length: 1001 }, (_, at) => `a/b${at}`) }],
  ["a member it does not know", { ...ONE, force: true }],
  ["a context, which would have no effect here", { ...ONE, context: { namespace: "prod" } }],
  ["the priority of admission", { ...ONE, priority: "admission" }],
  ["an image that is no text", { images: [1] }],
  ["an array", [ONE]],
  ["null", null],
] as const) {
  test(`refuses a submission of ${why}`, async (t) => {
    const api = await startApi(t);
    assert.equal((await problemOf(await api.post("/v1/verifications", body))).slug, "request");
    assert.deepEqual(api.assay.calls, []);
  });
}

test("accepts a thousand images", async (t) => {
  const api = await startApi(t);
  const images = Array.from({ length: 1000 }, (_, at) => `registry.example.com/shop/web${at}:1`);
  const response = await api.post("/v1/verifications", { images });
  assert.equal(((await response.json()) as Jobs).jobs.length, 1000);
  assert.equal((await api.call(response.headers.get("location") ?? "")).status, 200);
});

test("knows no verification by an id that is none", async (t) => {
  const api = await startApi(t);
  for (const id of ["job-9", "set-12", `set-${"0".repeat(64)}`, "x".repeat(129), "a%2fb", "%00"])
    assert.equal((await problemOf(await api.call(`/v1/verifications/${id}`))).slug, "not-found", id);
});
