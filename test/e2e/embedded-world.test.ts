import assert from "node:assert/strict";
import { mkdtempSync, openSync, writeSync, closeSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import type { Digest } from "../../src/domain/digest.ts";
import { runAssay } from "../support/assay-process.ts";
import { Service } from "../support/service.ts";
import { DISTROLESS_FILES, SupplyChain } from "../support/supply-chain.ts";

const MANIFESTS = { method: "GET", kind: "manifest" } as const;
const SLOTS = 4;

type Pushed = { readonly image: string; readonly digest: Digest; readonly decision: "allow" | "deny" };

describe("the embedded world", () => {
  let chain: SupplyChain;
  let made = 0;
  before(async () => {
    chain = await SupplyChain.start();
    chain.writePolicy("- signed: { by: release-key }");
  });
  after(() => chain[Symbol.asyncDispose]());

  const environment = (data: string): Record<string, string> =>
    chain.env({ ASSAY_DATA: data, ASSAY_CONCURRENCY: String(SLOTS) });
  const folder = (): string => mkdtempSync(join(chain.folder, "data-"));

  /** Images no one has seen before, every other one signed. */
  async function pushMany(count: number): Promise<readonly Pushed[]> {
    const pushed: Pushed[] = [];
    for (let index = 0; index < count; index += 1) {
      made += 1;
      const name = `shop/image-${made}`;
      const built = await chain.push(`${name}:1`, { user: "65532", labels: { name } }, DISTROLESS_FILES);
      const { digest } = built.manifest.descriptor;
      if (made % 2 === 0) await chain.sign(name, digest);
      pushed.push({ image: chain.ref(`${name}:1`), digest, decision: made % 2 === 0 ? "allow" : "deny" });
    }
    return pushed;
  }

  async function assertJudged(service: Service, ids: readonly string[], pushed: readonly Pushed[]): Promise<void> {
    const ends = await Promise.all(ids.map((id) => service.finished(id)));
    assert.deepEqual(
      ends.map(({ image, verdict }) => ({ image, digest: verdict?.digest, decision: verdict?.decision })),
      pushed.map(({ image, digest, decision }) => ({ image, digest, decision })),
    );
  }

  test("tells a job's way by events, to its verdict", async () => {
    await using service = await Service.start(environment(folder()));
    const [signed, unsigned] = (await pushMany(2)).toReversed();
    assert.ok(signed !== undefined && unsigned !== undefined);
    chain.registry.forget();
    const release = chain.registry.hold(MANIFESTS);
    const [id = "", other = ""] = await service.accepted([signed.image, unsigned.image]);
    await chain.registry.sees(MANIFESTS, 2);
    const following = service.events(id);
    const asked = await service.job(id);
    assert.equal(asked.body.state, "active");
    release();
    const states = await following;
    assert.deepEqual(
      states.map(({ state }) => state),
      ["active", "done"],
    );
    assert.equal(states[1]?.verdict?.decision, "allow");
    assert.equal(states[1].verdict.digest, signed.digest);
    assert.equal((await service.finished(other)).verdict?.decision, "deny");
    const inForce = await service.verdict(signed.image);
    assert.equal(inForce.status, 200);
    assert.equal(inForce.body.id, states[1].verdict.id);
  });

  test("ends every accepted job with its verdict though the process was killed over it", async () => {
    const data = folder();
    const pushed = await pushMany(16);
    chain.registry.forget();
    const release = chain.registry.hold(MANIFESTS);
    const killed = await Service.start(environment(data));
    const ids = await killed.accepted(pushed.map(({ image }) => image));
    await chain.registry.sees(MANIFESTS, SLOTS);
    assert.equal((await killed.process.stop("SIGKILL")).code, null);
    await killed[Symbol.asyncDispose]();
    release();
    await using service = await Service.start(environment(data));
    await assertJudged(service, ids, pushed);
    const { body } = await service.ask<{ checks: { queue: Record<string, unknown> } }>("GET", "/readyz");
    assert.deepEqual(body.checks.queue, { ok: true, waiting: 0, active: 0, delayed: 0 });
  });

  test("finishes what is running when told to stop, and keeps what waits for the next start", async () => {
    const data = folder();
    const pushed = await pushMany(10);
    chain.registry.forget();
    const release = chain.registry.hold(MANIFESTS);
    const stopped = await Service.start(environment(data));
    const ids = await stopped.accepted(pushed.map(({ image }) => image));
    await chain.registry.sees(MANIFESTS, SLOTS);
    const end = stopped.process.stop("SIGTERM");
    await stopped.process.says(/^SIGTERM: finishing what is running/m);
    release();
    assert.equal((await end).code, 0);
    await stopped[Symbol.asyncDispose]();

    chain.registry.forget();
    const releaseAgain = chain.registry.hold(MANIFESTS);
    await using service = await Service.start(environment(data));
    await chain.registry.sees(MANIFESTS, SLOTS);
    const states = await Promise.all(ids.map(async (id) => (await service.job(id)).body.state));
    assert.deepEqual(
      states.slice(0, SLOTS),
      Array.from({ length: SLOTS }, () => "done"),
    );
    assert.ok(!states.slice(SLOTS).includes("done"));
    releaseAgain();
    await assertJudged(service, ids, pushed);
  });

  test("hands back what does not finish within the grace, and ends well", async () => {
    const data = folder();
    const pushed = await pushMany(2);
    chain.registry.forget();
    const release = chain.registry.hold(MANIFESTS);
    const stopped = await Service.start(environment(data), { args: ["--grace", "500ms"] });
    const ids = await stopped.accepted(pushed.map(({ image }) => image));
    await chain.registry.sees(MANIFESTS, 2);
    const startedAt = performance.now();
    assert.equal((await stopped.process.stop("SIGTERM")).code, 0);
    assert.ok(performance.now() - startedAt < 8000);
    await stopped[Symbol.asyncDispose]();
    release();
    await using service = await Service.start(environment(data));
    await assertJudged(service, ids, pushed);
  });

  test("refuses a folder that another process has, and leaves that one be", async () => {
    const data = folder();
    await using first = await Service.start(environment(data));
    const second = await runAssay(["serve"], environment(data));
    assert.equal(second.code, 2);
    assert.equal(second.out, "");
    assert.match(second.err, /assay\.sqlite: is in use by another process: stop that one/);
    const [image] = await pushMany(1);
    assert.ok(image !== undefined);
    assert.equal((await first.judged(image.image)).digest, image.digest);
  });

  test("serves nothing from a damaged database, and says what to do", async () => {
    const data = folder();
    const started = await Service.start(environment(data));
    for (const { image } of await pushMany(2)) await started.judged(image);
    await started.process.stop("SIGTERM");
    await started[Symbol.asyncDispose]();
    const path = join(data, "assay.sqlite");
    const file = openSync(path, "r+");
    // Past the first page, whose loss would make it no database at all.
    writeSync(file, Buffer.alloc(statSync(path).size - 4096, 0xa5), 0, undefined, 4096);
    closeSync(file);
    const damaged = await runAssay(["serve"], environment(data));
    assert.equal(damaged.code, 2);
    assert.equal(damaged.out, "");
    assert.match(damaged.err, /assay\.sqlite: is damaged: .*move the file away and start again/);
    const other = openSync(path, "w");
    writeSync(other, "this was never a database, whatever its name says");
    closeSync(other);
    const foreign = await runAssay(["serve"], environment(data));
    assert.equal(foreign.code, 2);
    assert.equal(foreign.out, "");
    assert.match(foreign.err, /assay\.sqlite: is not a SQLite database: move the file away/);
  });
});
