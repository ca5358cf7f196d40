import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CertificateAuthority } from "../test/support/certificate-authority.ts";
import type { TestRegistry } from "../test/support/registry.ts";
import type { DemoImage } from "./family.ts";
import { makeKeys } from "./keys.ts";
import { writePolicies } from "./policy.ts";
import { Publication } from "./publication.ts";
import { openSite, type Site } from "./site.ts";

/** All that is made for one run and goes with it: a folder, servers over TLS, their authority, keys, logs and policies. */
export class Workshop implements AsyncDisposable {
  readonly folder: string;
  readonly ca: string;
  /** The folder of policies. */
  readonly policy: string;
  readonly #site: Site & AsyncDisposable;
  readonly #keys = makeKeys();
  readonly #removeFolder: () => void;

  private constructor(folder: string, authority: CertificateAuthority, site: Site & AsyncDisposable) {
    this.folder = folder;
    this.#site = site;
    this.ca = join(folder, "ca.pem");
    writeFileSync(this.ca, authority.pem);
    this.policy = join(folder, "policy");
    writePolicies(this.policy, site, this.#keys);
    this.#removeFolder = () => rmSync(folder, { recursive: true, force: true });
    // However the process ends, short of being killed outright, nothing is left behind.
    process.once("exit", this.#removeFolder);
  }

  static async open(): Promise<Workshop> {
    const authority = new CertificateAuthority("Assay demonstration CA");
    const site = await openSite(authority);
    return new Workshop(mkdtempSync(join(tmpdir(), "assay-demo-")), authority, site);
  }

  get registry(): TestRegistry {
    return this.#site.registry;
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
    for (const image of images) await image.publish(new Publication(image.name, this.#site, this.#keys));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#site[Symbol.asyncDispose]();
    this.#removeFolder();
    process.off("exit", this.#removeFolder);
  }
}
