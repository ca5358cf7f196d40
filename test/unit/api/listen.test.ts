import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { listen } from "../../../src/api/listen.ts";
import { apiParts, startApi, withTokens } from "../../support/api-server.ts";
import { judged } from "../../support/fake-assay.ts";

const PATH = "/v1/verdicts?image=a/b";

for (const host of ["0.0.0.0", "::", "192.0.2.1", "assay.example.com"]) {
  test(`refuses to listen on ${host} without tokens, and says how to mend it`, async () => {
    await assert.rejects(listen(apiParts().parts, { host, port: 0 }), (error: Error & { code?: string }) => {
      assert.equal(error.name, "InputError");
      assert.equal(error.code, "configuration");
      assert.match(error.message, /loopback only.*ASSAY_TOKENS_FILE/);
      return true;
    });
  });
}

test("listens beyond loopback with tokens", async (t) => {
  const { close } = await listen(apiParts({ access: withTokens() }).parts, { host: "0.0.0.0", port: 0 });
  t.after(() => close(10));
});

test("says which address is taken", async (t) => {
  const api = await startApi(t);
  const port = Number(new URL(api.url).port);
  await assert.rejects(listen(apiParts().parts, { host: "127.0.0.1", port }), {
    name: "InputError",
    message: /Cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\)/,
  });
});

/** All that a raw exchange brings back until the other side closes. */
async function raw(url: string, text: string): Promise<string> {
  const socket = open(url);
  socket.write(text);
  return whole(socket);
}

function open(url: string): Socket {
  const { hostname, port } = new URL(url);
  return connect(Number(port), hostname);
}

function whole(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.on("data", (chunk) => void (text += chunk.toString()));
    socket.on("close", () => resolve(text)).on("error", reject);
  });
}

for (const [why, text] of [
  ["no HTTP", "hello\r\n\r\n"],
  ["no host", "GET /healthz HTTP/1.1\r\n\r\n"],
  [
    "two lengths",
    "POST /v1/verdicts/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
  ],
  [
    "length and chunks",
    "POST /v1/verdicts/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
  ],
  ["headers without end", `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`],
] as const) {
  test(`refuses a request with ${why} and closes`, async (t) => {
    const api = await startApi(t);
    assert.match(await raw(api.url, text), /^HTTP\/1\.1 400 /);
    assert.equal((await api.call("/healthz")).status, 200);
  });
}

for (const target of ["http://evil.example/v1/verdicts?image=a/b", "*", "//localhost/v1/verdicts"]) {
  test(`finds nothing at the target ${target}`, async (t) => {
    const api = await startApi(t);
    const text = await raw(api.url, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assert.match(text, /^HTTP\/1\.1 404 /);
    assert.deepEqual(api.assay.calls, []);
  });
}

test("opens no tunnel", async (t) => {
  const api = await startApi(t);
  assert.equal(await raw(api.url, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n"), "");
});

/** One GET over an agent's connection. */
function get(agent: Agent, url: string): Promise<{ readonly status: number; readonly connection: string | undefined }> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      response.resume();
      response.on("end", () => resolve({ status: response.statusCode ?? 0, connection: response.headers.connection }));
    })
      .on("error", reject)
      .end();
  });
}

/** Resolves once nothing accepts there any more. */
async function portCloses(url: string): Promise<void> {
  for (let isOpen = true; isOpen;) {
    isOpen = await new Promise<boolean>((resolve) => {
      const probe = open(url);
      probe.on("connect", () => {
        probe.destroy();
        resolve(true);
      });
      probe.on("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
    });
    await pause(5);
  }
}

test("winds down without breaking a connection off: not ready at once, in-flight answers whole, then closed", async (t) => {
  const api = await startApi(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const slow = Promise.withResolvers<void>();
  const seen = Promise.withResolvers<void>();
  api.assay.script.inForce = async (image) => {
    seen.resolve();
    await slow.promise;
    return judged(image);
  };
  assert.equal((await get(agent, `${api.url}/readyz`)).connection, "keep-alive");
  const inFlight = api.call(PATH);
  await seen.promise;
  const stopped = api.stop(5000);
  const ready = await get(agent, `${api.url}/readyz`);
  assert.deepEqual(ready, { status: 503, connection: "close" });
  await portCloses(api.url);
  slow.resolve();
  const answer = await inFlight;
  assert.equal(answer.status, 200);
  assert.equal(((await answer.json()) as { decision: string }).decision, "allow");
  await stopped;
});

test("ends event streams and voluntary waits when it winds down", async (t) => {
  const api = await startApi(t);
  await api.post("/v1/verifications", { images: ["a/b"] });
  const stream = await api.call("/v1/verifications/job-1/events");
  const waiting = api.call("/v1/verifications/job-1", { headers: { prefer: "wait=60" } });
  const verifying = Promise.withResolvers<void>();
  api.assay.script.verify = () => {
    verifying.resolve();
    return new Promise(() => undefined);
  };
  const inLine = api.call(PATH, { headers: { prefer: "wait=60" } });
  await verifying.promise;
  await pause(50);
  const stopped = api.stop(4000);
  assert.match(await stream.text(), /"state":"waiting"/);
  assert.equal(((await (await waiting).json()) as { state: string }).state, "waiting");
  assert.equal((await inLine).status, 404);
  await stopped;
});

test("cuts what does not end within its grace", async (t) => {
  const api = await startApi(t);
  const seen = Promise.withResolvers<void>();
  api.assay.script.inForce = () => {
    seen.resolve();
    return new Promise(() => undefined);
  };
  const hanging = assert.rejects(api.call(PATH));
  await seen.promise;
  const started = performance.now();
  await api.stop(200);
  assert.ok(performance.now() - started < 5000);
  await hanging;
});

test("drops no request of kept connections: each is answered, and told to close when the end is near", async (t) => {
  const api = await startApi(t);
  api.assay.script.inForce = (image) => Promise.resolve(judged(image));
  let answered = 0;
  const client = async (_: unknown, at: number): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let connection: string | undefined = "keep-alive";
    while (connection === "keep-alive") {
      const answer = await get(agent, `${api.url}${PATH}`);
      assert.equal(answer.status, 200);
      ({ connection } = answer);
      answered += 1;
      // Some ask without a pause, others now and then: the slowest is idle when the stop begins.
      await pause(at * 50);
    }
    assert.equal(connection, "close");
    agent.destroy();
  };
  const clients = Array.from({ length: 10 }, client);
  await pause(100);
  await Promise.all([api.stop(3000), ...clients]);
  assert.ok(answered > clients.length, `${answered} answers`);
});

test("answers a connection that was opened before the port closed and asks only after", async (t) => {
  const api = await startApi(t);
  const socket = open(api.url);
  const text = whole(socket);
  await pause(50);
  const stopped = api.stop(3000);
  await portCloses(api.url);
  socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  assert.match(await text, /^HTTP\/1\.1 200 .*\r\nconnection: close\r\n/is);
  await stopped;
});

test("times out a body that trickles", async (t) => {
  const api = await startApi(t);
  const { readBody } = await import("../../../src/api/body.ts");
  const { createServer } = await import("node:http");
  const server = createServer((req, res) => {
    void readBody(req, 100).then((body) => {
      const reply = body.kind === "refused" ? body.reply : undefined;
      res.writeHead(reply?.kind === "bytes" ? reply.status : 200, { connection: "close" }).end();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", () => resolve()));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
  assert.match(await raw(`http://127.0.0.1:${port}`, head), /^HTTP\/1\.1 408 /);
  assert.equal((await api.call("/healthz")).status, 200);
});
