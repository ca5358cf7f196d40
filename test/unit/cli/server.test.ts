import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { cli, denied, digestOfLetter, fakeWorld, verdict } from "../../support/cli-fake.ts";

const WEB = "registry.example.com/shop/web:1.2";
const API = "registry.example.com/shop/api:3";

type Seen = {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
};
type Answering = (seen: Seen, response: ServerResponse, earlier: readonly Seen[]) => void;

/** A real HTTP server for the length of one test. */
async function serving(answer: Answering) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const now = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body };
      answer(now, response, [...seen]);
      seen.push(now);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

function job(image: string, change: object) {
  return { id: "job-1", href: "/v1/verifications/job-1", image, priority: "interactive", state: "waiting", ...change };
}

const done = (value: ReturnType<typeof verdict>) => job(value.image, { state: "done", verdict: value });

test("submits the images and prints the server's verdict exactly as it came", async () => {
  const value = { ...verdict(), somethingNew: { kept: true } };
  await using server = await serving((_, response) => reply(response, 200, { state: "finished", jobs: [done(value)] }));
  const ran = await cli(["verify", WEB, "--server", server.url, "--format", "json"], fakeWorld(), {
    env: { ASSAY_TOKEN: "assay_secret" },
  });
  assert.equal(ran.code, 0);
  assert.deepEqual(JSON.parse(ran.out), JSON.parse(JSON.stringify(value)));
  const [asked] = server.seen;
  assert.deepEqual([asked?.method, asked?.url], ["POST", "/v1/verifications"]);
  assert.deepEqual(JSON.parse(asked?.body ?? ""), { images: [WEB], priority: "interactive" });
  assert.equal(asked?.headers.authorization, "Bearer assay_secret");
  assert.equal(asked?.headers["prefer"], "wait=20");
});

test("polls a job until it is done, and exits by the verdict", async () => {
  await using server = await serving((seen, response, earlier) => {
    if (seen.method === "POST") return reply(response, 202, { state: "pending", jobs: [job(WEB, {})] });
    return reply(response, 200, earlier.length < 2 ? job(WEB, { state: "active" }) : done(denied()));
  });
  const ran = await cli(["verify", WEB, "--server", server.url]);
  assert.equal(ran.code, 1);
  assert.match(ran.out, /^✖ denied {2}registry/);
  assert.deepEqual(server.seen.map(({ url }) => url).slice(1), Array(2).fill("/v1/verifications/job-1"));
});

test("survives a failing poll, as when one of several servers restarts", async () => {
  await using server = await serving((seen, response, earlier) => {
    if (seen.method === "POST") return reply(response, 202, { state: "pending", jobs: [job(WEB, {})] });
    return earlier.length < 2 ? reply(response, 503, {}) : reply(response, 200, done(verdict()));
  });
  assert.equal((await cli(["verify", WEB, "--server", server.url])).code, 0);
});

test("shows a verdict that leaves out what the public form leaves out", async () => {
  const { scheme, authority, status, source } = verdict().signatures[0]!;
  const { policy, rule, outcome, enforcement, message, cites } = denied().findings[0]!;
  const value = {
    ...denied(),
    findings: [{ policy, rule, outcome, enforcement, message, cites }],
    signatures: [{ scheme, authority, status, source }],
  };
  await using server = await serving((_, response) =>
    reply(response, 200, { state: "finished", jobs: [job(WEB, { state: "done", verdict: value })] }),
  );
  const ran = await cli(["verify", WEB, "--server", server.url]);
  assert.equal(ran.code, 1);
  assert.match(ran.out, /✖ production rules\[0\]\.signed: no signature was found\n\n/);
  assert.match(ran.out, /✔ cosign by release-key: verified\n {6}from cosign:tag\n/);
});

test("exits 2 for a job that failed, telling why", async () => {
  const problem = { code: "unreachable", message: "registry.example.com: connection refused" };
  await using server = await serving((_, response) =>
    reply(response, 200, { state: "finished", jobs: [job(WEB, { state: "failed", problem })] }),
  );
  const ran = await cli(["verify", WEB, "--server", server.url]);
  assert.equal(ran.code, 2);
  assert.match(ran.out, /\? registry\.example\.com: connection refused \(unreachable\)/);
});

test("exits 2 for a job that is done without a verdict", async () => {
  await using server = await serving((_, response) =>
    reply(response, 200, { state: "finished", jobs: [job(WEB, { state: "done" })] }),
  );
  assert.equal((await cli(["verify", WEB, "--server", server.url])).code, 2);
});

test("does not take the verdict of another image for the one it asked about", async () => {
  const other = verdict({ image: "registry.example.com/shop/other:1.2" });
  await using server = await serving((_, response) => reply(response, 200, { state: "finished", jobs: [done(other)] }));
  const ran = await cli(["verify", WEB, "--server", server.url]);
  assert.equal(ran.code, 2);
  assert.match(ran.out, /the verdict for .*web:1\.2 is about another image/);
});

