import {
  CborTag,
  EPOCH_TIME,
  isCborList,
  parseCoseSign1,
  type CborValue,
  type CoseHeader,
  type CoseLabel,
} from "../../crypto/cose.ts";
import type { EnvelopeAlgorithm } from "../../crypto/envelope-algorithm.ts";
import { InputError } from "../../domain/errors.ts";
import { instantOf, type Instant } from "../../domain/instant.ts";
import { MAX_SIGNATURE_BYTES } from "../limits.ts";
import type { Envelope } from "./envelope.ts";
import type { SignedHeader } from "./signed-header.ts";

/** RFC 9053 section 2.1 and RFC 8230 section 2. */
const ALGORITHMS: ReadonlyMap<CborValue | undefined, EnvelopeAlgorithm> = new Map([
  [-37, "PS256"],
  [-38, "PS384"],
  [-39, "PS512"],
  [-7, "ES256"],
  [-35, "ES384"],
  [-36, "ES512"],
]);

/** Header parameters by their numbers (RFC 9052 section 3.1, RFC 9360 section 2). */
const LABEL = { algorithm: 1, critical: 2, contentType: 3, chain: 33 } as const;
const TIMESTAMP = "io.cncf.notary.timestampSignature";

/** A Notary Project signature in COSE form (signature-envelope-cose specification). Throws `InputError`. */
export function openCose(bytes: Uint8Array): Envelope {
  const cose = parseCoseSign1(bytes, MAX_SIGNATURE_BYTES);
  const { protectedHeader: header, unprotectedHeader: unprotected } = cose;
  const algorithm = ALGORITHMS.get(header.get(LABEL.algorithm));
  if (algorithm === undefined) {
    refuse(`is signed with an algorithm that is not one of ${[...ALGORITHMS.values()].join(", ")}`);
  }
  const timestamp = unprotected.get(TIMESTAMP);
  const token = timestamp === undefined ? new Uint8Array() : bytesOf(timestamp, TIMESTAMP);
  return {
    algorithm,
    message: cose.message,
    signature: cose.signature,
    payload: cose.payload,
    signedHeader: () => signedHeader(header),
    chain: listOf(unprotected.get(LABEL.chain), "x5chain").map((each) => bytesOf(each, "x5chain")),
    timestamp: token.length === 0 ? undefined : token,
  };
}

function refuse(cause: string): never {
  throw new InputError("signature", `the COSE envelope ${cause}`);
}

function bytesOf(value: CborValue, name: string): Uint8Array {
  return value instanceof Uint8Array ? value : refuse(`has a ${name} that is not made of byte strings`);
}

function listOf(value: CborValue | undefined, name: string): readonly CborValue[] {
  return isCborList(value) ? value : refuse(`has no ${name}, or one that is no list`);
}

/** Numbers get a text that no name has, so that both kinds can stand in one list. */
function nameOf(label: CborValue): string {
  if (typeof label === "number") return `label ${label}`;
  return typeof label === "string" ? label : refuse("has a name in crit that is neither number nor text");
}

function signedHeader(header: CoseHeader): SignedHeader {
  return {
    names: [...header.keys()].map(nameOf),
    critical: listOf(header.get(LABEL.critical), "crit").map(nameOf),
    contentType: textOf(header, LABEL.contentType) ?? refuse("has no content type"),
    text: (name) => textOf(header, name),
    time: (name) => timeOf(header, name),
  };
}

function textOf(header: CoseHeader, label: CoseLabel): string | undefined {
  const value = header.get(label);
  if (value === undefined || typeof value === "string") return value;
  return refuse(`has a ${nameOf(label)} that is no text`);
}

/** Tag 1 is the only form that is allowed; a fraction of a second is cut off. */
function timeOf(header: CoseHeader, name: string): Instant | undefined {
  const value = header.get(name);
  if (value === undefined) return undefined;
  if (value instanceof CborTag && value.tag === EPOCH_TIME && typeof value.value === "number") {
    return instantOf(Math.floor(value.value) * 1000);
  }
  return refuse(`has a ${name} that is no time with tag 1`);
}
