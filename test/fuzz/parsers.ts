import { parseKeptRoot } from "../../src/adapters/sigstore-tuf/kept-root.ts";
import { parseCertificate } from "../../src/crypto/certificate.ts";
import { parseCheckpoint } from "../../src/crypto/checkpoint.ts";
import { parseCoseSign1 } from "../../src/crypto/cose.ts";
import { checkCrl } from "../../src/crypto/crl.ts";
import { parseEnvelope, preAuthEncoding } from "../../src/crypto/dsse.ts";
import { parseStatement } from "../../src/crypto/in-toto.ts";
import { Projector, wantedOf } from "../../src/crypto/json-projection.ts";
import { JsonWalk } from "../../src/crypto/json-walk.ts";
import { parseJws } from "../../src/crypto/jws.ts";
import { parseLogBody } from "../../src/crypto/log-body.ts";
import { checkOcspResponse } from "../../src/crypto/ocsp.ts";
import { readKeyring } from "../../src/crypto/openpgp/keyring.ts";
import { checkMessage } from "../../src/crypto/openpgp/message-check.ts";
import { readSignedMessage } from "../../src/crypto/openpgp/signed-message.ts";
import { parseStrictJson } from "../../src/crypto/strict-json.ts";
import { checkTimestamp } from "../../src/crypto/timestamp.ts";
import { parseTrustedRoot } from "../../src/crypto/trusted-root.ts";
import type { JsonValue } from "../../src/domain/json.ts";
import { parseManifest } from "../../src/domain/manifest.ts";
import { compileExpression } from "../../src/policy/cel/expression.ts";
import { Meter } from "../../src/policy/cel/meter.ts";
import { readTrustPolicy } from "../../src/policy/trust-policy-document.ts";
import { annotatedSignature } from "../../src/schemes/cosign/annotated-signature.ts";
import { parsePayload } from "../../src/schemes/cosign/payload.ts";
import { parseRekorBundle } from "../../src/schemes/cosign/rekor-bundle.ts";
import { parseTimestampAnnotation } from "../../src/schemes/cosign/timestamp-annotation.ts";
import { openCose } from "../../src/schemes/notation/cose-envelope.ts";
import { openJws } from "../../src/schemes/notation/jws-envelope.ts";
import { parseMetadata } from "../../src/schemes/notary-v1/metadata.ts";
import { decodeRemembered } from "../../src/schemes/notary-v1/remembered.ts";
import { compileProver } from "../../src/schemes/prover.ts";
import { parseBundle } from "../../src/schemes/sigstore-bundle/bundle.ts";
import { proveBundle } from "../../src/schemes/sigstore-bundle/bundle-signature.ts";
import { parseSimplePayload } from "../../src/schemes/simple-signing/payload.ts";
import { SEEDS, STRANGERS } from "./seeds.ts";

/** One reader of foreign bytes. Whatever comes, it gives a value or throws an `InputError`, and believes nobody. */
export type Parser = {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /** Gives "verified" if it took the bytes for somebody's word whose word does not count here. */
  readonly read: (bytes: Buffer) => unknown;
};

const MAX = 1 << 20;
const json = (bytes: Uint8Array): JsonValue =>
  parseStrictJson(bytes, { code: "signature", name: "input", maxBytes: MAX });
/** One that trusts other keys than those that made the seeds, so that nothing at all may verify. */
const prover = compileProver(STRANGERS.authority);
function bundle(bytes: Buffer): unknown {
  const read = parseBundle(bytes, MAX);
  if (read.content.kind !== "dsse" || prover === undefined) return read;
  const { payloadType, payload } = read.content.envelope;
  return proveBundle(read, preAuthEncoding(payloadType, payload), prover).kind === "proved" ? "verified" : read;
}

function layer(name: string): (bytes: Buffer) => unknown {
  return (bytes) => {
    const annotations = { ...SEEDS.annotations, [name]: bytes.toString() };
    const made = annotatedSignature(annotations, SEEDS.payload);
    return prover?.prove(made).kind === "proved" ? "verified" : made;
  };
}

function openpgp(bytes: Buffer): unknown {
  const message = readSignedMessage(bytes);
  if (message.kind === "refused") return message;
  return checkMessage(message, STRANGERS.keyring).kind === "proved" ? "verified" : message;
}

function projected(bytes: Buffer): unknown {
  const projector = new Projector(["subject"], { header: MAX, kept: MAX });
  const walk = new JsonWalk(wantedOf(["subject", "predicate.list"]), projector, { code: "signature", name: "input" });
  for (let at = 0; at < bytes.length; at += 7) walk.push(bytes.subarray(at, at + 7));
  return projector.finish(walk.finish());
}

function cel(bytes: Buffer): unknown {
  const compiled = compileExpression(bytes.toString(), ["predicate"]);
  if (compiled.kind === "refused") return compiled;
  const data = json(Buffer.from('{"predicate":{"a":[1,"b",null,{"c":2.5}],"time":"2026-11-21T07:31:00Z"}}'));
  return compiled.expression.evaluate(data instanceof Map ? data : new Map(), new Meter(10_000));
}

