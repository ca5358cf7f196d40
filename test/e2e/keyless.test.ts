import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import type { VerdictJson } from "../../src/domain/verdict-json.ts";
import { runAssay } from "../support/assay-process.ts";
import { DockerRegistry } from "../support/docker-registry.ts";
import type { Artifact } from "../support/signing/artifact.ts";
import { email, ISSUER, uri, WORKFLOW, type LeafOptions } from "../support/signing/virtual-fulcio.ts";
import { DISTROLESS_FILES, putImageInto, SupplyChain } from "../support/supply-chain.ts";
import { image, layer } from "../support/tar.ts";

const REPOSITORY = "shop/web";
const EVIL = WORKFLOW.replace("heads/main", "heads/evil");

describe("images signed without a key, in a real registry that has no referrers API", () => {
  let chain: SupplyChain;
  let registry: DockerRegistry;

  before(async () => {
    [chain, registry] = await Promise.all([SupplyChain.start(), DockerRegistry.start()]);
    chain.writeKeylessPolicy("extensions: { githubWorkflowRef: refs/heads/main }", [registry.host]);
  });
  after(async () => {
    await Promise.all([registry.close(), chain[Symbol.asyncDispose]()]);
  });

  /** An image under a tag of its own, signed by a certificate that says this. */
  async function push(tag: string, leaf: LeafOptions): Promise<string> {
    const built = image({ user: "65532", labels: { tag } }, [layer(DISTROLESS_FILES)]);
    await putImageInto(registry, REPOSITORY, built, [tag]);
    const says = { githubWorkflowRef: "refs/heads/main", ...leaf.says };
    const { digest } = built.manifest.descriptor;
    const legacy = chain.keyless.legacy(digest, { leaf: { ...leaf, says } });
    await chain.attach(REPOSITORY, legacy, registry);
    return `${registry.host}/${REPOSITORY}:${tag}`;
  }

  async function verified(reference: string): Promise<{ readonly code: number | null; readonly verdict: VerdictJson }> {
    const env = chain.env({ ASSAY_UNSAFE_PLAIN_HTTP: registry.host });
    const { code, out } = await runAssay(["verify", reference, "--format", "json"], env);
    return { code, verdict: JSON.parse(out) as VerdictJson };
  }

  test("are allowed where the release workflow signed, and the verdict names it", async () => {
    const { code, verdict } = await verified(await push("good", {}));
    assert.equal(verdict.decision, "allow", JSON.stringify(verdict.findings));
    assert.equal(code, 0);
    assert.deepEqual(
      verdict.signatures.map(({ scheme, status, signer }) => [scheme, status, signer]),
      [["cosign", "verified", { kind: "identity", issuer: ISSUER, subject: WORKFLOW }]],
    );
  });

  const DENIED: Readonly<Record<string, readonly [LeafOptions, string, RegExp]>> = {
    "another issuer vouches for the workflow": [
      { issuer: "https://gitlab.example.com" },
      "wrong-signer",
      /signed by "https:\/\/github\.com\/acme\/shop\/[^"]+" \(issuer "https:\/\/gitlab\.example\.com"\), which this authority does not name/,
    ],
    "somebody else signed": [
      { names: [email("eve@example.com")] },
      "wrong-signer",
      /signed by "eve@example\.com" \(issuer "https:\/\/token\.actions\.githubusercontent\.com"\), which this authority does not name/,
    ],
    "the workflow of another branch signed": [
      { names: [uri(EVIL)] },
      "wrong-signer",
      /signed by "https:\/\/github\.com\/acme\/shop\/[^"]+@refs\/heads\/evil" \(issuer [^)]+\), which this authority does not name/,
    ],
    "the workflow ran for another ref than its subject names": [
      { says: { githubWorkflowRef: "refs/heads/evil" } },
      "extension-mismatch",
      /its certificate says "refs\/heads\/evil" for githubWorkflowRef, not "refs\/heads\/main"/,
    ],
  };
  for (const [what, [leaf, reason, message]] of Object.entries(DENIED)) {
    test(`are denied where ${what}, and told why`, async () => {
      const { code, verdict } = await verified(await push(`t${what.replaceAll(/[^a-z]/gi, "").slice(0, 60)}`, leaf));
      assert.equal(code, 1);
      assert.deepEqual(
        verdict.signatures.map((tried) => [tried.status, tried.reason]),
        [["rejected", reason]],
      );
      assert.match(verdict.findings.map((finding) => finding.message).join("\n"), message);
    });
  }

  test("are allowed by a bundle under the referrers' fallback tag", async () => {
    const built = image({ user: "65532", labels: { form: "bundle" } }, [layer(DISTROLESS_FILES)]);
    await putImageInto(registry, REPOSITORY, built, ["bundle"]);
    const { digest } = built.manifest.descriptor;
    const bundle = chain.keyless.bundle(digest, { leaf: { says: { githubWorkflowRef: "refs/heads/main" } } });
    await chain.attach(REPOSITORY, bundle, registry);
    await chain.attach(REPOSITORY, fallbackIndex(digest, bundle), registry);
    const { code, verdict } = await verified(`${registry.host}/${REPOSITORY}:bundle`);
    assert.equal(code, 0, JSON.stringify(verdict.findings));
    assert.deepEqual(
      verdict.signatures.map(({ scheme, status }) => [scheme, status]),
      [["sigstore-bundle", "verified"]],
    );
  });
});

/** What clients write where a registry has no referrers API (distribution-spec, "Referrers Tag Schema"). */
function fallbackIndex(digest: string, referrer: Artifact): Artifact {
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const manifests = [{ mediaType: referrer.mediaType, digest: referrer.digest, size: referrer.manifest.length }];
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  return { mediaType, manifest, digest: referrer.digest, blobs: [], tag: digest.replace(":", "-") };
}
