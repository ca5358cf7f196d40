import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { createSafeFetch } from "../../../src/adapters/http/safe-fetch.ts";
import { createNotaryServer, type NotaryServerOptions } from "../../../src/adapters/notary/notary-server.ts";
import type { CredentialsProvider } from "../../../src/net/credentials.ts";
import type { NotaryServer } from "../../../src/ports/notary-server.ts";
import { issueCertificate } from "../../support/certificates.ts";
import type { PortCode } from "../../../src/domain/errors.ts";
import type { Fault } from "../../support/faults.ts";
import { isPortError } from "../../support/port-error.ts";
import { basic, type Account } from "../../support/registry-auth.ts";
import { NotaryHttp, type NotaryHttpOptions } from "../../support/signing/notary/http-server.ts";

const GUN = "registry.example.com:5000/shop/web";
const ROOT = Buffer.from('{"signed":{}}');
const ACCOUNT: Account = { username: "reader", password: "correct horse" };

const closing: (() => Promise<void>)[] = [];
after(() => Promise.all(closing.map((close) => close())));

async function serve(options: NotaryHttpOptions = {}): Promise<NotaryHttp> {
  const server = await NotaryHttp.start(options);
  server.collections.set(GUN, new Map([["root.json", ROOT]]));
  closing.push(() => server.close());
  return server;
}

/** A client that may ask these hosts in the clear. */
function clientFor(plain: readonly string[], options: Partial<NotaryServerOptions> = {}): NotaryServer {
  const fetch = createSafeFetch({ plainHttpHosts: plain });
  closing.push(() => fetch.close());
  return createNotaryServer({ fetch, plainHttpHosts: plain, retry: { baseMs: 1 }, timeoutMs: 3000, ...options });
}

type Asked = { readonly gun?: string; readonly file?: string; readonly limit?: number; readonly ca?: string };

async function ask(client: NotaryServer, url: string, asked: Asked = {}): Promise<string | undefined> {
  const { gun = GUN, file = "root.json", limit = 1000, ca } = asked;
  const bytes = await client.metadata({ server: url, ca, gun }, file, limit, new AbortController().signal);
  return bytes && Buffer.from(bytes).toString();
}

const accountFor =
  (host: string, asked: string[] = []): CredentialsProvider =>
  async (registry) => {
    asked.push(registry);
    return registry === host ? { kind: "password", ...ACCOUNT } : undefined;
  };

describe("the Notary client", { timeout: 60_000 }, () => {
  test("gives a file's bytes, and nothing for one that is not there", async () => {
    const server = await serve();
    const client = clientFor([server.host]);
    assert.equal(await ask(client, server.url), ROOT.toString());
    assert.equal(await ask(client, server.url, { file: "2.root.json" }), undefined);
    assert.equal(await ask(client, server.url, { gun: "registry.example.com/other" }), undefined);
    assert.equal(server.requests[0]?.path, `/v2/${GUN}/_trust/tuf/root.json`);
  });

  test("asks under the path of the server's URL", async () => {
    const server = await serve();
    await ask(clientFor([server.host]), `${server.url}/notary/`);
    assert.equal(server.requests[0]?.path, `/notary/v2/${GUN}/_trust/tuf/root.json`);
  });

  test("asks in the clear only hosts that are named for it", async () => {
    const server = await serve();
    await assert.rejects(ask(clientFor([]), server.url), isPortError("blocked-address", /not https/));
    assert.deepEqual(server.requests, []);
  });

  test("never asks for a name that leads out of its collection", async () => {
    const server = await serve();
    const client = clientFor([server.host]);
    for (const name of ["../x", "a/../b", "a//b", "", "/a", "a/", "a?b", "a#b", "a%2e%2e/b", "a b", "ä", "a\\b", "."]) {
      await assert.rejects(ask(client, server.url, { gun: name }), isPortError("malformed", /part of a URL/), name);
      await assert.rejects(ask(client, server.url, { file: name }), isPortError("malformed", /part of a URL/), name);
    }
    for (const url of ["not a url", "https://user:pw@127.0.0.1/", "https://127.0.0.1/?a=b"]) {
      await assert.rejects(ask(client, url), isPortError("malformed", /URL cannot be used/));
    }
    assert.deepEqual(server.requests, []);
  });

  test("trusts a certificate authority for the server it is given for, and for no other", async () => {
    const [own, other] = [issueCertificate(), issueCertificate()];
    const server = await serve({ tls: own });
    const client = clientFor([]);
    assert.equal(await ask(client, server.url, { ca: own.ca }), ROOT.toString());
    for (const ca of [undefined, other.ca]) {
      await assert.rejects(
        ask(client, server.url, ca === undefined ? {} : { ca }),
        isPortError("unreachable", /TLS certificate is not accepted/),
      );
    }
  });

  const FAULTS: readonly (readonly [string, Fault, PortCode, RegExp])[] = [
    ["refuses", { kind: "status", status: 403 }, "unauthorized", /answered 403: check/],
    ["fails", { kind: "status", status: 500 }, "server-error", /answered 500/],
    ["is busy", { kind: "status", status: 429, headers: { "retry-after": "3600" } }, "rate-limited", /429/],
    ["sends elsewhere", { kind: "redirect", to: "https://example.com/" }, "unsupported", /redirects are not followed/],
    ["answers oddly", { kind: "status", status: 204 }, "malformed", /answered 204/],
    ["forbids the method", { kind: "status", status: 405 }, "unsupported", /answered 405/],
    ["compresses", { kind: "headers", headers: { "content-encoding": "gzip" } }, "unsupported", /content coding/],
    ["is silent", { kind: "silence" }, "timeout", /no whole answer within/],
    ["drips", { kind: "drip", everyMs: 500 }, "timeout", /no whole answer within/],
    ["never ends", { kind: "endless" }, "too-large", /larger than/],
  ];
  for (const [how, fault, code, detail] of FAULTS) {
    test(`says so when the server ${how}, and gives nothing`, async () => {
      const server = await serve();
      server.faults.push(...Array.from({ length: 8 }, () => fault));
      const client = clientFor([server.host], { timeoutMs: 600 });
      await assert.rejects(ask(client, server.url), isPortError(code, detail));
    });
  }

  test("takes no file that is larger than asked for", async () => {
    const server = await serve();
    await assert.rejects(ask(clientFor([server.host]), server.url, { limit: 5 }), isPortError("too-large", /5 bytes/));
  });

  test("tries again after a connection that broke and an answer that says later", async () => {
    const server = await serve();
    server.faults.push({ kind: "reset" }, { kind: "status", status: 503 });
    assert.equal(await ask(clientFor([server.host]), server.url), ROOT.toString());
  });

  test("is told at once that nobody listens", async () => {
    const server = await serve();
    const { url, host } = server;
    await server.close();
    closing.pop();
    await assert.rejects(ask(clientFor([host]), url), isPortError("unreachable", /ECONNREFUSED/));
  });

  test("stops when it is no longer wanted", async () => {
    const server = await serve();
    server.faults.push({ kind: "silence" });
    const asking = clientFor([server.host]).metadata(
      { server: server.url, ca: undefined, gun: GUN },
      "root.json",
      1000,
      AbortSignal.timeout(50),
    );
    await assert.rejects(asking, isPortError("timeout"));
  });
});

