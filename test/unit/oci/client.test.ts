import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, test } from "node:test";

import { createRegistryClient } from "../../../src/adapters/oci/client.ts";
import type { RegistryClientOptions } from "../../../src/adapters/oci/options.ts";
import type { RequestReport } from "../../../src/net/request-report.ts";
import { InputError } from "../../../src/domain/errors.ts";
import { MAX_REFERRERS } from "../../../src/domain/manifest.ts";
import type { ImageSource } from "../../../src/ports/image-source.ts";
import { isPortError } from "../../support/port-error.ts";
import { issueCertificate } from "../../support/certificates.ts";
import { collect } from "../../support/collect.ts";
import { putImage, putReferrer, putReferrersTag, type PutImage } from "../../support/image-builder.ts";
import { digestReference, repositoryAt, tagReference } from "../../support/references.ts";
import { openRegistryClient } from "../../support/registry-client.ts";
import { TestRegistry, type TestRegistryOptions } from "../../support/registry.ts";
import type { Account } from "../../support/registry-auth.ts";

const never = new AbortController().signal;
const PATH = "shop/web";
const ACCOUNT: Account = { username: "bot", password: "hunter2", identityToken: "refresh-hunter2" };
const closing: (() => unknown)[] = [];
after(() => Promise.all(closing.map((close) => close())));

async function start(
  options: TestRegistryOptions = {},
): Promise<{ readonly registry: TestRegistry; readonly image: PutImage }> {
  const registry = await TestRegistry.start(options);
  closing.push(() => registry.close());
  return { registry, image: await putImage(registry, PATH, { tags: ["v1"] }) };
}

function clientOf(registry: TestRegistry, options: Partial<RegistryClientOptions> = {}): ImageSource {
  const client = openRegistryClient({ plainHttpHosts: [registry.host], ...options });
  closing.push(() => client.close());
  return client;
}

function resolve(source: ImageSource, registry: TestRegistry, tag = "v1") {
  return source.resolve(tagReference(registry.repository(PATH), tag), never);
}

