import assert from "node:assert/strict";
import { join } from "node:path";
import { mkdirSync, writeFileSync } from "node:fs";
import { after, afterEach, before, describe, test } from "node:test";

import type { App } from "../../src/app.ts";
import type { Digest } from "../../src/domain/digest.ts";
import { parseReference } from "../../src/domain/reference.ts";
import { DockerRegistry } from "../support/docker-registry.ts";
import { putIndex } from "../support/image-builder.ts";
import { NotaryService } from "../support/notary-server.ts";
import { TestCollection } from "../support/signing/notary/collection.ts";
import { NotaryHttp } from "../support/signing/notary/http-server.ts";
import { putImageInto, reasonsOf, SupplyChain, unresolvedOf, verdictOf } from "../support/supply-chain.ts";
import { image } from "../support/tar.ts";

const build = (name: string) => image({ user: "65532", labels: { name } }, []);
const [ONE, TWO] = [build("one"), build("two")];
const [FIRST, SECOND] = [ONE.manifest.descriptor.digest, TWO.manifest.descriptor.digest];

type NotarySpec = {
  readonly name?: string;
  readonly server: string;
  /** Members of `notary`. */
  readonly more: string;
};

/** Registry, Notary servers and policies for the tests of this file; each test has a repository of its own. */
describe("Notary v1 with real servers", { timeout: 180_000 }, () => {
  let registry: DockerRegistry;
  let notary: NotaryService;
  let mirror: NotaryHttp;
  let repositories = 0;

  before(async () => {
    [registry, notary, mirror] = await Promise.all([DockerRegistry.start(), NotaryService.start(), NotaryHttp.start()]);
  });
  after(() => Promise.all([registry.close(), notary.close(), mirror.close()]));

  const chains: SupplyChain[] = [];
  afterEach(async () => {
    for (const chain of chains.splice(0)) await chain[Symbol.asyncDispose]();
  });

  /** A repository with both images, the first under the tag `1.0`. */
  async function repository(): Promise<string> {
    const path = `shop/web${(repositories += 1)}`;
    await putImageInto(registry, path, ONE, ["1.0"]);
    await putImageInto(registry, path, TWO, ["2.0"]);
    return path;
  }

  const gunOf = (path: string): string => `${registry.host}/${path}`;

  /** The same with a collection in which `1.0` is signed. */
  async function signed(service: NotaryService = notary): Promise<string> {
    const path = await repository();
    await service.init(gunOf(path));
    await service.sign(gunOf(path), "1.0", FIRST);
    return path;
  }

  async function moveTag(path: string): Promise<void> {
    const { bytes, descriptor } = TWO.manifest;
    await registry.putManifest(path, bytes, descriptor.mediaType, ["1.0"]);
  }

  /** Policies by which these authorities must have signed. */
  async function policies(...specs: readonly NotarySpec[]): Promise<SupplyChain> {
    const chain = await SupplyChain.start();
    chains.push(chain);
    const names = specs.map(({ name = "dct" }) => name);
    const documents = specs.map(
      ({ name = "dct", server, more }) =>
        `---\napiVersion: assay.dev/v1alpha1\nkind: Authority\nmetadata: { name: ${name} }\nspec:\n  notary: { server: "${server}", ${more} }\n`,
    );
    const rules = names.map((name) => `- signed: { by: ${name} }`).join("\n");
    chain.writePolicy(rules, { images: [`${registry.host}/**`], documents: documents.join("") });
    return chain;
  }

  const compose = (chain: SupplyChain, env: Readonly<Record<string, string>> = {}): Promise<App> =>
    chain.compose({
      ASSAY_UNSAFE_PLAIN_HTTP: [registry.host, notary.host, mirror.host].join(","),
      // Every look is a new one, since these tests change what there is to see.
      ASSAY_SIGNATURES_MAX_AGE: "0s",
      ...env,
    });

  async function pinsOf(path: string, service: NotaryService = notary): Promise<string> {
    return `pins: { rootKeys: [{ inline: ${JSON.stringify(await service.rootCertificate(gunOf(path)))} }] }`;
  }

  /** An app whose policy is that the collection of this repository says what is signed. */
  async function appFor(path: string, more = ""): Promise<App> {
    return compose(await policies({ server: notary.url, more: `${await pinsOf(path)}${more}` }));
  }

  const statuses = (tried: readonly { readonly status: string; readonly reason: string | undefined }[]): unknown =>
    tried.map(({ status, reason }) => reason ?? status);

  /** All files that a client would fetch now. */
  async function filesOf(path: string): Promise<Map<string, Buffer>> {
    const gun = gunOf(path);
    const files = new Map<string, Buffer>();
    const add = async (name: string): Promise<Meta> => {
      const bytes = await notary.file(gun, name);
      files.set(name, bytes);
      return JSON.parse(bytes.toString()) as Meta;
    };
    const root = await add("root.json");
    for (let version = 1; version < root.signed.version; version += 1) await add(`${version}.root.json`);
    const byHash = async (above: Meta, role: string): Promise<Meta> => {
      const { sha256 = "" } = above.signed.meta?.[role]?.hashes ?? {};
      return add(`${role}.${Buffer.from(sha256, "base64").toString("hex")}.json`);
    };
    const snapshot = await byHash(await add("timestamp.json"), "snapshot");
    for (const role of Object.keys(snapshot.signed.meta ?? {})) if (role !== "root") await byHash(snapshot, role);
    return files;
  }

  test("allows a tag that is signed for what the registry has under it, with its name and its key", async () => {
    const path = await signed();
    const app = await appFor(path);
    const verdict = await verdictOf(app, `${gunOf(path)}:1.0`);
    assert.deepEqual([verdict.decision, verdict.digest], ["allow", FIRST]);
    const [tried] = verdict.signatures;
    assert.equal(tried?.signers[0]?.kind, "key");
    assert.deepEqual(tried?.notes, [`signed as ${gunOf(path)}:1.0 by targets`]);
    assert.match(verdict.validUntil ?? "", /^20/, "it ends with the timestamp");
  });

  test("denies what is not signed, what is signed for another image, and what has no collection", async () => {
    const path = await signed();
    const app = await appFor(path);
    assert.deepEqual(reasonsOf(await verdictOf(app, `${gunOf(path)}:2.0`)), ["unsigned"]);
    await moveTag(path);
    const moved = await verdictOf(app, `${gunOf(path)}:1.0`);
    assert.deepEqual([reasonsOf(moved), statuses(moved.signatures)], [["wrongly-signed"], ["wrong-subject"]]);
    assert.match(moved.findings[0]?.message ?? "", new RegExp(`1\\.0 is signed for ${FIRST}, not for ${SECOND}`));
    assert.deepEqual(reasonsOf(await verdictOf(app, `${gunOf(await repository())}:1.0`)), ["unsigned"]);
  });

  test("allows a digest by any name that is signed for it, and an index by its own name", async () => {
    const path = await signed();
    const app = await appFor(path);
    const byDigest = await verdictOf(app, `${gunOf(path)}@${FIRST}`);
    assert.deepEqual([byDigest.decision, byDigest.signatures[0]?.notes.length], ["allow", 1]);
    assert.equal((await verdictOf(app, `${gunOf(path)}@${SECOND}`)).decision, "deny");
    const entries = [ONE, TWO].map(({ manifest }, at) => ({
      descriptor: manifest.descriptor,
      platform: { os: "linux", architecture: at === 0 ? "amd64" : "arm64" },
    }));
    const { descriptor } = await putIndex(registry, path, entries, { tags: ["both"] });
    await notary.sign(gunOf(path), "both", descriptor.digest);
    const both = await verdictOf(app, `${gunOf(path)}:both`);
    assert.equal(both.decision, "allow");
    assert.deepEqual(
      new Map(both.signatures.map(({ about, status, reason }) => [about, reason ?? status])),
      new Map([
        [descriptor.digest, "verified"],
        [FIRST, "wrong-subject"],
        [SECOND, "wrong-subject"],
      ]),
    );
  });

  test("lets what is signed be the image, wherever the registry's tag points", async () => {
    const path = await signed();
    const app = await appFor(path, ", resolve: signedDigest");
    const reference = `${gunOf(path)}:1.0`;
    assert.equal((await verdictOf(app, reference)).digest, FIRST);
    await moveTag(path);
    const moved = await verdictOf(app, reference);
    assert.deepEqual([moved.decision, moved.digest, moved.image], ["allow", FIRST, reference]);
    assert.match(moved.signatures[0]?.notes.join() ?? "", /deploy it by this digest/);
    const signal = AbortSignal.timeout(10_000);
    const seen = await app.assay.inspect(parseReference(reference), signal);
    assert.ok(seen.kind === "image");
    assert.deepEqual([seen.facts.digest, seen.signedName], [FIRST, { authorities: ["dct"], isSigned: true }]);
    const old = await app.assay.inForce(parseReference(reference), { tagMaxAgeMs: 0 }, signal);
    assert.equal(old, undefined, "an older look is no answer");
    await notary.sign(gunOf(path), "1.0", SECOND);
    assert.equal((await verdictOf(app, reference)).digest, SECOND);
    assert.deepEqual(reasonsOf(await verdictOf(app, `${gunOf(path)}:2.0`)), ["unsigned"]);
  });

  test("answers from what is remembered with the signed digest, never with the registry's", async () => {
    const path = await signed();
    const chain = await policies({ server: notary.url, more: `${await pinsOf(path)}, resolve: signedDigest` });
    const app = await compose(chain, { ASSAY_SIGNATURES_MAX_AGE: "1h" });
    const reference = `${gunOf(path)}:1.0`;
    const recall = async (tagMaxAgeMs: number): Promise<Digest | undefined> => {
      const answer = await app.assay.inForce(parseReference(reference), { tagMaxAgeMs }, AbortSignal.timeout(10_000));
      return answer?.kind === "judged" ? answer.verdict.digest : undefined;
    };
    assert.equal(await recall(60_000), undefined);
    await verdictOf(app, reference);
    await moveTag(path);
    assert.deepEqual([await recall(60_000), await recall(0)], [FIRST, undefined]);
    await notary.sign(gunOf(path), "1.0", SECOND);
    const verdict = await verdictOf(app, reference);
    assert.deepEqual([verdict.decision, verdict.digest], ["allow", SECOND]);
    await notary.sign(gunOf(path), "1.0", FIRST);
    const back = await verdictOf(app, reference);
    assert.deepEqual([back.decision, back.digest], ["allow", FIRST], "evidence of an older look does not deny it");
  });

  test("does not take the registry's image where the signed one is gone from it", async () => {
    const path = await repository();
    await notary.init(gunOf(path));
    await notary.sign(gunOf(path), "1.0", `sha256:${"7".repeat(64)}` as Digest);
    const app = await appFor(path, ", resolve: signedDigest");
    const answer = await unresolvedOf(app, `${gunOf(path)}:1.0`);
    assert.deepEqual([answer.code, answer.retryable], ["not-found", false]);
  });

  test("answers for itself where two authorities that say what a tag is disagree", async () => {
    const path = await signed();
    const other = new TestCollection(gunOf(path)).sign("1.0", SECOND);
    mirror.collections.set(gunOf(path), other.publish());
    const pins = `pins: { rootKeys: [{ inline: ${JSON.stringify(other.root.certificate?.pem)} }] }`;
    const chain = await policies(
      { name: "dct", server: notary.url, more: `${await pinsOf(path)}, resolve: signedDigest` },
      { name: "other", server: mirror.url, more: `${pins}, resolve: signedDigest` },
    );
    const answer = await unresolvedOf(await compose(chain), `${gunOf(path)}:1.0`);
    assert.deepEqual([answer.code, answer.retryable], ["conflict", false]);
    assert.match(answer.message, new RegExp(`dct says ${FIRST}, other says ${SECOND}`));
  });

  test("counts delegations of the real client, together and by the keys that are named", async () => {
    const path = await signed();
    const gun = gunOf(path);
    const alice = await notary.delegate(gun, "targets/releases");
    const bob = await notary.delegate(gun, "targets/qa");
    await notary.sign(gun, "2.0", SECOND, "targets/releases");
    const one = (role: string, pem: string): string => `{ role: ${role}, keys: [{ inline: ${JSON.stringify(pem)} }] }`;
    const app = await appFor(path, `, delegations: [${one("targets/releases", alice)}, ${one("targets/qa", bob)}]`);
    const reference = `${gun}:2.0`;
    assert.deepEqual(statuses((await verdictOf(app, reference)).signatures), ["missing-role"]);
    await notary.sign(gun, "2.0", FIRST, "targets/qa");
    assert.deepEqual(statuses((await verdictOf(app, reference)).signatures), ["conflicting-digests"]);
    await notary.sign(gun, "2.0", SECOND, "targets/qa");
    const agreed = await verdictOf(app, reference);
    assert.equal(agreed.decision, "allow");
    assert.equal(agreed.signatures[0]?.signers.length, 2);
    const swapped = await appFor(path, `, delegations: [${one("targets/releases", bob)}]`);
    assert.deepEqual(statuses((await verdictOf(swapped, reference)).signatures), ["unknown-key"]);
  });

  test("follows rotations of keys: all but the root's at once, the root's once the new one is pinned", async () => {
    const path = await signed();
    const gun = gunOf(path);
    const before = await appFor(path);
    const firstUse = await policies({ server: notary.url, more: "unsafeTrustOnFirstUse: true" });
    const trusting = await compose(firstUse);
    assert.equal((await verdictOf(before, `${gun}:1.0`)).decision, "allow");
    const weak = await verdictOf(trusting, `${gun}:1.0`);
    assert.deepEqual([weak.decision, weak.unsafe], ["allow", ["authority dct: unsafeTrustOnFirstUse: true"]]);
    await notary.client("key", "rotate", gun, "snapshot", "-r");
    await notary.client("key", "rotate", gun, "targets");
    assert.equal((await verdictOf(before, `${gun}:1.0`)).decision, "allow");
    await notary.client("key", "rotate", gun, "root");
    await notary.client("key", "rotate", gun, "root");
    assert.deepEqual(statuses((await verdictOf(before, `${gun}:1.0`)).signatures), ["root-untrusted"]);
    assert.equal((await verdictOf(trusting, `${gun}:1.0`)).decision, "allow", "the old keys consented");
    const renewed = await appFor(path);
    assert.equal((await verdictOf(renewed, `${gun}:1.0`)).decision, "allow");
  });

  test("remembers over restarts what was seen, and refuses older or replaced trust data", async () => {
    const path = await signed();
    const gun = gunOf(path);
    const older = await filesOf(path);
    await notary.sign(gun, "2.0", SECOND);
    mirror.collections.set(gun, await filesOf(path));
    const chain = await policies(
      { name: "dct", server: mirror.url, more: await pinsOf(path) },
      { name: "first", server: mirror.url, more: "unsafeTrustOnFirstUse: true" },
    );
    const data = { ASSAY_DATA: join(chain.folder, "data") };
    const judged = async (): Promise<unknown> => {
      const app = await compose(chain, data);
      try {
        const { signatures } = await verdictOf(app, `${gun}:1.0`);
        return signatures.map(({ authority, status, reason }) => `${authority} ${reason ?? status}`).sort();
      } finally {
        await app.close(0);
      }
    };
    assert.deepEqual(await judged(), ["dct verified", "first verified"]);
    mirror.collections.set(gun, older);
    assert.deepEqual(await judged(), ["dct metadata-rollback", "first metadata-rollback"]);
    mirror.collections.set(gun, new TestCollection(gun).sign("1.0", FIRST).publish());
    assert.deepEqual(await judged(), ["dct root-untrusted", "first root-changed"]);
    mirror.collections.set(gun, await filesOf(path));
    assert.deepEqual(await judged(), ["dct verified", "first verified"]);
  });

  test("refuses every file of the real server that was changed on the way", async () => {
    const path = await signed();
    const gun = gunOf(path);
    await notary.delegate(gun, "targets/releases");
    await notary.sign(gun, "1.0", FIRST, "targets/releases");
    const files = await filesOf(path);
    const chain = await policies({ server: mirror.url, more: await pinsOf(path) });
    const app = await compose(chain);
    for (const [name, bytes] of files) {
      const forged = Buffer.from(bytes.toString().replace('"expires":"20', '"expires":"21'));
      mirror.collections.set(gun, new Map([...files, [name, forged]]));
      const { decision, signatures } = await verdictOf(app, `${gun}:1.0`);
      assert.equal(decision, "deny", name);
      assert.match(String(signatures[0]?.reason), /^(?:metadata-mismatch|bad-signature)$/, name);
    }
    mirror.collections.set(gun, files);
    assert.equal((await verdictOf(app, `${gun}:1.0`)).decision, "allow");
  });

  test("tells data that is over from data that is wrong and from a server that is silent", async () => {
    const path = await repository();
    const gun = gunOf(path);
    const collection = new TestCollection(gun).sign("1.0", FIRST);
    collection.expires["timestamp"] = "2026-01-02T03:04:05.678901234+02:00";
    const pins = `pins: { rootKeys: [{ inline: ${JSON.stringify(collection.root.certificate?.pem)} }] }`;
    mirror.collections.set(gun, collection.publish());
    const chain = await policies({ server: mirror.url, more: pins });
    const app = await compose(chain);
    const over = await verdictOf(app, `${gun}:1.0`);
    assert.deepEqual(reasonsOf(over), ["signature-expired"]);
    assert.match(over.findings[0]?.message ?? "", /^The trust data expired: .*2026-01-02T01:04:05\.678Z/);
    collection.expires["timestamp"] = "2036-01-01T00:00:00Z";
    mirror.collections.set(gun, collection.publish({ signatures: { targets: () => [] } }));
    assert.deepEqual(statuses((await verdictOf(app, `${gun}:1.0`)).signatures), ["bad-signature"]);
    mirror.faults.push({ kind: "status", status: 403 });
    const silent = await verdictOf(app, `${gun}:1.0`);
    assert.deepEqual(
      silent.findings.map(({ outcome }) => outcome),
      ["undetermined"],
    );
    assert.equal(silent.gaps[0]?.code, "unauthorized");
  });

  test("cannot tell while the server is down, and says unsigned once it is back without the collection", async () => {
    await using own = await disposable(NotaryService.start());
    const path = await signed(own.service);
    const pins = await pinsOf(path, own.service);
    const [plain, naming] = await Promise.all(
      ["", ", resolve: signedDigest"].map((more) => policies({ server: own.service.url, more: `${pins}${more}` })),
    );
    assert.ok(plain !== undefined && naming !== undefined);
    const env = { ASSAY_UNSAFE_PLAIN_HTTP: [registry.host, own.service.host].join(",") };
    const [app, namingApp] = [await compose(plain, env), await compose(naming, env)];
    const reference = `${gunOf(path)}:1.0`;
    assert.equal((await verdictOf(app, reference)).decision, "allow");
    assert.equal((await verdictOf(namingApp, reference)).decision, "allow");
    await own.service.stop();
    const down = await verdictOf(app, reference);
    assert.deepEqual(
      [down.decision, down.findings[0]?.outcome, down.gaps[0]?.code],
      ["deny", "undetermined", "unreachable"],
    );
    const unknown = await unresolvedOf(namingApp, reference);
    assert.deepEqual([unknown.code, unknown.retryable], ["unreachable", true]);
    await own.service.restart();
    const fresh = await compose(plain, env);
    assert.deepEqual(reasonsOf(await verdictOf(fresh, reference)), ["unsigned"], "memory mode lost the collection");
  });

  test("is read from a server with TLS and tokens, whose keys a signer holds", async () => {
    await using own = await disposable(NotaryService.start({ keys: "signer", tls: true, auth: "token" }));
    const { service } = own;
    const path = await signed(service);
    const chain = await policies({
      server: service.url,
      more: `serverCA: notary-ca.crt, ${await pinsOf(path, service)}`,
    });
    writeFileSync(join(chain.folder, "policy/notary-ca.crt"), service.ca ?? "");
    mkdirSync(join(chain.folder, "docker"));
    const account = Buffer.from(`${service.account.username}:${service.account.password}`).toString("base64");
    writeFileSync(
      join(chain.folder, "docker/config.json"),
      JSON.stringify({ auths: { [service.host]: { auth: account } } }),
    );
    const reference = `${gunOf(path)}:1.0`;
    const blocked = await verdictOf(await compose(chain), reference);
    assert.equal(blocked.gaps[0]?.code, "blocked-address", "its token server is not named");
    const app = await compose(chain, {
      ASSAY_UNSAFE_PLAIN_HTTP: [registry.host, service.tokens?.host, service.host].join(","),
    });
    const still = await verdictOf(app, reference);
    assert.equal(still.gaps[0]?.code, "blocked-address", "nor is one in the clear for a server with TLS");
  });

  test("is read from a server with tokens by the account for its host alone", async () => {
    await using own = await disposable(NotaryService.start({ auth: "token" }));
    const { service } = own;
    const path = await signed(service);
    const chain = await policies({ server: service.url, more: await pinsOf(path, service) });
    mkdirSync(join(chain.folder, "docker"));
    const account = Buffer.from(`${service.account.username}:${service.account.password}`).toString("base64");
    const logIn = (host: string): void =>
      writeFileSync(join(chain.folder, "docker/config.json"), JSON.stringify({ auths: { [host]: { auth: account } } }));
    const env = { ASSAY_UNSAFE_PLAIN_HTTP: [registry.host, service.host, service.tokens?.host].join(",") };
    logIn(registry.host);
    const stranger = await compose(chain, env);
    assert.equal((await verdictOf(stranger, `${gunOf(path)}:1.0`)).gaps[0]?.code, "unauthorized");
    logIn(service.host);
    assert.equal((await verdictOf(await compose(chain, env), `${gunOf(path)}:1.0`)).decision, "allow");
    assert.equal(service.tokens?.asked.at(-1), `repository:${gunOf(path)}:pull`);
  });

  test("is read from a server whose TLS is believed by the authority named for it, and by no other", async () => {
    await using own = await disposable(NotaryService.start({ keys: "signer", tls: true }));
    const { service } = own;
    const path = await signed(service);
    const pins = await pinsOf(path, service);
    const chain = await policies({ server: service.url, more: `serverCA: notary-ca.crt, ${pins}` });
    writeFileSync(join(chain.folder, "policy/notary-ca.crt"), service.ca ?? "");
    assert.equal((await verdictOf(await compose(chain), `${gunOf(path)}:1.0`)).decision, "allow");
    const without = await policies({ server: service.url, more: pins });
    assert.equal((await verdictOf(await compose(without), `${gunOf(path)}:1.0`)).gaps[0]?.code, "unreachable");
  });
});

type Meta = {
  readonly signed: {
    readonly version: number;
    readonly meta?: Readonly<Record<string, { readonly hashes: { readonly sha256: string } }>>;
  };
};

async function disposable(
  starting: Promise<NotaryService>,
): Promise<AsyncDisposable & { readonly service: NotaryService }> {
  const service = await starting;
  return { service, [Symbol.asyncDispose]: () => service.close() };
}
