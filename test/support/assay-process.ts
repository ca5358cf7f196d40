import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const PROGRAM = join(import.meta.dirname, "../../bin/assay");

type Environment = Readonly<Record<string, string>>;

export type Ended = {
  /** `null` for a process that a signal ended. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
};

/** The program as people start it, in an environment of its own: of ours only `PATH` is handed down. */
export class AssayProcess implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #waiting = new Set<() => void>();
  #out = "";
  #err = "";

  constructor(args: readonly string[], env: Environment, cwd?: string) {
    this.#process = spawn(PROGRAM, [...args], {
      env: { PATH: process.env["PATH"] ?? "", ...env },
      stdio: ["ignore", "pipe", "pipe"],
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.#ended = once(this.#process, "close").then(() => this.#tell());
    this.#process.stdout?.setEncoding("utf8").on("data", (text: string) => this.#heard(() => (this.#out += text)));
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => this.#heard(() => (this.#err += text)));
  }

  get out(): string {
    return this.#out;
  }

  get err(): string {
    return this.#err;
  }

  get isGone(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** The first match in what it said on either stream so far or will say. Throws if it ends without. */
  async says(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#out) ?? pattern.exec(this.#err.slice(from));
      if (match !== null) return match;
      if (this.isGone) throw new Error(`assay ended without saying ${pattern}: ${this.#out}${this.#err}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async ended(): Promise<Ended> {
    await this.#ended;
    return { code: this.#process.exitCode, out: this.#out, err: this.#err };
  }

  /** Resolves once it is gone and all it said was heard. */
  async stop(signal: "SIGKILL" | "SIGTERM" | "SIGINT" = "SIGTERM"): Promise<Ended> {
    this.#process.kill(signal);
    return this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }

  #heard(keep: () => void): void {
    keep();
    this.#tell();
  }

  #tell(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Runs one command line to its end. */
export async function runAssay(args: readonly string[], env: Environment, cwd?: string): Promise<Ended> {
  return new AssayProcess(args, env, cwd).ended();
}
