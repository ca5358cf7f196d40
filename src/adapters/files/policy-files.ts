import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";

import { InputError } from "../../domain/errors.ts";
import type { PolicySet } from "../../domain/policy.ts";
import type { PolicyFile } from "../../policy/document.ts";
import type { FolderEntry } from "../../policy/key-file.ts";
import { parsePolicyFiles, type PolicyParse } from "../../policy/parse.ts";
import { formatProblem } from "../../policy/problem.ts";
import { isTrustPolicy } from "../../policy/trust-policy-file.ts";
import { isTrustedRoot, isTufRoot } from "../../policy/trusted-root.ts";

/** What was read, and by which marks on disk one sees that it is no longer what is there. */
export type LoadedPolicies = { readonly parse: PolicyParse; readonly marks: ReadonlyMap<string, string> };

/** Bytes of any file that is read; each kind of file has a smaller limit of its own. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

const POLICY_FILE = /\.(?:yaml|yml|json)$/;

/**
 * Reads files and folders once. A folder gives its `*.yaml`, `*.yml` and `*.json` in order of name, without hidden ones and
 * without going deeper; a Sigstore trusted root, the root of a TUF repository or a Notary Project trust policy among them is
 * no policy. Whatever cannot be read is a problem of the parse.
 */
export function loadPolicies(paths: readonly string[]): LoadedPolicies {
  const marks = new Map<string, string>();
  const failures: string[] = [];
  const files = paths
    .flatMap((path) => listFiles(path, marks, failures))
    .flatMap((path) => readPolicyFile(path, marks, failures));
  const parse = parseMarked(files, marks);
  const unread = failures.map((message) => ({ message, at: { file: "policy", line: 1, column: 1 } }));
  if (unread.length === 0) return { parse, marks };
  return {
    parse: { kind: "refused", problems: [...unread, ...(parse.kind === "refused" ? parse.problems : [])] },
    marks,
  };
}

/** Policies given as text, whose key files are read once. Paths in them are relative to each text's name. */
export function parsePolicyTexts(texts: readonly PolicyFile[]): PolicyParse {
  return parseMarked(texts, new Map());
}

function parseMarked(files: readonly PolicyFile[], marks: Map<string, string>): PolicyParse {
  return parsePolicyFiles(
    files,
    (from, path) => readNamed(resolve(dirname(from), path), marks),
    (from, root, path) => listNamed(resolve(dirname(from), root), path, marks),
  );
}

/** The policies in these files, for work that ends before they change. Throws `InputError` with every problem, a line each. */
export function readPolicySet(paths: readonly string[]): PolicySet {
  const { parse } = loadPolicies(paths);
  if (parse.kind === "parsed") return parse.set;
  throw new InputError("policy", describeProblems(parse));
}

export function describeProblems(parse: Extract<PolicyParse, { readonly kind: "refused" }>): string {
  return parse.problems.map(formatProblem).join("\n");
}

function listFiles(path: string, marks: Map<string, string>, failures: string[]): readonly string[] {
  marks.set(path, markOf(path));
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = policyNames(path);
    if (names.length === 0) failures.push(`the folder ${path} holds no *.yaml, *.yml or *.json file`);
    return names.map((name) => join(path, name));
  } catch (error) {
    failures.push(`${path} cannot be read (${codeOf(error)}): name a policy file or a folder of them`);
    return [];
  }
}

/** Kubernetes mounts a ConfigMap as links into `..data`, which is hidden; only the links count. */
function policyNames(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith(".") && POLICY_FILE.test(name))
    .sort();
}

function readPolicyFile(path: string, marks: Map<string, string>, failures: string[]): readonly PolicyFile[] {
  const answer = readNamed(path, marks);
  if (!(answer instanceof Uint8Array)) {
    failures.push(`${path} cannot be read: ${answer.error}`);
    return [];
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(answer);
    const isTrust = path.endsWith(".json") && (isTrustedRoot(text) || isTufRoot(text) || isTrustPolicy(text));
    return isTrust ? [] : [{ name: path, text }];
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    failures.push(`${path} is not UTF-8 text`);
    return [];
  }
}

/** The mark is taken before the bytes, so a change in between shows as a mark that no longer fits. */
function readNamed(path: string, marks: Map<string, string>): Uint8Array | { readonly error: string } {
  marks.set(path, markOf(path));
  try {
    const stat = statSync(path);
    // A pipe or device would block, or never end.
    if (!stat.isFile()) return { error: "it is not a regular file" };
    if (stat.size > MAX_FILE_BYTES) return { error: `it is larger than ${MAX_FILE_BYTES} bytes` };
    return readFileSync(path);
  } catch (error) {
    return { error: codeOf(error) };
  }
}

/**
 * A mounted ConfigMap is made of links into its own hidden `..data`, so links are followed; one that leaves the root would let
 * whoever writes into the folder have any file read.
 */
function listNamed(
  root: string,
  path: string,
  marks: Map<string, string>,
): readonly FolderEntry[] | { readonly error: string } {
  const folder = join(root, path);
  marks.set(`${folder}${sep}`, markOf(`${folder}${sep}`));
  try {
    const inside = `${realpathSync(root)}${sep}`;
    const names = readdirSync(folder).filter((name) => !name.startsWith("."));
    const outside = ["", ...names].find((name) => !realpathSync(join(folder, name)).startsWith(inside));
    if (outside !== undefined) return { error: `${join(path, outside)} is a link that leads out of the folder` };
    return names.sort().map((name): FolderEntry => {
      return { name, kind: statSync(join(folder, name)).isDirectory() ? "folder" : "file" };
    });
  } catch (error) {
    return { error: codeOf(error) };
  }
}

const MEANING: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  ELOOP: "its links go round in circles",
};

/** An error of the file system in words; anything else is a mistake of ours and goes on. */
function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string")
    return MEANING[error.code] ?? error.code;
  throw error;
}

/** Where the path leads, which file that is, and when it changed: a swapped link, a rename and a rewrite all show. */
function markOf(path: string): string {
  try {
    const { ino, dev, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    // A folder that was listed as a whole, and not for its policies, is marked so by the end of its path.
    const names = path.endsWith(sep) ? readdirSync(path) : statSync(path).isDirectory() ? policyNames(path) : [];
    return [realpathSync(path), dev, ino, ...(names.length > 0 ? names : [size, mtimeNs, ctimeNs])].join("\n");
  } catch (error) {
    return codeOf(error);
  }
}

/** Whether the disk still shows all that was read. */
export function isCurrent(marks: ReadonlyMap<string, string>): boolean {
  return [...marks].every(([path, mark]) => markOf(path) === mark);
}
