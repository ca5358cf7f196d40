import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { PortError, type PortCode } from "../../src/domain/errors.ts";
import type { ImageSource } from "../../src/ports/image-source.ts";
import { collect } from "../support/collect.ts";
import type { Fault } from "../support/faults.ts";
import { putImage, putIndex, putReferrer, putReferrersTag } from "../support/image-builder.ts";
import { tagReference } from "../support/references.ts";
import { openRegistryClient } from "../support/registry-client.ts";
import { TestRegistry, type Match } from "../support/registry.ts";

/** What can be asked of a registry, and so can go wrong. */
const THINGS = [
  "manifest by tag",
  "index by digest",
  "config blob",
  "layer stream",
  "referrers",
  "referrers tag",
  "token",
  "tags",
  "catalog",
] as const;
type Thing = (typeof THINGS)[number];

type Asked = { readonly value: unknown; readonly right: unknown };
type Expectation = { readonly code: PortCode; readonly requests: number } | "right" | "absent";
type Row = {
  readonly name: string;
  readonly fault: Fault;
  readonly expect: Expectation;
  readonly but?: Partial<Record<Thing, Expectation>>;
};

const PATH = "shop/web";
const never = new AbortController().signal;
const LISTS: readonly Thing[] = ["referrers", "tags", "catalog"];

function only(things: readonly Thing[], expectation: Expectation): Partial<Record<Thing, Expectation>> {
  return Object.fromEntries(things.map((thing) => [thing, expectation]));
}

const refused = (code: PortCode, requests = 1): Expectation => ({ code, requests });
const MANIFESTS: readonly Thing[] = ["manifest by tag", "index by digest", "referrers tag"];
const BLOBS: readonly Thing[] = ["config blob", "layer stream"];
const TOKEN_REFUSED = only(["token"], refused("unauthorized"));
const NO_REDIRECT = only(["token"], refused("unsupported"));

const status = (code: number, expect: Expectation, but: Row["but"] = {}): Row => ({
  name: `status ${code}`,
  fault: { kind: "status", status: code },
  expect,
  but,
});

const ROWS: readonly Row[] = [
  ...[500, 502, 503, 504].map((code) => status(code, refused("server-error", 4))),
  status(429, refused("rate-limited", 4)),
  status(501, refused("unsupported"), only(["token"], refused("server-error", 4))),
  status(401, refused("unauthorized")),
  status(403, refused("unauthorized")),
  status(400, refused("unsupported"), { ...TOKEN_REFUSED, referrers: "right" }),
  status(405, refused("unsupported"), { ...TOKEN_REFUSED, referrers: "right" }),
  status(404, "absent", { ...TOKEN_REFUSED, referrers: "right", ...only(["tags", "catalog"], refused("not-found")) }),
  status(204, refused("malformed")),
  status(206, refused("malformed")),
  { name: "silence", fault: { kind: "silence" }, expect: refused("timeout") },
  { name: "delay", fault: { kind: "delay", ms: 30 }, expect: "right" },
  { name: "reset", fault: { kind: "reset" }, expect: refused("unreachable", 4) },
  {
    name: "truncated body",
    fault: { kind: "truncate" },
    expect: refused("unreachable", 4),
    but: only(["layer stream"], refused("unreachable")),
  },
  {
    name: "short body",
    fault: { kind: "short" },
    expect: refused("malformed"),
    but: only([...MANIFESTS, ...BLOBS], refused("digest-mismatch")),
  },
  {
    name: "corrupt body",
    fault: { kind: "corrupt" },
    expect: refused("malformed"),
    but: only([...MANIFESTS, ...BLOBS], refused("digest-mismatch")),
  },
  {
    name: "wrong content type",
    fault: { kind: "content-type", value: "text/html" },
    expect: "right",
    but: only(["referrers", "referrers tag"], refused("malformed")),
  },
  { name: "one byte at a time", fault: { kind: "drip", everyMs: 20 }, expect: refused("timeout") },
  {
    name: "endless body",
    fault: { kind: "endless" },
    expect: refused("too-large"),
    but: only(BLOBS, refused("digest-mismatch")),
  },
  {
    name: "redirect to metadata",
    fault: { kind: "redirect", to: "http://169.254.169.254/latest/meta-data" },
    expect: refused("blocked-address"),
    but: NO_REDIRECT,
  },
  {
    name: "redirect to loopback",
    fault: { kind: "redirect", to: "https://127.0.0.1:1/" },
    expect: refused("blocked-address"),
    but: NO_REDIRECT,
  },
  {
    name: "redirect to a file",
    fault: { kind: "redirect", to: "file:///etc/passwd" },
    expect: refused("blocked-address"),
    but: NO_REDIRECT,
  },
  { name: "redirect to nothing", fault: { kind: "redirect", to: "" }, expect: refused("malformed"), but: NO_REDIRECT },
  { name: "redirect loop", fault: { kind: "redirect", to: "?" }, expect: refused("too-many", 6), but: NO_REDIRECT },
  {
    name: "lying Docker-Content-Digest",
    fault: { kind: "headers", headers: { "docker-content-digest": `sha256:${"0".repeat(64)}` } },
    expect: "right",
    but: only(MANIFESTS, refused("digest-mismatch")),
  },
  {
    name: "Docker-Content-Digest that is a path",
    fault: { kind: "headers", headers: { "docker-content-digest": "sha256:../../../etc/passwd" } },
    expect: "right",
    but: only(MANIFESTS, refused("malformed")),
  },
  {
    name: "content coding",
    fault: { kind: "headers", headers: { "content-encoding": "gzip" } },
    expect: refused("unsupported"),
    but: only(BLOBS, "right"),
  },
  {
    name: "Content-Length too small",
    fault: { kind: "content-length", value: 20 },
    expect: refused("malformed"),
    but: only([...MANIFESTS, ...BLOBS], refused("digest-mismatch")),
  },
  {
    name: "Content-Length too large",
    fault: { kind: "content-length", value: 4000 },
    expect: refused("unreachable", 4),
    but: only(BLOBS, refused("digest-mismatch")),
  },
  {
    name: "Content-Length beyond every limit",
    fault: { kind: "content-length", value: 9_000_000_000 },
    expect: refused("too-large"),
    but: only(BLOBS, refused("digest-mismatch")),
  },
  {
    name: "next page on another host",
    fault: { kind: "headers", headers: { link: '<https://evil.test/v2/>; rel="next"' } },
    expect: "right",
    but: only(LISTS, refused("blocked-address")),
  },
  {
    name: "next page of another list",
    fault: { kind: "headers", headers: { link: '</v2/other/tags/list>; rel="next"' } },
    expect: "right",
    but: only(LISTS, refused("malformed")),
  },
];