/** A host that records what reaches it, and answers as told. */
async function startOther(status = 200, headers: Record<string, string> = {}, body: Uint8Array = Buffer.alloc(0)) {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((done) => {
    server.listen(0, "127.0.0.1", done);
  });
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { seen, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe("what a look costs", { timeout: 30_000 }, () => {
  test("one GET for a tag, one for a digest, one HEAD for a head, and one connection for all", async () => {
    const { registry, image } = await start();
    const reports: RequestReport[] = [];
    const source = clientOf(registry, { onRequest: (report) => reports.push(report), connections: 1 });
    await resolve(source, registry);
    await source.resolve(digestReference(registry.repository(PATH), image.descriptor.digest), never);
    for (let times = 0; times < 20; times += 1) {
      await source.head(tagReference(registry.repository(PATH), "v1"), never);
      await source.head(tagReference(registry.repository(PATH), "absent"), never);
    }
    assert.deepEqual(
      registry
        .seen()
        .slice(0, 3)
        .map(({ method }) => method),
      ["GET", "GET", "HEAD"],
    );
    assert.equal(registry.requests.length, 42);
    assert.equal(registry.connections, 1);
    assert.equal(reports.length, 42);
    const { ms, ...first } = reports[0] ?? assert.fail();
    assert.deepEqual(first, { method: "GET", host: registry.host, kind: "manifest", status: 200 });
    assert.ok(ms >= 0);
  });

  test("two requests for referrers without the API, one once that is known", async () => {
    const { registry, image } = await start({ referrersApi: false });
    const source = clientOf(registry);
    const none = await source.referrers(registry.repository(PATH), image.descriptor.digest, never);
    assert.deepEqual(none, { via: "referrers-tag", descriptors: [] });
    assert.equal(registry.requests.length, 2);
    await source.referrers(registry.repository(PATH), image.descriptor.digest, never);
    assert.equal(registry.requests.length, 3);
  });

  test("a registry's 404 about one repository is not taken for a missing API", async () => {
    const { registry, image } = await start();
    const source = clientOf(registry);
    const repository = registry.repository(PATH);
    const body = JSON.stringify({ errors: [{ code: "NAME_UNKNOWN", message: "repository name not known" }] });
    registry.break({ kind: "referrers" }, { kind: "status", status: 404, body }, 1);
    assert.equal((await source.referrers(repository, image.descriptor.digest, never)).via, "referrers-tag");
    assert.equal((await source.referrers(repository, image.descriptor.digest, never)).via, "referrers-api");
  });

  test("one token for many concurrent questions of one repository, none once it is known", async () => {
    const { registry, image } = await start({ auth: { kind: "bearer", account: ACCOUNT } });
    const source = clientOf(registry, { credentials: async () => ({ kind: "password", ...ACCOUNT }) });
    const questions = Array.from({ length: 30 }, () => resolve(source, registry));
    for (const document of await Promise.all(questions)) assert.deepEqual(document?.descriptor, image.descriptor);
    assert.equal(registry.seen({ kind: "token" }).length, 1);
    registry.forget();
    await resolve(source, registry);
    assert.equal(registry.requests.length, 1);
  });

  test("a password once refused unasked is sent at once for every repository of that registry", async () => {
    const { registry } = await start({ auth: { kind: "basic", account: ACCOUNT } });
    await putImage(registry, "other", { tags: ["v1"] });
    const source = clientOf(registry, { credentials: async () => ({ kind: "password", ...ACCOUNT }) });
    await resolve(source, registry);
    registry.forget();
    await source.resolve(tagReference(registry.repository("other"), "v1"), never);
    assert.deepEqual(
      registry.requests.map(({ status }) => status),
      [200],
    );
  });
});

describe("authentication", { timeout: 30_000 }, () => {
  test("exchanges an identity token, which the registry never sees", async () => {
    const { registry } = await start({ auth: { kind: "bearer", account: ACCOUNT } });
    const source = clientOf(registry, {
      credentials: async () => ({ kind: "identity-token", token: "refresh-hunter2" }),
    });
    assert.ok(await resolve(source, registry));
    assert.deepEqual(
      registry.seen({ kind: "token" }).map(({ method }) => method),
      ["POST"],
    );
    for (const { headers, path } of registry.requests) assert.doesNotMatch(JSON.stringify([headers, path]), /hunter2/);
  });

  test("gets a new token when the old one is no longer accepted", async () => {
    const { registry } = await start({ auth: { kind: "bearer" } });
    const source = clientOf(registry);
    await resolve(source, registry);
    registry.gate.revokeAll();
    assert.ok(await resolve(source, registry));
    assert.equal(registry.seen({ kind: "token" }).length, 2);
  });

  test("drops a token before it ends", async () => {
    const { registry } = await start({ auth: { kind: "bearer", lifetime: 0.2 } });
    const source = clientOf(registry);
    await resolve(source, registry);
    await new Promise((done) => setTimeout(done, 160));
    registry.forget();
    assert.ok(await resolve(source, registry));
    assert.deepEqual(
      registry.requests.map(({ status }) => status),
      [401, 200, 200],
    );
  });

  test("authenticates once, then says unauthorized", async () => {
    const { registry } = await start({ auth: { kind: "bearer" } });
    const source = clientOf(registry);
    registry.break(
      { kind: "manifest" },
      { kind: "status", status: 401, headers: { "www-authenticate": `Bearer realm="${registry.url}/token"` } },
    );
    await assert.rejects(resolve(source, registry), isPortError("unauthorized"));
    assert.equal(registry.seen({ kind: "manifest" }).length, 2);
    assert.equal(registry.seen({ kind: "token" }).length, 1);
  });

  test("says unauthorized for a wrong password, no password and an unknown scheme, without the password", async () => {
    const { registry } = await start({ auth: { kind: "basic", account: ACCOUNT } });
    const wrong = clientOf(registry, {
      credentials: async () => ({ kind: "password", username: "bot", password: "hunter3" }),
    });
    await assert.rejects(resolve(wrong, registry), (error: Error) => {
      assert.doesNotMatch(error.message, /hunter3|aHVudGVy|Basic /);
      return isPortError("unauthorized")(error);
    });
    await assert.rejects(resolve(clientOf(registry), registry), isPortError("unauthorized"));
    registry.break({ kind: "manifest" }, { kind: "status", status: 401, headers: { "www-authenticate": "Negotiate" } });
    await assert.rejects(resolve(wrong, registry), isPortError("unauthorized"));
  });

  test("does not ask as nobody when an account is configured and cannot be had", async () => {
    const { registry } = await start({ auth: { kind: "bearer" } });
    const credentials = async (): Promise<never> => {
      throw new InputError("credentials", "config.json is broken");
    };
    await assert.rejects(resolve(clientOf(registry, { credentials }), registry), isPortError("unauthorized"));
    assert.equal(registry.seen({ kind: "token" }).length, 0);
  });

  test("lets one caller give up without taking the token from the others", async () => {
    const { registry } = await start({ auth: { kind: "bearer" } });
    registry.break({ kind: "token" }, { kind: "delay", ms: 100 });
    const source = clientOf(registry);
    const controller = new AbortController();
    const given = source.resolve(tagReference(registry.repository(PATH), "v1"), controller.signal);
    const kept = resolve(source, registry);
    setTimeout(() => controller.abort(), 30);
    await assert.rejects(given, isPortError("aborted"));
    assert.ok(await kept);
    assert.equal(registry.seen({ kind: "token" }).length, 1);
  });

  test("takes no token from a realm that is private, plain or elsewhere, and sends no password there", async () => {
    const other = await startOther(200, {}, Buffer.from('{"token":"stolen"}'));
    const realms = [
      `http://${other.host}/token`,
      `https://${other.host}/token`,
      "http://169.254.169.254/token",
      "https://169.254.169.254/token",
      "http://[::1]/token",
      "https://[::1]/token",
      "http://0.0.0.0/token",
      "https://[::ffff:127.0.0.1]/token",
      "https://localhost/token",
    ];
    for (const realm of realms) {
      const { registry } = await start({ auth: { kind: "bearer", realm } });
      const source = clientOf(registry, { credentials: async () => ({ kind: "password", ...ACCOUNT }) });
      await assert.rejects(resolve(source, registry), isPortError("blocked-address"), realm);
    }
    assert.equal(other.seen.length, 0);
  });

  test("follows no redirect of the token server", async () => {
    const other = await startOther(200, {}, Buffer.from('{"token":"stolen"}'));
    const { registry } = await start({ auth: { kind: "bearer" } });
    registry.break({ kind: "token" }, { kind: "redirect", to: `http://${other.host}/token` });
    const source = clientOf(registry, { plainHttpHosts: [registry.host, other.host] });
    await assert.rejects(resolve(source, registry), isPortError("unsupported"));
    assert.equal(other.seen.length, 0);
  });

  test("takes a token from another port that the operator listed", async () => {
    const tokens = await TestRegistry.start();
    closing.push(() => tokens.close());
    const { registry } = await start({ auth: { kind: "bearer", realm: `${tokens.url}/token` } });
    tokens.answerTokensOf(registry.gate);
    const source = clientOf(registry, { plainHttpHosts: [registry.host, tokens.host] });
    assert.ok(await resolve(source, registry));
    assert.equal(tokens.seen({ kind: "token" }).length, 1);
  });

  test("asks Docker Hub's credentials under its own name", async () => {
    const asked: string[] = [];
    const { registry } = await start({ auth: { kind: "basic", account: ACCOUNT } });
    const credentials: RegistryClientOptions["credentials"] = async (name) => {
      asked.push(name);
      return undefined;
    };
    await assert.rejects(resolve(clientOf(registry, { credentials }), registry), isPortError("unauthorized"));
    assert.deepEqual(asked, [registry.host]);
  });
});

describe("redirects", { timeout: 30_000 }, () => {
  test("of a blob lead to another host without credentials", async () => {
    const { registry, image } = await start({ auth: { kind: "basic", account: ACCOUNT } });
    const other = await startOther(200, {}, image.config.bytes);
    registry.break({ kind: "blob" }, { kind: "redirect", to: `http://${other.host}/blob?signed=1` });
    const source = clientOf(registry, {
      plainHttpHosts: [registry.host, other.host],
      credentials: async () => ({ kind: "password", ...ACCOUNT }),
    });
    await resolve(source, registry);
    const document = await source.blob(registry.repository(PATH), image.config.descriptor, 4096, never);
    assert.deepEqual(Buffer.from(document?.bytes ?? []), image.config.bytes);
    assert.ok(registry.seen({ kind: "blob" }).some(({ headers }) => headers.authorization !== undefined));
    assert.equal(other.seen[0]?.headers.authorization, undefined);
  });

  test("answered by 401 there get no credentials either", async () => {
    const { registry, image } = await start({ auth: { kind: "basic", account: ACCOUNT } });
    for (const challenge of ['Basic realm="give me"', `Bearer realm="${registry.url}/token",service="x"`]) {
      const other = await startOther(401, { "www-authenticate": challenge });
      const mend = registry.break({ kind: "blob" }, { kind: "redirect", to: `http://${other.host}/` });
      const source = clientOf(registry, {
        plainHttpHosts: [registry.host, other.host],
        credentials: async () => ({ kind: "password", ...ACCOUNT }),
      });
      await resolve(source, registry);
      const asked = source.blob(registry.repository(PATH), image.config.descriptor, 4096, never);
      await assert.rejects(asked, isPortError("unauthorized"));
      assert.deepEqual(
        other.seen.map(({ headers }) => headers.authorization),
        [undefined],
      );
      mend();
    }
  });

  test("by way of another host back to the registry have lost the credentials", async () => {
    const { registry, image } = await start({ auth: { kind: "basic", account: ACCOUNT } });
    const back = `${registry.url}/v2/${PATH}/blobs/${image.config.descriptor.digest}?again`;
    const other = await startOther(302, { location: back });
    const source = clientOf(registry, {
      plainHttpHosts: [registry.host, other.host],
      credentials: async () => ({ kind: "password", ...ACCOUNT }),
    });
    await resolve(source, registry);
    registry.forget();
    registry.break({ kind: "blob" }, { kind: "redirect", to: `http://${other.host}/` }, 1);
    const asked = source.blob(registry.repository(PATH), image.config.descriptor, 4096, never);
    await assert.rejects(asked, isPortError("unauthorized"));
    assert.deepEqual(
      registry.requests.map(({ headers }) => headers.authorization === undefined),
      [false, true],
    );
  });

  test("of a manifest stay on the registry", async () => {
    const { registry, image } = await start();
    const other = await startOther(200, { "content-type": image.descriptor.mediaType }, image.bytes);
    registry.break({ kind: "manifest" }, { kind: "redirect", to: `http://${other.host}/` }, 1);
    const source = clientOf(registry, { plainHttpHosts: [registry.host, other.host] });
    await assert.rejects(resolve(source, registry), isPortError("blocked-address"));
    registry.break({ kind: "manifest", reference: "v1" }, { kind: "redirect", to: `./${image.descriptor.digest}` }, 1);
    assert.deepEqual((await resolve(source, registry))?.descriptor, image.descriptor);
    assert.equal(other.seen.length, 0);
  });

  test("never lead from https to http, listed or not", async () => {
    const tls = issueCertificate();
    const { registry, image } = await start({ tls });
    const other = await startOther(200, {}, image.config.bytes);
    registry.break({ kind: "blob" }, { kind: "redirect", to: `http://${other.host}/` });
    const source = clientOf(registry, { plainHttpHosts: [other.host], trustedHosts: [registry.host], ca: [tls.ca] });
    const asked = source.blob(registry.repository(PATH), image.config.descriptor, 4096, never);
    await assert.rejects(asked, isPortError("blocked-address"));
    assert.equal(other.seen.length, 0);
  });
});

describe("hosts", { timeout: 30_000 }, () => {
  test("that are private and not listed are not connected to", async () => {
    const { registry } = await start();
    const source = clientOf(registry, { plainHttpHosts: [] });
    await assert.rejects(resolve(source, registry), isPortError("blocked-address"));
    for (const host of ["localhost", "registry.local", "169.254.169.254", "[::1]:5000", "0.0.0.0:80"]) {
      const reference = tagReference(repositoryAt(host, PATH), "v1");
      const resolved = {
        resolve: (_name: string, done: (error: null, found: { address: string; family: number }[]) => void) =>
          done(null, [{ address: "127.0.0.1", family: 4 }]),
      };
      await assert.rejects(
        clientOf(registry, resolved).resolve(reference, never),
        isPortError("blocked-address"),
        host,
      );
    }
    assert.equal(registry.requests.length, 0);
  });

  test("on an IPv6 address are reached if listed", async () => {
    const { registry, image } = await start({ address: "::1" });
    assert.match(registry.host, /^\[::1\]:\d+$/);
    assert.deepEqual((await resolve(clientOf(registry), registry))?.descriptor, image.descriptor);
    await assert.rejects(resolve(clientOf(registry, { plainHttpHosts: [] }), registry), isPortError("blocked-address"));
  });

  test("that are listed for plain HTTP are so on that port only", async () => {
    const { registry } = await start();
    const source = clientOf(registry, { plainHttpHosts: ["127.0.0.1", "127.0.0.1:1"] });
    await assert.rejects(resolve(source, registry), isPortError("blocked-address"));
  });

  test("whose certificate has expired, is for another name or by nobody known are unreachable", async () => {
    const good = issueCertificate();
    const other = issueCertificate(["DNS:other.test"]);
    const expired = issueCertificate(["IP:127.0.0.1"], -1);
    for (const [tls, ca] of [
      [good, []],
      [other, [other.ca]],
      [expired, [expired.ca]],
    ] as const) {
      const { registry } = await start({ tls });
      const source = clientOf(registry, { plainHttpHosts: [], trustedHosts: [registry.host], ca });
      await assert.rejects(resolve(source, registry), (error: Error) => {
        assert.match(error.message, /TLS certificate is not accepted/);
        return isPortError("unreachable")(error);
      });
      assert.equal(registry.requests.length, 0);
    }
  });

  test("of Docker Hub's references are asked where its API is", async () => {
    const asked: string[] = [];
    const source = openRegistryClient({
      resolve: (host, done) => {
        asked.push(host);
        done(null, [{ address: "127.0.0.1", family: 4 }]);
      },
    });
    const hub = tagReference(repositoryAt("docker.io", "library/alpine"), "latest");
    await assert.rejects(source.resolve(hub, never), isPortError("blocked-address"));
    assert.deepEqual(asked, ["registry-1.docker.io"]);
    await source.close();
  });

  test("and paths that are no such thing are refused before anything is sent", async () => {
    const { registry } = await start();
    const source = clientOf(registry);
    for (const path of ["../../admin", "a/../b", "a//b", "A", "a b", "a?x", "a#x", "a%2fb", "", "a\r\nb"]) {
      const reference = tagReference(repositoryAt(registry.host, path), "v1");
      await assert.rejects(source.resolve(reference, never), InputError, path);
    }
    for (const host of ["user@evil.test", "evil.test/x", "evil.test?x", ""]) {
      await assert.rejects(source.resolve(tagReference(repositoryAt(host, PATH), "v1"), never), InputError, host);
    }
    assert.equal(registry.requests.length, 0);
  });

  test("listed in a way that is no host are refused at once", () => {
    const fetch = async (): Promise<never> => assert.fail();
    assert.throws(() => createRegistryClient({ fetch, plainHttpHosts: ["http://a.test"] }), InputError);
  });
});

describe("content", { timeout: 30_000 }, () => {
  test("of a tag that moves between two looks is what each look found", async () => {
    const { registry, image } = await start();
    const moved = await putImage(registry, PATH, { config: { author: "other" } });
    const source = clientOf(registry);
    for (const expected of [image, moved, image, moved]) {
      registry.tag(PATH, "v1", expected.descriptor.digest);
      const document = await resolve(source, registry);
      assert.deepEqual(document?.descriptor, expected.descriptor);
      assert.deepEqual(Buffer.from(document.bytes), expected.bytes);
    }
  });

  test("under a digest that is not its own is refused", async () => {
    const { registry, image } = await start();
    const forged = Buffer.from(JSON.stringify({ schemaVersion: 2, forged: true }));
    registry.content.putManifest(PATH, forged, image.descriptor.mediaType, image.descriptor.digest);
    registry.content.putBlob(PATH, Buffer.alloc(image.config.bytes.byteLength, "x"), image.config.descriptor.digest);
    const source = clientOf(registry);
    const repository = registry.repository(PATH);
    await assert.rejects(source.manifest(repository, image.descriptor.digest, never), isPortError("digest-mismatch"));
    await assert.rejects(resolve(source, registry), isPortError("digest-mismatch"));
    await assert.rejects(source.blob(repository, image.config.descriptor, 4096, never), isPortError("digest-mismatch"));
  });

  test("that is a genuine document, but not the one asked for, is refused", async () => {
    const { registry, image } = await start();
    const other = await putImage(registry, PATH, { config: { author: "other" } });
    const type = { "content-type": other.descriptor.mediaType };
    const body = Buffer.from(other.bytes).toString("utf8");
    const source = clientOf(registry);
    for (const headers of [type, { ...type, "docker-content-digest": other.descriptor.digest }]) {
      const mend = registry.break({ kind: "manifest" }, { kind: "status", status: 200, headers, body });
      const asked = source.manifest(registry.repository(PATH), image.descriptor.digest, never);
      await assert.rejects(asked, isPortError("digest-mismatch"));
      const reference = digestReference(registry.repository(PATH), image.descriptor.digest);
      await assert.rejects(source.resolve(reference, never), isPortError("digest-mismatch"));
      mend();
    }
  });

  test("of a forged layer is never delivered whole", async () => {
    const { registry } = await start();
    const layer = Buffer.alloc(1_000_000, "layer");
    const image = await putImage(registry, PATH, { layers: [layer] });
    const [{ descriptor } = assert.fail()] = image.layers;
    const forged = Buffer.from(layer);
    forged[10] = 0;
    registry.content.putBlob(PATH, forged, descriptor.digest);
    const stream = await clientOf(registry).stream(registry.repository(PATH), descriptor, never);
    let delivered = 0;
    const read = async (): Promise<void> => {
      for await (const chunk of stream ?? assert.fail()) delivered += chunk.byteLength;
    };
    await assert.rejects(read(), isPortError("digest-mismatch"));
    assert.ok(delivered > 0 && delivered < layer.byteLength);
  });

  test("of an endless layer ends at the first byte too many", async () => {
    const { registry, image } = await start();
    const [{ descriptor } = assert.fail()] = image.layers;
    registry.break({ kind: "blob" }, { kind: "endless" });
    const stream = await clientOf(registry).stream(registry.repository(PATH), descriptor, never);
    await assert.rejects(collect(stream ?? assert.fail()), isPortError("digest-mismatch"));
  });

  test("of a layer with foreign urls comes from the registry or not at all", async () => {
    const { registry, image } = await start();
    const [{ descriptor } = assert.fail()] = image.layers;
    registry.content.in(PATH).blobs.delete(descriptor.digest);
    const source = clientOf(registry);
    assert.equal(await source.stream(registry.repository(PATH), { ...descriptor, foreign: true }, never), undefined);
    assert.equal(registry.requests.length, 1);
  });

  test("named by sha512 is hashed by sha512", async () => {
    const { registry, image } = await start();
    const { digestOf } = await import("../../../src/crypto/digest-of.ts");
    const digest = digestOf(image.bytes, "sha512");
    registry.content.putManifest(PATH, image.bytes, image.descriptor.mediaType, digest);
    const source = clientOf(registry);
    const document = await source.manifest(registry.repository(PATH), digest, never);
    assert.equal(document?.descriptor.digest, digest);
    registry.content.putManifest(PATH, Buffer.from("{}"), image.descriptor.mediaType, digest);
    await assert.rejects(source.manifest(registry.repository(PATH), digest, never), isPortError("digest-mismatch"));
  });

  test("of a head without a stated digest is looked at", async () => {
    const { registry, image } = await start();
    registry.break({ method: "HEAD" }, { kind: "status", status: 200 });
    const source = clientOf(registry);
    const reference = tagReference(registry.repository(PATH), "v1");
    assert.equal(await source.head(reference, never), image.descriptor.digest);
    assert.deepEqual(
      registry.requests.map(({ method }) => method),
      ["HEAD", "GET"],
    );
  });

  test("of a head for a digest is that digest or a refusal", async () => {
    const { registry, image } = await start();
    const source = clientOf(registry);
    const reference = digestReference(registry.repository(PATH), image.descriptor.digest);
    assert.equal(await source.head(reference, never), image.descriptor.digest);
    const headers = { "docker-content-digest": `sha256:${"0".repeat(64)}` };
    registry.break({ method: "HEAD" }, { kind: "headers", headers });
    await assert.rejects(source.head(reference, never), isPortError("digest-mismatch"));
  });
});

describe("lists", { timeout: 30_000 }, () => {
  test("of as many referrers as are allowed are read whole, and of more not at all", async () => {
    const { registry, image } = await start();
    const artifactType = "application/vnd.test";
    const fill = async (count: number): Promise<void> => {
      for (let at = registry.content.in(PATH).manifests.size; at < count + 1; at += 1) {
        await putReferrer(registry, PATH, image.descriptor, { artifactType, payload: Buffer.from(`s${at}`) });
      }
    };
    const source = clientOf(registry);
    await fill(MAX_REFERRERS);
    const all = await source.referrers(registry.repository(PATH), image.descriptor.digest, never);
    assert.equal(all.descriptors.length, 4096);
    await fill(MAX_REFERRERS + 1);
    const asked = source.referrers(registry.repository(PATH), image.descriptor.digest, never);
    await assert.rejects(asked, isPortError("too-many"));
  });

  test("of as many referrers as are allowed are read in pages of fifty", async () => {
    const { registry, image } = await start({ pageSize: 50 });
    const artifactType = "application/vnd.test";
    for (let at = 0; at < MAX_REFERRERS; at += 1) {
      await putReferrer(registry, PATH, image.descriptor, { artifactType, payload: Buffer.from(`s${at}`) });
    }
    const list = registry.content.referrers(PATH, image.descriptor.digest);
    registry.content.referrers = () => list;
    const all = await clientOf(registry).referrers(registry.repository(PATH), image.descriptor.digest, never);
    assert.deepEqual([all.descriptors.length, registry.requests.length], [4096, 82]);
  });

  test("of referrers whose pages are too large together are refused, however few they list", async () => {
    const { registry, image } = await start({ pageSize: 1 });
    const annotations = { padding: "p".repeat(3_900_000) };
    for (let at = 0; at < 5; at += 1) {
      const parts = { artifactType: "application/vnd.test", payload: Buffer.from(`s${at}`), annotations };
      await putReferrer(registry, PATH, image.descriptor, parts);
    }
    const asked = clientOf(registry).referrers(registry.repository(PATH), image.descriptor.digest, never);
    await assert.rejects(asked, isPortError("too-large"));
  });

  test("of referrers on more pages than are allowed are refused", async () => {
    const { registry, image } = await start({ pageSize: 1 });
    const artifactType = "application/vnd.test";
    for (let at = 0; at < 83; at += 1) {
      await putReferrer(registry, PATH, image.descriptor, { artifactType, payload: Buffer.from(`s${at}`) });
    }
    const asked = clientOf(registry).referrers(registry.repository(PATH), image.descriptor.digest, never);
    await assert.rejects(asked, isPortError("too-many"));
    assert.equal(registry.requests.length, 82);
  });

  test("whose pages lead in a circle are refused", async () => {
    const { registry } = await start();
    const link = `</v2/${PATH}/tags/list?n=1000>; rel="next"`;
    registry.break({ kind: "tags" }, { kind: "headers", headers: { link } });
    await assert.rejects(collect(clientOf(registry).tags(registry.repository(PATH), never)), isPortError("malformed"));
  });

  test("that hold what is no tag or no repository are refused", async () => {
    const { registry } = await start();
    const source = clientOf(registry);
    for (const name of ["../../etc", "", "a".repeat(256), "-x", "a b", 7]) {
      const body = JSON.stringify({ name: PATH, tags: [name], repositories: [name] });
      const mend = registry.break({}, { kind: "status", status: 200, body });
      await assert.rejects(collect(source.tags(registry.repository(PATH), never)), isPortError("malformed"));
      await assert.rejects(
        collect(source.repositories(registry.repository(PATH).registry, never)),
        isPortError("malformed"),
      );
      mend();
    }
  });

  test("that are null are empty", async () => {
    const { registry } = await start();
    registry.break({}, { kind: "status", status: 200, body: JSON.stringify({ name: PATH, tags: null }) });
    assert.deepEqual(await collect(clientOf(registry).tags(registry.repository(PATH), never)), []);
  });

  test("of referrers that are no index, or hold what is no descriptor, are refused", async () => {
    const { registry, image } = await start({ referrersApi: false });
    const source = clientOf(registry);
    const repository = registry.repository(PATH);
    await putReferrersTag(registry, PATH, image.descriptor.digest, []);
    const headers = { "content-type": "application/vnd.oci.image.index.v1+json" };
    for (const body of [
      { schemaVersion: 2, manifests: [{ mediaType: "x", digest: "sha256:../../x", size: 1 }] },
      { schemaVersion: 2, manifests: [{ mediaType: "x", digest: image.descriptor.digest, size: -1 }] },
      { schemaVersion: 2, manifests: {} },
      { schemaVersion: 2, manifests: [], layers: [] },
      { schemaVersion: 1, manifests: [] },
      { schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", manifests: [] },
      [],
    ]) {
      const mend = registry.break(
        { kind: "manifest" },
        { kind: "status", status: 200, headers, body: JSON.stringify(body) },
      );
      const asked = source.referrers(repository, image.descriptor.digest, never);
      await assert.rejects(asked, isPortError("malformed"), JSON.stringify(body));
      mend();
    }
    const type = { "content-type": image.descriptor.mediaType };
    registry.break({ kind: "manifest" }, { kind: "headers", headers: type });
    await assert.rejects(source.referrers(repository, image.descriptor.digest, never), isPortError("malformed"));
  });
});
