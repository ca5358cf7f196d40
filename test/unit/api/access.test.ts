import assert from "node:assert/strict";
import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { openTokensFile, tokenAccess, type Access } from "../../../src/api/access.ts";
import { createApi } from "../../../src/api/api.ts";
import { isLoopback } from "../../../src/api/origin.ts";
import { isInScope } from "../../../src/api/subject.ts";
import { hashToken, parseTokens } from "../../../src/api/tokens.ts";
import { InputError } from "../../../src/domain/errors.ts";
import type { Registry } from "../../../src/domain/reference.ts";
import { apiParts, bearer, problemOf, startApi, TOKENS, TOKENS_FILE, withTokens } from "../../support/api-server.ts";
import { digestFor, judged, sampleFacts } from "../../support/fake-assay.ts";

const IN = "registry.example.com/prod/web:1";
const OUT = "registry.example.com/production/web:1";

type Caller = "nobody" | "stranger" | "reader" | "submitter" | "admin";
const CALLERS: readonly Caller[] = ["nobody", "stranger", "reader", "submitter", "admin"];

/** The status each caller gets, in the order above; every route has a row, and every cell is tested. */
const MATRIX: readonly (readonly [method: string, path: string, statuses: readonly number[]])[] = [
  ["POST", "/v1/verifications", [401, 401, 403, 202, 202]],
  ["GET", "/v1/verifications/{id}", [401, 401, 200, 200, 200]],
  ["GET", "/v1/verifications/{id}/events", [401, 401, 200, 200, 200]],
  ["GET", "/v1/verdicts", [401, 401, 200, 200, 200]],
  ["POST", "/v1/verdicts/query", [401, 401, 200, 200, 200]],
  ["GET", "/v1/images/{digest}", [401, 401, 200, 200, 200]],
  ["GET", "/healthz", [200, 200, 200, 200, 200]],
  ["GET", "/readyz", [200, 200, 200, 200, 200]],
  ["GET", "/metrics", [401, 401, 200, 200, 200]],
  ["GET", "/openapi.json", [200, 200, 200, 200, 200]],
];

function credentials(caller: Caller): Record<string, string> {
  if (caller === "nobody") return {};
  return bearer(caller === "stranger" ? "stranger-token-0123456789-0123456789" : TOKENS[caller]);
}

const EXAMPLES: Readonly<Record<string, string>> = {
  "/v1/verifications/{id}": "/v1/verifications/job-1",
  "/v1/verifications/{id}/events": "/v1/verifications/job-1/events",
  "/v1/verdicts": `/v1/verdicts?image=${IN}`,
  "/v1/images/{digest}": `/v1/images/${digestFor("x")}?repository=registry.example.com/prod/web`,
};

async function startForMatrix(t: TestContext) {
  const api = await startApi(t, { access: withTokens() });
  api.assay.script.inForce = (image) => Promise.resolve(judged(image));
  api.assay.script.facts = (repository, digest) => Promise.resolve(sampleFacts(repository, digest));
  await api.post("/v1/verifications", { images: [IN] }, bearer(TOKENS.admin));
  api.assay.finish("job-1");
  return api;
}

for (const [method, path, statuses] of MATRIX) {
  for (const [at, caller] of CALLERS.entries()) {
    test(`gives ${caller} ${statuses[at]} for ${method} ${path}`, async (t) => {
      const api = await startForMatrix(t);
      const url = EXAMPLES[path] ?? path;
      const headers = credentials(caller);
      const before = api.assay.calls.length;
      const response =
        method === "POST" ? await api.post(url, { images: [IN] }, headers) : await api.call(url, { headers });
      assert.equal(response.status, statuses[at]);
      if (response.status === 401) {
        assert.equal((await problemOf(response)).slug, "unauthenticated");
        assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer realm="assay"/);
        assert.equal(api.assay.calls.length, before);
      } else if (response.status === 403) assert.equal((await problemOf(response)).slug, "forbidden");
      else await response.text();
    });
  }
}

test("has a row in the matrix for every route", () => {
  const routes = createApi(apiParts().parts).routes.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(routes.toSorted(), MATRIX.map(([method, path]) => `${method} ${path}`).toSorted());
});

