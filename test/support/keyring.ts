import { newSealKeyLine, parseSealKeys, type Keyring } from "../../src/crypto/seal-keys.ts";

export function freshKeyring(id = "test"): Keyring {
  return parseSealKeys(newSealKeyLine(id), "test keys");
}
