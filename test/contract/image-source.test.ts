import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openLayout } from "../../src/adapters/oci-layout/layout.ts";
import { DockerRegistry, type DockerRegistryOptions } from "../support/docker-registry.ts";
import { LayoutWriter } from "../support/layout-writer.ts";
import { repositoryAt } from "../support/references.ts";
import { openRegistryClient } from "../support/registry-client.ts";
import { TestRegistry, type TestRegistryOptions } from "../support/registry.ts";
import { issueCertificate } from "../support/certificates.ts";
import { imageSourceContract, type World } from "./image-source.ts";

async function testRegistry(options: TestRegistryOptions = {}, ca: readonly string[] = []): Promise<World> {
  const registry = await TestRegistry.start(options);
  const hosts = ca.length === 0 ? { plainHttpHosts: [registry.host] } : { trustedHosts: [registry.host] };
  const source = openRegistryClient({ ...hosts, ca });
  return {
    target: registry,
    open: async () => source,
    repository: registry.repository("shop/web"),
    via: options.referrersApi === false ? "referrers-tag" : "referrers-api",
    catalog: "listed",
    putSignatures:
      options.signatureExtension === true
        ? (digest, list) => void registry.signatures.set(digest, list)
        : "unsupported",
    close: async () => {
      await source.close();
      await registry.close();
    },
  };
}

async function dockerRegistry(options: DockerRegistryOptions): Promise<World> {
  const registry = await DockerRegistry.start(options);
  const plain = registry.ca === undefined ? [registry.host] : [];
  const source = openRegistryClient({
    plainHttpHosts: [...plain, ...(registry.tokens === undefined ? [] : [registry.tokens.host])],
    trustedHosts: [registry.host],
    ca: registry.ca === undefined ? [] : [registry.ca],
    credentials: async () => ({ kind: "password", ...registry.account }),
  });
  return {
    target: registry,
    open: async () => source,
    repository: registry.repository("shop/web"),
    via: "referrers-tag",
    catalog: "listed",
    putSignatures: "unsupported",
    close: async () => {
      await source.close();
      await registry.close();
    },
  };
}

async function layout(kind: "folder" | "archive"): Promise<World> {
  const target = new LayoutWriter();
  const parent = await mkdtemp(join(tmpdir(), "assay-layout-"));
  const path = join(parent, "layout");
  return {
    target,
    open: async () => {
      await (kind === "folder" ? target.writeFolder(path) : target.writeArchive(path));
      return openLayout({ kind, path, tag: "v1" });
    },
    repository: repositoryAt("registry.example.com", "shop/web"),
    via: "referrers-tag",
    catalog: "unsupported",
    putSignatures: "none",
    close: () => rm(parent, { recursive: true }),
  };
}

imageSourceContract("the in-process registry", () => testRegistry());
imageSourceContract("a registry that keeps signatures", () => testRegistry({ signatureExtension: true }));
imageSourceContract("a registry with small pages", () => testRegistry({ pageSize: 1 }));
imageSourceContract("a registry that wants tokens", () =>
  testRegistry({ auth: { kind: "bearer" }, referrersApi: false, signatureExtension: true }),
);
imageSourceContract("a registry with a private authority", () => {
  const tls = issueCertificate();
  return testRegistry({ tls }, [tls.ca]);
});
imageSourceContract("docker-registry", () => dockerRegistry({}));
imageSourceContract("docker-registry with passwords over TLS", () => dockerRegistry({ auth: "basic", tls: true }));
imageSourceContract("docker-registry with a token server", () => dockerRegistry({ auth: "token" }));
imageSourceContract("an OCI layout in a folder", () => layout("folder"));
imageSourceContract("an OCI layout in a tar file", () => layout("archive"));
