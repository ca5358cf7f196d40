import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { digestOf } from "../../src/crypto/digest-of.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/domain/media-types.ts";
import { runAssay } from "../support/assay-process.ts";
import type { Fault } from "../support/faults.ts";
import { TestRegistry, type Match } from "../support/registry.ts";
import { Service } from "../support/service.ts";
import { DISTROLESS_FILES, putImageInto, SupplyChain } from "../support/supply-chain.ts";
import { image, layer, type BuiltImage } from "../support/tar.ts";

const DOCKER_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";

/** What both edges say: a problem where the image could not be brought to a judgement, or findings where it could. */
type Expected = { readonly exit: 1 | 2; readonly says: RegExp } & (
  | { readonly status: number; readonly problem: string }
  | { readonly reasons: readonly string[]; readonly gap?: string }
);

/** Makes one image with one broken thing, and gives its reference. */
type Case = Expected & { readonly name: string; readonly make: (lab: Lab, repository: string) => Promise<string> };

/** Images that are as they should be, save for what a case does to them. */
class Lab {
  readonly chain: SupplyChain;
  readonly elsewhere: TestRegistry;

  constructor(chain: SupplyChain, elsewhere: TestRegistry) {
    this.chain = chain;
    this.elsewhere = elsewhere;
  }

  /** An image that is allowed as it stands. */
  async good(repository: string): Promise<BuiltImage> {
    const built = image({ user: "65532", labels: { repository } }, [layer({ ...DISTROLESS_FILES, [repository]: "x" })]);
    await putImageInto(this.chain.registry, repository, built, ["1"]);
    await this.chain.sign(repository, built.manifest.descriptor.digest);
    return built;
  }

  /** A signed manifest whose text is changed, or is something else. */
  async manifest(
    repository: string,
    write: (proper: string, built: BuiltImage) => string,
    mediaType = OCI_MANIFEST,
  ): Promise<string> {
    const built = await this.good(repository);
    const text = Buffer.from(write(Buffer.from(built.manifest.bytes).toString(), built));
    await this.chain.registry.putManifest(repository, text, mediaType, ["1"]);
    await this.chain.sign(repository, digestOf(text));
    return this.chain.ref(`${repository}:1`);
  }

  /** A good image of which one answer goes wrong. */
  async broken(
    repository: string,
    match: (built: BuiltImage) => Match,
    fault: Fault,
    reference = (_built: BuiltImage) => `${repository}:1`,
  ): Promise<string> {
    const built = await this.good(repository);
    this.chain.registry.break({ repository, ...match(built) }, fault);
    return this.chain.ref(reference(built));
  }
}

const ROOT = (): Match => ({ kind: "manifest", reference: "1" });
const CONFIG = ({ config }: BuiltImage): Match => ({ reference: config.descriptor.digest });
const LAYER = ({ layers }: BuiltImage): Match => ({ reference: layers[0]?.digest ?? "" });
const SIGNATURE = ({ manifest }: BuiltImage): Match => ({
  reference: `${manifest.descriptor.digest.replace(":", "-")}.sig`,
});

const UNUSABLE = { exit: 1, status: 422, problem: "image-unusable" } as const;
const UNTRUSTED = { exit: 2, status: 502, problem: "registry-unusable" } as const;
const unseen = (gap: string, ...reasons: readonly string[]) => ({ exit: 2, reasons, gap }) as const;

