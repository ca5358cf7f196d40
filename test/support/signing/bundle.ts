import { preAuthEncoding } from "../../../src/crypto/dsse.ts";
import { hexOf, type Digest } from "../../../src/domain/digest.ts";
import { OCI_EMPTY, OCI_MANIFEST } from "../../../src/domain/media-types.ts";
import { artifactOf, describe, type Artifact } from "./artifact.ts";
import type { Issued } from "./certificates.ts";
import type { SigningKey } from "./keys.ts";
import { dsseBody, type LoggedParts } from "./log-bodies.ts";
import type { VirtualEntry, VirtualLog } from "./virtual-log.ts";

export const BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
export const SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1";

/** A signature as cosign 3 attaches it. Each hook breaks one thing of an otherwise valid one. */
export type BundleOptions = {
  readonly image: Digest;
  readonly key: SigningKey;
  /** Signed by a certificate of this key, which the log then holds. */
  readonly certificate?: Pick<Issued, "der" | "pem"> | undefined;
  readonly log?: VirtualLog | undefined;
  readonly predicateType?: string;
  /** Annotations of the statement's subject. */
  readonly annotations?: Readonly<Record<string, unknown>>;
  /** The statement's text from its proper text; what it returns is signed. */
  readonly statement?: (proper: string) => string;
  /** Signed as it is. */
  readonly payloadType?: string;
  readonly signature?: (proper: Buffer, message: Uint8Array) => Buffer;
  readonly body?: (parts: LoggedParts) => Buffer;
  readonly logged?: (proper: LoggedParts) => LoggedParts;
  readonly entry?: (proper: VirtualEntry) => VirtualEntry;
  /** The timestamps over the signature. */
  readonly timestamps?: (signature: Buffer) => readonly Buffer[];
  /** The finished bundle. */
  readonly bundle?: (proper: Bundle) => object | string;
  readonly manifest?: (proper: Manifest) => object;
};

type Json = Record<string, unknown>;
export type Bundle = {
  mediaType: string;
  verificationMaterial: Json & { tlogEntries?: Json[] };
  dsseEnvelope: { payload: string; payloadType: string; signatures: Json[] };
};
export type Manifest = Json & { subject: Json; annotations: Record<string, string>; layers: Json[] };

export function statementText(options: Pick<BundleOptions, "image" | "predicateType" | "annotations">): string {
  const { annotations } = options;
  return JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [
      { digest: { [options.image.split(":")[0] ?? ""]: hexOf(options.image) }, ...(annotations && { annotations }) },
    ],
    predicateType: options.predicateType ?? SIGN_PREDICATE,
    predicate: {},
  });
}

export function signBundle(options: BundleOptions): Artifact {
  const bundle = bundleOf(options);
  const changed = options.bundle?.(bundle) ?? bundle;
  return attachBundle(options, Buffer.from(typeof changed === "string" ? changed : JSON.stringify(changed)));
}

export function bundleOf(options: BundleOptions): Bundle {
  const proper = statementText(options);
  const payload = Buffer.from(options.statement?.(proper) ?? proper);
  const payloadType = options.payloadType ?? "application/vnd.in-toto+json";
  const message = preAuthEncoding(payloadType, payload);
  const made = options.key.sign(message);
  const signature = options.signature?.(made, message) ?? made;
  return {
    mediaType: BUNDLE_TYPE,
    verificationMaterial: {
      ...signerOf(options),
      ...(options.log && {
        tlogEntries: [
          entryOf(options, { content: payload, signature, pem: options.certificate?.pem ?? options.key.pem }),
        ],
      }),
      ...(options.timestamps && { timestampVerificationData: timestampData(options.timestamps(signature)) }),
    },
    dsseEnvelope: {
      payload: payload.toString("base64"),
      payloadType,
      signatures: [{ sig: signature.toString("base64") }],
    },
  };
}

function signerOf({ certificate, key }: BundleOptions): Json {
  if (certificate !== undefined) return { certificate: { rawBytes: certificate.der.toString("base64") } };
  return { publicKey: { hint: Buffer.from(hexOf(key.public.spki), "hex").toString("base64") } };
}

function timestampData(tokens: readonly Buffer[]): Json {
  return { rfc3161Timestamps: tokens.map((token) => ({ signedTimestamp: token.toString("base64") })) };
}

function entryOf(options: BundleOptions, parts: LoggedParts): Json {
  const body = (options.body ?? dsseBody)(options.logged?.(parts) ?? parts);
  const entry = options.log!.append(body);
  return bundleEntry(options.entry?.(entry) ?? entry);
}

/** A `TransparencyLogEntry` in protobuf's JSON. */
export function bundleEntry(entry: VirtualEntry): Json {
  const { kind, apiVersion } = JSON.parse(entry.body.toString()) as { kind: string; apiVersion: string };
  const { proof } = entry;
  return {
    logIndex: String(entry.logIndex),
    logId: { keyId: Buffer.from(entry.logId, "hex").toString("base64") },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(entry.integratedTime),
    inclusionPromise: { signedEntryTimestamp: entry.set.toString("base64") },
    inclusionProof: {
      logIndex: String(proof.logIndex),
      rootHash: proof.rootHash.toString("base64"),
      treeSize: String(proof.treeSize),
      hashes: proof.hashes.map((hash) => hash.toString("base64")),
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: entry.body.toString("base64"),
  };
}

/** The referrer's manifest around a bundle. */
export function attachBundle(
  options: Pick<BundleOptions, "image" | "predicateType" | "manifest">,
  bundle: Buffer,
): Artifact {
  const empty = Buffer.from("{}");
  const proper: Manifest = {
    artifactType: BUNDLE_TYPE,
    config: describe(OCI_EMPTY, empty),
    layers: [describe(BUNDLE_TYPE, bundle) as Json],
    subject: { mediaType: OCI_MANIFEST, digest: options.image, size: 400 },
    annotations: {
      "dev.sigstore.bundle.content": "dsse-envelope",
      "dev.sigstore.bundle.predicateType": options.predicateType ?? SIGN_PREDICATE,
    },
  };
  return artifactOf(options.manifest?.(proper) ?? proper, [empty, bundle]);
}
