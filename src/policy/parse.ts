import type { PolicySet } from "../domain/policy.ts";
import { readAuthority } from "./authority-document.ts";
import { readDocuments, type PolicyDocument, type PolicyFile } from "./document.ts";
import { kindOf } from "./header.ts";
import { NO_FOLDERS, type ListNamedFolder, type NamedFiles, type ReadNamedFile } from "./key-file.ts";
import { readPolicy } from "./policy-document.ts";
import { inReadingOrder, type PolicyProblem } from "./problem.ts";
import { checkSet, setWarnings, type ReadAuthority, type ReadPolicy } from "./set-check.ts";

/** Either a set to judge by, or every reason why there is none: a set with a problem in it is never used in part. */
export type PolicyParse =
  | { readonly kind: "parsed"; readonly set: PolicySet }
  | { readonly kind: "refused"; readonly problems: readonly PolicyProblem[] };

/** Documents of one set; each is judged by at every request. */
const MAX_DOCUMENTS = 2000;

type Reading = {
  readonly authorities: ReadAuthority[];
  readonly policies: ReadPolicy[];
  readonly problems: PolicyProblem[];
  readonly warnings: PolicyProblem[];
  /** Names of authorities, those with problems too, so that one mistake is not reported again wherever it is named. */
  readonly declared: string[];
};

/**
 * All files at once, for names reach across them. `read` fetches key files relative to the file that names them, and `list`
 * the folders. Problems are complete, in reading order. Never throws.
 */
export function parsePolicyFiles(
  files: readonly PolicyFile[],
  read: ReadNamedFile,
  list: ListNamedFolder = NO_FOLDERS,
): PolicyParse {
  const reading: Reading = { authorities: [], policies: [], problems: [], warnings: [], declared: [] };
  const documents = files.flatMap((file) => {
    const { documents, problems } = readDocuments(file);
    reading.problems.push(...problems);
    // A file cut short while it was written looks like this, and its policies must not just be gone.
    if (documents.length + problems.length === 0) reading.problems.push(empty(file));
    return documents;
  });
  if (documents.length > MAX_DOCUMENTS) reading.problems.push(tooMany(documents));
  else for (const document of documents) readInto(reading, document, { read, list });
  reading.problems.push(...checkSet(reading.authorities, reading.policies, reading.declared));
  if (reading.problems.length === 0 && reading.policies.length === 0) reading.problems.push(nothing(files));
  if (reading.problems.length > 0) return { kind: "refused", problems: inReadingOrder(reading.problems) };
  return { kind: "parsed", set: setOf(reading) };
}

function readInto(reading: Reading, document: PolicyDocument, named: NamedFiles): void {
  const kind = kindOf(document, ["Authority", "Policy"]);
  if (typeof kind !== "string") {
    reading.problems.push(kind);
    return;
  }
  if (kind === "Authority") readAuthorityInto(reading, document, named);
  else readPolicyInto(reading, document);
}

function readAuthorityInto(reading: Reading, document: PolicyDocument, named: NamedFiles): void {
  const result = readAuthority(document, named);
  const name = declaredName(document);
  if (name !== undefined) reading.declared.push(name);
  if (result.kind === "refused") reading.problems.push(...result.problems);
  else {
    reading.authorities.push({ authority: result.authority, document });
    reading.warnings.push(...result.warnings);
  }
}

function declaredName({ value }: PolicyDocument): string | undefined {
  const { metadata } = value as { readonly metadata?: { readonly name?: unknown } | null };
  return typeof metadata?.name === "string" ? metadata.name : undefined;
}

function readPolicyInto(reading: Reading, document: PolicyDocument): void {
  const result = readPolicy(document);
  if (result.kind === "refused") reading.problems.push(...result.problems);
  else {
    reading.policies.push({ policy: result.policy, document });
    reading.warnings.push(...result.warnings);
  }
}

function setOf(reading: Reading): PolicySet {
  const authorities = reading.authorities.map(({ authority }) => authority);
  const policies = reading.policies.map(({ policy }) => policy);
  return {
    authorities,
    policies,
    warnings: inReadingOrder([...reading.warnings, ...setWarnings(authorities, policies)]),
  };
}

function tooMany(documents: readonly PolicyDocument[]): PolicyProblem {
  const at = documents[MAX_DOCUMENTS]?.where([]) ?? { file: "", line: 1, column: 1 };
  return { message: `there are more than ${MAX_DOCUMENTS} documents: use fewer, broader policies`, at };
}

function empty({ name }: PolicyFile): PolicyProblem {
  return {
    message: "the file holds no document: write one, or remove the file",
    at: { file: name, line: 1, column: 1 },
  };
}

/** A set without policies would leave every image to the answer for unmatched images; files that vanish must not do that. */
function nothing(files: readonly PolicyFile[]): PolicyProblem {
  const message = "there is no Policy document: write one, or all images would be left unjudged";
  return { message, at: { file: files[0]?.name ?? "(no policy file)", line: 1, column: 1 } };
}