const verifiedIf = (isProved: boolean): string | undefined => (isProved ? "verified" : undefined);

const NOTARY_ROLES = [
  ["root", "Root"],
  ["timestamp", "Timestamp"],
  ["snapshot", "Snapshot"],
  ["targets", "Targets"],
] as const;

/** Every parser of foreign bytes, once. */
export const PARSERS: readonly Parser[] = [
  { name: "JSON", seeds: [SEEDS.bundle, SEEDS.payload], read: json },
  { name: "manifest", seeds: [SEEDS.manifest], read: (bytes) => parseManifest(json(bytes), undefined) },
  { name: "sigstore bundle", seeds: [SEEDS.bundle, SEEDS.keylessBundle], read: bundle },
  {
    name: "signature annotation",
    seeds: [SEEDS.annotation("dev.cosignproject.cosign/signature")],
    read: layer("dev.cosignproject.cosign/signature"),
  },
  {
    name: "certificate annotation",
    seeds: [SEEDS.annotation("dev.sigstore.cosign/certificate")],
    read: layer("dev.sigstore.cosign/certificate"),
  },
  {
    name: "log entry annotation",
    seeds: [SEEDS.annotation("dev.sigstore.cosign/bundle")],
    read: (bytes) => parseRekorBundle(bytes.toString()),
  },
  {
    name: "timestamp annotation",
    seeds: [SEEDS.timestampAnnotation],
    read: (bytes) => parseTimestampAnnotation(bytes.toString()),
  },
  { name: "cosign payload", seeds: [SEEDS.payload], read: parsePayload },
  {
    name: "DSSE envelope",
    seeds: [SEEDS.envelope],
    read: (bytes) => parseEnvelope(json(bytes), { code: "signature", path: "envelope" }),
  },
  { name: "in-toto statement", seeds: [SEEDS.statement], read: (bytes) => parseStatement(bytes, MAX) },
  { name: "log entry body", seeds: SEEDS.logBodies, read: parseLogBody },
  { name: "checkpoint", seeds: [SEEDS.checkpoint], read: (bytes) => parseCheckpoint(bytes.toString()) },
  { name: "certificate", seeds: [SEEDS.certificate], read: parseCertificate },
  {
    name: "revocation list",
    seeds: [SEEDS.crl],
    read: (bytes) => verifiedIf(checkCrl(bytes, STRANGERS.leaf, STRANGERS.issuer).kind === "proved"),
  },
  {
    name: "OCSP answer",
    seeds: [SEEDS.ocsp],
    read: (bytes) => verifiedIf(checkOcspResponse(bytes, STRANGERS.leaf, STRANGERS.issuer).kind === "proved"),
  },
  {
    name: "timestamp token",
    seeds: [SEEDS.timestamp],
    read: (bytes) => verifiedIf(checkTimestamp(bytes, [SEEDS.payload], [STRANGERS.timestamps]).kind === "proved"),
  },
  { name: "JWS", seeds: [SEEDS.jws], read: (bytes) => parseJws(bytes, MAX) },
  { name: "JWS of the Notary Project", seeds: [SEEDS.jws], read: openJws },
  { name: "COSE", seeds: [SEEDS.cose], read: (bytes) => parseCoseSign1(bytes, MAX) },
  { name: "COSE of the Notary Project", seeds: [SEEDS.cose], read: openCose },
  {
    name: "trustpolicy.json",
    seeds: [SEEDS.trustPolicy],
    read: (bytes) => readTrustPolicy("trustpolicy.json", bytes.toString()),
  },
  { name: "OpenPGP keyring", seeds: [SEEDS.keyring], read: (bytes) => readKeyring([{ bytes, from: "a.gpg" }]) },
  { name: "OpenPGP message", seeds: [SEEDS.message], read: openpgp },
  { name: "simple-signing payload", seeds: [SEEDS.simplePayload], read: parseSimplePayload },
  ...NOTARY_ROLES.map(([role, type]) => ({
    name: `Notary ${role}`,
    seeds: [...SEEDS.notary].filter(([file]) => file.startsWith(`${role}.`)).map(([, bytes]) => bytes),
    read: (bytes: Buffer) => parseMetadata(bytes, role, type, MAX),
  })),
  { name: "remembered Notary state", seeds: [SEEDS.remembered], read: decodeRemembered },
  {
    name: "trusted_root.json",
    seeds: [SEEDS.trustedRoot],
    read: (bytes) => parseTrustedRoot(bytes.toString(), "trusted_root.json"),
  },
  { name: "kept TUF root", seeds: [SEEDS.keptRoot], read: parseKeptRoot },
  { name: "CEL, compiled and evaluated", seeds: SEEDS.cel, read: cel },
  { name: "streaming JSON projector", seeds: [SEEDS.statement], read: projected },
];