test("refuses an image outside the token's repositories on every route that names one", async (t) => {
  const api = await startForMatrix(t);
  const headers = bearer(TOKENS.scoped);
  await api.post("/v1/verifications", { images: [OUT] }, bearer(TOKENS.admin));
  const before = api.assay.calls.length;
  const refused = [
    await api.call(`/v1/verdicts?image=${OUT}`, { headers }),
    await api.post("/v1/verifications", { images: [IN, OUT] }, headers),
    await api.call(`/v1/images/${digestFor("x")}?repository=registry.example.com/production/web`, { headers }),
  ];
  for (const response of refused) assert.equal((await problemOf(response)).slug, "forbidden");
  for (const path of ["/v1/verifications/job-2", "/v1/verifications/job-2/events"])
    assert.equal((await problemOf(await api.call(path, { headers }))).slug, "not-found");
  assert.equal(api.assay.calls.length, before);
  assert.equal((await api.call(`/v1/verdicts?image=${IN}`, { headers })).status, 200);
  assert.equal((await api.call("/v1/verifications/job-1", { headers })).status, 200);
});

test("hides several jobs together where one of them is out of scope", async (t) => {
  const api = await startForMatrix(t);
  const all = await api.post("/v1/verifications", { images: [IN, OUT] }, bearer(TOKENS.admin));
  const response = await api.call(all.headers.get("location") ?? "", { headers: bearer(TOKENS.scoped) });
  assert.equal((await problemOf(response)).slug, "not-found");
});

test("scopes by whole path segments and by the exact registry", () => {
  const at = (prefix: string, registry: string, path: string): boolean =>
    isInScope({ name: "x", role: "reader", repositories: [prefix] }, { registry: registry as Registry, path });
  assert.ok(at("r.example.com/prod", "r.example.com", "prod"));
  assert.ok(at("r.example.com/prod", "r.example.com", "prod/web"));
  assert.ok(at("r.example.com", "r.example.com", "any/thing"));
  assert.ok(!at("r.example.com/prod", "r.example.com", "production"));
  assert.ok(!at("r.example.com/prod", "r.example.com:5000", "prod"));
  assert.ok(!at("r.example.com", "r.example.com.evil.example", "prod"));
  assert.ok(!at("r.example.com/prod", "evil.example", "r.example.com/prod"));
});

for (const [why, authorization] of [
  ["another scheme", `Basic ${TOKENS.admin}`],
  ["no scheme", TOKENS.admin],
  ["two spaces", `Bearer  ${TOKENS.admin}`],
  ["a longer token", `Bearer ${TOKENS.admin}x`],
  ["a shorter token", `Bearer ${TOKENS.admin.slice(0, -1)}`],
  ["the token's hash", `Bearer ${hashToken(TOKENS.admin)}`],
  ["an empty token", "Bearer "],
] as const) {
  test(`does not know a caller by ${why}`, async (t) => {
    const api = await startApi(t, { access: withTokens() });
    assert.equal((await api.call("/metrics", { headers: { authorization } })).status, 401);
  });
}

test("takes no caller for another on one connection, whatever was presented on it before", () => {
  let tokens = parseTokens(TOKENS_FILE, "tokens.yaml");
  const access = tokenAccess(() => tokens);
  const connection = {};
  const caller = (token: string): string => {
    const found = access.authenticate(`Bearer ${token}`, connection);
    return found.kind === "subject" ? found.subject.name : found.why;
  };
  assert.deepEqual([caller(TOKENS.admin), caller(TOKENS.admin), caller(TOKENS.reader)], ["admin", "admin", "reader"]);
  const sameLength = `${TOKENS.reader.slice(0, -1)}x`;
  assert.deepEqual([caller(sameLength), caller(TOKENS.reader)], ["bad-credentials", "reader"]);
  tokens = tokens.filter((token) => token.subject.name !== "reader");
  assert.equal(caller(TOKENS.reader), "bad-credentials");
});

test("knows the bearer scheme in any case", async (t) => {
  const api = await startApi(t, { access: withTokens() });
  const headers = { authorization: `bEARER ${TOKENS.reader}` };
  assert.equal((await api.call("/metrics", { headers })).status, 200);
});

test("slows down who guesses at tokens", async (t) => {
  const api = await startApi(t, { access: withTokens() });
  const statuses = new Set<number>();
  for (let at = 0; at < 80; at += 1) statuses.add((await api.call("/metrics")).status);
  assert.deepEqual([...statuses], [401, 429]);
  assert.equal((await api.call("/metrics", { headers: bearer(TOKENS.reader) })).status, 200);
});

