import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";

import type { VerdictJson } from "../../src/domain/verdict-json.ts";
import { Service } from "../support/service.ts";
import { DISTROLESS_FILES, SHELL_FILES, SupplyChain } from "../support/supply-chain.ts";
import { makeKey } from "../support/signing/keys.ts";

const SIGNED = "- signed: { by: release-key }";
const BY_TAG = { authority: "discover: [tag]" };
const RELOADED = /"msg":"policies in force"/;

describe("a running service when its policies change", () => {
  let chain: SupplyChain;
  let service: Service;
  let made = 0;
  let isChanged = false;

  before(async () => {
    chain = await SupplyChain.start();
    chain.writePolicy(SIGNED, BY_TAG);
    service = await Service.start(chain.env({ ASSAY_LOG_LEVEL: "info" }));
  });
  afterEach(async () => {
    if (isChanged) await change(() => chain.writePolicy(SIGNED, BY_TAG));
    isChanged = false;
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await chain[Symbol.asyncDispose]();
  });

  /** Changes the files and waits until the service judges by them. */
  async function change(write: () => void, running: Service = service): Promise<void> {
    const heard = running.process.err.length;
    isChanged = running === service;
    write();
    await running.process.says(RELOADED, heard);
  }

  /** A signed image that was never seen before, by tag and by digest. */
  async function push(user: string, ...more: readonly Readonly<Record<string, { body: string; mode: number }>>[]) {
    made += 1;
    const repository = `shop/image-${made}`;
    const spec = { user, labels: { repository } };
    const built = await chain.push(`${repository}:1`, spec, DISTROLESS_FILES, ...more);
    const { digest } = built.manifest.descriptor;
    const signature = await chain.sign(repository, digest);
    return {
      repository,
      built,
      digest,
      signature,
      image: chain.ref(`${repository}:1`),
      pinned: chain.ref(`${repository}@${digest}`),
    };
  }

  /** What the registry is asked for while this goes on. */
  async function requestsOf(work: () => Promise<VerdictJson>) {
    chain.registry.forget();
    const verdict = await work();
    return { verdict, requests: chain.registry.seen().map(({ method, kind }) => `${method} ${kind}`) };
  }

  /** The verdict that a look-up alone gives. */
  async function lookedUp(image: string): Promise<VerdictJson> {
    const { status, body } = await service.verdict(image);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }

  test("judges stored facts by new rules without a request, and by the former rules as before", async () => {
    const { pinned, image } = await push("0");
    const first = await service.judged(image);
    const cold = await service.judged(pinned);
    assert.equal(cold.decision, "allow");
    await change(() => chain.writePolicy(`${SIGNED}\n- user: nonRoot`, BY_TAG));
    const stricter = await requestsOf(() => lookedUp(pinned));
    assert.equal(stricter.verdict.decision, "deny");
    assert.notEqual(stricter.verdict.id, cold.id);
    assert.deepEqual(stricter.requests, []);
    const tagged = await requestsOf(() => lookedUp(image));
    assert.equal(tagged.verdict.decision, "deny");
    assert.deepEqual(tagged.requests, ["HEAD manifest"]);
    await change(() => chain.writePolicy(SIGNED, BY_TAG));
    isChanged = false;
    const back = await requestsOf(() => lookedUp(pinned));
    assert.equal(back.verdict.id, cold.id);
    assert.equal((await lookedUp(image)).id, first.id);
    assert.deepEqual(back.requests, []);
  });

  test("fetches the layers alone when a rule first asks for content", async () => {
    const { pinned, built } = await push("65532", SHELL_FILES);
    assert.equal((await service.judged(pinned)).decision, "allow");
    await change(() => chain.writePolicy(`${SIGNED}\n- absent: [shell]`, BY_TAG));
    const { verdict, requests } = await requestsOf(() => service.judged(pinned));
    assert.equal(verdict.decision, "deny");
    assert.deepEqual(requests, ["GET blob", "GET blob"]);
    assert.deepEqual(
      chain.registry
        .seen()
        .map(({ reference }) => reference)
        .toSorted(),
      built.layers.map(({ digest }) => digest).toSorted(),
    );
    assert.deepEqual((await requestsOf(() => lookedUp(pinned))).requests, []);
  });

  test("asks among referrers alone when an authority that looks there is first relied upon", async () => {
    const { pinned, repository, digest } = await push("65532");
    assert.equal((await service.judged(pinned)).decision, "allow");
    const documents = `---
apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: bundles }
spec: { cosign: { keys: [{ file: release.pub }], rekorKeys: [{ file: rekor.pub }], discover: [referrers] } }
`;
    const both = `${SIGNED}\n- signed: { by: bundles }`;
    await change(() => chain.writePolicy(both, { ...BY_TAG, documents }));
    const unsigned = await requestsOf(() => service.judged(pinned));
    assert.equal(unsigned.verdict.decision, "deny");
    assert.deepEqual(unsigned.requests, ["GET referrers"]);

    const other = await push("65532", { "app/other": { body: "another", mode: 0o644 } });
    await chain.signBundle(other.repository, other.digest);
    await change(() => chain.writePolicy(SIGNED, BY_TAG));
    assert.equal((await service.judged(other.pinned)).decision, "allow");
    await change(() => chain.writePolicy(both, { ...BY_TAG, documents }));
    const signed = await requestsOf(() => service.judged(other.pinned));
    assert.equal(signed.verdict.decision, "allow");
    assert.deepEqual(signed.requests, ["GET referrers", "GET manifest", "GET blob"]);
    assert.notEqual(repository, other.repository);
    assert.notEqual(digest, other.digest);
  });

  test("examines stored signatures anew when an authority's key is rotated, without a request", async () => {
    const { pinned } = await push("65532");
    const rotated = await push("65532");
    const next = makeKey();
    await chain.sign(rotated.repository, rotated.digest, { key: next });
    const before = await service.judged(pinned);
    assert.equal(before.decision, "allow");
    assert.equal((await service.judged(rotated.pinned)).decision, "deny");
    const keyFile = join(chain.folder, "policy/release.pub");
    await change(() => writeFileSync(keyFile, next.pem));
    const old = await requestsOf(() => lookedUp(pinned));
    assert.equal(old.verdict.decision, "deny");
    assert.deepEqual(
      old.verdict.signatures.map(({ reason }) => reason),
      ["unknown-key"],
    );
    assert.deepEqual(old.requests, []);
    const fresh = await requestsOf(() => lookedUp(rotated.pinned));
    assert.equal(fresh.verdict.decision, "allow");
    assert.deepEqual(fresh.requests, []);
    await change(() => writeFileSync(keyFile, chain.key.pem));
    isChanged = false;
    const again = await requestsOf(() => lookedUp(pinned));
    assert.equal(again.verdict.id, before.id);
    assert.deepEqual(again.requests, []);
  });

  test("keeps the former policies in force when changed files cannot be used, and says so", async () => {
    const { pinned } = await push("0");
    const { id } = await service.judged(pinned);
    const heard = service.process.err.length;
    chain.writePolicy("- usr: nonRoot", BY_TAG);
    const refusal = await service.process.says(/"msg":"changed policies refused[^\n]*/, heard);
    assert.match(service.process.err.slice(heard), /policy\.yaml:\d+:\d+/);
    assert.ok(refusal[0] !== "");
    assert.equal((await lookedUp(pinned)).id, id);
    const { status, body } = await service.ask<{ checks: { policy: { ok: boolean; problem: string } } }>(
      "GET",
      "/readyz",
    );
    assert.deepEqual([status, body.checks.policy.ok], [200, false]);
    assert.match(body.checks.policy.problem, /policy\.yaml:\d+:\d+/);
    await change(() => chain.writePolicy(`${SIGNED}\n- user: nonRoot`, BY_TAG));
    assert.equal((await lookedUp(pinned)).decision, "deny");
  });

  test("knows nothing of an image at first, queues it, and then tells its verdict", async () => {
    const { image, digest } = await push("65532");
    const unknown = await service.verdict(image);
    assert.equal(unknown.status, 404);
    assert.equal(unknown.body.type, "https://assay.dev/problems/unknown");
    assert.equal(unknown.body.decision, "deny");
    assert.equal(unknown.body.queued, true);
    const job = await service.finished(unknown.body.job?.split("/").at(-1) ?? "");
    const verdict = await lookedUp(image);
    assert.equal(verdict.id, job.verdict?.id);
    assert.deepEqual([verdict.digest, verdict.decision], [digest, "allow"]);
  });

  test("never serves a tag's former verdict once the tag was moved", async () => {
    const { image, repository, digest } = await push("65532");
    assert.equal((await service.judged(image)).decision, "allow");
    const moved = await chain.push(`${repository}:1`, { user: "0", labels: { moved: "yes" } }, DISTROLESS_FILES);
    chain.registry.forget();
    const unknown = await service.verdict(image);
    assert.equal(unknown.status, 404);
    assert.deepEqual(chain.registry.seen({ method: "HEAD" }).length, 1);
    const verdict = await service.judged(image);
    assert.deepEqual([verdict.digest, verdict.decision], [moved.manifest.descriptor.digest, "deny"]);
    chain.registry.tag(repository, "1", digest);
    const back = await lookedUp(image);
    assert.deepEqual([back.digest, back.decision], [digest, "allow"]);
    chain.registry.untag(repository, "1");
    const gone = await service.verdict(image, 10);
    assert.equal(gone.status, 404);
    assert.equal(gone.body.type, "https://assay.dev/problems/image-not-found");
    assert.equal(gone.body.decision, "deny");
  });

  test("follows a mounted ConfigMap whose links are swapped", async () => {
    const { image } = await push("0");
    const mount = join(chain.folder, "mount");
    const version = (name: string, rules: string): void => {
      mkdirSync(join(mount, name), { recursive: true });
      chain.writePolicy(rules, BY_TAG);
      for (const file of ["policy.yaml", "release.pub", "rekor.pub"])
        copyFileSync(join(chain.folder, "policy", file), join(mount, name, file));
    };
    version("..first", SIGNED);
    version("..second", `${SIGNED}\n- user: nonRoot`);
    symlinkSync("..first", join(mount, "..data"));
    for (const file of ["policy.yaml", "release.pub", "rekor.pub"]) symlinkSync(`..data/${file}`, join(mount, file));
    await using mounted = await Service.start(chain.env({ ASSAY_LOG_LEVEL: "info", ASSAY_POLICY: mount }));
    assert.equal((await mounted.judged(image)).decision, "allow");
    await change(() => {
      symlinkSync("..second", join(mount, "..data_tmp"));
      renameSync(join(mount, "..data_tmp"), join(mount, "..data"));
    }, mounted);
    const { body } = await mounted.verdict(image);
    assert.equal(body.decision, "deny");
  });
});
