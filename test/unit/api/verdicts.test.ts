import assert from "node:assert/strict";
import { test } from "node:test";

import { verdictSchema } from "../../../src/api/schemas.ts";
import { InputError, PortError } from "../../../src/domain/errors.ts";
import type { Unresolved } from "../../../src/pipeline/assay.ts";
import { bearer, problemOf, startApi, TOKENS, withTokens } from "../../support/api-server.ts";
import { digestFor, judged } from "../../support/fake-assay.ts";

const IMAGE = "registry.example.com/shop/web:1.4";
const PATH = `/v1/verdicts?image=${encodeURIComponent(IMAGE)}`;

test("gives the verdict in force with exactly the members of the contract", async (t) => {
  const api = await startApi(t);
  api.assay.script.inForce = (image) => Promise.resolve(judged(image, "deny"));
  const response = await api.call(PATH);
  const verdict = (await response.json()) as Record<string, unknown>;
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/json; charset=utf-8");
  assert.equal(
    Object.keys(verdict).join(" "),
    "id image digest decision findings signatures platforms gaps unsafe policies resolvedAt decidedAt validUntil",
  );
  assert.equal(verdict["decision"], "deny");
  assert.equal(verdict["image"], IMAGE);
  assert.deepEqual(verdictSchema.parse(verdict), verdict);
  assert.deepEqual(api.assay.called("verify"), []);
  assert.deepEqual(api.assay.called("submit"), []);
});

test("passes on how old a tag's resolution may be", async (t) => {
  const api = await startApi(t, { tagMaxAgeMs: 1234 });
  await api.call(PATH);
  assert.equal(api.assay.calls[0]?.tagMaxAgeMs, 1234);
});

test("says unknown and queues where no verdict is in force and the caller may submit", async (t) => {
  const api = await startApi(t);
  const response = await api.call(PATH);
  assert.equal(response.headers.get("retry-after"), "2");
  const problem = await problemOf(response);
  assert.equal(problem.slug, "unknown");
  assert.equal(problem["status"], 404);
  assert.equal(problem["decision"], "deny");
  assert.equal(problem["queued"], true);
  assert.equal(problem["job"], "/v1/verifications/job-1");
  assert.deepEqual(api.assay.called("submit"), [IMAGE]);
  assert.equal((await api.call("/v1/verifications/job-1")).status, 200);
});

test("says unknown without queueing to a reader, whatever it prefers", async (t) => {
  const api = await startApi(t, { access: withTokens() });
  const headers = { ...bearer(TOKENS.reader), prefer: "wait=5" };
  const problem = await problemOf(await api.call(PATH, { headers }));
  assert.equal(problem.slug, "unknown");
  assert.equal(problem["queued"], false);
  assert.deepEqual(api.assay.called("submit"), []);
  assert.deepEqual(api.assay.called("verify"), []);
});

test("says unknown and not queued where the queue is full", async (t) => {
  const api = await startApi(t);
  api.assay.script.accept = () => {
    throw new PortError("too-many", "queue", "full");
  };
  assert.equal((await problemOf(await api.call(PATH)))["queued"], false);
});

test("verifies in line for a caller who prefers to wait", async (t) => {
  const api = await startApi(t);
  const response = await api.call(PATH, { headers: { prefer: "respond-async, wait=5" } });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("preference-applied"), "wait=5");
  assert.equal(((await response.json()) as { image: string }).image, IMAGE);
  assert.deepEqual(api.assay.called("verify"), [IMAGE]);
});

test("caps the wait at a minute", async (t) => {
  const api = await startApi(t);
  const response = await api.call(PATH, { headers: { prefer: "wait=86400" } });
  assert.equal(response.headers.get("preference-applied"), "wait=60");
});

test("ends the wait in time, even where the verification does not listen, and queues the rest", async (t) => {
  const api = await startApi(t);
  api.assay.script.verify = () => new Promise(() => undefined);
  const started = performance.now();
  const response = await api.call(PATH, { headers: { prefer: "wait=1" } });
  const took = performance.now() - started;
  assert.ok(took >= 950 && took < 10_000, `took ${took} ms`);
  const problem = await problemOf(response);
  assert.equal(problem.slug, "unknown");
  assert.equal(problem["queued"], true);
  assert.equal(response.headers.get("preference-applied"), "wait=1");
});

