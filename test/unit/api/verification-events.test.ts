import assert from "node:assert/strict";
import { test } from "node:test";

import { bearer, problemOf, startApi, TOKENS_FILE, TOKENS, withTokens } from "../../support/api-server.ts";
import { NOW } from "../../support/fake-assay.ts";
import { tokenAccess } from "../../../src/api/access.ts";
import { parseTokens } from "../../../src/api/tokens.ts";

const ONE = { images: ["registry.example.com/shop/web:1"] };
const EVENTS = "/v1/verifications/job-1/events";

/** The `data` of each event in a finished stream, with its id. */
function eventsOf(
  text: string,
): readonly { readonly id: string; readonly state: string; readonly verdict?: unknown }[] {
  return text
    .split("\n\n")
    .filter((block) => block.startsWith("id: "))
    .map((block) => {
      const [, id = "", data = "{}"] = /^id: (\d+)\nevent: state\ndata: (.*)$/.exec(block) ?? [];
      return { id, ...(JSON.parse(data) as { state: string }) };
    });
}

test("streams each state with a heartbeat, and ends after the terminal one", async (t) => {
  const api = await startApi(t, { heartbeatMs: 20 });
  await api.post("/v1/verifications", ONE);
  const response = await api.call(EVENTS, { headers: { "last-event-id": "17" } });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.equal(response.headers.get("cache-control"), "no-store");
  const text = response.text();
  setTimeout(() => api.assay.move("job-1", { kind: "active", attempt: 1 }), 60);
  setTimeout(() => api.assay.finish("job-1"), 120);
  const whole = await text;
  const states = eventsOf(whole).map((event) => event.state);
  assert.deepEqual([...new Set(states)], ["waiting", "active", "done"]);
  assert.match(whole, /\n: still here\n\n/);
  assert.ok(eventsOf(whole).at(-1)?.verdict);
});

test("ends at once for a verification that is over", async (t) => {
  const api = await startApi(t);
  await api.post("/v1/verifications", ONE);
  api.assay.move("job-1", { kind: "failed", problem: { code: "timeout", message: "gave up" }, at: NOW });
  const events = eventsOf(await (await api.call(EVENTS)).text());
  assert.deepEqual(
    events.map((event) => event.state),
    ["failed"],
  );
});

test("gives a HEAD the headers of a stream and nothing more", async (t) => {
  const api = await startApi(t);
  await api.post("/v1/verifications", ONE);
  const response = await api.call(EVENTS, { method: "HEAD" });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "");
});

test("has no events of a verification nobody knows, nor of several together", async (t) => {
  const api = await startApi(t);
  const { headers } = await api.post("/v1/verifications", { images: ["a/b", "a/c"] });
  for (const path of ["/v1/verifications/job-9/events", `${headers.get("location")}/events`])
    assert.equal((await problemOf(await api.call(path))).slug, "not-found");
});

test("ends a stream whose token is revoked", async (t) => {
  let tokens = parseTokens(TOKENS_FILE, "tokens.yaml");
  const api = await startApi(t, { access: tokenAccess(() => tokens), heartbeatMs: 20 });
  await api.post("/v1/verifications", ONE, bearer(TOKENS.admin));
  const text = (await api.call(EVENTS, { headers: bearer(TOKENS.reader) })).text();
  tokens = tokens.filter((token) => token.subject.name !== "reader");
  assert.deepEqual([...new Set(eventsOf(await text).map((event) => event.state))], ["waiting"]);
});

test("stops watching for a reader who is gone", async (t) => {
  const api = await startApi(t, { access: withTokens(), heartbeatMs: 10 });
  await api.post("/v1/verifications", ONE, bearer(TOKENS.admin));
  const ended = Promise.withResolvers<void>();
  const watch = api.assay.watchJob.bind(api.assay);
  api.assay.watchJob = async function* (id, signal) {
    try {
      yield* watch(id, signal);
    } finally {
      ended.resolve();
    }
  };
  const gone = new AbortController();
  const response = await api.call(EVENTS, { headers: bearer(TOKENS.reader), signal: gone.signal });
  const read = response.text();
  gone.abort();
  await assert.rejects(read, { name: "AbortError" });
  await ended.promise;
});

test("breaks the connection off where the watch fails, so that half a stream is not taken for a whole one", async (t) => {
  const api = await startApi(t);
  await api.post("/v1/verifications", ONE);
  const watch = api.assay.watchJob.bind(api.assay);
  api.assay.watchJob = async function* (id, signal) {
    for await (const view of watch(id, signal)) {
      yield view;
      throw new Error("watch failed");
    }
  };
  const response = await api.call(EVENTS);
  await assert.rejects(response.text());
  assert.ok(api.logs.lines.some((line) => line["msg"] === "answer broke off"));
});
