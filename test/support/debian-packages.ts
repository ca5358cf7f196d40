import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Entries of a tar, each with its headers and its padded content, without the end of the archive. */
export type TarPart = { readonly name: string; readonly bytes: Uint8Array };

export type DebianPackage = {
  readonly name: string;
  /** Its control stanza, as `status.d` and `status` hold it. */
  readonly stanza: string;
  readonly md5sums: string;
  /** What it unpacks to, with the owners and modes it was built with. */
  readonly parts: readonly TarPart[];
};

/** What `Priority: required` comes to, the essential packages and what a minimal system has besides, and what the bases are made of. */
const WANTED = [
  "?essential",
  // Otherwise the solver takes usrmerge, and with it all of perl.
  "usr-is-merged",
  ..."apt mount passwd e2fsprogs tzdata debconf".split(" "),
  ..."netbase media-types libgcc-s1 libgomp1 libstdc++6 python3-minimal busybox-static".split(" "),
];

/** Debian packages in a folder of their own, from the archives the machine is set up with. Nothing is installed. */
export class DebianPackages {
  readonly #folder: string;
  readonly #files: ReadonlyMap<string, string>;
  readonly #read = new Map<string, DebianPackage>();

  private constructor(folder: string) {
    this.#folder = folder;
    const files = readdirSync(folder).filter((name) => name.endsWith(".deb"));
    this.#files = new Map(files.map((file) => [file.split("_")[0] ?? file, join(folder, file)]));
  }

  /** Throws, with what to do, where they cannot be had: a test of real packages has nothing to say without them. */
  static download(): DebianPackages {
    const folder = mkdtempSync(join(tmpdir(), "assay-debian-"));
    try {
      download(folder);
      return new DebianPackages(folder);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Gives back the disk and the memory. */
  remove(): void {
    this.#read.clear();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get names(): readonly string[] {
    return [...this.#files.keys()].sort();
  }

  /** The one package whose name the pattern matches whole. */
  find(pattern: string): DebianPackage {
    const names = this.names.filter((name) => new RegExp(`^(?:${pattern})$`).test(name));
    const [name] = names;
    if (name === undefined || names.length > 1)
      throw new Error(`${names.length} Debian packages are called ${pattern}: ${names.join(", ")}`);
    const known = this.#read.get(name) ?? readPackage(name, this.#files.get(name) ?? "");
    this.#read.set(name, known);
    return known;
  }
}

/** The solver sees a machine without packages, so that it lists every dependency, as debootstrap would. */
function download(folder: string): void {
  mkdirSync(join(folder, "partial"));
  const status = join(folder, "status");
  writeFileSync(status, "");
  const options = {
    "Dir::State::status": status,
    "Dir::Cache::archives": folder,
    "Debug::NoLocking": "true",
    "Acquire::Retries": "3",
    // Else root's downloads go through a user who may not enter this folder.
    "APT::Sandbox::User": "",
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const args = [...flags, "--no-install-recommends", "--download-only", "-y", "-qq", "install", ...WANTED];
  try {
    execFileSync("apt-get", args, { stdio: ["ignore", "ignore", "pipe"], timeout: 120_000 });
  } catch (error) {
    const { stderr = "" } = error as { readonly stderr?: Buffer | string };
    const why = stderr.toString().trim().split("\n").slice(-3).join(" ") || (error as Error).message;
    throw new Error(
      `cannot download the Debian packages that base images are built of: ${why}. Run "apt-get update" on a Debian machine that reaches its archive.`,
      { cause: error },
    );
  }
}

/** Larger than any package here unpacked. */
const MAX_OUTPUT = 256 * 1024 * 1024;

function dpkgDeb(...args: readonly string[]): Buffer {
  return execFileSync("dpkg-deb", args, { maxBuffer: MAX_OUTPUT, stdio: ["ignore", "pipe", "ignore"] });
}

function readPackage(name: string, file: string): DebianPackage {
  const control = partsOf(dpkgDeb("--ctrl-tarfile", file));
  const text = (of: string): string => {
    const part = control.find((one) => one.name === of);
    return part === undefined ? "" : contentOf(part).toString("utf8");
  };
  return {
    name,
    stanza: text("./control"),
    md5sums: text("./md5sums"),
    parts: partsOf(dpkgDeb("--fsys-tarfile", file)),
  };
}

const BLOCK = 512;

/** Cuts a tar at its entries: a long name goes with the entry it is for. */
function partsOf(bytes: Buffer): readonly TarPart[] {
  const parts: TarPart[] = [];
  let name: string | undefined;
  let start = 0;
  for (let at = 0; bytes[at] !== 0 && at < bytes.length;) {
    const size = Number.parseInt(textAt(bytes, at + 124, 12), 8);
    const next = at + BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(bytes[at + 156] ?? 0);
    if (type === "L") name = textAt(bytes, at + BLOCK, size);
    if (type !== "L" && type !== "K") {
      parts.push({ name: name ?? textAt(bytes, at, 100), bytes: bytes.subarray(start, next) });
      name = undefined;
      start = next;
    }
    at = next;
  }
  return parts;
}

/** The content of a file without a long name. */
export function contentOf({ bytes }: TarPart): Buffer {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return block.subarray(BLOCK, BLOCK + Number.parseInt(textAt(block, 124, 12), 8));
}

function textAt(bytes: Buffer, at: number, length: number): string {
  return (bytes.toString("latin1", at, at + length).split("\0")[0] ?? "").trim();
}
