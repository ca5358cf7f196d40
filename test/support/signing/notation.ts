import { constants, hash, sign } from "node:crypto";

import { childrenOf, readDer } from "../../../src/crypto/der.ts";
import { OCI_EMPTY } from "../../../src/domain/media-types.ts";
import type { NotationAction, NotationAuthority, NotationStatement } from "../../../src/domain/trust.ts";
import { artifactOf, describe, type Artifact } from "./artifact.ts";
import { cbor, Tagged } from "./cbor.ts";
import {
  basicConstraints,
  CA_EXTENSIONS,
  CODE_SIGNING,
  issue,
  keyUsage,
  purposes,
  subjectOf,
  type CertificateOptions,
  type Issued,
} from "./certificates.ts";
import { type KeyKind, type SigningKey } from "./keys.ts";

export const NOTATION_SIGNATURE = "application/vnd.cncf.notary.signature";
export const THUMBPRINTS = "io.cncf.notary.x509chain.thumbprint#S256";
export const PAYLOAD_TYPE = "application/vnd.cncf.notary.payload.v1+json";
export const SCHEME = "io.cncf.notary.signingScheme";
export const SIGNING_TIME = "io.cncf.notary.signingTime";
export const AUTHENTIC_TIME = "io.cncf.notary.authenticSigningTime";
export const EXPIRY = "io.cncf.notary.expiry";
export const TIMESTAMP = "io.cncf.notary.timestampSignature";

export const LEAF_EXTENSIONS = [keyUsage(0x80, 7), purposes(false, CODE_SIGNING)];
export const ACME = subjectOf(
  ["2.5.4.6", "US"],
  ["2.5.4.8", "WA"],
  ["2.5.4.10", "acme"],
  ["2.5.4.11", "release"],
  ["2.5.4.3", "signer"],
);
export const ACME_DN = "CN=signer,OU=release,O=acme,ST=WA,C=US";

/** A root, an authority below it and a certificate for signing code, with hooks for what is to be wrong. */
export type ChainOptions = {
  readonly root?: Partial<CertificateOptions>;
  readonly intermediate?: Partial<CertificateOptions>;
  readonly leaf?: Partial<CertificateOptions>;
};

/** Leaf first. */
export function chainOf(options: ChainOptions = {}): readonly [Issued, Issued, Issued] {
  const root = issue({ name: "acme root", extensions: CA_EXTENSIONS, ...options.root });
  const between = { name: "acme issuing", issuer: root, extensions: [basicConstraints(0), keyUsage(0x06, 1)] };
  const intermediate = issue({ ...between, ...options.intermediate });
  const leaf = issue({ name: "", subject: ACME, issuer: intermediate, extensions: LEAF_EXTENSIONS, ...options.leaf });
  return [leaf, intermediate, root];
}

export type Header = Record<string, unknown>;
type Json = Record<string, unknown>;

/** One signature as notation makes it. Each hook breaks one thing of an otherwise valid one. */
export type NotationOptions = {
  readonly format?: "jws" | "cose";
  /** The image's manifest. */
  readonly image: Pick<Artifact, "mediaType" | "manifest" | "digest">;
  readonly chain: readonly Issued[];
  /** Signs in the place of the leaf's key. */
  readonly key?: SigningKey;
  readonly scheme?: "notary.x509" | "notary.x509.signingAuthority";
  readonly signingTime?: string;
  readonly expiry?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** The signed header before it is written: times as text, `alg`, `cty` and `crit` by these names in both formats. */
  readonly header?: (proper: Header) => Header;
  readonly payload?: (proper: { targetArtifact: Json }) => object | string;
  readonly message?: (proper: Buffer) => Buffer;
  readonly signature?: (proper: Buffer) => Buffer;
  /** A TimeStampResp over the signature. */
  readonly timestamp?: (signature: Buffer) => Buffer;
  /** A token as it is, in the place of one taken out of a response. */
  readonly token?: Buffer;
  readonly unprotected?: (proper: Header) => Header;
  /** The finished envelope. */
  readonly envelope?: (proper: Buffer) => Buffer;
  readonly manifest?: (proper: Json & { layers: Json[] }) => object;
  /** As clients before artifact types wrote it. */
  readonly legacy?: boolean;
};

