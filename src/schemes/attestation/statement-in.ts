import { parseStrictJson } from "../../crypto/strict-json.ts";
import { InputError } from "../../domain/errors.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import type { StatementFact } from "../../domain/facts.ts";
import { known, NOT_COLLECTED, type Known } from "../../domain/gap.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../domain/json.ts";
import { coversPaths, type StatementNeed } from "../../domain/needs.ts";
import type { Document } from "../../domain/subject.ts";
import { digestOfStatement } from "./carried-statement.ts";
import { readCarrier } from "./carrier.ts";
import { holdsPaths } from "./carriers.ts";
import { isExtract, readExtract, type Form } from "./extract.ts";
import { MAX_HEADER_BYTES, MAX_KEPT_BYTES } from "./limits.ts";
import { ATTESTATION_REFERRERS, ATTESTATION_TAG } from "./source.ts";

/** Values and members of what a rule is given, which bounds the memory of it. */
const MAX_VALUES = 400_000;
const TEXT = { code: "signature", name: "statement" } as const;

function formOf({ source }: SignatureEvidence): Form {
  if (source === ATTESTATION_TAG) return "envelope";
  return source === ATTESTATION_REFERRERS ? "bundle" : "statement";
}

function carrierOf({ documents, artifact }: SignatureEvidence): Document | undefined {
  const last = documents.at(-1);
  return last?.descriptor.digest === artifact.digest ? undefined : last;
}

/** Whether what is asked of the evidence's statement can be answered from it: a whole one answers everything. */
export function isAtHand(evidence: SignatureEvidence, needs: readonly StatementNeed[]): boolean {
  const carrier = carrierOf(evidence);
  return (
    carrier === undefined || !isExtract(carrier) || refuses(() => holdsPaths(readExtract(carrier), needs)) === true
  );
}

/** `undefined` where an extract is of another version, which is as good as none. */
function refuses<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/**
 * The statement's text, hashed again where it is whole. What is too much for a rule is a gap; what was not asked for when
 * the attestation was read, and cannot be had from what was kept, is not collected.
 */
export function statementIn(
  evidence: SignatureEvidence,
  statement: StatementFact,
  paths: readonly string[],
): Known<JsonValue> {
  const carrier = carrierOf(evidence);
  const carried = carrier && refuses(() => readCarrier(carrier, formOf(evidence)));
  if (carrier === undefined || carried === undefined) return NOT_COLLECTED;
  if (digestOfStatement(carried.payload) !== statement.digest) return NOT_COLLECTED;
  if (isExtract(carrier) && !coversPaths(readExtract(carrier).paths, paths)) return NOT_COLLECTED;
  return (
    (carried.payload instanceof Uint8Array ? wholeOf(carried.payload) : undefined) ??
    partsOf(carried.text(paths, MAX_KEPT_BYTES), statement)
  );
}

/** `undefined` for one of more values than may be held: then only what is asked of it is read. */
function wholeOf(bytes: Uint8Array): Known<JsonValue> | undefined {
  const value = refuses(() => parseStrictJson(bytes, { ...TEXT, maxBytes: bytes.length, maxValues: MAX_VALUES }));
  return value === undefined ? undefined : known(value);
}

function partsOf(
  text: ReturnType<NonNullable<ReturnType<typeof readCarrier>>["text"]>,
  statement: StatementFact,
): Known<JsonValue> {
  if (text.kind === "malformed") return NOT_COLLECTED;
  const header = refuses(() => objectOf(text.header, MAX_HEADER_BYTES));
  const kept = text.kept === undefined ? undefined : refuses(() => objectOf(text.kept ?? "", MAX_KEPT_BYTES));
  if (header === undefined || kept === undefined) {
    const detail = `what the policy asks of its ${statement.size} bytes is more than ${MAX_KEPT_BYTES} bytes or ${MAX_VALUES} values: ask for less of it`;
    return { kind: "gap", gap: { code: "too-large", what: `statement ${statement.digest}`, detail } };
  }
  return known(new Map([...header, ...kept]));
}

function objectOf(text: string, maxBytes: number): JsonObject {
  const value = parseStrictJson(Buffer.from(text), { ...TEXT, maxBytes: maxBytes + 2, maxValues: MAX_VALUES });
  if (isJsonObject(value)) return value;
  throw new InputError("signature", "the statement is not an object");
}