/** A registry with content, and the question that the fault will meet. */
async function prepare(thing: Thing): Promise<{
  readonly registry: TestRegistry;
  readonly match: Match;
  readonly ask: (source: ImageSource) => Promise<Asked>;
}> {
  const registry = await TestRegistry.start({
    auth: thing === "token" ? { kind: "bearer" } : { kind: "none" },
    referrersApi: thing !== "referrers tag",
  });
  const repository = registry.repository(PATH);
  const image = await putImage(registry, PATH, { tags: ["v1"], layers: [Buffer.alloc(900, "layer ")] });
  const index = await putIndex(registry, PATH, [{ descriptor: image.descriptor }]);
  const artifactType = "application/vnd.test";
  const signature = await putReferrer(registry, PATH, image.descriptor, { artifactType, payload: Buffer.from("s") });
  const entry = { descriptor: signature.descriptor, artifactType };
  await putReferrersTag(registry, PATH, image.descriptor.digest, [entry]);
  const byTag = { kind: "manifest" } as const;
  const resolve = async (source: ImageSource): Promise<Asked> => {
    const document = await source.resolve(tagReference(repository, "v1"), never);
    return { value: document && Buffer.from(document.bytes), right: image.bytes };
  };
  const referrers = async (source: ImageSource): Promise<Asked> => {
    const { descriptors } = await source.referrers(repository, image.descriptor.digest, never);
    return { value: descriptors.map(({ digest }) => digest), right: [signature.descriptor.digest] };
  };
  const [layer = assert.fail()] = image.layers;
  const questions: Record<Thing, { readonly match: Match; readonly ask: (source: ImageSource) => Promise<Asked> }> = {
    "manifest by tag": { match: byTag, ask: resolve },
    "index by digest": {
      match: byTag,
      ask: async (source) => {
        const document = await source.manifest(repository, index.descriptor.digest, never);
        return { value: document && Buffer.from(document.bytes), right: index.bytes };
      },
    },
    "config blob": {
      match: { kind: "blob" },
      ask: async (source) => {
        const document = await source.blob(repository, image.config.descriptor, 4096, never);
        return { value: document && Buffer.from(document.bytes), right: image.config.bytes };
      },
    },
    "layer stream": {
      match: { kind: "blob" },
      ask: async (source) => {
        const stream = await source.stream(repository, layer.descriptor, never);
        return { value: stream && Buffer.concat(await collect(stream)), right: layer.bytes };
      },
    },
    referrers: { match: { kind: "referrers" }, ask: referrers },
    "referrers tag": { match: byTag, ask: async (source) => orAbsent(await referrers(source)) },
    token: { match: { kind: "token" }, ask: resolve },
    tags: {
      match: { kind: "tags" },
      ask: async (source) => ({
        value: (await collect(source.tags(repository, never))).includes("v1" as never),
        right: true,
      }),
    },
    catalog: {
      match: { kind: "catalog" },
      ask: async (source) => {
        const listed = await collect(source.repositories(repository.registry, never));
        return { value: listed.map(({ path }) => path), right: [PATH] };
      },
    },
  };
  return { registry, ...questions[thing] };
}