test("stops waiting for a caller who is gone", async (t) => {
  const api = await startApi(t);
  const seen = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  api.assay.script.verify = (_image, signal) => {
    signal.addEventListener("abort", () => stopped.resolve());
    seen.resolve();
    return new Promise(() => undefined);
  };
  const gone = new AbortController();
  const call = api.call(PATH, { headers: { prefer: "wait=60" }, signal: gone.signal });
  await seen.promise;
  gone.abort();
  await assert.rejects(call, { name: "AbortError" });
  await stopped.promise;
});

const UNRESOLVED: readonly (readonly [Unresolved["code"], number, string])[] = [
  ["not-found", 404, "image-not-found"],
  ["unreachable", 502, "registry-unusable"],
  ["unauthorized", 502, "registry-unusable"],
  ["timeout", 504, "timeout"],
  ["rate-limited", 503, "registry-rate-limited"],
  ["digest-mismatch", 502, "registry-unusable"],
  ["blocked-address", 422, "image-unusable"],
  ["too-large", 422, "image-unusable"],
  ["manifest", 422, "image-unusable"],
  ["store-unavailable", 503, "store-unavailable"],
];

for (const [code, status, slug] of UNRESOLVED) {
  test(`denies an image that could not be resolved for ${code} with ${status}`, async (t) => {
    const api = await startApi(t);
    const retryable = code === "unreachable";
    api.assay.script.inForce = (image) =>
      Promise.resolve({ kind: "unresolved", image, code, message: `${image}: no way`, retryable });
    const response = await api.call(PATH);
    assert.equal(response.status, status);
    assert.equal(response.headers.get("retry-after"), retryable ? "5" : null);
    const problem = await problemOf(response);
    assert.equal(problem.slug, slug);
    assert.equal(problem["decision"], "deny");
    assert.equal(problem["code"], code);
    assert.equal(problem["retryable"], retryable);
  });
}

test("tells what a port threw by its own words, and when to come back", async (t) => {
  const api = await startApi(t);
  api.assay.script.inForce = () =>
    Promise.reject(new PortError("store-unavailable", "verdict store", "no answer", { retryAfterMs: 2100 }));
  const response = await api.call(PATH);
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), "3");
  assert.equal((await problemOf(response))["detail"], "verdict store: no answer");
});

for (const failure of [new TypeError("secret-canary is not a function"), new InputError("key", "secret-canary")]) {
  test(`answers a mistake of our own (${failure.name}) without details and logs it`, async (t) => {
    const api = await startApi(t);
    api.assay.script.inForce = () => Promise.reject(failure);
    const response = await api.call(PATH, { headers: { "x-request-id": "request-0001" } });
    assert.equal(response.status, 500);
    const problem = await problemOf(response);
    assert.equal(problem.slug, "internal");
    assert.doesNotMatch(JSON.stringify(problem), /canary/);
    const line = api.logs.lines.find((line) => line["msg"] === "call failed");
    assert.equal(line?.["request"], "request-0001");
    assert.match(String(line?.["stack"]), /verdicts\.test\.ts/);
  });
}

for (const [name, query] of [
  ["is missing", ""],
  ["is empty", "?image="],
  ["is there twice", "?image=a/b&image=c/d"],
  ["has company it does not know", "?image=a/b&platform=linux"],
] as const) {
  test(`refuses a look-up whose image ${name}`, async (t) => {
    const api = await startApi(t);
    assert.equal((await problemOf(await api.call(`/v1/verdicts${query}`))).slug, "request");
    assert.deepEqual(api.assay.calls, []);
  });
}

