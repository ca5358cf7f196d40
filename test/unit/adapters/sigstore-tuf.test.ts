import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";

import { createSafeFetch } from "../../../src/adapters/http/safe-fetch.ts";
import { publicGoodRepository } from "../../../src/adapters/sigstore-tuf/public-good.ts";
import { createTufTrustRootSource } from "../../../src/adapters/sigstore-tuf/trust-root-source.ts";
import { digestOf } from "../../../src/crypto/digest-of.ts";
import { parseInstant } from "../../../src/domain/instant.ts";
import type { TrustRootSource } from "../../../src/ports/trust-root-source.ts";
import { isPortError } from "../../support/port-error.ts";
import { TestTufRepository } from "../../support/tuf-repository.ts";

const NOW = parseInstant("2026-01-01T00:00:00Z");

let repository: TestTufRepository;
let folder: string;
let fetch: ReturnType<typeof createSafeFetch>;
const sources: TrustRootSource[] = [];

function open(how: { readonly folder?: string | undefined; readonly timeoutMs?: number } = {}): TrustRootSource {
  const source = createTufTrustRootSource({ folder, fetch, clock: { now: () => NOW }, ...how });
  sources.push(source);
  return source;
}

const read = async (source = open()): Promise<string> => (await source.refresh(repository.named)).json;

async function refused(source: TrustRootSource, why: RegExp, code = "malformed"): Promise<void> {
  await assert.rejects(source.refresh(repository.named), (error: Error) => {
    assert.ok(isPortError(code as "malformed")(error), `${error}`);
    assert.match(error.message, why);
    return true;
  });
}

const asked = (path: string): number => repository.server.asked.filter((each) => each === `GET ${path}`).length;