const ALGORITHMS: Readonly<Record<KeyKind, readonly [jws: string, cose: number, hash: string]>> = {
  rsa2048: ["PS256", -37, "sha256"],
  rsa3072: ["PS384", -38, "sha384"],
  rsa4096: ["PS512", -39, "sha512"],
  p256: ["ES256", -7, "sha256"],
  p384: ["ES384", -35, "sha384"],
  p521: ["ES512", -36, "sha512"],
  "rsa-pss": ["PS256", -37, "sha256"],
  ed25519: ["EdDSA", -8, "sha512"],
};
const COSE_ALGORITHM = new Map(Object.values(ALGORITHMS).map(([jws, cose]) => [jws, cose]));

/** Signs in the form that both envelope formats have signatures in. */
export function signEnvelope({ kind, privateKey }: SigningKey, message: Uint8Array): Buffer {
  const [, , digest] = ALGORITHMS[kind];
  if (kind === "ed25519") return sign(null, message, privateKey);
  if (!kind.startsWith("rsa")) return sign(digest, message, { key: privateKey, dsaEncoding: "ieee-p1363" });
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return sign(digest, message, { key: privateKey, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST });
}

function headerOf(options: NotationOptions, key: SigningKey): Header {
  const { scheme = "notary.x509", signingTime = "2024-05-01T12:00:00Z", expiry } = options;
  const time = scheme === "notary.x509" ? SIGNING_TIME : AUTHENTIC_TIME;
  const crit = [
    SCHEME,
    ...(scheme === "notary.x509" ? [] : [AUTHENTIC_TIME]),
    ...(expiry === undefined ? [] : [EXPIRY]),
  ];
  const proper = {
    alg: ALGORITHMS[key.kind][0],
    crit,
    cty: PAYLOAD_TYPE,
    ...(expiry !== undefined && { [EXPIRY]: expiry }),
    [SCHEME]: scheme,
    [time]: signingTime,
  };
  return options.header?.(proper) ?? proper;
}

function payloadOf({ image, metadata, payload }: NotationOptions): Buffer {
  const proper = {
    targetArtifact: {
      ...(metadata !== undefined && { annotations: metadata }),
      digest: image.digest,
      mediaType: image.mediaType,
      size: image.manifest.length,
    },
  };
  const changed = payload?.(proper) ?? proper;
  return Buffer.from(typeof changed === "string" ? changed : JSON.stringify(changed));
}

/** A token as envelopes carry it: without the response around it. */
export function tokenOf(response: Buffer): Buffer {
  return Buffer.from(childrenOf(readDer(response), 0x30)[1]?.bytes ?? []);
}

function signMessage(options: NotationOptions, key: SigningKey, message: Buffer): Buffer {
  const proper = signEnvelope(key, options.message?.(message) ?? message);
  return options.signature?.(proper) ?? proper;
}

function tokenFor(options: NotationOptions, signature: Buffer): Buffer | undefined {
  return options.token ?? (options.timestamp === undefined ? undefined : tokenOf(options.timestamp(signature)));
}

function jws(options: NotationOptions, key: SigningKey): Buffer {
  const text = Buffer.from(JSON.stringify(headerOf(options, key))).toString("base64url");
  const payload = payloadOf(options).toString("base64url");
  const signature = signMessage(options, key, Buffer.from(`${text}.${payload}`));
  const token = tokenFor(options, signature);
  const proper: Header = {
    ...(token !== undefined && { [TIMESTAMP]: token.toString("base64") }),
    x5c: options.chain.map(({ der }) => der.toString("base64")),
    "io.cncf.notary.signingAgent": "assay-test/1",
  };
  const header = options.unprotected?.(proper) ?? proper;
  return Buffer.from(JSON.stringify({ payload, protected: text, header, signature: signature.toString("base64url") }));
}

