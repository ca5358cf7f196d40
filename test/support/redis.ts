import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort } from "./free-port.ts";

const SERVER = "/usr/bin/redis-server";
const START_MS = 10_000;

/** A real redis-server of our own: free port, own folder, every write on disk before it is answered. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #settings: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, folder: string, settings: readonly string[]) {
    this.port = port;
    this.#folder = folder;
    this.#settings = settings;
  }

  /** `settings` are further command line options, such as `["--maxmemory", "10mb"]`. */
  static async start(settings: readonly string[] = []): Promise<RedisServer> {
    const server = await RedisServer.prepare(settings);
    await server.start();
    return server;
  }

  /** Chosen port and folder, not started. */
  static async prepare(settings: readonly string[] = []): Promise<RedisServer> {
    return new RedisServer(await freePort(), await mkdtemp(join(tmpdir(), "assay-redis-")), settings);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(more: readonly string[] = []): Promise<void> {
    const own = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#folder, "--save", ""];
    const durable = ["--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no"];
    this.#process = spawn(SERVER, [...own, ...durable, ...this.#settings, ...more], { stdio: "ignore" });
    const deadline = Date.now() + START_MS;
    while (!(await answers(this.port))) {
      if (Date.now() > deadline) throw new Error("redis-server did not start");
      await sleep(20);
    }
  }

  /** `SIGKILL` is a crash, `SIGTERM` a regular stop. */
  async stop(signal: "SIGKILL" | "SIGTERM" = "SIGTERM"): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const exit = once(running, "exit");
    running.kill("SIGCONT");
    running.kill(signal);
    await exit;
  }

  /** Stands still without closing a connection. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  /** Everything that was ever written to it, as the append-only file has it. */
  async written(): Promise<Buffer> {
    const folder = join(this.#folder, "appendonlydir");
    const names = await readdir(folder);
    return Buffer.concat(await Promise.all(names.map((name) => readFile(join(folder, name)))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Redis answers PING with something other than "loading". */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    socket.write("PING\r\n");
    const [reply] = (await once(socket, "data")) as [Buffer];
    return reply.toString().startsWith("+PONG");
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