test("limits each subject by itself, counting the images of a list", async (t) => {
  const api = await startApi(t, { access: withTokens(), rate: { perSecond: 1, burst: 10 } });
  const ten = { images: Array.from({ length: 10 }, (_, at) => `a/b${at}`) };
  assert.equal((await api.post("/v1/verdicts/query", ten, bearer(TOKENS.reader))).status, 200);
  const limited = await api.post("/v1/verdicts/query", ten, bearer(TOKENS.reader));
  assert.equal((await problemOf(limited)).slug, "rate-limited");
  assert.ok(Number(limited.headers.get("retry-after")) >= 1);
  assert.equal((await api.post("/v1/verdicts/query", ten, bearer(TOKENS.submitter))).status, 200);
});

test("counts and logs each refusal with who and why, and never the token", async (t) => {
  const api = await startApi(t, { access: withTokens() });
  await api.post("/v1/verifications", { images: [IN] }, bearer(TOKENS.reader));
  await api.call("/metrics", { headers: bearer("canary-token-0123456789-0123456789-abcdef") });
  const refused = api.logs.lines.filter((line) => line["msg"] === "call refused");
  assert.deepEqual(
    refused.map((line) => [line["why"], line["subject"], line["route"]]),
    [
      ["role", "reader", "/v1/verifications"],
      ["bad-credentials", undefined, "/metrics"],
    ],
  );
  const metrics = await (await api.call("/metrics", { headers: bearer(TOKENS.reader) })).text();
  assert.match(metrics, /^assay_auth_refused_total\{why="role"\} 1$/m);
  assert.doesNotMatch(api.logs.text, /canary|reader-token|sha256:/);
});

// Without tokens: loopback and nobody else.

async function openStatus(t: TestContext, headers: Record<string, string>): Promise<number> {
  const api = await startApi(t);
  const { request } = await import("node:http");
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  request(`${api.url}/v1/verdicts?image=a/b`, { headers }, (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  })
    .on("error", reject)
    .end();
  return promise;
}

for (const [why, headers, status] of [
  ["the loopback address", { host: "127.0.0.1:7070" }, 404],
  ["localhost", { host: "LOCALHOST" }, 404],
  ["the IPv6 loopback address", { host: "[::1]:7070" }, 404],
  [
    "a page of its own",
    { host: "localhost:7070", origin: "http://localhost:7070", "sec-fetch-site": "same-origin" },
    404,
  ],
  ["an address typed by hand", { host: "localhost", "sec-fetch-site": "none" }, 404],
  ["a rebound name", { host: "evil.example:7070" }, 403],
  ["a name that begins like loopback", { host: "127.0.0.1.evil.example" }, 403],
  ["a name that ends like loopback", { host: "evil.localhost" }, 403],
  ["an odd spelling of an address", { host: "0x7f000001" }, 403],
  ["a host with a user in it", { host: "localhost@evil.example" }, 403],
  ["another site's page", { host: "localhost:7070", "sec-fetch-site": "cross-site" }, 403],
  ["another port's page", { host: "localhost:7070", "sec-fetch-site": "same-site" }, 403],
  ["another origin", { host: "localhost:7070", origin: "http://evil.example" }, 403],
  ["an origin without a name", { host: "localhost:7070", origin: "null" }, 403],
] as const) {
  test(`${status === 403 ? "refuses" : "answers"} a call to an open service by ${why}`, async (t) => {
    assert.equal(await openStatus(t, headers), status);
  });
}

test("knows loopback addresses from others", () => {
  for (const host of ["localhost", "127.0.0.1", "127.255.255.254", "::1", "[::1]", "LocalHost"])
    assert.ok(isLoopback(host));
  for (const host of [
    "",
    "0.0.0.0",
    "::",
    "127.1",
    "127.0.0.256",
    "128.0.0.1",
    "10.0.0.1",
    "localhost.",
    "::ffff:127.0.0.1",
  ])
    assert.ok(!isLoopback(host), host);
});

// The tokens file.

test("hashes a token to what the file keeps, and refuses a weak one", () => {
  // sha256sum of the same 32 characters
  const known = "3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9";
  assert.equal(hashToken("0123456789abcdef0123456789abcdef"), `sha256:${known}`);
  for (const weak of ["", "short", "x".repeat(31), `${"x".repeat(32)} `, "ü".repeat(40), "x".repeat(513)])
    assert.throws(() => hashToken(weak), { name: "InputError", code: "credentials" });
});