const LABELS: ReadonlyMap<string, number> = new Map([
  ["alg", 1],
  ["crit", 2],
  ["cty", 3],
]);
const TIMES: readonly string[] = [SIGNING_TIME, AUTHENTIC_TIME, EXPIRY];

function coseValue(name: string, value: unknown): unknown {
  if (name === "alg") return COSE_ALGORITHM.get(String(value)) ?? value;
  return TIMES.includes(name) && typeof value === "string" ? new Tagged(1, Date.parse(value) / 1000) : value;
}

function cose(options: NotationOptions, key: SigningKey): Buffer {
  const entries = Object.entries(headerOf(options, key));
  const header = cbor(new Map(entries.map(([name, value]) => [LABELS.get(name) ?? name, coseValue(name, value)])));
  const payload = payloadOf(options);
  const signature = signMessage(options, key, cbor(["Signature1", header, Buffer.alloc(0), payload]));
  const token = tokenFor(options, signature);
  const proper: Header = {
    ...(token !== undefined && { [TIMESTAMP]: token }),
    x5chain: options.chain.map(({ der }) => der),
    "io.cncf.notary.signingAgent": "assay-test/1",
  };
  const written = Object.entries(options.unprotected?.(proper) ?? proper);
  const unprotected = new Map(written.map(([name, value]) => [name === "x5chain" ? 33 : name, value]));
  return cbor(new Tagged(18, [header, unprotected, payload, signature]));
}

export function envelopeOf(options: NotationOptions): Buffer {
  const key = options.key ?? options.chain[0]?.key;
  if (key === undefined) throw new Error("a signature needs a certificate or a key");
  const proper = options.format === "cose" ? cose(options, key) : jws(options, key);
  return options.envelope?.(proper) ?? proper;
}

/** The signature's manifest with its envelope, to be attached to the image. */
export function signNotation(options: NotationOptions): Artifact {
  const envelope = envelopeOf(options);
  const empty = Buffer.from("{}");
  const legacy = options.legacy === true;
  const proper = {
    ...(!legacy && { artifactType: NOTATION_SIGNATURE }),
    config: describe(legacy ? NOTATION_SIGNATURE : OCI_EMPTY, empty),
    layers: [describe(options.format === "cose" ? "application/cose" : "application/jose+json", envelope) as Json],
    subject: { mediaType: options.image.mediaType, digest: options.image.digest, size: options.image.manifest.length },
    annotations: { [THUMBPRINTS]: JSON.stringify(options.chain.map(({ der }) => hash("sha256", der))) },
  };
  return artifactOf(options.manifest?.(proper) ?? proper, [empty, envelope]);
}

const ENFORCED: NotationStatement["actions"] = {
  integrity: "enforce",
  authenticity: "enforce",
  authenticTimestamp: "enforce",
  expiry: "enforce",
  revocation: "enforce",
};

/** An authority of one statement that trusts anybody below these roots, and enforces everything. */
export function notationAuthority(
  roots: Partial<Record<"ca" | "signingAuthority" | "tsa", readonly Pick<Issued, "pem">[]>>,
  change: Partial<NotationStatement> & { readonly metadata?: Readonly<Record<string, string>> } = {},
): NotationAuthority {
  const { metadata = {}, ...statement } = change;
  const stores = (["ca", "signingAuthority", "tsa"] as const).flatMap((type) => {
    const certificates = (roots[type] ?? []).map(({ pem }, at) => ({ pem, from: `${type}-${at}.crt` }));
    return certificates.length === 0 ? [] : [{ type, name: "acme", certificates }];
  });
  const proper: NotationStatement = {
    name: "test",
    scopes: ["*"],
    level: "strict",
    actions: ENFORCED,
    verifyTimestamp: "always",
    stores,
    identities: ["*"],
  };
  return { kind: "notation", statements: [{ ...proper, ...statement }], metadata };
}

/** Actions at full strength but for these. */
export function actions(
  change: Partial<Record<keyof NotationStatement["actions"], NotationAction>>,
): NotationStatement["actions"] {
  return { ...ENFORCED, ...change };
}
