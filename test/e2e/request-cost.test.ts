import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";

import { runAssay } from "../support/assay-process.ts";
import { TestRegistry } from "../support/registry.ts";
import { Service } from "../support/service.ts";
import { DISTROLESS_FILES, putImageInto, SupplyChain, verdictOf } from "../support/supply-chain.ts";
import { image, layer, type ConfigSpec, type LayerSpec } from "../support/tar.ts";

const DOCUMENTS = "apiVersion: assay.dev/v1alpha1";

describe("what a verification asks of a registry", () => {
  let chain: SupplyChain;
  let plain: TestRegistry;
  let guarded: TestRegistry;
  let service: Service;
  let env: Record<string, string>;
  let made = 0;

  before(async () => {
    chain = await SupplyChain.start();
    plain = await TestRegistry.start({ referrersApi: false });
    guarded = await TestRegistry.start({ auth: { kind: "bearer" } });
    writePolicies();
    env = chain.env({ ASSAY_UNSAFE_PLAIN_HTTP: [chain.host, plain.host, guarded.host].join(",") });
    service = await Service.start(env);
  });
  beforeEach(() => {
    for (const registry of [chain.registry, plain, guarded]) registry.forget();
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await Promise.all([plain.close(), guarded.close()]);
    await chain[Symbol.asyncDispose]();
  });

  /** One policy a folder of repositories, in every registry here. */
  function writePolicies(): void {
    const hosts = [chain.host, plain.host, guarded.host];
    const authority = (name: string, discover: string): string => `---
${DOCUMENTS}
kind: Authority
metadata: { name: ${name} }
spec: { cosign: { keys: [{ file: release.pub }], rekorKeys: [{ file: rekor.pub }]${discover} } }
`;
    const policy = (name: string, rule: string): string => `---
${DOCUMENTS}
kind: Policy
metadata: { name: ${name} }
spec: { match: { images: [${hosts.map((host) => `"${host}/${name}/**"`).join(", ")}] }, rules: [${rule}] }
`;
    const texts = [
      authority("by-tag", ", discover: [tag]"),
      authority("by-both", ""),
      policy("tag", "{ signed: { by: by-tag } }"),
      policy("both", "{ signed: { by: by-both } }"),
      policy("user", "{ user: nonRoot }"),
      policy("content", "{ absent: [shell] }"),
    ];
    writeFileSync(join(chain.folder, "policy/policy.yaml"), texts.join(""));
  }

  /** Pushes an image that was never seen before, and signs it. */
  async function push(
    registry: TestRegistry,
    folder: string,
    spec: ConfigSpec = { user: "65532" },
    layers: readonly LayerSpec[] = [DISTROLESS_FILES],
  ) {
    made += 1;
    const repository = `${folder}/image-${made}`;
    const built = image(
      { ...spec, labels: { repository } },
      layers.map((files) => layer(files)),
    );
    await putImageInto(registry, repository, built, ["1"]);
    const { digest } = built.manifest.descriptor;
    await chain.sign(repository, digest, {}, registry);
    const name = `${registry.host}/${repository}`;
    return { image: `${name}:1`, pinned: `${name}@${digest}`, repository, built };
  }

  const asked = (registry: TestRegistry): readonly string[] =>
    registry.seen().map(({ method, kind, status }) => `${method} ${kind} ${status}`);

  test("costs four requests for a key-signed image whose signature is under its tag", async () => {
    const { image, repository, built } = await push(chain.registry, "tag");
    assert.equal((await service.judged(image)).decision, "allow");
    assert.deepEqual(asked(chain.registry).toSorted(), [
      "GET blob 200",
      "GET blob 200",
      "GET manifest 200",
      "GET manifest 200",
    ]);
    const paths = chain.registry.seen().map(({ path }) => path);
    assert.equal(paths[0], `/v2/${repository}/manifests/1`);
    const { digest } = built.manifest.descriptor;
    assert.ok(paths.includes(`/v2/${repository}/manifests/${digest.replace(":", "-")}.sig`));
    assert.ok(paths.includes(`/v2/${repository}/blobs/${built.config.descriptor.digest}`));
  });

  test("costs the same four from the command line", async () => {
    const { image } = await push(chain.registry, "tag");
    assert.equal((await runAssay(["verify", image], env)).code, 0);
    assert.equal(chain.registry.seen().length, 4);
  });

  test("costs at most two more where signatures are looked for among referrers too", async () => {
    const { image } = await push(chain.registry, "both");
    assert.equal((await service.judged(image)).decision, "allow");
    assert.equal(chain.registry.seen().length, 5);
    assert.equal(chain.registry.seen({ kind: "referrers" }).length, 1);
    const first = await push(plain, "both");
    assert.equal((await service.judged(first.image)).decision, "allow");
    assert.ok(plain.seen().length <= 6, asked(plain).join());
    assert.deepEqual(plain.seen({ method: "HEAD" }), []);
    assert.deepEqual(plain.seen({ kind: "ping" }), []);
  });

  test("adds to that, where tokens are wanted, one refusal and one token, and once it has the token nothing", async () => {
    const { image, pinned, repository } = await push(guarded, "tag");
    assert.equal((await service.judged(image)).decision, "allow");
    assert.deepEqual(asked(guarded).slice(0, 3), ["GET manifest 401", "GET token 200", "GET manifest 200"]);
    assert.equal(guarded.seen().length, 6);
    guarded.forget();
    assert.equal((await service.judged(pinned)).decision, "allow");
    assert.equal(guarded.seen().length, 0);
    const again = image_(repository);
    await putImageInto(guarded, repository, again, ["2"]);
    await chain.sign(repository, again.manifest.descriptor.digest, {}, guarded);
    assert.equal((await service.judged(`${guarded.host}/${repository}:2`)).decision, "allow");
    assert.equal(guarded.seen().length, 4);
  });

  const image_ = (text: string) => image({ user: "1", labels: { text } }, [layer(DISTROLESS_FILES)]);

  test("costs one HEAD to verify a tag again, and for a digest nothing at all", async () => {
    const { image, pinned } = await push(chain.registry, "both");
    const cold = await service.judged(image);
    chain.registry.forget();
    assert.equal((await service.verdict(image)).body.id, cold.id);
    const [id = ""] = await service.accepted([image]);
    assert.equal((await service.finished(id)).verdict?.id, cold.id);
    assert.deepEqual(asked(chain.registry), ["HEAD manifest 200", "HEAD manifest 200"]);
    chain.registry.forget();
    const byDigest = await service.judged(pinned);
    assert.equal(byDigest.decision, "allow");
    const [pinnedId = ""] = await service.accepted([pinned]);
    assert.equal((await service.finished(pinnedId)).verdict?.id, byDigest.id);
    assert.deepEqual(asked(chain.registry), []);
  });

  test("refreshes a stale list at the price of the list: what digests name is not fetched again", async () => {
    await using hasty = await Service.start({ ...env, ASSAY_SIGNATURES_MAX_AGE: "0s", ASSAY_ABSENCE_MAX_AGE: "0s" });
    const { image, repository, built } = await push(chain.registry, "tag");
    assert.equal((await hasty.judged(image)).decision, "allow");
    chain.registry.forget();
    const [id = ""] = await hasty.accepted([image]);
    assert.equal((await hasty.finished(id)).verdict?.decision, "allow");
    assert.deepEqual(asked(chain.registry), ["HEAD manifest 200", "GET manifest 200"]);
    const { digest } = built.manifest.descriptor;
    const bundled = repository.replace("tag/", "both/");
    await putImageInto(chain.registry, bundled, built, ["1"]);
    await chain.signBundle(bundled, digest);
    assert.equal((await hasty.judged(chain.ref(`${bundled}:1`))).decision, "allow");
    chain.registry.forget();
    const [other = ""] = await hasty.accepted([chain.ref(`${bundled}:1`)]);
    assert.equal((await hasty.finished(other)).verdict?.decision, "allow");
    assert.deepEqual(asked(chain.registry).toSorted(), ["GET manifest 404", "GET referrers 200", "HEAD manifest 200"]);
  });

  test("downloads no layer for signatures, nor for a user who is a number", async () => {
    for (const folder of ["both", "user"]) {
      const { image, built } = await push(chain.registry, folder);
      assert.equal((await service.judged(image)).decision, "allow");
      for (const { digest } of built.layers) assert.deepEqual(chain.registry.seen({ reference: digest }), []);
    }
  });

  test("downloads the layers once for a user who is a name, and each layer once whatever number of images share it", async () => {
    const named = { user: "nonroot" };
    const shared = { ...DISTROLESS_FILES, "app/shared": { body: "shared by many images" } };
    const own = Array.from({ length: 6 }, (_, index) => ({ [`app/own-${index}`]: { body: `only in ${index}` } }));
    const images = await Promise.all(own.map((files) => push(chain.registry, "user", named, [shared, files])));
    const verdicts = await Promise.all(images.map(({ image }) => service.judged(image)));
    for (const { findings } of verdicts)
      assert.deepEqual(
        findings.map(({ reason }) => reason),
        ["named-user"],
      );
    const layers = new Set(images.flatMap(({ built }) => built.layers.map(({ digest }) => digest)));
    assert.equal(layers.size, 7);
    for (const digest of layers) assert.equal(chain.registry.seen({ reference: digest }).length, 1, digest);
    chain.registry.forget();
    const content = await push(chain.registry, "content", named, [shared]);
    assert.equal((await service.judged(content.image)).decision, "allow");
    for (const digest of layers) assert.deepEqual(chain.registry.seen({ reference: digest }), []);
  });

  test("costs fifty callers for one cold image what it costs one", async () => {
    const { image } = await push(chain.registry, "content");
    const app = await chain.compose();
    chain.registry.forget();
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => verdictOf(app, image)));
    assert.equal(new Set(verdicts.map(({ id }) => id)).size, 1);
    assert.deepEqual(asked(chain.registry).toSorted(), ["GET blob 200", "GET blob 200", "GET manifest 200"]);
  });
});