/** No list at the fallback tag is no referrers. */
function orAbsent(asked: Asked): Asked {
  return Array.isArray(asked.value) && asked.value.length === 0 ? { ...asked, value: undefined } : asked;
}

async function check(row: Row, thing: Thing): Promise<void> {
  const { registry, match, ask } = await prepare(thing);
  // Short only where time is the fault, so that a busy machine changes no other outcome.
  const requestMs = row.fault.kind === "silence" || row.fault.kind === "drip" ? 400 : 10_000;
  const timeouts = { requestMs, minBytesPerSecond: 1024 * 1024 };
  const source = openRegistryClient({ plainHttpHosts: [registry.host], timeouts });
  const expected = row.but?.[thing] ?? row.expect;
  const cell = `${row.name} × ${thing}`;
  registry.break(match, row.fault);
  try {
    const outcome = await ask(source).catch((error: unknown) => error);
    if (expected === "right" || expected === "absent") {
      if (outcome instanceof Error) assert.fail(`${cell}: ${outcome.message}`);
      const asked = outcome as Asked;
      assert.deepEqual(asked.value, expected === "right" ? asked.right : undefined, cell);
    } else {
      assert.ok(outcome instanceof PortError, `${cell}: ${JSON.stringify(outcome)} ${String(outcome)}`);
      assert.equal(outcome.code, expected.code, `${cell}: ${outcome.message}`);
      assert.equal(registry.seen(match).length, expected.requests, `${cell}: requests`);
    }
  } finally {
    await source.close();
    await registry.close();
  }
}

describe("a registry that misbehaves", { timeout: 120_000 }, () => {
  for (const row of ROWS) {
    test(`gives no wrong bytes, the right reason and few requests: ${row.name}`, { timeout: 20_000 }, async () => {
      const outcomes = await Promise.allSettled(THINGS.map((thing) => check(row, thing)));
      const wrong = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [String(outcome.reason)] : []));
      assert.deepEqual(wrong, []);
    });
  }
});

describe("a registry that recovers", { timeout: 30_000 }, () => {
  for (const fault of [
    { kind: "status", status: 503 },
    { kind: "status", status: 429, headers: { "retry-after": "0" } },
    { kind: "reset" },
    { kind: "truncate" },
  ] as const satisfies readonly Fault[]) {
    test(`is read at the third try: ${JSON.stringify(fault)}`, async () => {
      for (const thing of THINGS.filter((thing) => thing !== "layer stream")) {
        const { registry, match, ask } = await prepare(thing);
        const source = openRegistryClient({ plainHttpHosts: [registry.host] });
        registry.break(match, fault, 2);
        const { value, right } = await ask(source);
        assert.deepEqual(value, right, thing);
        await source.close();
        await registry.close();
      }
    });
  }

  test("is left alone for as long as Retry-After says", async () => {
    const { registry, match, ask } = await prepare("manifest by tag");
    const source = openRegistryClient({ plainHttpHosts: [registry.host] });
    registry.break(match, { kind: "status", status: 429, headers: { "retry-after": "1" } }, 1);
    const started = performance.now();
    const { value, right } = await ask(source);
    assert.deepEqual(value, right);
    const waited = performance.now() - started;
    assert.ok(waited >= 990 && waited < 3000, `${waited} ms`);
    await source.close();
    await registry.close();
  });

  test("is not waited for when it asks for more than the cap, and the error says when to come back", async () => {
    for (const after of ["3600", new Date(Date.now() + 3_600_000).toUTCString()]) {
      const { registry, match, ask } = await prepare("manifest by tag");
      const source = openRegistryClient({ plainHttpHosts: [registry.host] });
      registry.break(match, { kind: "status", status: 429, headers: { "retry-after": after } });
      const error = await ask(source).catch((error: unknown) => error);
      assert.ok(error instanceof PortError && error.code === "rate-limited");
      assert.ok(Math.abs((error.retryAfterMs ?? 0) - 3_600_000) < 5000);
      assert.equal(registry.seen(match).length, 1);
      await source.close();
      await registry.close();
    }
  });
});
