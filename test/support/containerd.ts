import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

const START_MS = 20_000;
const BASE = "layers.test/image";

/** What `find` says of one file: its kind, mode, link target and path. */
export type Unpacked = { readonly kind: string; readonly mode: number; readonly link: string; readonly path: string };

/** Whether this machine lets us mount overlayfs: containerd's default snapshotter needs it, and root. */
export async function canMountOverlay(): Promise<boolean> {
  const script = 'd=$(mktemp -d) && mkdir "$d/a" "$d/b" "$d/m" && mount -t overlay o -o lowerdir="$d/b:$d/a" "$d/m"';
  return run("unshare", ["-m", "sh", "-c", script]).then(
    () => true,
    () => false,
  );
}

/** A real containerd of our own, with its own folders and socket, that unpacks images onto overlayfs. */
export class Containerd implements AsyncDisposable {
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(folder: string, process: ChildProcess) {
    this.#folder = folder;
    this.#process = process;
  }

  static async start(): Promise<Containerd> {
    const folder = await mkdtemp(join(tmpdir(), "assay-containerd-"));
    await writeFile(join(folder, "config.toml"), configuration(folder));
    const child = spawn("containerd", ["-c", join(folder, "config.toml")], { stdio: "ignore" });
    const server = new Containerd(folder, child);
    const deadline = Date.now() + START_MS;
    while (!(await server.#answers())) {
      if (Date.now() > deadline || child.exitCode !== null) throw new Error("containerd did not start");
      await sleep(100);
    }
    return server;
  }

  async #answers(): Promise<boolean> {
    return this.#ctr("version").then(
      () => true,
      () => false,
    );
  }

  /** Takes over every image of an OCI archive, under its tag, without unpacking any. */
  async load(archive: string): Promise<void> {
    await this.#ctr("image", "import", "--no-unpack", "--base-name", BASE, archive);
  }

  /** All files of an image as a container would see them; `undefined` if containerd refuses to unpack it. */
  async unpack(tag: string): Promise<readonly Unpacked[] | undefined> {
    const mount = join(this.#folder, "mounts", tag);
    await mkdir(mount, { recursive: true });
    try {
      await this.#ctr("image", "mount", `${BASE}:${tag}`, mount);
    } catch {
      return undefined;
    }
    try {
      return await filesUnder(mount);
    } finally {
      await run("umount", [mount]);
    }
  }

  async #ctr(...words: readonly string[]): Promise<void> {
    await run("ctr", ["-a", join(this.#folder, "containerd.sock"), ...words]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await ended;
    await rm(this.#folder, { recursive: true });
  }
}

/** Nothing but what unpacking needs, so that it starts wherever overlayfs can be mounted. */
function configuration(folder: string): string {
  const unneeded = [
    "io.containerd.grpc.v1.cri",
    "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.snapshotter.v1.zfs",
    "io.containerd.internal.v1.opt",
    "io.containerd.tracing.processor.v1.otlp",
    "io.containerd.internal.v1.tracing",
  ];
  return `version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ${JSON.stringify(unneeded)}
[grpc]
  address = "${folder}/containerd.sock"
[ttrpc]
  address = "${folder}/containerd.sock.ttrpc"
`;
}

const KINDS: Readonly<Record<string, string>> = { f: "file", d: "directory", l: "symlink", c: "character", p: "fifo" };

async function filesUnder(folder: string): Promise<readonly Unpacked[]> {
  const words = [folder, "-mindepth", "1", "-printf", String.raw`%y\t%m\t%l\t%P\0`];
  // overlayfs lists the whiteouts of a directory that only one layer has, though nobody can open them: those are absent.
  const listed = await run("find", words, { encoding: "latin1", maxBuffer: 64 * 1024 * 1024 }).catch(unlessAbsent);
  return listed.stdout
    .split("\0")
    .filter((line) => line !== "")
    .map((line) => {
      const [kind = "", mode = "", link = "", path = ""] = line.split("\t");
      return { kind: KINDS[kind] ?? kind, mode: Number.parseInt(mode, 8), link, path };
    });
}

function unlessAbsent(error: Error & { readonly stdout?: string; readonly stderr?: string }): {
  readonly stdout: string;
} {
  const complaints = (error.stderr ?? "").trim().split("\n");
  if (error.stdout === undefined || !complaints.every((line) => line.endsWith("No such file or directory")))
    throw error;
  return { stdout: error.stdout };
}
