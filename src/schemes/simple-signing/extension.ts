import { decodeBase64 } from "../../crypto/base64.ts";
import { parseStrictJson } from "../../crypto/strict-json.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import {
  inside,
  optionalArray,
  readStruct,
  requiredInteger,
  requiredString,
  type JsonPlace,
  type JsonValue,
} from "../../domain/json.ts";
import { formatRepository } from "../../domain/reference.ts";
import { MAX_SIGNATURE_BYTES, MAX_SIGNATURES } from "../limits.ts";
import type { Place, Sources, Target } from "../scheme.ts";
import { blobEvidence } from "./blob-evidence.ts";
import { EXTENSION } from "./source.ts";

const PLACE: JsonPlace = { code: "signature", path: "list of signatures" };
/** What containers/image reads of the list; others are of kinds to come. */
const SCHEMA_VERSION = 2;
const ATOMIC = "atomic";

/** The registry's own list (containers/image, docs/signature-protocols.md, "docker/distribution API extension"). */
export const EXTENSION_PLACE: Place = { key: EXTENSION, collect };

async function collect(
  target: Target,
  { images }: Sources,
  signal: AbortSignal,
): Promise<readonly SignatureEvidence[]> {
  const bytes = await images.signatures(target.repository, target.digest, MAX_SIGNATURE_BYTES, signal);
  const signatures = bytes === undefined ? [] : readList(bytes, target);
  return signatures.map((each, part) => blobEvidence(each, part, target, { source: EXTENSION, via: "registry" }));
}

/** A registry whose list cannot be read has not answered: the signature that is needed could be in it. */
function readList(bytes: Uint8Array, target: Target): readonly Uint8Array[] {
  const what = `${formatRepository(target.repository)} signatures of ${target.digest}`;
  try {
    const found = parseList(bytes);
    if (found.length <= MAX_SIGNATURES) return found;
    throw new PortError("too-many", what, `${found.length} signatures, more than the ${MAX_SIGNATURES} allowed`);
  } catch (error) {
    if (error instanceof InputError) throw new PortError("malformed", what, error.message, { cause: error });
    throw error;
  }
}

/** Throws `InputError`. */
function parseList(bytes: Uint8Array): readonly Uint8Array[] {
  const json = parseStrictJson(bytes, { code: "signature", name: PLACE.path, maxBytes: MAX_SIGNATURE_BYTES });
  const list = readStruct(json, ["signatures"], PLACE);
  const entries = optionalArray(list, "signatures", PLACE) ?? [];
  return entries.flatMap((entry, at) => parseEntry(entry, inside(inside(PLACE, "signatures"), at)));
}

function parseEntry(value: JsonValue, place: JsonPlace): readonly Uint8Array[] {
  const entry = readStruct(value, ["schemaVersion", "name", "type", "content"], place);
  if (requiredInteger(entry, "schemaVersion", place) !== SCHEMA_VERSION) return [];
  if (requiredString(entry, "type", place) !== ATOMIC) return [];
  return [decodeBase64(requiredString(entry, "content", place), `${place.path}.content`)];
}
