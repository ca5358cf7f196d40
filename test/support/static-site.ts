import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";

/** A folder served over plain HTTP, as static web servers do. */
export class StaticSite implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "assay-site-"));
  readonly asked: string[] = [];
  /** While set, every answer has this status. */
  status: number | undefined;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://site");
      this.asked.push(pathname);
      const end = (status: number, body: Uint8Array | string): void => void response.writeHead(status).end(body);
      if (this.status !== undefined) return end(this.status, "broken");
      return void readFile(join(this.folder, normalize(decodeURIComponent(pathname)))).then(
        (bytes) => end(200, bytes),
        () => end(404, "not here"),
      );
    });
  }

  static async start(): Promise<StaticSite> {
    const site = new StaticSite();
    await new Promise<void>((resolve) => {
      site.#server.listen(0, "127.0.0.1", resolve);
    });
    return site;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
