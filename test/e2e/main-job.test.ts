import assert from "node:assert/strict";
import { test } from "node:test";

import { parseReference } from "../../src/domain/reference.ts";
import { makeKey } from "../support/signing/keys.ts";
import {
  DISTROLESS_FILES,
  reasonsOf,
  SHELL_FILES,
  SupplyChain,
  putImageInto,
  verdictOf,
} from "../support/supply-chain.ts";
import { image, layer } from "../support/tar.ts";

const RULES = `- signed: { by: release-key }
- user: nonRoot
- composition: { atMost: distroless }
- absent: [shell, package-manager]`;

test("allows a signed distroless image that runs as nobody special", async () => {
  await using chain = await SupplyChain.start();
  chain.writePolicy(RULES);
  const built = await chain.push("shop/web:1", { user: "65532" }, DISTROLESS_FILES);
  await chain.sign("shop/web", built.manifest.descriptor.digest);
  const verdict = await verdictOf(await chain.compose(), chain.ref("shop/web:1"));
  assert.deepEqual(reasonsOf(verdict), []);
  assert.equal(verdict.decision, "allow");
  assert.equal(verdict.digest, built.manifest.descriptor.digest);
  assert.deepEqual(verdict.unsafe, []);
  const [platform] = verdict.platforms;
  assert.equal(platform?.platform, "linux/amd64");
  assert.match(platform?.user ?? "", /^nonroot\b/);
  assert.match(platform?.composition ?? "", /^distroless-static\b/);
});

test("denies unsigned, signed by another key, and signed over another digest, each by its own reason", async () => {
  await using chain = await SupplyChain.start();
  chain.writePolicy(RULES);
  const app = await chain.compose();
  const good = await chain.push("shop/good:1", { user: "65532" }, DISTROLESS_FILES);
  assert.deepEqual(reasonsOf(await verdictOf(app, chain.ref("shop/good:1"))), ["unsigned"]);

  const named = await chain.push("shop/other:1", { user: "65532", labels: { name: "other" } }, DISTROLESS_FILES);
  await chain.sign("shop/other", named.manifest.descriptor.digest, { key: makeKey() });
  const other = await verdictOf(app, chain.ref("shop/other:1"));
  assert.deepEqual(reasonsOf(other), ["wrongly-signed"]);
  assert.deepEqual(
    other.signatures.map((tried) => tried.reason),
    ["unknown-key"],
  );

  const copied = await chain.push("shop/copied:1", { user: "65532", labels: { name: "copied" } }, DISTROLESS_FILES);
  const signature = await chain.sign("shop/good", good.manifest.descriptor.digest);
  const tag = `${copied.manifest.descriptor.digest.replace(":", "-")}.sig`;
  await chain.attach("shop/copied", { ...signature, tag });
  const wrong = await verdictOf(app, chain.ref("shop/copied:1"));
  assert.deepEqual(
    wrong.signatures.map((tried) => tried.reason),
    ["wrong-subject"],
  );
  assert.deepEqual(reasonsOf(wrong), ["wrongly-signed"]);
});

test("denies root, a shell, and one bad platform among good ones", async () => {
  await using chain = await SupplyChain.start();
  chain.writePolicy(RULES);
  const app = await chain.compose();
  const root = await chain.push("shop/root:1", { user: "0:1000" }, DISTROLESS_FILES);
  await chain.sign("shop/root", root.manifest.descriptor.digest);
  assert.deepEqual(reasonsOf(await verdictOf(app, chain.ref("shop/root:1"))), ["root-user"]);

  const shell = await chain.push("shop/shell:1", { user: "65532" }, DISTROLESS_FILES, SHELL_FILES);
  await chain.sign("shop/shell", shell.manifest.descriptor.digest);
  assert.deepEqual(reasonsOf(await verdictOf(app, chain.ref("shop/shell:1"))), ["composition", "present"]);

  const good = await chain.push("shop/multi", { user: "65532" }, DISTROLESS_FILES);
  const bad = await chain.push("shop/multi", { user: "root", architecture: "arm64" }, DISTROLESS_FILES);
  const index = await chain.pushIndex("shop/multi:1", [
    { built: good, architecture: "amd64" },
    { built: bad, architecture: "arm64" },
  ]);
  await chain.signBundle("shop/multi", index);
  const verdict = await verdictOf(app, chain.ref("shop/multi:1"));
  assert.deepEqual(reasonsOf(verdict), ["root-user"]);
  assert.match(verdict.findings.find((finding) => finding.reason === "root-user")?.message ?? "", /arm64/);
});

