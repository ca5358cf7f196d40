import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";

/**
 * Writes package-lock.json anew: `node script/lock.ts`. It names no registry's address, so that it serves behind any mirror,
 * and it has an entry for every optional package of every system. Where a mirror does not carry those of other systems, npm
 * leaves them out and then refuses its own lock; such an entry is completed here without an integrity, and is for systems
 * that Assay is not tested on.
 */
type Entry = {
  version?: string;
  resolved?: string;
  optional?: boolean;
  dev?: boolean;
  os?: readonly string[];
  cpu?: readonly string[];
  libc?: readonly string[];
  optionalDependencies?: Readonly<Record<string, string>>;
};
type Lock = { packages: Record<string, Entry> };

const SYSTEMS = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const PROCESSORS = ["arm64", "arm", "ia32", "ppc64", "riscv64", "s390x", "x64"];

function entryFor(name: string, version: string, owner: Entry): Entry {
  const words = name.split(/[/-]/);
  const find = (known: readonly string[]): readonly string[] =>
    known.filter((word) => words.includes(word)).slice(0, 1);
  const libc = words.some((word) => word.startsWith("musl")) ? ["musl"] : [];
  return {
    version,
    ...(find(PROCESSORS).length > 0 && { cpu: find(PROCESSORS) }),
    ...(owner.dev === true && { dev: true }),
    ...(libc.length > 0 && { libc }),
    optional: true,
    ...(find(SYSTEMS).length > 0 && { os: find(SYSTEMS) }),
  };
}

function complete(lock: Lock): Lock {
  const packages = { ...lock.packages };
  for (const [path, owner] of Object.entries(lock.packages)) {
    delete owner.resolved;
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      const places = [`${path}/node_modules/${name}`, `node_modules/${name}`];
      if (places.every((place) => packages[place] === undefined)) {
        packages[`node_modules/${name}`] = entryFor(name, version, owner);
      }
    }
  }
  const sorted = Object.entries(packages).sort(([a], [b]) => Number(a > b) - Number(a < b));
  return { ...lock, packages: Object.fromEntries(sorted) };
}

rmSync("package-lock.json", { force: true });
execFileSync("npm", ["install", "--package-lock-only", "--force", "--no-audit", "--no-fund", "--loglevel=error"], {
  stdio: "inherit",
});
const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as Lock;
writeFileSync("package-lock.json", `${JSON.stringify(complete(lock), undefined, 2)}\n`);
