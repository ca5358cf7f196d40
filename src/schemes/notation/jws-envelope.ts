import { decodeBase64 } from "../../crypto/base64.ts";
import type { EnvelopeAlgorithm } from "../../crypto/envelope-algorithm.ts";
import { parseJws } from "../../crypto/jws.ts";
import { InputError } from "../../domain/errors.ts";
import { parseInstant } from "../../domain/instant.ts";
import {
  inside,
  optionalString,
  optionalStringArray,
  readStruct,
  requiredString,
  type JsonObject,
  type JsonPlace,
} from "../../domain/json.ts";
import { quoted } from "../../domain/quoted.ts";
import { MAX_SIGNATURE_BYTES } from "../limits.ts";
import type { Envelope } from "./envelope.ts";
import type { SignedHeader } from "./signed-header.ts";

const ALGORITHMS: readonly EnvelopeAlgorithm[] = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

/** Names that Go would read in another case too; see `readStruct`. */
const SIGNED = [
  "alg",
  "cty",
  "crit",
  "io.cncf.notary.signingScheme",
  "io.cncf.notary.signingTime",
  "io.cncf.notary.authenticSigningTime",
  "io.cncf.notary.expiry",
  "io.cncf.notary.verificationPlugin",
  "io.cncf.notary.verificationPluginMinVersion",
];
const TIMESTAMP = "io.cncf.notary.timestampSignature";
const UNSIGNED = ["x5c", TIMESTAMP, "io.cncf.notary.signingAgent"];

const HEADER: JsonPlace = { code: "signature", path: "protected header" };
const UNPROTECTED: JsonPlace = { code: "signature", path: "envelope.header" };

/** A Notary Project signature in JWS form (signature-envelope-jws specification). Throws `InputError`. */
export function openJws(bytes: Uint8Array): Envelope {
  const jws = parseJws(bytes, MAX_SIGNATURE_BYTES);
  const header = readStruct(jws.protectedHeader, SIGNED, HEADER);
  const unprotected = readStruct(jws.unprotectedHeader, UNSIGNED, UNPROTECTED);
  const written = requiredString(header, "alg", HEADER);
  const algorithm = ALGORITHMS.find((known) => known === written);
  if (algorithm === undefined) {
    throw new InputError(
      "signature",
      `the envelope is signed with ${quoted(written, 40)}: use ${ALGORITHMS.join(", ")}`,
    );
  }
  const timestamp = optionalString(unprotected, TIMESTAMP, UNPROTECTED) ?? "";
  return {
    algorithm,
    message: jws.message,
    signature: jws.signature,
    payload: jws.payload,
    signedHeader: () => signedHeader(header),
    chain: optionalStringArray(unprotected, "x5c", UNPROTECTED).map((text, at) =>
      decodeBase64(text, inside(inside(UNPROTECTED, "x5c"), at).path),
    ),
    timestamp: timestamp === "" ? undefined : decodeBase64(timestamp, `${UNPROTECTED.path}.${TIMESTAMP}`),
  };
}

function signedHeader(header: JsonObject): SignedHeader {
  return {
    names: [...header].flatMap(([name, value]) => (value === null ? [] : [name])),
    critical: optionalStringArray(header, "crit", HEADER),
    contentType: requiredString(header, "cty", HEADER),
    text: (name) => optionalString(header, name, HEADER),
    time: (name) => {
      const text = optionalString(header, name, HEADER);
      return text === undefined ? undefined : parseInstant(text);
    },
  };
}
