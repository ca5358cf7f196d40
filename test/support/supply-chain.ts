import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { App, AppOptions } from "../../src/app.ts";
import { composeApp } from "../../src/compose.ts";
import { parseConfig, type Config } from "../../src/config.ts";
import type { Digest } from "../../src/domain/digest.ts";
import { OCI_INDEX } from "../../src/domain/media-types.ts";
import { parseReference } from "../../src/domain/reference.ts";
import type { Verdict } from "../../src/domain/verdict.ts";
import type { Unresolved } from "../../src/pipeline/assay.ts";
import type { ImageTarget } from "./image-builder.ts";
import { TestRegistry, type TestRegistryOptions } from "./registry.ts";
import type { Artifact } from "./signing/artifact.ts";
import { signBundle, type BundleOptions } from "./signing/bundle.ts";
import { signCosignLegacy, type CosignOptions } from "./signing/cosign-signature.ts";
import { KeylessChain } from "./signing/keyless-chain.ts";
import { makeKey, type SigningKey } from "./signing/keys.ts";
import { TestTimestampAuthority } from "./signing/timestamp-authority.ts";
import { ISSUER, WORKFLOW } from "./signing/virtual-fulcio.ts";
import { VirtualLog } from "./signing/virtual-log.ts";
import { image, layer, type BuiltImage, type ConfigSpec, type LayerSpec } from "./tar.ts";

/** A distroless-like root: an operating system's name, users, certificates, one program and no shell. */
export const DISTROLESS_FILES = {
  "etc/os-release": { body: 'PRETTY_NAME="Distroless"\nID="debian"\nVERSION_ID="12"\n' },
  "etc/passwd": {
    body: "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
  },
  "etc/group": { body: "root:x:0:\nnonroot:x:65532:\n" },
  "var/lib/dpkg/status.d/base-files": { body: "Package: base-files\nVersion: 12.4\n" },
  "app/server": { body: "\u007fELF server", mode: 0o755 },
} as const satisfies LayerSpec;

export const SHELL_FILES = { "bin/sh": { body: "\u007fELF shell", mode: 0o755 } } as const satisfies LayerSpec;

/** What a policy file says beyond its rules, each as YAML. */
export type PolicyExtras = {
  /** Members of the authority's `cosign`. */
  readonly authority?: string;
  /** Members of the policy's `spec`. */
  readonly policy?: string;
  /** Further documents. */
  readonly documents?: string;
  /** How the log is named: by its key, or by a trusted root. */
  readonly logs?: "rekor-keys" | "trusted-root";
  /** Which images they are for; those of this registry unless given. */
  readonly images?: readonly string[];
};

/** A registry, a key, a transparency log, a timestamp authority and a folder of policies, made for one test. */
export class SupplyChain implements AsyncDisposable {
  readonly registry: TestRegistry;
  readonly key: SigningKey = makeKey();
  readonly log = new VirtualLog();
  readonly tsa = new TestTimestampAuthority();
  readonly keyless = new KeylessChain();
  readonly folder = mkdtempSync(join(tmpdir(), "assay-test-"));
  readonly #apps: App[] = [];

  private constructor(registry: TestRegistry) {
    this.registry = registry;
    mkdirSync(join(this.folder, "policy"));
    writeFileSync(join(this.folder, "policy/release.pub"), this.key.pem);
    writeFileSync(join(this.folder, "policy/rekor.pub"), this.log.key.pem);
    writeFileSync(join(this.folder, "policy/root.json"), trustedRoot(this.log, this.tsa));
    writeFileSync(join(this.folder, "policy/sigstore.json"), JSON.stringify(this.keyless.rootJson()));
  }

  static async start(options: TestRegistryOptions = {}): Promise<SupplyChain> {
    return new SupplyChain(await TestRegistry.start(options));
  }

  get host(): string {
    return this.registry.host;
  }

  /** The reference of a repository here, such as `shop/web:1`. */
  ref(name: string): string {
    return `${this.host}/${name}`;
  }

  /** Pushes an image of layers given as files. */
  async push(name: string, spec: ConfigSpec, ...layers: readonly LayerSpec[]): Promise<BuiltImage> {
    const [repository = "", tag] = name.split(":");
    const built = image(
      spec,
      layers.map((files) => layer(files)),
    );
    await putImageInto(this.registry, repository, built, tag === undefined ? [] : [tag]);
    return built;
  }

  async pushIndex(
    name: string,
    entries: readonly { readonly built: BuiltImage; readonly architecture: string }[],
  ): Promise<Digest> {
    const [repository = "", tag] = name.split(":");
    for (const { built } of entries) await putImageInto(this.registry, repository, built, []);
    const manifests = entries.map(({ built, architecture }) => ({
      mediaType: built.manifest.descriptor.mediaType,
      digest: built.manifest.descriptor.digest,
      size: built.manifest.descriptor.size,
      platform: { os: "linux", architecture },
    }));
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
    return this.registry.putManifest(repository, bytes, OCI_INDEX, tag === undefined ? [] : [tag]);
  }

  /** Signs as cosign 2 does, under the `.sig` tag. */
  async sign(
    repository: string,
    digest: Digest,
    options: Partial<CosignOptions> = {},
    target: ImageTarget = this.registry,
  ): Promise<Artifact> {
    return this.attach(repository, this.legacySignature(digest, options), target);
  }

  /** Signs as cosign 3 does, as a referrer. */
  async signBundle(repository: string, digest: Digest, options: Partial<BundleOptions> = {}): Promise<Artifact> {
    return this.attach(repository, signBundle({ image: digest, key: this.key, log: this.log, ...options }));
  }

  /** A valid signature that is not pushed yet. */
  legacySignature(digest: Digest, options: Partial<CosignOptions> = {}): Artifact {
    return signCosignLegacy({ image: digest, key: this.key, log: this.log, ...options });
  }

