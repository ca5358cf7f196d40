import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type GpgAnswer = { readonly code: number; readonly stdout: Buffer; readonly stderr: string };

/** What GnuPG says of a signed message: good only if its one signature is, and nothing is held against its key. */
export type GpgWord = { readonly good: boolean; readonly status: readonly string[] };

/** Debian's `gpg` with a folder and an agent of its own, both gone at the end. */
export class GpgHome implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<GpgHome> {
    return new GpgHome(await mkdtemp(join(tmpdir(), "assay-gpg-")));
  }

  /** Runs gpg; a failure is an answer too. */
  async run(parameters: readonly string[], input: Uint8Array | string = ""): Promise<GpgAnswer> {
    const always = ["--homedir", this.folder, "--batch", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""];
    return runProgram("gpg", [...always, ...parameters], input);
  }

  /** As `run`, where a failure is the test's. */
  async call(parameters: readonly string[], input: Uint8Array | string = ""): Promise<Buffer> {
    const { code, stdout, stderr } = await this.run(parameters, input);
    if (code !== 0) throw new Error(`gpg ${parameters.join(" ")} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** Makes a key for signing; its fingerprint. `expires` as gpg has it: `2y`, `seconds=5`, `20300101T000000`. */
  async makeKey(
    algorithm: string,
    { usage = "sign", expires = "never", at }: { usage?: string; expires?: string; at?: string } = {},
  ): Promise<string> {
    const name = `Signer ${Math.random().toString(36).slice(2)} <signer@example.com>`;
    const when = at === undefined ? [] : ["--faked-system-time", `${at}!`];
    const making = [...when, "--status-fd", "1", "--quick-gen-key", name, algorithm, usage, expires];
    return created(await this.call(making));
  }

  /** Adds a subkey for signing; its fingerprint. */
  async addSubkey(primary: string, algorithm: string, expires: string = "never"): Promise<string> {
    await this.call(["--quick-add-key", primary, algorithm, "sign", expires]);
    const listed = (await this.call(["--with-colons", "--list-keys", primary])).toString();
    const fingerprints = [...listed.matchAll(/^fpr:+([0-9A-F]{40}):$/gm)].map(([, each = ""]) => each);
    return fingerprints.at(-1) ?? "";
  }

  /** `gpg --sign`, by these keys together; `!` behind a fingerprint means that subkey and no other. */
  async sign(content: string | Uint8Array, keys: readonly string[], options: readonly string[] = []): Promise<Buffer> {
    const named = keys.flatMap((key) => ["--local-user", key]);
    return this.call(
      [...options, ...named, ...(options.some((each) => FORMS.includes(each)) ? [] : ["--sign"])],
      content,
    );
  }

  async export(...keys: readonly string[]): Promise<Buffer> {
    return this.call(["--export", ...keys]);
  }

  /** Whether gpg takes a message for well signed by a key it has. */
  async verify(message: Uint8Array): Promise<GpgWord> {
    const file = join(this.folder, "message");
    await writeFile(file, message);
    const { code, stdout } = await this.run(["--status-fd", "1", "--always-trust", "--verify", file]);
    const status = [...stdout.toString("latin1").matchAll(/^\[GNUPG:\] ([A-Z_]+)/gm)].map(([, word = ""]) => word);
    const count = (word: string): number => status.filter((each) => each === word).length;
    const good = code === 0 && count("GOODSIG") === 1 && count("VALIDSIG") === 1 && count("NEWSIG") === 1;
    return { good, status };
  }

  /** gpg starts its agent by itself and leaves it behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    await runProgram("gpgconf", ["--homedir", this.folder, "--kill", "gpg-agent"], "");
    await rm(this.folder, { recursive: true, force: true });
  }
}

const FORMS: readonly string[] = ["--clear-sign", "--detach-sign"];

function created(status: Buffer): string {
  const [, fingerprint] = /KEY_CREATED \S+ ([0-9A-F]{40})/.exec(status.toString()) ?? [];
  if (fingerprint === undefined) throw new Error(`gpg made no key: ${status.toString()}`);
  return fingerprint;
}

async function runProgram(
  program: string,
  parameters: readonly string[],
  input: Uint8Array | string,
): Promise<GpgAnswer> {
  return new Promise((resolve, reject) => {
    const options = { encoding: "buffer", timeout: 30_000, maxBuffer: 16 * 1024 * 1024 } as const;
    const child = execFile(program, [...parameters], options, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") return reject(error);
      return resolve({ code: Number(error?.code ?? 0), stdout, stderr: stderr.toString() });
    });
    // A program that refuses its input closes it before it is all written.
    child.stdin?.on("error", () => undefined).end(input);
  });
}