const HASH = hashToken(TOKENS.reader);
for (const [why, text] of [
  ["nothing", ""],
  ["no token", "tokens: []"],
  ["a token in the clear", `tokens: [{ name: a, role: reader, hash: "${TOKENS.reader}" }]`],
  ["an unknown role", `tokens: [{ name: a, role: root, hash: "${HASH}" }]`],
  ["no role", `tokens: [{ name: a, hash: "${HASH}" }]`],
  ["an unknown member", `tokens: [{ name: a, role: reader, hash: "${HASH}", scope: all }]`],
  ["no repository", `tokens: [{ name: a, role: reader, hash: "${HASH}", repositories: [] }]`],
  ["a pattern", `tokens: [{ name: a, role: reader, hash: "${HASH}", repositories: ["r.example.com/*"] }]`],
  ["a final slash", `tokens: [{ name: a, role: reader, hash: "${HASH}", repositories: ["r.example.com/"] }]`],
  [
    "a name twice",
    `tokens: [{ name: a, role: reader, hash: "${HASH}" }, { name: a, role: admin, hash: "${hashToken(TOKENS.admin)}" }]`,
  ],
  ["a hash twice", `tokens: [{ name: a, role: reader, hash: "${HASH}" }, { name: b, role: admin, hash: "${HASH}" }]`],
  ["a key twice", `tokens: [{ name: a, role: reader, role: admin, hash: "${HASH}" }]`],
  ["an alias", `x: &x { name: a, role: reader, hash: "${HASH}" }\ntokens: [*x]`],
  ["broken YAML", "tokens: [{"],
] as const) {
  test(`refuses a tokens file with ${why}, without repeating a hash`, () => {
    assert.throws(
      () => parseTokens(text, "tokens.yaml"),
      (error) => {
        assert.ok(error instanceof InputError);
        assert.equal(error.code, "credentials");
        assert.match(error.message, /^The tokens file tokens\.yaml cannot be used: /);
        assert.doesNotMatch(error.message, /[a-f0-9]{64}|reader-token/);
        return true;
      },
    );
  });
}

async function tokensFile(t: TestContext): Promise<{ readonly folder: string; readonly file: string }> {
  const folder = await mkdtemp(join(tmpdir(), "assay-tokens-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "tokens.yaml");
  await writeFile(file, TOKENS_FILE);
  return { folder, file };
}

function isKnown(access: Access, token: string): boolean {
  return access.authenticate(`Bearer ${token}`, access).kind === "subject";
}

async function opened(t: TestContext, file: string, graceMs = 45_000) {
  const { parts, logs } = apiParts();
  const access = await openTokensFile({ file, events: parts.telemetry.events, pollMs: 10, graceMs });
  t.after(() => access.close());
  return { access, logs };
}

async function eventually(holds: () => boolean): Promise<void> {
  const until = performance.now() + 3000;
  while (!holds()) {
    assert.ok(performance.now() < until, "did not come to hold within 3 s");
    await pause(5);
  }
}

const ONLY_READER = TOKENS_FILE.split("\n").slice(0, 2).join("\n");

test("forgets a token that was taken out of the file, written or swapped like a mounted secret", async (t) => {
  const { folder, file } = await tokensFile(t);
  const link = join(folder, "link.yaml");
  await symlink(file, link);
  const { access } = await opened(t, link);
  assert.ok(isKnown(access, TOKENS.admin));
  await writeFile(join(folder, "next.yaml"), ONLY_READER);
  await symlink(join(folder, "next.yaml"), join(folder, "swap"));
  await rename(join(folder, "swap"), link);
  await eventually(() => !isKnown(access, TOKENS.admin));
  assert.ok(isKnown(access, TOKENS.reader));
  await writeFile(join(folder, "next.yaml"), TOKENS_FILE);
  await eventually(() => isKnown(access, TOKENS.admin));
});

test("keeps the last good tokens for a short grace, then knows nobody, and recovers", async (t) => {
  const { file } = await tokensFile(t);
  const { access, logs } = await opened(t, file, 150);
  await writeFile(file, "tokens: [");
  await eventually(() => logs.text.includes("tokens file refused"));
  assert.ok(isKnown(access, TOKENS.reader));
  await eventually(() => !isKnown(access, TOKENS.reader));
  assert.equal(logs.lines.filter((line) => line["msg"] === "tokens file refused").length, 1);
  await writeFile(file, TOKENS_FILE);
  await eventually(() => isKnown(access, TOKENS.reader));
});

test("knows nobody once the file is gone for longer than the grace", async (t) => {
  const { file } = await tokensFile(t);
  const { access } = await opened(t, file, 50);
  await rename(file, `${file}.gone`);
  await eventually(() => !isKnown(access, TOKENS.admin));
});

test("does not start with a tokens file that is not there", async (t) => {
  const { folder } = await tokensFile(t);
  await assert.rejects(opened(t, join(folder, "none.yaml")), { name: "InputError", code: "credentials" });
});
