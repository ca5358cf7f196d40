import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import type { App } from "../../src/app.ts";
import { parseReference } from "../../src/domain/reference.ts";
import { DISTROLESS_FILES, putImageInto, reasonsOf, SupplyChain, verdictOf } from "../support/supply-chain.ts";
import { image, layer, type BuiltImage, type BuiltLayer } from "../support/tar.ts";

const BASE = [layer(DISTROLESS_FILES), layer({ "etc/base": "the second layer of the base" })];
const OTHER = [layer({ ...DISTROLESS_FILES, "etc/other": "another base" })];
const APP = layer({ "app/main": { body: "\u007fELF main", mode: 0o755 } });

describe("a policy about base images", () => {
  let chain: SupplyChain;
  let app: App;

  async function push(name: string, layers: readonly BuiltLayer[]): Promise<BuiltImage> {
    const [repository = "", tag = ""] = name.split(":");
    const built = image({ user: "65532" }, layers);
    await putImageInto(chain.registry, repository, built, [tag]);
    return built;
  }

  /** Learnt by being verified, as anything is; none of these policies is about the bases themselves. */
  async function learn(name: string): Promise<void> {
    await app.assay.inspect(parseReference(chain.ref(name)), new AbortController().signal);
  }

  before(async () => {
    chain = await SupplyChain.start();
    const documents = `---
kind: Policy
apiVersion: assay.dev/v1alpha1
metadata: { name: signed-base }
spec:
  match: { images: ["${chain.host}/signed/**"] }
  rules: [{ base: { oneOf: ["${chain.host}/base/**"], signedBy: release-key } }]
`;
    const images = [chain.ref("shop/**")];
    chain.writePolicy(`- base: { oneOf: ["${chain.host}/base/debian"], notOlderThan: 1h }`, { documents, images });
    app = await chain.compose({ ASSAY_DATA: `${chain.folder}/data`, ASSAY_BASE_REFRESH: "off" });
    const { manifest } = await push("base/debian:12", BASE);
    await chain.sign("base/debian", manifest.descriptor.digest);
    await push("base/unsigned:1", OTHER);
    await push("elsewhere/debian:12", OTHER);
    for (const name of ["base/debian:12", "base/unsigned:1", "elsewhere/debian:12"]) await learn(name);
  });
  after(() => chain[Symbol.asyncDispose]());

  test("allows an image whose lowest layers are an allowed base's, however they are packed", async () => {
    await push("shop/web:1", [...BASE, APP]);
    const verdict = await verdictOf(app, chain.ref("shop/web:1"));
    assert.equal(verdict.decision, "allow", JSON.stringify(verdict.findings));
    assert.match(verdict.platforms[0]?.base ?? "", /base\/debian@sha256:[0-9a-f]{64} \(2 of 3 layers\)/);
    await push("shop/web:repacked", [layer(DISTROLESS_FILES, "zstd"), BASE[1] ?? APP, APP]);
    assert.equal((await verdictOf(app, chain.ref("shop/web:repacked"))).decision, "allow");
  });

  test("denies an image on a base that is not named, and says which it is on", async () => {
    await push("shop/other:1", [...OTHER, APP]);
    const verdict = await verdictOf(app, chain.ref("shop/other:1"));
    assert.deepEqual(reasonsOf(verdict), ["wrong-base"]);
    assert.match(verdict.findings[0]?.message ?? "", /elsewhere\/debian/);
  });

  test("denies an image whose layers were made one, since nothing tells what it is on", async () => {
    await push("shop/flat:1", [layer({ ...DISTROLESS_FILES, "etc/base": "x", "app/main": "y" })]);
    assert.deepEqual(reasonsOf(await verdictOf(app, chain.ref("shop/flat:1"))), ["base-unknown"]);
  });

  test("denies an image that changes the users of its base", async () => {
    await push("shop/tampered:1", [...BASE, layer({ "etc/passwd": "root:x:0:0::/:/bin/sh\n" })]);
    const verdict = await verdictOf(app, chain.ref("shop/tampered:1"));
    assert.deepEqual(reasonsOf(verdict), ["base-tampered"]);
    assert.match(verdict.findings[0]?.message ?? "", /\/etc\/passwd/);
  });

  test("asks the base's own signatures, wherever it lies", async () => {
    await push("signed/web:1", [...BASE, APP]);
    const verdict = await verdictOf(app, chain.ref("signed/web:1"));
    assert.equal(verdict.decision, "allow", JSON.stringify(verdict.findings));
    await push("signed/other:1", [...OTHER, APP]);
    assert.deepEqual(reasonsOf(await verdictOf(app, chain.ref("signed/other:1"))), ["base-unsigned"]);
  });

  test("judges again without a request when nothing became stale", async () => {
    const asked = chain.registry.requests.length;
    const reference = `${chain.host}/signed/web@${(await verdictOf(app, chain.ref("signed/web:1"))).digest}`;
    const between = chain.registry.requests.length;
    assert.ok(between > asked, "a tag costs a look");
    assert.equal((await verdictOf(app, reference)).decision, "allow");
    const later = chain.registry.requests.length;
    assert.equal((await verdictOf(app, reference)).decision, "allow");
    assert.equal(chain.registry.requests.length, later);
  });
});
