import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { composeApp } from "../../src/compose.ts";
import { parseConfig } from "../../src/config.ts";
import type { Verdict } from "../../src/domain/verdict.ts";
import type { ClientLayout } from "./client-layout.ts";
import { pushLayout } from "./pushed-layout.ts";
import { TestRegistry } from "./registry.ts";
import { verdictOf } from "./supply-chain.ts";

/** A kept layout in a registry, and the whole of Assay beside it. */
export class ClientWorld implements AsyncDisposable {
  readonly registry: TestRegistry;
  readonly #layout: ClientLayout;
  readonly #folder = mkdtempSync(join(tmpdir(), "assay-clients-"));

  private constructor(layout: ClientLayout, registry: TestRegistry) {
    this.#layout = layout;
    this.registry = registry;
  }

  /** The registry has no referrers API unless told, as the one that the clients wrote into. */
  static async start(layout: ClientLayout, referrersApi = false): Promise<ClientWorld> {
    const registry = await TestRegistry.start({ referrersApi });
    await pushLayout(layout.folder, registry);
    return new ClientWorld(layout, registry);
  }

  /** What one rule, as YAML, makes of a repository's image; the keys are authorities under their own names. */
  async verdict(repository: string, rule: string, keys: readonly string[]): Promise<Verdict> {
    const policy = join(this.#folder, "policy");
    rmSync(policy, { recursive: true, force: true });
    mkdirSync(policy);
    for (const file of [...keys.map((key) => `${key}.pub`), "log.pub"]) {
      copyFileSync(join(this.#layout.folder, "keys", file), join(policy, file));
    }
    const documents = keys.map(
      (key) => `kind: Authority
metadata: { name: ${key} }
spec: { cosign: { keys: [{ file: ${key}.pub }], rekorKeys: [{ file: log.pub }] } }`,
    );
    const all = [
      ...documents,
      `kind: Policy\nmetadata: { name: all }\nspec: { match: { images: ["**"] }, rules: [${rule}] }`,
    ];
    writeFileSync(
      join(policy, "policy.yaml"),
      all.map((text) => `---\napiVersion: assay.dev/v1alpha1\n${text}\n`).join(""),
    );
    const env = {
      ASSAY_POLICY: policy,
      ASSAY_UNSAFE_PLAIN_HTTP: this.registry.host,
      ASSAY_LISTEN: "127.0.0.1:0",
      ASSAY_LOG_LEVEL: "silent",
      DOCKER_CONFIG: join(this.#folder, "docker"),
    };
    const options = { purpose: "verify", inlinePolicies: [], localImages: [], platform: undefined } as const;
    const app = await composeApp(parseConfig(env), options);
    try {
      return await verdictOf(app, `${this.registry.host}/${repository}:1`);
    } finally {
      await app.close(0);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
