import type { CertificateAuthority } from "../test/support/certificate-authority.ts";
import { PathServer } from "../test/support/http-server.ts";
import { TestRegistry } from "../test/support/registry.ts";
import { NotaryHttp } from "../test/support/signing/notary/http-server.ts";

/** Every server that images and signatures are read from, all on loopback and over TLS. */
export type Site = {
  readonly registry: TestRegistry;
  readonly notary: NotaryHttp;
  /** The web server of GPG signatures. */
  readonly lookaside: PathServer;
};

/** Starts the servers with certificates of one authority. */
export async function openSite(authority: CertificateAuthority): Promise<Site & AsyncDisposable> {
  const tls = authority.issue(["127.0.0.1"]);
  await using opened = new AsyncDisposableStack();
  const registry = await TestRegistry.start({ tls });
  opened.defer(() => registry.close());
  const notary = await NotaryHttp.start({ tls });
  opened.defer(() => notary.close());
  const lookaside = await PathServer.start(tls);
  opened.defer(() => lookaside.stop());
  const running = opened.move();
  return { registry, notary, lookaside, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
