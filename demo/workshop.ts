import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CertificateAuthority } from "../test/support/certificate-authority.ts";
import { TestRegistry } from "../test/support/registry.ts";
import type { DemoImage } from "./images.ts";
import { makeKeys } from "./keys.ts";
import { writePolicy } from "./policy.ts";
import { Publication } from "./publication.ts";

/** All that is made for one run and goes with it: a folder, a registry over TLS, its authority, keys, a log and a policy. */
export class Workshop implements AsyncDisposable {
  readonly folder: string;
  readonly registry: TestRegistry;
  readonly ca: string;
  readonly policy: string;
  readonly #keys = makeKeys();
  readonly #removeFolder: () => void;

  private constructor(folder: string, authority: CertificateAuthority, registry: TestRegistry) {
    this.folder = folder;
    this.registry = registry;
    this.ca = join(folder, "ca.pem");
    writeFileSync(this.ca, authority.pem);
    this.policy = writePolicy(join(folder, "policy"), registry.host, this.#keys);
    this.#removeFolder = () => rmSync(folder, { recursive: true, force: true });
    // However the process ends, short of being killed outright, nothing is left behind.
    process.once("exit", this.#removeFolder);
  }

  static async open(): Promise<Workshop> {
    const authority = new CertificateAuthority("Assay demonstration CA");
    const { cert, key } = authority.issue(["127.0.0.1"]);
    const registry = await TestRegistry.start({ tls: { cert, key } });
    return new Workshop(mkdtempSync(join(tmpdir(), "assay-demo-")), authority, registry);
  }

  /** A new folder for the service's own data, such as its database. */
  makeFolder(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(path, { mode: 0o700 });
    return path;
  }

  /** The reference under which everybody else knows an image. */
  reference({ name }: DemoImage): string {
    return `${this.registry.host}/${name}`;
  }

  async publish(images: readonly DemoImage[]): Promise<void> {
    for (const image of images) await image.publish(new Publication(image.name, this.registry, this.#keys));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry.close();
    this.#removeFolder();
    process.off("exit", this.#removeFolder);
  }
}
