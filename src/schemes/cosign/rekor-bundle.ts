import { decodeBase64 } from "../../crypto/base64.ts";
import type { LogEntry } from "../../crypto/log-entry.ts";
import { readMembers } from "../../crypto/members.ts";
import { parseStrictJson } from "../../crypto/strict-json.ts";
import { InputError } from "../../domain/errors.ts";
import { inside, requiredInteger, requiredString, type JsonPlace } from "../../domain/json.ts";

const PLACE: JsonPlace = { code: "signature", path: "log bundle" };
const MAX_BUNDLE = 1024 * 1024;

/** The annotation `dev.sigstore.cosign/bundle`: an entry of Rekor v1 with the log's promise. Throws `InputError`. */
export function parseRekorBundle(annotation: string): LogEntry {
  const bytes = Buffer.from(annotation, "utf8");
  const json = parseStrictJson(bytes, { code: "signature", name: "log bundle", maxBytes: MAX_BUNDLE });
  const bundle = readMembers(json, ["SignedEntryTimestamp", "Payload"], PLACE);
  const at = inside(PLACE, "Payload");
  const payload = readMembers(bundle.get("Payload"), ["body", "integratedTime", "logIndex", "logID"], at);
  const promise = decodeBase64(requiredString(bundle, "SignedEntryTimestamp", PLACE), "the log's promise (SET)");
  return {
    logId: parseLogId(requiredString(payload, "logID", at)),
    logIndex: parseIndex(requiredInteger(payload, "logIndex", at)),
    integratedTime: BigInt(requiredInteger(payload, "integratedTime", at)),
    body: decodeBase64(requiredString(payload, "body", at), "the log entry's body"),
    promise: promise.length === 0 ? undefined : promise,
    proof: undefined,
  };
}

function parseLogId(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InputError("signature", "log bundle names a log that is not 64 lower-case hexadecimal digits");
}

function parseIndex(index: number): bigint {
  if (index >= 0) return BigInt(index);
  throw new InputError("signature", "log bundle has a negative log index");
}