test("does not take the verdict of another digest for the one it asked about", async () => {
  const byDigest = `registry.example.com/shop/web@${digestOfLetter("b")}`;
  await using server = await serving((_, response) =>
    reply(response, 200, { state: "finished", jobs: [done(verdict({ image: byDigest }))] }),
  );
  assert.equal((await cli(["verify", byDigest, "--server", server.url])).code, 2);
});

test("does not take one verdict for two images", async () => {
  await using server = await serving((_, response) =>
    reply(response, 200, { state: "finished", jobs: [done(verdict())] }),
  );
  const ran = await cli(["verify", WEB, API, "--server", server.url]);
  assert.equal(ran.code, 2);
  assert.match(ran.out, /2 images were sent and 1 jobs came back/);
});

for (const [what, body] of [
  [
    "a decision it does not know",
    { state: "finished", jobs: [{ ...done(verdict()), verdict: { ...verdict(), decision: "yes" } }] },
  ],
  ["an allow without findings", { state: "finished", jobs: [{ ...done(verdict()), verdict: { decision: "allow" } }] }],
  ["something that is no list of jobs", { decision: "allow" }],
  ["something that is not JSON", "<html>allow</html>"],
] as const) {
  test(`exits 2 for an answer with ${what}`, async () => {
    await using server = await serving((_, response) => reply(response, 200, body));
    const ran = await cli(["verify", WEB, "--server", server.url]);
    assert.equal(ran.code, 2);
    assert.match(ran.out, /✖ denied \(could not tell\)/);
  });
}

test("exits 2 when nobody listens at the server's address, saying so for every image", async () => {
  const { url, [Symbol.asyncDispose]: stop } = await serving(() => undefined);
  await stop();
  const ran = await cli(["verify", WEB, API, "--server", url]);
  assert.equal(ran.code, 2);
  assert.match(ran.out, /the server cannot be reached \(connect ECONNREFUSED 127\.0\.0\.1:\d+\); is it running/);
  assert.match(ran.out, /2 images: 0 allowed, 2 denied \(2 could not be determined\)/);
});

test("exits 2 when the server is silent for longer than --timeout", async () => {
  await using server = await serving(() => undefined);
  const ran = await cli(["verify", WEB, "--server", server.url, "--timeout", "50ms"]);
  assert.equal(ran.code, 2);
  assert.match(ran.out, /no answer in time; allow more with --timeout/);
});

test("exits 2 when the server fails or is busy", async () => {
  for (const status of [429, 500, 503]) {
    await using server = await serving((_, response) => reply(response, status, { detail: "later" }));
    assert.equal((await cli(["verify", WEB, "--server", server.url])).code, 2);
  }
});

test("exits 3 when the server refuses the token, and does not repeat it", async () => {
  await using server = await serving((_, response) =>
    reply(response, 401, { title: "Unauthorized", detail: "unknown\u001b[2J" }),
  );
  const ran = await cli(["verify", WEB, "--server", server.url, "--token-file", "t"], {
    ...fakeWorld(),
    files: { t: "assay_secret\n" },
  });
  assert.equal(ran.code, 3);
  assert.equal(server.seen[0]?.headers.authorization, "Bearer assay_secret");
  assert.match(ran.err, /is refused with 401: unknown\\x1b\[2J; give a token the server knows/);
  assert.doesNotMatch(ran.err, /assay_secret/);
});

test("exits 3 for a server that does not know the call, and follows no redirect", async () => {
  for (const status of [404, 307]) {
    await using server = await serving((_, response) => {
      response.setHeader("location", "/elsewhere");
      reply(response, status, {});
    });
    const ran = await cli(["verify", WEB, "--server", server.url]);
    assert.equal(ran.code, 3);
    assert.equal(server.seen.length, 1);
    assert.match(ran.err, /is --server an Assay server of this version\?/);
  }
});

test("speaks plain HTTP to a server beyond loopback only where that is spelled out", async () => {
  const ran = await cli(["verify", WEB, "--server", "http://assay.example.com"]);
  assert.equal(ran.code, 3);
  assert.match(
    ran.err,
    /plain HTTP, so that anyone on the way could answer "allow": use https, or say --unsafe-plain-http assay\.example\.com/,
  );
});

for (const [what, words] of [
  ["an address that is none", ["--server", "assay"]],
  ["an address with a password", ["--server", "https://me:secret@assay.example.com"]],
  ["an address of another kind", ["--server", "ftp://assay.example.com"]],
  ["a token file that is not there", ["--server", "https://assay.example.com", "--token-file", "none"]],
] as const) {
  test(`refuses ${what} with exit 3, without a request`, async () => {
    const ran = await cli(["verify", WEB, ...words]);
    assert.equal(ran.code, 3);
    assert.doesNotMatch(ran.err, /secret/);
  });
}

test("refuses a token that would break out of its header", async () => {
  const env = { ASSAY_TOKEN: "one two" };
  const ran = await cli(["verify", WEB, "--server", "https://assay.example.com"], fakeWorld(), { env });
  assert.equal(ran.code, 3);
  assert.match(ran.err, /The token in ASSAY_TOKEN has characters no token has/);
});
