import assert from "node:assert/strict";
import { test } from "node:test";

import { formatReference, parseReference } from "../../src/domain/reference.ts";
import { DISTROLESS_FILES, SHELL_FILES, SupplyChain, verdictOf } from "../support/supply-chain.ts";

const RULES = "- signed: { by: release-key }\n- user: nonRoot\n- absent: [shell]";

test("a tag that moves at any moment never lends one image's verdict to another's digest", async () => {
  await using chain = await SupplyChain.start();
  chain.writePolicy(RULES);
  const good = await chain.push("shop/web:good", { user: "65532" }, DISTROLESS_FILES);
  const bad = await chain.push("shop/web:bad", { user: "root" }, DISTROLESS_FILES, SHELL_FILES);
  const [goodDigest, badDigest] = [good, bad].map((built) => built.manifest.descriptor.digest);
  assert.ok(goodDigest !== undefined && badDigest !== undefined);
  await chain.sign("shop/web", goodDigest);
  for (let after = 0; after < 12; after += 1) {
    const app = await chain.compose();
    chain.registry.tag("shop/web", "latest", goodDigest);
    chain.registry.forget();
    const flip = setInterval(() => {
      if (chain.registry.requests.length >= after) chain.registry.tag("shop/web", "latest", badDigest);
    }, 0);
    const verdict = await verdictOf(app, chain.ref("shop/web:latest")).finally(() => clearInterval(flip));
    assert.equal(verdict.decision === "allow", verdict.digest === goodDigest, `moved after ${after} requests`);
    const again = await verdictOf(app, chain.ref("shop/web:latest"));
    chain.registry.tag("shop/web", "latest", badDigest);
    assert.equal(again.decision === "allow", again.digest === goodDigest);
    const last = await verdictOf(app, chain.ref("shop/web:latest"));
    assert.deepEqual([last.decision, last.digest], ["deny", badDigest]);
  }
});

test("many images verified at once in a registry that answers out of order each get their own digest and decision", async () => {
  await using chain = await SupplyChain.start();
  chain.writePolicy("- signed: { by: release-key }");
  const count = 60;
  const expected = new Map<string, { readonly digest: string; readonly decision: string }>();
  for (let at = 0; at < count; at += 1) {
    const built = await chain.push(`shop/i${at}:1`, { user: "65532", labels: { at: `${at}` } }, DISTROLESS_FILES);
    const { digest } = built.manifest.descriptor;
    const signed = at % 3 !== 0;
    if (signed) await chain.sign(`shop/i${at}`, digest);
    expected.set(formatReference(parseReference(chain.ref(`shop/i${at}:1`))), {
      digest,
      decision: signed ? "allow" : "deny",
    });
    chain.registry.break({ repository: `shop/i${at}` }, { kind: "delay", ms: (at * 37) % 50 });
  }
  const app = await chain.compose();
  const asked = [...expected.keys()].flatMap((name) => Array.from({ length: 5 }, () => name));
  const verdicts = await Promise.all(asked.map((name) => verdictOf(app, name)));
  for (const verdict of verdicts) {
    assert.deepEqual(
      { digest: verdict.digest, decision: verdict.decision },
      expected.get(verdict.image),
      verdict.image,
    );
  }
  for (let at = 0; at < count; at += 1) {
    assert.equal(chain.registry.seen({ repository: `shop/i${at}`, reference: "1" }).length, 1, "asked for once");
  }
});