const CASES: readonly Case[] = [
  {
    name: "a manifest that names its layers twice",
    ...UNUSABLE,
    says: /layers/,
    make: (lab, name) => lab.manifest(name, (text) => text.replace('"layers":', '"layers":[],"layers":')),
  },
  {
    name: "a manifest with a member that differs from a known one in case alone",
    ...UNUSABLE,
    says: /Layers/,
    make: (lab, name) => lab.manifest(name, (text) => text.replace('"layers":', '"Layers":[],"layers":')),
  },
  {
    name: "a document that is both manifest and index",
    ...UNUSABLE,
    says: /manifests/,
    make: (lab, name) => lab.manifest(name, (text) => text.replace('"layers":', '"manifests":[],"layers":')),
  },
  {
    name: "a manifest served as an index",
    ...UNUSABLE,
    says: /says it is .* but was served as/,
    make: (lab, name) => lab.manifest(name, (text) => text, OCI_INDEX),
  },
  {
    name: "a manifest of Docker's first schema",
    ...UNUSABLE,
    says: /schema/i,
    make: (lab, name) => lab.manifest(name, () => '{"schemaVersion":1,"fsLayers":[]}', DOCKER_SCHEMA_1),
  },
  {
    name: "a manifest of an unknown type",
    ...UNUSABLE,
    says: /vnd\.example\.thing/,
    make: (lab, name) =>
      lab.manifest(
        name,
        (text) => text.replace(OCI_MANIFEST, "application/vnd.example.thing"),
        "application/vnd.example.thing",
      ),
  },
  {
    name: "a manifest nested a thousand deep",
    ...UNUSABLE,
    says: /deep|nest/,
    make: (lab, name) =>
      lab.manifest(name, (text) => text.replace("{", `{"annotations":${'{"a":'.repeat(1000)}1${"}".repeat(1000)},`)),
  },
  {
    name: "a manifest that is no JSON",
    ...UNUSABLE,
    says: /JSON/,
    make: (lab, name) => lab.manifest(name, () => "<html>Sign in</html>"),
  },
  {
    name: "a manifest of five megabytes",
    exit: 2,
    status: 422,
    problem: "image-unusable",
    says: /too-large/,
    make: (lab, name) => lab.manifest(name, (text) => text + " ".repeat(5 * 1024 * 1024)),
  },
  {
    name: "a manifest that breaks off",
    ...UNTRUSTED,
    says: /unreachable/,
    make: (lab, name) => lab.broken(name, ROOT, { kind: "truncate" }),
  },
  {
    name: "a manifest without end",
    exit: 2,
    status: 422,
    problem: "image-unusable",
    says: /too-large/,
    make: (lab, name) => lab.broken(name, ROOT, { kind: "endless" }),
  },
  {
    name: "a manifest other than its digest says",
    ...UNTRUSTED,
    says: /digest-mismatch/,
    make: (lab, name) =>
      lab.broken(
        name,
        ({ manifest }) => ({ reference: manifest.descriptor.digest }),
        { kind: "corrupt" },
        ({ manifest }) => `${name}@${manifest.descriptor.digest}`,
      ),
  },
  {
    name: "a registry that fails",
    ...UNTRUSTED,
    says: /server-error/,
    make: (lab, name) => lab.broken(name, ROOT, { kind: "status", status: 500 }),
  },
  {
    name: "a registry whose host listens to nobody",
    ...UNTRUSTED,
    says: /ECONNREFUSED/,
    make: async () => "127.0.0.1:1/shop/web:1",
  },
  {
    name: "a registry whose name leads nowhere",
    ...UNTRUSTED,
    says: /registry\.invalid/,
    make: async () => "registry.invalid/shop/web:1",
  },
  {
    name: "a token realm in the cloud's own network",
    exit: 2,
    status: 422,
    problem: "image-unusable",
    says: /blocked-address/,
    make: (lab, name) =>
      lab.broken(name, ROOT, {
        kind: "status",
        status: 401,
        headers: { "www-authenticate": 'Bearer realm="https://169.254.169.254/token",service="x",scope="y"' },
      }),
  },
  {
    name: "a configuration other than its digest says",
    ...unseen("digest-mismatch", "gap", "gap"),
    says: /digest-mismatch/,
    make: (lab, name) => lab.broken(name, CONFIG, { kind: "corrupt" }),
  },
  {
    name: "a layer other than its digest says",
    ...unseen("digest-mismatch", "gap"),
    says: /digest-mismatch/,
    make: (lab, name) => lab.broken(name, LAYER, { kind: "corrupt" }),
  },
  {
    name: "a layer shorter than its manifest says",
    ...unseen("digest-mismatch", "gap"),
    says: /digest-mismatch|malformed/,
    make: (lab, name) => lab.broken(name, LAYER, { kind: "short" }),
  },
  {
    name: "a layer without end",
    ...unseen("digest-mismatch", "gap"),
    says: /too-large|digest-mismatch/,
    make: (lab, name) => lab.broken(name, LAYER, { kind: "endless" }),
  },
  {
    name: "a layer that redirects to an address nobody allowed",
    ...unseen("blocked-address", "gap"),
    says: /blocked-address/,
    make: (lab, name) => lab.broken(name, LAYER, { kind: "redirect", to: `${lab.elsewhere.url}/metadata` }),
  },
  {
    name: "a layer that is not there",
    ...unseen("not-found", "gap"),
    says: /not-found/,
    make: (lab, name) => lab.broken(name, LAYER, { kind: "status", status: 404 }),
  },
  {
    name: "a layer of a type nobody knows",
    exit: 1,
    reasons: ["uninspectable"],
    says: /vnd\.example/,
    make: (lab, name) =>
      lab.manifest(name, (text) =>
        text.replace("application/vnd.oci.image.layer.v1.tar+gzip", "application/vnd.example.squashfs"),
      ),
  },
  {
    name: "signatures that the registry fails to show",
    ...unseen("server-error", "gap"),
    says: /server-error/,
    make: (lab, name) => lab.broken(name, SIGNATURE, { kind: "status", status: 503 }),
  },
  {
    name: "a signature manifest that is no JSON",
    exit: 1,
    reasons: ["wrongly-signed"],
    says: /malformed/,
    make: async (lab, name) => {
      const built = await lab.good(name);
      const { reference = "" } = SIGNATURE(built);
      await lab.chain.registry.putManifest(name, Buffer.from("<html>"), OCI_MANIFEST, [reference]);
      return lab.chain.ref(`${name}:1`);
    },
  },
];

