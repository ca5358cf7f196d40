import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { after, describe, test } from "node:test";

import { createSafeFetch, type SafeFetchOptions } from "../../../src/adapters/http/safe-fetch.ts";
import type { SafeFetchRequest } from "../../../src/ports/safe-fetch.ts";
import type { Resolve } from "../../../src/net/connector.ts";
import { isPortError } from "../../support/port-error.ts";
import { issueCertificate } from "../../support/certificates.ts";

const closing: (() => unknown)[] = [];
after(() => Promise.all(closing.map((close) => close())));

async function serve(
  listener: RequestListener,
  tls?: { readonly cert: string; readonly key: string },
): Promise<number> {
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function fetchWith(options: SafeFetchOptions = {}) {
  const fetch = createSafeFetch(options);
  closing.push(() => fetch.close());
  return (url: string, request: Partial<SafeFetchRequest> = {}) =>
    fetch({
      url,
      method: "GET",
      headers: {},
      body: undefined,
      limit: 1024,
      timeoutMs: 2000,
      signal: new AbortController().signal,
      trustedHosts: [],
      ...request,
    });
}

describe("the safe fetch", { timeout: 30_000 }, () => {
  test("fetches from a host that the request trusts", async () => {
    const port = await serve((request, response) => response.end(`${request.method} ${request.url}`));
    const fetch = fetchWith();
    const answer = await fetch(`http://127.0.0.1:${port}/a?b=c`, { trustedHosts: [`127.0.0.1:${port}`] });
    assert.equal(answer.status, 200);
    assert.equal(Buffer.from(answer.bytes).toString(), "GET /a?b=c");
  });

  test("posts a body", async () => {
    const port = await serve((request, response) => void request.pipe(response));
    const fetch = fetchWith({ plainHttpHosts: [`127.0.0.1:${port}`] });
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "a=b" });
    assert.equal(Buffer.from(answer.bytes).toString(), "a=b");
  });

  test("refuses private addresses before connecting", async () => {
    let asked = 0;
    const port = await serve((_request, response) => {
      asked += 1;
      response.end();
    });
    const fetch = fetchWith();
    const hosts = ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "localhost", "2130706433", "0x7f.1", "127.1"];
    for (const host of hosts) {
      await assert.rejects(fetch(`https://${host}:${port}/`), isPortError("blocked-address"), host);
      await assert.rejects(fetch(`http://${host}:${port}/`), isPortError("blocked-address"), host);
    }
    assert.equal(asked, 0);
  });

  test("refuses a private address even where content proves itself", async () => {
    const port = await serve((_request, response) => void response.end());
    const asked = fetchWith()(`http://127.0.0.1:${port}/crl`, { signedContent: true });
    await assert.rejects(asked, isPortError("blocked-address"));
  });

  test("judges the address of the connection, not of an earlier look-up", async () => {
    const tls = issueCertificate(["DNS:rebound.test"]);
    const port = await serve((_request, response) => void response.end("inside"), tls);
    let lookups = 0;
    const resolve: Resolve = (_host, done) => {
      lookups += 1;
      done(null, [{ address: lookups === 1 ? "203.0.113.1" : "127.0.0.1", family: 4 }]);
    };
    const fetch = fetchWith({ resolve, ca: [tls.ca] });
    for (let tries = 0; tries < 3; tries += 1) {
      await assert.rejects(fetch(`https://rebound.test:${port}/`), isPortError("blocked-address"));
    }
    assert.equal(lookups, 3);
  });

  test("refuses a name that has a private address among public ones", async () => {
    const resolve: Resolve = (_host, done) =>
      done(null, [
        { address: "8.8.8.8", family: 4 },
        { address: "169.254.169.254", family: 4 },
      ]);
    await assert.rejects(fetchWith({ resolve })("https://mixed.test/"), isPortError("blocked-address"));
  });

  test("does not lend a trusted connection to a request that trusts nobody", async () => {
    const tls = issueCertificate();
    const port = await serve((_request, response) => void response.end(), tls);
    const fetch = fetchWith({ ca: [tls.ca] });
    assert.equal((await fetch(`https://127.0.0.1:${port}/`, { trustedHosts: [`127.0.0.1:${port}`] })).status, 200);
    await assert.rejects(fetch(`https://127.0.0.1:${port}/`), isPortError("blocked-address"));
  });

  test("refuses a certificate of an unknown authority, whatever the environment says", async () => {
    const tls = issueCertificate();
    const port = await serve((_request, response) => void response.end(), tls);
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      const fetch = fetchWith({ trustedHosts: [`127.0.0.1:${port}`] });
      await assert.rejects(fetch(`https://127.0.0.1:${port}/`), isPortError("unreachable"));
    } finally {
      delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    }
  });

  test("refuses a certificate for another name", async () => {
    const tls = issueCertificate(["DNS:other.test"]);
    const port = await serve((_request, response) => void response.end(), tls);
    const fetch = fetchWith({ ca: [tls.ca], trustedHosts: [`127.0.0.1:${port}`] });
    await assert.rejects(fetch(`https://127.0.0.1:${port}/`), isPortError("unreachable"));
  });

  test("hands a redirect back instead of following it", async () => {
    const port = await serve(
      (_request, response) => void response.writeHead(302, { location: "http://127.0.0.1/" }).end(),
    );
    const answer = await fetchWith({ plainHttpHosts: [`127.0.0.1:${port}`] })(`http://127.0.0.1:${port}/`);
    assert.equal(answer.status, 302);
    assert.equal(answer.headers["location"], "http://127.0.0.1/");
  });

  test("uses no proxy of the environment", async () => {
    const port = await serve((_request, response) => void response.end("direct"));
    process.env["http_proxy"] = "http://127.0.0.1:1";
    try {
      const answer = await fetchWith({ plainHttpHosts: [`127.0.0.1:${port}`] })(`http://127.0.0.1:${port}/`);
      assert.equal(Buffer.from(answer.bytes).toString(), "direct");
    } finally {
      delete process.env["http_proxy"];
    }
  });

  test("ends at the byte limit, at the deadline and at the caller's wish", async () => {
    const port = await serve((request, response) => {
      if (request.url === "/slow") return void response.write("x");
      const pump = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(4096))) continue;
      };
      response.on("drain", pump);
      return pump();
    });
    const fetch = fetchWith({ plainHttpHosts: [`127.0.0.1:${port}`] });
    await assert.rejects(fetch(`http://127.0.0.1:${port}/endless`), isPortError("too-large"));
    await assert.rejects(fetch(`http://127.0.0.1:${port}/slow`, { timeoutMs: 100 }), isPortError("timeout"));
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    await assert.rejects(fetch(`http://127.0.0.1:${port}/slow`, { signal: controller.signal }), isPortError("aborted"));
  });

  test("refuses a content coding", async () => {
    const port = await serve((request, response) => {
      assert.equal(request.headers["accept-encoding"], "identity");
      response.writeHead(200, { "content-encoding": "gzip" }).end("x");
    });
    const fetch = fetchWith({ plainHttpHosts: [`127.0.0.1:${port}`] });
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`), isPortError("unsupported"));
  });

  test("refuses what is no URL, carries credentials, or speaks another scheme", async () => {
    const fetch = fetchWith();
    await assert.rejects(fetch("not a url"), isPortError("malformed"));
    await assert.rejects(fetch("https://user:secret@example.com/"), (error: Error) => {
      assert.doesNotMatch(error.message, /secret/);
      return isPortError("malformed")(error);
    });
    for (const url of ["file:///etc/passwd", "ftp://example.com/", "http://example.com/", "data:,x"]) {
      await assert.rejects(fetch(url), isPortError("blocked-address"), url);
    }
  });

  test("says unreachable for a name that does not exist and a port that is closed", async () => {
    const resolve: Resolve = (_host, done) =>
      done(Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }), []);
    await assert.rejects(fetchWith({ resolve })("https://nowhere.test/"), isPortError("unreachable"));
    const fetch = fetchWith({ trustedHosts: ["127.0.0.1:1"] });
    await assert.rejects(fetch("https://127.0.0.1:1/"), isPortError("unreachable"));
  });

  test("keeps queries out of messages", async () => {
    const asked = fetchWith()("https://127.0.0.1/token?secret=hunter2");
    await assert.rejects(asked, (error: Error) => !error.message.includes("hunter2"));
  });
});
