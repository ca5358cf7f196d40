import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { checkLogEntry, type LogEntry } from "../../../src/crypto/log-entry.ts";
import { logOfPem, type TransparencyLog } from "../../../src/crypto/transparency-log.ts";
import { parseInstant } from "../../../src/domain/instant.ts";
import { makeKey } from "../../support/signing/keys.ts";
import { VirtualLog, type VirtualEntry } from "../../support/signing/virtual-log.ts";

const log = new VirtualLog();
const BODY = Buffer.from("a body");
const TRUSTED = logOfPem(log.key.pem, "log key");

function entryOf(entry: VirtualEntry, change: Partial<LogEntry> = {}): LogEntry {
  const { proof } = entry;
  return {
    logId: entry.logId,
    logIndex: BigInt(entry.logIndex),
    integratedTime: BigInt(entry.integratedTime),
    body: entry.body,
    promise: entry.set,
    proof: { ...proof, leafIndex: BigInt(proof.logIndex), treeSize: BigInt(proof.treeSize) },
    ...change,
  };
}

function outcome(entry: LogEntry, root: readonly TransparencyLog[] = [TRUSTED], ...stamped: readonly string[]): string {
  const check = checkLogEntry(entry, root, stamped.map(parseInstant));
  return check.kind === "proved" ? `proved ${check.at ?? "no time"}` : `${check.reason}: ${check.detail}`;
}

const from = (notBefore: string, notAfter?: string): TransparencyLog => ({
  ...TRUSTED,
  notBefore: parseInstant(notBefore),
  notAfter: notAfter === undefined ? undefined : parseInstant(notAfter),
});
const PROVED = "proved 2023-11-14T22:13:20.000Z";

describe("a log entry", () => {
  const good = log.append(BODY);

  test("is proved by its promise and its proof, and by either alone", () => {
    assert.equal(outcome(entryOf(good)), PROVED);
    assert.equal(outcome(entryOf(good, { proof: undefined })), PROVED);
    assert.equal(outcome(entryOf(good, { promise: undefined })), "proved no time");
    assert.match(outcome(entryOf(good, { promise: undefined, proof: undefined })), /^log-missing/);
  });

  test("is proved by whichever of two logs of one id is trusted at its time", () => {
    const [retired, current] = [from("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"), from("2021-01-01T00:00:00Z")];
    assert.equal(outcome(entryOf(good), [retired, current]), PROVED);
    assert.equal(outcome(entryOf(good), [current, retired]), PROVED);
    assert.match(outcome(entryOf(good), [retired, retired]), /^log-untrusted: the entry's time 2023/);
  });

  test("is not proved by a promise of a time before 1970, at its beginning or beyond the year 9999", () => {
    const at = (integratedTime: number): string => outcome(entryOf(log.append(BODY, integratedTime)));
    for (const time of [-1, 0, 253_402_300_800]) assert.match(at(time), /no plausible integrated time/, String(time));
    assert.equal(at(1), "proved 1970-01-01T00:00:01.000Z");
    assert.equal(at(253_402_300_799), "proved 9999-12-31T23:59:59.000Z");
    assert.match(outcome(entryOf(good, { integratedTime: undefined })), /no plausible integrated time/);
  });

  test("is proved at the very ends of the time its log is trusted for, and not a second beyond", () => {
    const [at, before, after] = ["2023-11-14T22:13:20Z", "2023-11-14T22:13:19Z", "2023-11-14T22:13:21Z"];
    assert.equal(outcome(entryOf(good), [from(at, at)]), PROVED);
    assert.match(outcome(entryOf(good), [from(after)]), /^log-untrusted/);
    assert.match(outcome(entryOf(good), [from("2020-01-01T00:00:00Z", before)]), /^log-untrusted/);
  });

  test("without a promise needs every stamped time to be one at which its log is trusted", () => {
    const entry = entryOf(good, { promise: undefined });
    const limited = from("2020-01-01T00:00:00Z", "2024-01-01T00:00:00Z");
    assert.equal(outcome(entry, [limited], "2023-01-01T00:00:00Z"), "proved no time");
    assert.match(outcome(entry, [limited], "2023-01-01T00:00:00Z", "2024-01-01T00:00:01Z"), /^log-untrusted/);
    assert.match(outcome(entry, [limited]), /^log-untrusted: the log is trusted until 2024/);
    assert.equal(outcome(entry, [from("2020-01-01T00:00:00Z")]), "proved no time");
  });
});

describe("a checkpoint of a log entry", () => {
  const good = log.append(BODY);
  const { proof } = good;
  const change = (checkpoint: string, more: object = {}): LogEntry => {
    const entry = entryOf(good, { promise: undefined });
    return { ...entry, proof: { ...entry.proof!, ...more, checkpoint } };
  };

  test("may carry the signatures of witnesses beside the log's, before or after it", () => {
    const witness = new VirtualLog({ origin: "witness.example.com" });
    const theirs = witness.checkpoint(proof.treeSize, proof.rootHash).split("\n\n")[1] ?? "";
    const [text = "", ours = ""] = proof.checkpoint.split("\n\n");
    assert.equal(outcome(change(`${text}\n\n${ours}${theirs}`)), "proved no time");
    assert.equal(outcome(change(`${text}\n\n${theirs}${ours}`)), "proved no time");
    assert.match(outcome(change(`${text}\n\n${theirs}`)), /not signed by the log's key/);
  });

  test("must be of the proof's size and root, under the log's own name", () => {
    const { treeSize, rootHash } = proof;
    const other = Buffer.alloc(32, 7);
    assert.match(outcome(change(log.checkpoint(treeSize + 1, rootHash))), /tree of another size/);
    assert.match(outcome(change(log.checkpoint(treeSize, other))), /another root hash than the proof/);
    assert.match(outcome(change(proof.checkpoint, { rootHash: other })), /does not lead to its root hash/);
    assert.match(outcome(change(log.checkpoint(treeSize, rootHash, "other.example.com"))), /under its name/);
    assert.equal(outcome(change(log.checkpoint(treeSize, rootHash, log.origin))), "proved no time");
  });

  test("of a log with a note key must have the name that the key's id holds", () => {
    const note = new VirtualLog({ key: makeKey("ed25519"), origin: "note.example.com" });
    const trusted: TransparencyLog = { ...logOfPem(note.key.pem, "note key"), id: note.logId };
    const entry = entryOf(note.append(BODY), { promise: undefined });
    assert.equal(outcome(entry, [trusted]), "proved no time");
    const checkpoint = (entry.proof?.checkpoint ?? "").replaceAll("note.example.com", "other.example.com");
    assert.match(outcome({ ...entry, proof: { ...entry.proof!, checkpoint } }, [trusted]), /under its name/);
    // Signed by the very key, under a name that is not in its id.
    const impostor = new VirtualLog({ key: note.key, origin: "other.example.com" });
    const [text = "", line = ""] = impostor
      .checkpoint(entry.proof ? Number(entry.proof.treeSize) : 0, Buffer.from(entry.proof!.rootHash))
      .split("\n\n");
    const blob = Buffer.from(line.trim().split(" ").at(-1) ?? "", "base64");
    blob.set(Buffer.from(note.logId, "hex").subarray(0, 4));
    const forged = `${text}\n\n\u2014 other.example.com ${blob.toString("base64")}\n`;
    assert.match(outcome({ ...entry, proof: { ...entry.proof!, checkpoint: forged } }, [trusted]), /under its name/);
  });
});
