import type { TarEntry } from "./tar-entry.ts";

import { isNotableName } from "./executables.ts";
import { parentOf, type CleanPath } from "./layer-path.ts";
import { BINARY_DATABASES } from "./package-count.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** Files read whole, and up to which size; one that is larger counts as unread (reference: inspection, 1.3 and 6). */
const BODIES: ReadonlyMap<string, number> = new Map([
  // The runtimes refuse a larger user file (containerd pkg/oci/spec_opts.go).
  ["etc/passwd", 10 * MIB],
  ["etc/group", 10 * MIB],
  ["etc/shadow", 10 * MIB],
  ["etc/gshadow", 10 * MIB],
  ["etc/master.passwd", 10 * MIB],
  ["etc/os-release", 64 * KIB],
  ["usr/lib/os-release", 64 * KIB],
  ["etc/alpine-release", 4 * KIB],
  ["etc/debian_version", 4 * KIB],
  ["etc/redhat-release", 4 * KIB],
  ["etc/system-release-cpe", 4 * KIB],
  ["etc/apko.json", MIB],
  ["etc/apk/world", 64 * KIB],
  ["etc/apk/repositories", 64 * KIB],
  ["etc/ld.so.preload", 4 * KIB],
  ["etc/sudoers", 64 * KIB],
  ["var/lib/dpkg/status", 8 * MIB],
  ["usr/lib/opkg/status", 8 * MIB],
  ["lib/apk/db/installed", 8 * MIB],
  ["usr/lib/apk/db/installed", 8 * MIB],
  ["var/lib/rpmmanifest/container-manifest-1", MIB],
  ["var/lib/rpmmanifest/container-manifest-2", MIB],
]);

/** What links of the system's certificate bundle lead to, wherever that is. */
const BUNDLE_NAMES: ReadonlySet<string> = new Set([
  "ca-certificates.crt",
  "ca-bundle.crt",
  "ca-bundle.pem",
  "tls-ca-bundle.pem",
  "cert.pem",
  "cacert.pem",
]);

/** Bodies by name anywhere, since `etc/passwd` may be a link to them, as on Nix. */
const BODY_NAMES: ReadonlySet<string> = new Set(["passwd", "group", "os-release"]);
const MAX_NAMED_BODY = 64 * KIB;

const STATUS_D = "var/lib/dpkg/status.d";
/** What stands beside the stanzas of distroless packages and is none. */
const NOT_A_STANZA = /\.(?:md5sums|preinst|postinst|prerm|postrm|list|conffiles|triggers)$/;
const MAX_STANZA = 64 * KIB;

/** Files whose presence alone says something. */
const MARKERS: ReadonlySet<string> = new Set([
  // Rows that are not in the database itself yet.
  "var/lib/rpm/rpmdb.sqlite-wal",
  "usr/lib/sysimage/rpm/rpmdb.sqlite-wal",
  "usr/share/rpm/rpmdb.sqlite-wal",
  "etc/dpkg/dpkg.cfg.d/docker",
  "etc/ssl/certs/ca-certificates.crt",
  "etc/pki/tls/certs/ca-bundle.crt",
  "etc/ssl/cert.pem",
  "etc/ssl/ca-bundle.pem",
  "etc/pki/tls/cacert.pem",
  "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "etc/ca-certificates/extracted/tls-ca-bundle.pem",
  "etc/ssh/sshd_config",
  "etc/crontab",
  "root/.ssh/authorized_keys",
]);
const MARKER_PATTERN =
  /^(?:home\/[^/]+\/\.ssh\/authorized_keys|etc\/(?:sudoers|ld\.so\.conf|cron)\.[^/]+\/[^/]+|var\/lib\/pacman\/local\/[^/]+\/desc|var\/db\/pkg\/[^/]+\/[^/]+\/PF|root\/buildinfo\/content_manifests\/[^/]+)$/;

/** Where programs live: there a file without an execute bit may be one that a later layer disarmed. */
const PROGRAM_FOLDERS: ReadonlySet<string> = new Set([
  "bin",
  "sbin",
  "usr/bin",
  "usr/sbin",
  "usr/local/bin",
  "usr/local/sbin",
]);

/** Every path on the way to one we look up: whatever kind of entry stands there decides what is found. */
const ANCESTORS: ReadonlySet<string> = ancestorsOf([
  ...BODIES.keys(),
  ...BINARY_DATABASES.keys(),
  ...MARKERS,
  STATUS_D,
  "usr/local/bin",
  "nix/store",
]);

function ancestorsOf(paths: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const path of paths) {
    for (let at = path; at !== ""; at = parentOf(at)) found.add(at);
  }
  return found;
}

/** How many bytes of a regular file may be read whole; 0 if its content is of no interest. */
export function bodyLimit(path: CleanPath): number {
  const fixed = BODIES.get(path.path);
  if (fixed !== undefined) return fixed;
  if (BODY_NAMES.has(path.base)) return MAX_NAMED_BODY;
  return isStanzaPath(path.path) || parentOf(path.path) === "etc/sudoers.d" ? MAX_STANZA : 0;
}

/** How many bytes of a regular file are read to count the packages it lists; 0 for all but databases. */
export function databaseLimit(path: CleanPath): number {
  return BINARY_DATABASES.get(path.path) ?? 0;
}

/** One package of a distroless image: `var/lib/dpkg/status.d/<name>`. */
export function isStanzaPath(path: string): boolean {
  return parentOf(path) === STATUS_D && !NOT_A_STANZA.test(path);
}

const ANY_EXECUTE = 0o111;
const SET_ID = 0o6000;
const WORLD_WRITABLE = 0o002;
const STICKY = 0o1000;
/** Directories this near the root are few, and decide what the links of lower layers still mean. */
const KEPT_DEPTH = 3;

/** Whether an entry is kept as a record. All else is counted only. */
export function isKept(entry: TarEntry, path: CleanPath): boolean {
  switch (entry.kind) {
    case "file":
      return isKeptFile(entry, path);
    case "directory":
      return (
        path.depth <= KEPT_DEPTH ||
        ANCESTORS.has(path.path) ||
        (entry.mode & (WORLD_WRITABLE | STICKY)) === WORLD_WRITABLE
      );
    case "symlink":
    case "hardlink":
    case "character":
    case "block":
    case "fifo":
      return true;
  }
}

function isKeptFile(entry: TarEntry, path: CleanPath): boolean {
  if ((entry.mode & (ANY_EXECUTE | SET_ID | WORLD_WRITABLE)) !== 0 || entry.capability !== "") return true;
  if (path.depth === 1 || ANCESTORS.has(path.path) || PROGRAM_FOLDERS.has(parentOf(path.path))) return true;
  if (isNotableName(path.base) || BUNDLE_NAMES.has(path.base)) return true;
  return bodyLimit(path) > 0 || MARKER_PATTERN.test(path.path);
}