test("refuses a reference that cannot be read", async (t) => {
  const api = await startApi(t);
  for (const image of [
    "upper/CASE",
    "a//b",
    "-x",
    "a b",
    "x@sha256:12",
    "a\u0000b",
    "a\nb",
    "registry.example.com/x:",
  ]) {
    const problem = await problemOf(await api.call(`/v1/verdicts?image=${encodeURIComponent(image)}`));
    assert.equal(problem["status"], 400, image);
    assert.ok(problem.slug === "reference" || problem.slug === "digest", image);
  }
  assert.deepEqual(api.assay.calls, []);
});

test("gives ten callers at once the same bytes", async (t) => {
  const api = await startApi(t);
  const answer = judged(IMAGE);
  api.assay.script.inForce = () => Promise.resolve(answer);
  const bodies = await Promise.all(Array.from({ length: 10 }, async () => (await api.call(PATH)).text()));
  assert.equal(new Set(bodies).size, 1);
});

test("never mixes up the answers of concurrent look-ups", async (t) => {
  const api = await startApi(t);
  api.assay.script.inForce = async (image) => {
    await new Promise((resolve) => setTimeout(resolve, image.length % 7));
    return judged(image);
  };
  const images = Array.from({ length: 200 }, (_, at) => `registry.example.com/shop/${"x".repeat(at % 11)}web${at}:1`);
  await Promise.all(
    images.map(async (image) => {
      const response = await api.call(`/v1/verdicts?image=${encodeURIComponent(image)}`);
      const verdict = (await response.json()) as { image: string; digest: string };
      assert.equal(verdict.image, image);
      assert.equal(verdict.digest, digestFor(image));
    }),
  );
});

test("answers many images at once, each by what is known of it, in the order asked", async (t) => {
  const api = await startApi(t, { access: withTokens() });
  api.assay.script.inForce = (image) => {
    if (image.endsWith("good:1")) return Promise.resolve(judged(image));
    if (image.endsWith("broken:1")) return Promise.reject(new PortError("unreachable", image, "refused"));
    if (image.endsWith("gone:1"))
      return Promise.resolve({ kind: "unresolved", image, code: "not-found", message: "gone", retryable: false });
    return Promise.resolve(undefined);
  };
  const host = "registry.example.com/prod";
  const images = [
    `${host}/good:1`,
    "NOT a reference",
    `${host}/new:1`,
    `${host}/gone:1`,
    `${host}/broken:1`,
    "other/x",
  ];
  const response = await api.post("/v1/verdicts/query", { images: [...images, images[0]] }, bearer(TOKENS.scoped));
  const { items } = (await response.json()) as { items: Record<string, Record<string, unknown>>[] };
  assert.equal(response.status, 200);
  assert.deepEqual(
    items.map((item) => item["image"]),
    [...images, images[0]],
  );
  assert.deepEqual(
    items.map((item) => item["problem"]?.["status"] ?? item["kind"]),
    ["verdict", 400, "unknown", 404, 502, 403, "verdict"],
  );
  assert.equal(items[0]?.["verdict"]?.["image"], images[0]);
  assert.deepEqual(items[0], items[6]);
  assert.equal(api.assay.called("inForce").filter((image) => image === images[0]).length, 1);
  assert.deepEqual(api.assay.called("submit"), []);
});

test("looks at no more than sixteen images of a query at once", async (t) => {
  const api = await startApi(t);
  let [now, most] = [0, 0];
  api.assay.script.inForce = async (image) => {
    most = Math.max(most, (now += 1));
    await new Promise((resolve) => setTimeout(resolve, 1));
    now -= 1;
    return judged(image);
  };
  const images = Array.from({ length: 100 }, (_, at) => `a/b${at}`);
  const response = await api.post("/v1/verdicts/query", { images });
  assert.equal(((await response.json()) as { items: unknown[] }).items.length, 100);
  assert.equal(most, 16);
});

test("fails a query whole where one look-up is a mistake of ours", async (t) => {
  const api = await startApi(t);
  api.assay.script.inForce = (image) =>
    image.includes("bad") ? Promise.reject(new TypeError("canary")) : Promise.resolve(judged(image));
  const response = await api.post("/v1/verdicts/query", { images: ["a/good", "a/bad", "a/fine"] });
  assert.equal((await problemOf(response)).slug, "internal");
});
