import { InputError } from "../domain/errors.ts";
import {
  inside,
  isJsonObject,
  optionalArray,
  optionalString,
  optionalStringMap,
  readStruct,
  requiredString,
  type JsonPlace,
  type JsonValue,
} from "../domain/json.ts";
import { parseStrictJson } from "./strict-json.ts";
import { quoted } from "../domain/quoted.ts";

/** A claim about artefacts (in-toto attestation framework, spec/v1/statement.md). */
export type Statement = {
  readonly subjects: readonly StatementSubject[];
  readonly predicateType: string;
};

type StatementSubject = {
  readonly name: string | undefined;
  /** Hexadecimal by algorithm, as in `{ sha256: "ab12…" }`. */
  readonly digest: Readonly<Record<string, string>>;
  readonly annotations: ReadonlyMap<string, JsonValue>;
};

export const IN_TOTO_PAYLOAD = "application/vnd.in-toto+json";

/** The members of a statement, by the exact names that Go too reads them by. */
export const STATEMENT_MEMBERS: readonly string[] = ["_type", "subject", "predicateType", "predicate"];

const TYPES = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];
/** As sigstore-go's internal limits. */
const MAX_SUBJECTS = 1024;
const MAX_DIGESTS = 32;

const PLACE: JsonPlace = { code: "signature", path: "statement" };

/** Throws `InputError`. `maxBytes` bounds the text; only verified bytes should come here. */
export function parseStatement(bytes: Uint8Array, maxBytes: number): Statement {
  const value = parseStrictJson(bytes, { code: "signature", name: "statement", maxBytes });
  const object = readStruct(value, STATEMENT_MEMBERS, PLACE);
  const type = requiredString(object, "_type", PLACE);
  if (!TYPES.includes(type)) {
    throw new InputError(
      "signature",
      `statement is of the type ${quoted(type, 80)}, not an in-toto statement v1 or v0.1`,
    );
  }
  const subjects = optionalArray(object, "subject", PLACE) ?? [];
  if (subjects.length === 0) throw new InputError("signature", "statement has no subject");
  if (subjects.length > MAX_SUBJECTS) {
    throw new InputError("signature", `statement has more than the ${MAX_SUBJECTS} subjects allowed`);
  }
  return {
    subjects: subjects.map((subject, at) => parseSubject(subject, inside(inside(PLACE, "subject"), at))),
    predicateType: requiredString(object, "predicateType", PLACE),
  };
}

function parseSubject(value: JsonValue, place: JsonPlace): StatementSubject {
  const object = readStruct(
    value,
    ["name", "digest", "annotations", "uri", "content", "downloadLocation", "mediaType"],
    place,
  );
  const digest = optionalStringMap(object, "digest", place);
  if (Object.keys(digest).length > MAX_DIGESTS) {
    throw new InputError("signature", `${place.path} has more than the ${MAX_DIGESTS} digests allowed`);
  }
  const annotations = object.get("annotations");
  return {
    name: optionalString(object, "name", place),
    digest,
    annotations: isJsonObject(annotations) ? annotations : new Map(),
  };
}
