import { isAt, type ByteSearch } from "./byte-search.ts";
import { latin1 } from "./latin1.ts";
import { countSqliteRows } from "./sqlite-rows.ts";

/** What reading content needs of the world: a fast search, and what zstd made small (`undefined`: not to be had, or too large). */
export type ContentTools = {
  readonly search: ByteSearch;
  readonly unzstd: (bytes: Uint8Array, limit: number) => Uint8Array | undefined;
};

/** How many packages a database lists, or what is wrong with it: `uncounted` is one of a kind that nobody here reads. */
export type PackageCount = number | "uncounted" | "malformed";

const MIB = 1024 * 1024;
/** A database of packages that is read whole: rpm's of a full desktop has 40 MiB. Larger ones are not counted. */
const MAX_DATABASE_BYTES = 64 * MIB;
/** A chisel manifest as it stands, and its text, which lists every file of the image. */
const MAX_PACKED_MANIFEST = 4 * MIB;
const MAX_MANIFEST_BYTES = 16 * MIB;

const CHISEL = "var/lib/chisel/manifest.wall";
const RPM_FOLDERS = ["var/lib/rpm", "usr/lib/sysimage/rpm"];
const RPM_FILES = ["Packages", "Packages.db", "rpmdb.sqlite"];

/** Databases that are no text, by path, and up to which size they are read (reference: inspection, 1.3). */
export const BINARY_DATABASES: ReadonlyMap<string, number> = new Map([
  ...RPM_FOLDERS.flatMap((folder) => RPM_FILES.map((file) => `${folder}/${file}`))
    .concat("usr/share/rpm/rpmdb.sqlite")
    .map((path): [string, number] => [path, MAX_DATABASE_BYTES]),
  [CHISEL, MAX_PACKED_MANIFEST],
]);

/** Counts the packages of one of them. */
export function countPackagesIn(path: string, bytes: Uint8Array, tools: ContentTools): PackageCount {
  return path === CHISEL ? countManifest(bytes, tools) : countRpm(bytes);
}

const BERKELEY_HASH = ["\x61\x15\x06\x00", "\x00\x06\x15\x61"];

/** rpm keeps one row a package. Berkeley DB and rpm's own ndb are known by their magic and not read. */
function countRpm(bytes: Uint8Array): PackageCount {
  if (BERKELEY_HASH.some((magic) => isAt(bytes, 12, magic)) || isAt(bytes, 0, "RpmP")) return "uncounted";
  return countSqliteRows(bytes, "Packages") ?? "malformed";
}

/** Lines of JSON: the first says how many there are, each other is of a kind (canonical/chisel, public/manifest). */
function countManifest(bytes: Uint8Array, tools: ContentTools): PackageCount {
  const wall = tools.unzstd(bytes, MAX_MANIFEST_BYTES);
  if (wall === undefined) return "malformed";
  const [first = "", ...lines] = latin1(wall, 0, wall.length)
    .split("\n")
    .filter((line) => line !== "");
  const header = parsed(first);
  const told = header !== undefined && header["jsonwall"] !== undefined ? header["count"] : undefined;
  // Writers differ in whether the first line counts itself; anything else is a part of a manifest.
  if (told !== lines.length && told !== lines.length + 1) return "malformed";
  const kinds = lines.map((line) => parsed(line)?.["kind"]);
  return kinds.includes(undefined) ? "malformed" : kinds.filter((kind) => kind === "package").length;
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
