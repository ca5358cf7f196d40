import { InputError } from "../domain/errors.ts";
import { readStruct, type JsonObject, type JsonPlace, type JsonValue } from "../domain/json.ts";
import { quoted } from "../domain/quoted.ts";

/**
 * An object of a closed format: a member that Assay does not know could carry what another reader obeys, so it is refused.
 * Throws `InputError`.
 */
export function readMembers(value: JsonValue | undefined, known: readonly string[], place: JsonPlace): JsonObject {
  const object = readStruct(value, known, place);
  for (const key of object.keys()) {
    if (!known.includes(key)) {
      throw new InputError(place.code, `${place.path} has the unknown member ${quoted(key, 80)}`);
    }
  }
  return object;
}