describe("an account for a Notary server", { timeout: 60_000 }, () => {
  test("is proved with its password where that is asked for", async () => {
    const server = await serve({ auth: { kind: "basic", account: ACCOUNT } });
    const client = clientFor([server.host], { credentials: accountFor(server.host) });
    assert.equal(await ask(client, server.url), ROOT.toString());
    assert.equal(await ask(client, server.url), ROOT.toString());
    assert.equal(server.requests.length, 3, "the second time unasked");
  });

  test("is exchanged for a token of the collection, which is used again", async () => {
    const server = await serve({ auth: { kind: "bearer", account: ACCOUNT } });
    const client = clientFor([server.host], { credentials: accountFor(server.host) });
    assert.equal(await ask(client, server.url), ROOT.toString());
    assert.equal(await ask(client, server.url, { file: "2.root.json" }), undefined);
    assert.deepEqual(
      server.requests.map(({ path }) => path.split("/").at(-1)),
      ["root.json", "token", "root.json", "2.root.json"],
    );
    assert.equal(server.requests[1]?.authorization, basic(ACCOUNT));
    assert.match(server.requests[2]?.authorization ?? "", /^Bearer /);
  });

  test("is asked for by the server's own host and port, whatever the collection is named after", async () => {
    const server = await serve({ auth: { kind: "basic", account: ACCOUNT } });
    const asked: string[] = [];
    const client = clientFor([server.host], { credentials: accountFor("registry.example.com:5000", asked) });
    await assert.rejects(ask(client, server.url), isPortError("unauthorized", /asks for a password and none/));
    assert.deepEqual(asked, [server.host]);
    assert.ok(server.requests.every(({ authorization }) => authorization === undefined));
  });

  test("that is wrong is refused, and not tried for ever", async () => {
    const server = await serve({ auth: { kind: "bearer", account: { ...ACCOUNT, password: "other" } } });
    const client = clientFor([server.host], { credentials: accountFor(server.host) });
    await assert.rejects(ask(client, server.url), isPortError("unauthorized", /token server .* answered 401/));
    assert.equal(server.requests.length, 2);
  });

  const REALMS: readonly (readonly [string, string])[] = [
    ["on another host in the clear", "http://127.0.0.2:9/token"],
    ["of a cloud's metadata service", "https://169.254.169.254/token"],
    ["on another port of loopback", "https://127.0.0.1:9/token"],
    ["that is no URL", "token"],
  ];
  for (const [where, realm] of REALMS) {
    test(`is not sent to a token server ${where}`, async () => {
      const server = await serve({ auth: { kind: "bearer", account: ACCOUNT, realm } });
      const client = clientFor([server.host], { credentials: accountFor(server.host) });
      await assert.rejects(ask(client, server.url), isPortError(realm === "token" ? "malformed" : "blocked-address"));
    });
  }

  test("is sent to a token server on another host that the operator listed", async () => {
    const tokens = await serve({ auth: { kind: "bearer", account: ACCOUNT } });
    const auth = { kind: "bearer", account: ACCOUNT, realm: `${tokens.url}/token` } as const;
    const server = await serve({ auth });
    // Tokens of the one are good at the other.
    Object.assign(server, { gate: tokens.gate });
    Object.defineProperty(tokens.gate, "auth", { value: auth });
    const client = clientFor([server.host, tokens.host], { credentials: accountFor(server.host) });
    assert.equal(await ask(client, server.url), ROOT.toString());
    assert.deepEqual(
      tokens.requests.map(({ path }) => path),
      ["/token"],
    );
  });

  test("does not follow a redirect to another host", async () => {
    const elsewhere = await serve();
    const server = await serve({ auth: { kind: "basic", account: ACCOUNT } });
    const client = clientFor([server.host, elsewhere.host], { credentials: accountFor(server.host) });
    await ask(client, server.url);
    server.faults.push({ kind: "redirect", to: `${elsewhere.url}/v2/${GUN}/_trust/tuf/root.json` });
    await assert.rejects(ask(client, server.url), isPortError("unsupported", /redirects/));
    assert.deepEqual(elsewhere.requests, []);
  });
});
