import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

/** `failure` names the test that failed, where it could; what was `stopped` says nothing but that it took too long. */
type Answer = {
  readonly outcome: "passed" | "failed" | "stopped";
  readonly millis: number;
  readonly failure: string;
};

/** A copy of the project in which source may be broken. */
export class TreeCopy {
  readonly folder = mkdtempSync(join(tmpdir(), "assay-mutants-"));

  constructor() {
    for (const part of ["src", "test", "workers", "bin", "package.json"])
      cpSync(join(ROOT, part), join(this.folder, part), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(this.folder, "node_modules"));
  }

  /** Runs test files in one process until the first fails, or `limit` milliseconds are over. */
  async ask(tests: readonly string[], limit: number, env: NodeJS.ProcessEnv = {}): Promise<Answer> {
    const started = performance.now();
    const child = spawn(process.execPath, ["test/mutation/ask.ts", ...tests], {
      cwd: this.folder,
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
      // Reading the same source again and again is most of a short run.
      env: {
        NODE_COMPILE_CACHE: join(this.folder, "compiled"),
        ASSAY_VECTORS: resolve(ROOT, "../shared/vectors"),
        ...process.env,
        ...env,
      },
    });
    let failure = "";
    child.stderr.on("data", (chunk: Buffer) => (failure = (failure + chunk.toString()).slice(-500)));
    const end = (): void => endGroup(child.pid);
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      end();
    }, limit);
    process.once("exit", end);
    const code = await new Promise<number | null>((settle) => child.once("exit", settle));
    process.off("exit", end);
    clearTimeout(timer);
    // Servers that a test had no time to stop are of the same group.
    end();
    const millis = performance.now() - started;
    // Who was ended by somebody has no code.
    if (isOver && code === null) return { outcome: "stopped", millis, failure };
    return { outcome: code === 0 ? "passed" : "failed", millis, failure };
  }

  /** With one file's text in place of its own. */
  async with<T>(file: string, text: string, act: () => Promise<T>): Promise<T> {
    const path = join(this.folder, file);
    const original = readFileSync(path, "utf8");
    writeFileSync(path, text);
    try {
      return await act();
    } finally {
      writeFileSync(path, original);
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Nobody of the group is left.
  }
}
