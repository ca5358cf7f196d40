import { InputError } from "../domain/errors.ts";
import { instantOf, type Instant } from "../domain/instant.ts";
import { encodeBase64 } from "./base64.ts";
import { canonicalJson } from "./canonical-json.ts";
import { parseCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { rootOfPath, type MerklePath } from "./merkle-tree.ts";
import { isSignedBy } from "./public-key.ts";
import { noteKeyId, type LogRoot, type TransparencyLog } from "./transparency-log.ts";

/** An entry of a transparency log as a signature carries it. Nothing in it is believed before `checkLogEntry`. */
export type LogEntry = {
  /** Hex. */
  readonly logId: string;
  readonly logIndex: bigint;
  /** Seconds since 1970; `undefined` where the log does not say. Only a promise covers it. */
  readonly integratedTime: bigint | undefined;
  /** The canonical body, whose hash is the leaf. */
  readonly body: Uint8Array;
  /** Rekor's signed entry timestamp: the log's promise to include the entry. */
  readonly promise: Uint8Array | undefined;
  readonly proof: InclusionProof | undefined;
};

export type InclusionProof = MerklePath & { readonly rootHash: Uint8Array; readonly checkpoint: string };

/** What the log proves of an entry. It does not say that the entry is about the signature at hand: `matchLogBody` does. */
export type LogCheck =
  | { readonly kind: "proved"; readonly at: Instant | undefined }
  | {
      readonly kind: "unproved";
      readonly reason: "log-missing" | "log-untrusted" | "log-invalid";
      readonly detail: string;
    };

/** The latest second that RFC 3339 and `Date` can both write: the end of the year 9999. */
const MAX_TIME = 253_402_300_799n;

function unproved(reason: "log-missing" | "log-untrusted" | "log-invalid", detail: string): LogCheck {
  return { kind: "unproved", reason, detail };
}

/**
 * Whether one of these logs vouches for the entry: by a promise, by an inclusion proof, and where it has both, by both.
 * The entry's time is proved only by a promise, since a proof does not cover it (CVE-2026-48816). Without one, the times in
 * `stamped`, at which its signature is known to have existed, must be of those at which the log is trusted.
 */
export function checkLogEntry(entry: LogEntry, root: LogRoot, stamped: readonly Instant[] = []): LogCheck {
  if (entry.promise === undefined && entry.proof === undefined) {
    return unproved("log-missing", "the log entry carries neither a promise (SET) nor an inclusion proof");
  }
  const logs = root.filter((log) => log.id === entry.logId);
  if (logs.length === 0) {
    return unproved(
      "log-untrusted",
      `the entry is of the log ${entry.logId.slice(0, 16)}…, which is not in the trust root`,
    );
  }
  const checks = logs.map((log) => checkAgainst(entry, log, stamped));
  return checks.find((check) => check.kind === "proved") ?? checks[0] ?? unproved("log-untrusted", "no log is trusted");
}

function checkAgainst(entry: LogEntry, log: TransparencyLog, stamped: readonly Instant[]): LogCheck {
  const at = entry.promise === undefined ? undefined : provedTime(entry, entry.promise, log);
  if (typeof at === "object") return at;
  if (entry.proof !== undefined) {
    const why = proofProblem(entry, entry.proof, log);
    if (why !== undefined) return unproved("log-invalid", why);
  }
  return withinWindow(at, log, stamped);
}

/** The integrated time under a good promise, or what is wrong with it. */
function provedTime(entry: LogEntry, promise: Uint8Array, log: TransparencyLog): Instant | LogCheck {
  const time = entry.integratedTime;
  if (time === undefined || time <= 0n || time > MAX_TIME) {
    return unproved("log-invalid", "the entry has a promise (SET) and no plausible integrated time for it to cover");
  }
  if (!isSignedBy(log.key, promisedBytes(entry, time), promise)) {
    return unproved("log-invalid", "the log's promise (SET) is not signed by the log's key, or the entry was changed");
  }
  return instantOf(Number(time) * 1000);
}

/** Rekor signs the canonical JSON (RFC 8785) of these four members. Indexes beyond 2^53 have no JSON number of ours. */
function promisedBytes(entry: LogEntry, time: bigint): Uint8Array {
  return Buffer.from(
    canonicalJson({
      body: encodeBase64(entry.body),
      integratedTime: Number(time),
      logID: entry.logId,
      logIndex: Number(entry.logIndex),
    }),
    "utf8",
  );
}

function proofProblem(entry: LogEntry, proof: InclusionProof, log: TransparencyLog): string | undefined {
  const root = rootOfPath(entry.body, proof);
  if (root === undefined) return "the inclusion proof does not fit a tree of its size";
  if (!sameBytes(root, proof.rootHash)) return "the inclusion proof does not lead to its root hash";
  const checkpoint = readCheckpoint(proof.checkpoint);
  if (typeof checkpoint === "string") return checkpoint;
  if (checkpoint.treeSize !== proof.treeSize) return "the log's checkpoint is for a tree of another size";
  if (!sameBytes(checkpoint.rootHash, root)) return "the log's checkpoint has another root hash than the proof";
  return signedByLog(checkpoint, log)
    ? undefined
    : "the log's checkpoint is not signed by the log's key under its name";
}

function readCheckpoint(note: string): Checkpoint | string {
  try {
    return parseCheckpoint(note);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

/**
 * A note's signature counts if its hint begins the log's id, its name is the note's origin, and the key verifies. A log
 * known by a note key id is bound to its name by that id. Other logs' ids do not hold the name (several shards of Rekor v1
 * share a key, and add " - <tree>" to it), so there the origin need only agree with the signature's name.
 */
function signedByLog(checkpoint: Checkpoint, log: TransparencyLog): boolean {
  const hint = log.id.slice(0, 8);
  return checkpoint.signatures.some(
    (line) =>
      Buffer.from(line.keyHint).toString("hex") === hint &&
      (checkpoint.origin === line.name || checkpoint.origin.startsWith(`${line.name} - `)) &&
      namedByLog(line.name, log) &&
      isSignedBy(log.key, checkpoint.signed, line.signature),
  );
}

function namedByLog(name: string, log: TransparencyLog): boolean {
  return log.id === log.key.spki.slice("sha256:".length) || log.id === noteKeyId(name, log.key);
}

/** A log that has been retired (or not begun) may not be heard at another time, and without any time we cannot tell. */
function withinWindow(at: Instant | undefined, log: TransparencyLog, stamped: readonly Instant[]): LogCheck {
  const times = at === undefined ? stamped : [at];
  if (times.length === 0 && log.notAfter !== undefined) {
    return unproved(
      "log-untrusted",
      `the log is trusted until ${log.notAfter} only, and neither a promise (SET) nor a timestamp proves a time`,
    );
  }
  const outside = times.find(
    (time) =>
      (log.notBefore !== undefined && time < log.notBefore) || (log.notAfter !== undefined && time > log.notAfter),
  );
  if (outside === undefined) return { kind: "proved", at };
  return unproved("log-untrusted", `the entry's time ${outside} is outside the times at which the log is trusted`);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