  async attach(repository: string, artifact: Artifact, target: ImageTarget = this.registry): Promise<Artifact> {
    for (const blob of artifact.blobs) await target.putBlob(repository, blob);
    const tags = artifact.tag === undefined ? [] : [artifact.tag];
    await target.putManifest(repository, artifact.manifest, artifact.mediaType, tags);
    return artifact;
  }

  /** Writes the policy file: one authority `release-key`, and the given rules. */
  writePolicy(rules: string, more: PolicyExtras = {}): void {
    const text = `apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: release-key }
spec:
  cosign:
    keys: [{ file: release.pub }]
    ${more.logs === "trusted-root" ? "trustRoot: root.json" : "rekorKeys: [{ file: rekor.pub }]"}
${indent(more.authority ?? "", 4)}
---
apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: production }
spec:
  match: { images: ${JSON.stringify(more.images ?? [`${this.host}/**`])} }
  rules:
${indent(rules, 4)}
${indent(more.policy ?? "", 2)}
${more.documents ?? ""}`;
    writeFileSync(join(this.folder, "policy/policy.yaml"), text);
  }

  /** Writes the policy file: one authority `ci` that names the release workflow, and that it must have signed. */
  writeKeylessPolicy(members = "", hosts: readonly string[] = [this.host], trustRoot = "sigstore.json"): void {
    const text = `apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: ci }
spec:
  keyless:
    identities: [{ issuer: "${ISSUER}", subject: "${WORKFLOW}" }]
    trustRoot: ${trustRoot}
${indent(members, 4)}
---
apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: production }
spec:
  match: { images: ${JSON.stringify(hosts.map((host) => `${host}/**`))} }
  rules: [signed: { by: ci }]
`;
    writeFileSync(join(this.folder, "policy/policy.yaml"), text);
  }

  /** Writes the policy file anew: one authority `vendor` of this keyring, and a rule that it must have signed. */
  writeSimpleSigning(keyring: Uint8Array, members: string, images: readonly string[] = [`${this.host}/**`]): void {
    writeFileSync(join(this.folder, "policy/vendor.gpg"), keyring);
    const text = `apiVersion: assay.dev/v1alpha1
kind: Authority
metadata: { name: vendor }
spec:
  simpleSigning:
    keyrings: [vendor.gpg]
${indent(members, 4)}
---
apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: production }
spec:
  match: { images: ${JSON.stringify(images)} }
  rules: [{ signed: { by: vendor } }]
`;
    writeFileSync(join(this.folder, "policy/policy.yaml"), text);
  }

  config(env: Readonly<Record<string, string>> = {}): Config {
    return parseConfig(this.env(env));
  }

  /** The environment of a process that judges by this folder's policies. */
  env(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      ASSAY_POLICY: join(this.folder, "policy"),
      ASSAY_UNSAFE_PLAIN_HTTP: this.host,
      ASSAY_LISTEN: "127.0.0.1:0",
      ASSAY_LOG_LEVEL: "silent",
      DOCKER_CONFIG: join(this.folder, "docker"),
      ...more,
    };
  }

  async compose(env: Readonly<Record<string, string>> = {}, options: Partial<AppOptions> = {}): Promise<App> {
    const app = await composeApp(this.config(env), {
      purpose: "verify",
      inlinePolicies: [],
      localImages: [],
      platform: undefined,
      ...options,
    });
    this.#apps.push(app);
    return app;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const app of this.#apps) await app.close(0);
    await this.registry.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A sigstore trusted root that knows this log and this timestamp authority alone. */
function trustedRoot(log: VirtualLog, tsa: TestTimestampAuthority): string {
  const publicKey = {
    rawBytes: log.key.der.toString("base64"),
    keyDetails: "PKIX_ECDSA_P256_SHA_256",
    validFor: { start: "2020-01-01T00:00:00Z" },
  };
  const logId = { keyId: Buffer.from(log.logId, "hex").toString("base64") };
  return JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [{ baseUrl: "https://log.example.com", hashAlgorithm: "SHA2_256", publicKey, logId }],
    certificateAuthorities: [],
    ctlogs: [],
    timestampAuthorities: [tsa.trust()],
  });
}

function indent(text: string, by: number): string {
  return text
    .split("\n")
    .map((line) => (line === "" ? "" : `${" ".repeat(by)}${line}`))
    .join("\n");
}

export async function putImageInto(
  target: ImageTarget,
  repository: string,
  built: BuiltImage,
  tags: readonly string[],
): Promise<void> {
  await target.putBlob(repository, built.config.bytes);
  for (const one of built.layers) await target.putBlob(repository, one.bytes);
  await target.putManifest(repository, built.manifest.bytes, built.manifest.descriptor.mediaType, tags);
}

/** Verifies and gives the verdict; an unresolved image fails the test with its message. */
export async function verdictOf(app: App, reference: string): Promise<Verdict> {
  const answer = await app.assay.verify(parseReference(reference), AbortSignal.timeout(20_000));
  if (answer.kind === "unresolved") throw new Error(`${answer.code}: ${answer.message}`);
  return answer.verdict;
}

export async function unresolvedOf(app: App, reference: string): Promise<Unresolved> {
  const answer = await app.assay.verify(parseReference(reference), AbortSignal.timeout(20_000));
  if (answer.kind === "judged") throw new Error(`judged: ${answer.verdict.decision}`);
  return answer;
}

/** Reasons of the findings that are not satisfied, in order. */
export function reasonsOf(verdict: Verdict): readonly (string | undefined)[] {
  return verdict.findings.filter((finding) => finding.outcome !== "satisfied").map((finding) => finding.reason);
}
