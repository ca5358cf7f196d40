import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { test } from "node:test";

import * as fc from "fast-check";

import { problemSchema } from "../../../src/api/schemas.ts";
import { startApi } from "../../support/api-server.ts";
import { judged } from "../../support/fake-assay.ts";

/** Calls per endpoint; seeded, so that a failure comes again. */
const RUNS = 2000;
const SEED = 20_261_121;

const image = fc.oneof(
  fc.constantFrom("a/b", "registry.example.com/shop/web:1", "a/B", "", "a".repeat(600)),
  fc.string({ unit: "binary", maxLength: 40 }),
);
const submission = fc.record(
  {
    images: fc.oneof(fc.array(image, { maxLength: 4 }), fc.jsonValue({ maxDepth: 2 })),
    priority: fc.oneof(fc.constantFrom("normal", "scan", "admission"), fc.jsonValue({ maxDepth: 1 })),
    context: fc.jsonValue({ maxDepth: 1 }),
    __proto__: fc.jsonValue({ maxDepth: 1 }),
  },
  { requiredKeys: [] },
);

/** Bodies near the grammar, JSON far from it, and either with a few bytes turned. */
const body = fc
  .tuple(
    fc.oneof(submission, fc.jsonValue({ maxDepth: 4 })),
    fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 3 }),
    fc.boolean(),
  )
  .map(([value, turns, isTurned]) => {
    const bytes = Buffer.from(JSON.stringify(value));
    if (isTurned) for (const [at, byte] of turns) if (at < bytes.length) bytes[at] = byte;
    return bytes;
  });

const header = fc.constantFrom("wait=0", "wait=x", 'wait="', "respond-async", ",,;=", "wait=-5");

type Answer = { readonly status: number; readonly type: string; readonly text: string };

function send(
  url: string,
  agent: Agent,
  sent: {
    readonly method: string;
    readonly path: string;
    readonly headers: Record<string, string>;
    readonly body?: Buffer;
  },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, path, headers } = sent;
    const call = request(new URL(url).origin, { agent, method, path, headers }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => void (text += chunk.toString()));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", text }),
      );
    });
    call.on("error", reject).end(sent.body);
  });
}

function check({ status, type, text }: Answer): void {
  assert.ok(status < 500, `${status} ${text}`);
  if (status < 400) return;
  assert.equal(type, "application/problem+json");
  assert.equal(problemSchema.parse(JSON.parse(text)).status, status);
}

for (const path of ["/v1/verdicts/query", "/v1/verifications"]) {
  test(`answers ${RUNS} odd bodies at ${path} without an error of its own`, async (t) => {
    const api = await startApi(t, { level: "warn" });
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    api.assay.script.inForce = (image) => Promise.resolve(judged(image, "deny"));
    const statuses = new Set<number>();
    await fc.assert(
      fc.asyncProperty(body, header, async (body, prefer) => {
        const headers = { "content-type": "application/json", prefer };
        const answer = await send(api.url, agent, { method: "POST", path, headers, body });
        statuses.add(answer.status);
        check(answer);
        assert.doesNotMatch(answer.text, /"decision":"allow"/);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    assert.ok(statuses.has(400) && [...statuses].some((status) => status < 300), [...statuses].join(" "));
    assert.doesNotMatch(api.logs.text, /"level":"error"/);
  });
}

for (const [prefix, suffix] of [
  ["/v1/verdicts?image=", ""],
  ["/v1/verdicts?", ""],
  ["/v1/verifications/", ""],
  ["/v1/verifications/", "/events"],
  ["/v1/images/", "?repository=a/b"],
  [`/v1/images/sha256:${"0".repeat(64)}?repository=`, ""],
  ["/", ""],
] as const) {
  test(`answers ${RUNS} odd addresses of the form ${prefix}…${suffix} without an error of its own`, async (t) => {
    const api = await startApi(t, { level: "warn" });
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    const part = fc.oneof(
      fc.string({ unit: "binary", maxLength: 30 }).map((text) => encodeURIComponent(text.toWellFormed())),
      fc.stringMatching(/^[!-~]{0,40}$/),
    );
    await fc.assert(
      fc.asyncProperty(part, async (part) => {
        check(await send(api.url, agent, { method: "GET", path: `${prefix}${part}${suffix}`, headers: {} }));
      }),
      { numRuns: RUNS, seed: SEED },
    );
    assert.doesNotMatch(api.logs.text, /"level":"error"/);
  });
}