describe("a TUF repository", { timeout: 60_000 }, () => {
  beforeEach(async () => {
    repository = await TestTufRepository.start();
    folder = mkdtempSync(join(tmpdir(), "assay-test-tuf-"));
    fetch = createSafeFetch();
  });
  afterEach(async () => {
    await Promise.all(sources.splice(0).map((source) => source.close()));
    await Promise.all([repository.stop(), fetch.close()]);
    rmSync(folder, { recursive: true });
  });

  test("gives its trusted root, and when that must be read again", async () => {
    repository.publish("{one}", { expires: { timestamp: "2030-02-03T04:05:06Z" } });
    const source = open();
    assert.equal(source.known(repository.named), undefined);
    const found = { json: "{one}", readAt: NOW, expires: parseInstant("2030-02-03T04:05:06Z") };
    assert.deepEqual(await source.refresh(repository.named), found);
    assert.deepEqual(source.known(repository.named), found);
  });

  test("is read again only where it changed", async () => {
    repository.publish("{one}");
    const source = open();
    await read(source);
    const first = repository.server.asked.length;
    assert.equal(await read(source), "{one}");
    assert.deepEqual(repository.server.asked.slice(first), ["GET /2.root.json", "GET /timestamp.json"]);
    repository.publish("{two}");
    assert.equal(await read(source), "{two}");
  });

  test("is known to the next process without a request", async () => {
    repository.publish("{one}");
    await read();
    repository.server.reset();
    assert.equal(open().known(repository.named)?.json, "{one}");
    assert.deepEqual(repository.server.asked, []);
  });

  test("is read once for fifty who ask at once, and by several processes without harm", async () => {
    repository.publish("{one}");
    const source = open();
    const all = await Promise.all(Array.from({ length: 50 }, () => read(source)));
    assert.deepEqual([...new Set(all)], ["{one}"]);
    assert.equal(asked("/timestamp.json"), 1);
    repository.publish("{two}");
    const others = await Promise.all(Array.from({ length: 8 }, () => read(open())));
    assert.deepEqual([...new Set(others)], ["{two}"]);
    assert.equal(await read(), "{two}");
  });

  test("follows its roots as they are replaced", async () => {
    repository.publish("{one}");
    const source = open();
    await read(source);
    for (const role of ["timestamp", "snapshot", "targets", "root"] as const) {
      repository.rotate(role).publish(`{${role}}`);
      assert.equal(await read(source), `{${role}}`);
    }
    assert.equal(await read(open({ folder: undefined })), "{root}", "from the first root on");
  });

  test("is refused by a root that the former keys did not sign", async () => {
    repository.publish("{one}");
    const source = open();
    await read(source);
    repository.rotate("root", { former: repository.newKey() }).publish("{two}");
    await refused(source, /root was signed by/);
    assert.equal(source.known(repository.named)?.json, "{one}");
  });

  test("is refused by a root that one key is to sign twice, or none at all", async () => {
    repository.publish("{one}");
    repository.rotate("timestamp", { threshold: 0 }).publish("{two}");
    await refused(open(), /threshold/i);
    const other = await TestTufRepository.start();
    other.publish("{one}").rotate("timestamp", { threshold: 2 }).publish("{two}", { twice: true });
    await assert.rejects(open().refresh(other.named), /signed by 1\/2 keys|[Dd]uplicate|multiple signatures/);
    await other.stop();
  });

  test("cannot be rolled back, not even past a new process", async () => {
    repository.publish("{one}").publish("{two}");
    await read();
    for (const role of ["timestamp", "snapshot", "targets"] as const) {
      repository.publish("{old}", { versions: { timestamp: 9, snapshot: 9, targets: 9, [role]: 1 } });
      await refused(open(), /version/i);
      assert.equal(open().known(repository.named)?.json, "{two}");
    }
  });

  test("recovers from a version that no other can follow, once the key is replaced", async () => {
    repository.publish("{one}", { versions: { timestamp: Number.MAX_SAFE_INTEGER } });
    const source = open();
    await read(source);
    repository.publish("{two}", { versions: { timestamp: 2 } });
    await refused(source, /version/i);
    repository.rotate("timestamp").publish("{two}");
    assert.equal(await read(source), "{two}");
  });

  for (const role of ["root", "timestamp", "snapshot", "targets"] as const) {
    test(`cannot be frozen: an ended ${role} is refused`, async () => {
      const expires = { [role]: "2020-01-01T00:00:00Z" };
      if (role === "root") repository.rotate("root", { expires });
      repository.publish("{one}", { expires });
      await refused(open(), /expired/);
    });

    test(`is refused if a stranger signed its ${role}`, async () => {
      const signers = { [role]: [repository.newKey()] };
      if (role === "root") repository.rotate("root", { signers });
      repository.publish("{one}", { signers });
      await refused(open(), /signed by/);
    });
  }

  test("is refused for a trusted root of other bytes, of other length and of none", async () => {
    repository.publish("{one}", { served: Buffer.from("{eno}") });
    await refused(open(), /hash/i);
    repository.publish("{two}", { served: Buffer.from("{two }") });
    await refused(open(), /larger|too/i, "too-large");
    repository.publish("{six}", { served: Buffer.from("{") });
    await refused(open(), /length|size/i);
    repository.publish("{ten}", { target: "other.json" });
    await refused(open(), /do not name trusted_root\.json/);
    repository.publish("x".repeat(2 * 1024 * 1024));
    await refused(open(), /has 2097152 bytes/);
  });

  test("that does not answer is a failure with its cause", async () => {
    await refused(open(), /timestamp\.json.*404/, "not-found");
    repository.server.serve("/timestamp.json", (_request, response) => response.writeHead(503).end());
    await refused(open(), /503/, "server-error");
    repository.server.serve("/timestamp.json", (_request, response) => response.writeHead(429).end());
    await refused(open(), /429/, "rate-limited");
    repository.server.serve("/timestamp.json", Buffer.from("<html>"));
    await refused(open(), /JSON|token/i);
    repository.server.serve("/timestamp.json", (_request, response) =>
      response.writeHead(302, { location: "https://example.com/" }).end(),
    );
    await refused(open(), /302/);
    repository.server.serve("/timestamp.json", (_request, response) => {
      const pour = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x20)));
        if (!response.destroyed) response.once("drain", pour);
      };
      pour();
    });
    await refused(open(), /larger than 16384/, "too-large");
    repository.server.serve("/timestamp.json", () => undefined);
    await refused(open({ timeoutMs: 300 }), /timestamp\.json/, "timeout");
  });

  test("does not pass for one without newer roots when its root cannot be fetched", async () => {
    repository.publish("{one}");
    repository.server.serve("/2.root.json", (_request, response) => response.writeHead(500).end());
    await refused(open(), /2\.root\.json/, "server-error");
    repository.server.serve("/2.root.json", (_request, response) => response.writeHead(403).end());
    assert.equal(await read(), "{one}", "stores of objects answer so for what is not there");
  });

  test("is read without a folder, and with one that cannot be written", async () => {
    repository.publish("{one}");
    const apart = open({ folder: undefined });
    assert.equal(await read(apart), "{one}");
    const file = join(folder, "file");
    writeFileSync(file, "");
    const blocked = open({ folder: join(file, "below") });
    assert.equal(await read(blocked), "{one}");
    repository.publish("{two}");
    for (const source of [apart, blocked]) assert.equal(await read(source), "{two}");
    repository.publish("{old}", { versions: { timestamp: 1 } });
    for (const source of [apart, blocked]) await refused(source, /version/i);
  });

  test("leaves nothing behind among temporary files", async () => {
    const mine = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("assay-tuf-"));
    const before = mine();
    repository.publish("{one}");
    const source = open({ folder: undefined });
    await read(source);
    await read(source);
    await source.close();
    assert.deepEqual(
      mine().filter((name) => !before.includes(name)),
      [],
    );
  });

  test("is read although what was kept is broken", async () => {
    repository.publish("{one}");
    await read();
    const [name = ""] = readdirSync(folder);
    for (const file of readdirSync(join(folder, name))) {
      writeFileSync(join(folder, name, file), "broken");
      assert.equal(await read(), "{one}", file);
    }
    writeFileSync(join(folder, name, "trusted-root.json"), "{}");
    assert.equal(open().known(repository.named), undefined);
  });

  test("is kept under names that it cannot choose, readable by nobody else", async () => {
    repository.publish("{one}");
    const { named } = repository;
    await read();
    const names = readdirSync(folder);
    assert.deepEqual(names, [digestOf(`${named.mirror}\n${named.rootJson}`).slice("sha256:".length)]);
    const files = readdirSync(join(folder, names[0]!)).sort();
    assert.deepEqual(files, [
      "root.json",
      "snapshot.json",
      "target",
      "targets.json",
      "timestamp.json",
      "trusted-root.json",
    ]);
  });

  test("of another first root is another repository", async () => {
    repository.publish("{one}");
    await read();
    const other = await TestTufRepository.start();
    const stranger = { ...repository.named, rootJson: other.named.rootJson };
    await other.stop();
    assert.equal(open().known(stranger), undefined);
    await assert.rejects(open().refresh(stranger), isPortError("malformed"));
  });

  test("at an address inside is asked only if the operator named it", async () => {
    repository.publish("{one}");
    const builtIn = { ...repository.named, isOwn: false };
    await assert.rejects(open().refresh(builtIn), isPortError("blocked-address"));
    assert.deepEqual(repository.server.asked, []);
  });

  test("is given up when the process ends", async () => {
    repository.server.serve("/timestamp.json", () => void source.close());
    const source = open();
    await refused(source, /timestamp\.json/, "aborted");
  });
});

test("the public-good repository begins with a root that signs itself", async () => {
  const builtIn = publicGoodRepository();
  assert.match(builtIn.mirror, /^https:/);
  const requests: string[] = [];
  const source = createTufTrustRootSource({
    folder: undefined,
    clock: { now: () => NOW },
    fetch: ({ url }) => {
      requests.push(url);
      return Promise.resolve({ status: 404, headers: {}, bytes: Buffer.alloc(0) });
    },
  });
  await assert.rejects(source.refresh(builtIn), isPortError("not-found"));
  assert.deepEqual(requests, [`${builtIn.mirror}/17.root.json`, `${builtIn.mirror}/timestamp.json`]);
  await source.close();
});
