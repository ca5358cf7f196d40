import { InputError } from "../../domain/errors.ts";
import { earliest } from "../../domain/instant.ts";
import type { CollectionOutcome, Question } from "./collection.ts";
import { checkMetadata, mismatched, missing, namedSteps, unsigned, type Steps } from "./steps.ts";
import { delegatedSteps, type SignedTargets } from "./delegated-steps.ts";
import { metaOf, mismatchOf, type FileMeta } from "./file-meta.ts";
import { MAX_SNAPSHOT_BYTES, MAX_TARGETS_BYTES, MAX_TIMESTAMP_BYTES } from "./limits.ts";
import { parseMetadata, type Metadata } from "./metadata.ts";
import { isRefusal, refused, type Refusal } from "./refusal.ts";
import { joinRoles, rememberRole } from "./remembered.ts";
import { signersFor } from "./role.ts";
import { rootSteps } from "./root-steps.ts";
import type { Root } from "./root.ts";
import { parseTargets } from "./targets.ts";

/** Root, timestamp, snapshot, targets and every delegation that can be reached, each checked before the next is asked for. */
export function* verifySteps(question: Question): Steps<CollectionOutcome> {
  try {
    return yield* collectionSteps(question);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return refused("parsed", "malformed", error.message);
  }
}

function* collectionSteps(question: Question): Steps<CollectionOutcome> {
  const newest = yield* rootSteps(question);
  if (newest.kind !== "root") return newest;
  const { root, trust } = newest;
  const timestamp = yield* timestampSteps(root, question);
  if (isRefusal(timestamp)) return timestamp;
  const snapshot = yield* snapshotSteps(root, timestamp.snapshot, question);
  if (isRefusal(snapshot)) return snapshot;
  const targets = yield* targetsSteps(root, snapshot.targets, question);
  if (isRefusal(targets)) return targets;
  const tree = yield* delegatedSteps(targets, { question, snapshot: snapshot.metadata });
  if (isRefusal(tree)) return tree;
  const metadata = [timestamp.metadata, snapshot.metadata, targets.targets.metadata];
  const ends = [root.metadata, ...metadata].map(({ expires }) => expires);
  const top = [root.roles.timestamp, root.roles.snapshot, root.roles.targets];
  const now = top.map((role, at) => rememberRole(role, metadata[at]?.version ?? 0));
  return {
    kind: "trusted",
    targets: tree.targets,
    window: { notBefore: trust.window.notBefore, notAfter: earliest(trust.window.notAfter, ...ends) },
    notes: [...trust.notes, ...firstUseNotes(question)],
    root: root.bytes,
    roles: joinRoles([...now, ...tree.roles], question.remembered?.roles ?? []),
  };
}

type Checked<K extends string> = { readonly metadata: Metadata } & { readonly [key in K]: FileMeta };

function* timestampSteps(root: Root, question: Question): Steps<Checked<"snapshot"> | Refusal> {
  const file = "timestamp.json";
  const bytes = yield { file, limit: MAX_TIMESTAMP_BYTES };
  if (bytes === undefined) return missing(file);
  const metadata = parseMetadata(bytes, "timestamp", "Timestamp", MAX_TIMESTAMP_BYTES);
  const wrong = checkMetadata(metadata, root.roles.timestamp, question);
  if (wrong !== undefined) return wrong;
  const snapshot = metaOf(metadata, "snapshot");
  return snapshot === undefined ? incomplete(metadata, "snapshot") : { metadata, snapshot };
}

function* snapshotSteps(root: Root, meta: FileMeta, question: Question): Steps<Checked<"targets"> | Refusal> {
  const bytes = yield* namedSteps("snapshot", meta, MAX_SNAPSHOT_BYTES);
  if (isRefusal(bytes)) return bytes;
  const metadata = parseMetadata(bytes, "snapshot", "Snapshot", MAX_SNAPSHOT_BYTES);
  const wrong = checkMetadata(metadata, root.roles.snapshot, question);
  if (wrong !== undefined) return wrong;
  const rootMeta = metaOf(metadata, "root");
  if (rootMeta === undefined) return incomplete(metadata, "root");
  const mismatch = mismatchOf(root.bytes, rootMeta);
  if (mismatch !== undefined) return mismatched("root", mismatch);
  const targets = metaOf(metadata, "targets");
  return targets === undefined ? incomplete(metadata, "targets") : { metadata, targets };
}

function* targetsSteps(root: Root, meta: FileMeta, question: Question): Steps<SignedTargets | Refusal> {
  const bytes = yield* namedSteps("targets", meta, MAX_TARGETS_BYTES);
  if (isRefusal(bytes)) return bytes;
  const role = root.roles.targets;
  const targets = parseTargets(bytes, "targets");
  const signers = signersFor(targets.metadata, role);
  if (signers === undefined) return unsigned(role);
  return checkMetadata(targets.metadata, role, question) ?? { targets, role, signers };
}

function incomplete({ name }: Metadata, what: string): Refusal {
  return refused("parsed", "malformed", `the ${name} metadata says nothing of the ${what} metadata`);
}

function firstUseNotes({ pins, remembered }: Question): readonly string[] {
  if (pins.kind !== "unsafe-first-use") return [];
  const since = remembered === undefined ? "just now" : `at ${remembered.firstSeen}`;
  return [`nothing is pinned: the root keys are trusted because they were the first seen, ${since}`];
}