describe("an image of which something is not as it should be", () => {
  let lab: Lab;
  let service: Service;
  let env: Record<string, string>;

  before(async () => {
    const chain = await SupplyChain.start();
    lab = new Lab(chain, await TestRegistry.start({ address: "127.0.0.2" }));
    chain.writePolicy("- signed: { by: release-key }\n- user: nonRoot\n- absent: [shell]", {
      authority: "discover: [tag]",
    });
    env = chain.env({ ASSAY_UNSAFE_PLAIN_HTTP: `${chain.host},127.0.0.1:1` });
    writeFileSync(join(chain.folder, "policy/z-elsewhere.yaml"), everywhere());
    service = await Service.start(env);
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await lab.elsewhere.close();
    await lab.chain[Symbol.asyncDispose]();
  });

  test("is allowed as long as nothing is wrong with it", async () => {
    await lab.good("shop/good");
    const image = lab.chain.ref("shop/good:1");
    assert.equal((await service.judged(image)).decision, "allow");
    assert.equal((await runAssay(["verify", image], env)).code, 0);
  });

  test("is not looked at on a private address that only a caller of the service named", async () => {
    const image = `${lab.elsewhere.host}/shop/web:1`;
    lab.elsewhere.forget();
    const asked = await service.verdict(image, 30);
    assert.deepEqual([asked.status, asked.body.type], [422, "https://assay.dev/problems/image-unusable"]);
    assert.match(asked.body.detail, /127\.0\.0\.2: is loopback: name the host in ASSAY_PRIVATE_HOSTS/);
    assert.deepEqual(lab.elsewhere.requests, []);
    // On the command line the host is the operator's own word, so it is asked, over TLS, which this one does not speak.
    const ran = await runAssay(["verify", image], env);
    assert.equal(ran.code, 2);
    assert.match(ran.out, /TLS/);
  });

  describe("is refused by both edges, with its reason:", { concurrency: 2 }, () => {
    for (const [index, each] of CASES.entries()) {
      test(each.name, async () => {
        const image = await each.make(lab, `shop/case-${index}`);
        const [ran, asked] = await Promise.all([runAssay(["verify", image], env), service.verdict(image, 30)]);
        assert.equal(asked.body.decision, "deny");
        assert.match(ran.out, each.says);
        assert.equal(ran.code, each.exit);
        assert.equal(ran.err, "");
        if ("problem" in each) {
          assert.equal(asked.body.type, `https://assay.dev/problems/${each.problem}`);
          assert.equal(asked.status, each.status);
          assert.ok(ran.out.includes(asked.body.detail), `${asked.body.detail} is in ${ran.out}`);
        } else {
          const reasons = asked.body.findings
            .filter(({ outcome }) => outcome !== "satisfied")
            .map(({ reason }) => reason);
          assert.deepEqual(reasons, each.reasons);
          assert.deepEqual(
            [...new Set(asked.body.gaps.map(({ code }) => code))],
            each.gap === undefined ? [] : [each.gap],
          );
        }
        const later = await service.verdict(image);
        assert.ok(later.status !== 200 || later.body.decision === "deny");
      });
    }
  });
});

/** A policy that would allow anything from hosts whose images cannot be had. */
function everywhere(): string {
  return `apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: elsewhere }
spec: { match: { images: ["registry.invalid/**", "127.0.0.1:1/**"] }, rules: [{ user: nonRoot }] }
`;
}
