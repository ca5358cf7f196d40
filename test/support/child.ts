import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A Node process running a script of this folder, whose lines are heard, and which can be killed at any moment. */
export class Child implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #listener: () => void = () => {};

  constructor(script: string, args: readonly string[]) {
    const stdio = ["ignore", "pipe", "inherit"] as const;
    this.#process = spawn(process.execPath, [join(import.meta.dirname, script), ...args], { stdio: [...stdio] });
    this.#ended = once(this.#process, "close");
    createInterface({ input: this.#process.stdout! }).on("line", (line) => {
      this.lines.push(line);
      this.#listener();
    });
  }

  /** Until a line is said, or the process ends. Whether it was said. */
  async hears(isIt: (line: string) => boolean): Promise<boolean> {
    const said = Promise.withResolvers<boolean>();
    this.#listener = () => this.lines.some(isIt) && said.resolve(true);
    this.#listener();
    return Promise.race([said.promise, this.#ended.then(() => this.lines.some(isIt))]);
  }

  get gone(): Promise<unknown> {
    return this.#ended;
  }

  /** Resolves once the process is gone and all it said was heard. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