test("denies an index whose only platform for a node is one that a list of platforms does not name", async () => {
  await using chain = await SupplyChain.start();
  chain.writePolicy("- absent: [shell]", { policy: "platforms: { only: [linux/amd64] }" });
  const app = await chain.compose();
  const good = await chain.push("shop/fallback", { user: "65532" }, DISTROLESS_FILES);
  const bad = await chain.push("shop/fallback", { user: "65532", architecture: "386" }, DISTROLESS_FILES, SHELL_FILES);
  const entries = [
    { built: good, architecture: "s390x" },
    { built: bad, architecture: "386" },
  ];
  await chain.pushIndex("shop/fallback:1", entries);
  assert.deepEqual(reasonsOf(await verdictOf(app, chain.ref("shop/fallback:1"))), ["present"]);
});

test("reads the layers of a platform that gives no variant where the policy gives one", async () => {
  await using chain = await SupplyChain.start();
  chain.writePolicy("- absent: [shell]", { policy: "platforms: { only: [linux/arm/v6] }" });
  const app = await chain.compose();
  const built = await chain.push("shop/arm", { user: "65532", architecture: "arm" }, DISTROLESS_FILES);
  await chain.pushIndex("shop/arm:1", [{ built, architecture: "arm" }]);
  assert.equal((await verdictOf(app, chain.ref("shop/arm:1"))).decision, "allow");
});

test("does not take a Linux image for a Windows one by its own word", async () => {
  await using chain = await SupplyChain.start();
  chain.writePolicy("- user: nonRoot");
  const app = await chain.compose();
  const passwd = { "etc/passwd": { body: "ContainerUser:x:0:0::/:/sbin/nologin\n" } };
  const built = await chain.push("shop/posing:1", { user: "ContainerUser", os: "windows" }, passwd);
  await chain.pushIndex("shop/posing:2", [{ built, architecture: "amd64" }]);
  for (const tag of ["1", "2"])
    assert.deepEqual(reasonsOf(await verdictOf(app, chain.ref(`shop/posing:${tag}`))), ["user-unresolvable"]);
});

test("judges a queued image by the tag beside its digest too", async () => {
  await using chain = await SupplyChain.start();
  chain.writePolicy("- signed: { by: release-key }", { authority: "signedIdentity: matchRepoDigestOrExact" });
  const built = await chain.push("shop/moved:1", { user: "65532" }, DISTROLESS_FILES);
  const { digest } = built.manifest.descriptor;
  await chain.sign("shop/moved", digest, { name: chain.ref("shop/moved:2") });
  const app = await chain.compose({}, { purpose: "serve" });
  await app.startWorkers();
  const references = ["shop/moved:1", "shop/moved"].map((name) => parseReference(chain.ref(`${name}@${digest}`)));
  const jobs = await app.assay.submit(references, "normal");
  const decisions = [];
  for (const { id } of jobs) {
    const view = await app.assay.waitForJob(id, AbortSignal.timeout(20_000));
    decisions.push(view?.verdict?.decision);
  }
  assert.deepEqual(decisions, ["deny", "allow"]);
});

test("answers from the store for an image with a layer that is refused by its type", async () => {
  await using chain = await SupplyChain.start();
  chain.writePolicy("- absent: [shell]\n  enforcement: warn");
  const one = layer(DISTROLESS_FILES);
  const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted";
  const built = image({ user: "65532" }, [{ ...one, descriptor: { ...one.descriptor, mediaType } }]);
  await putImageInto(chain.registry, "shop/sealed", built, ["1"]);
  const app = await chain.compose();
  const reference = chain.ref("shop/sealed:1");
  const first = await verdictOf(app, reference);
  assert.deepEqual([first.decision, reasonsOf(first)], ["warn", ["uninspectable"]]);
  const again = await app.assay.inForce(parseReference(reference), { tagMaxAgeMs: 60_000 }, AbortSignal.timeout(5000));
  assert.equal(again?.kind === "judged" ? again.verdict.id : again?.kind, first.id);
});
