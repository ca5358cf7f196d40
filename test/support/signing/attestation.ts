import { digestOf } from "../../../src/crypto/digest-of.ts";
import { preAuthEncoding } from "../../../src/crypto/dsse.ts";
import { hexOf, type Digest } from "../../../src/domain/digest.ts";
import { IN_TOTO, OCI_INDEX, OCI_MANIFEST } from "../../../src/domain/media-types.ts";
import { artifactOf, describe, type Artifact } from "./artifact.ts";
import { cosignManifest, rekorBundle, type CertificateTexts, type CosignLayer } from "./cosign-signature.ts";
import type { SigningKey } from "./keys.ts";
import { dsseBody, type LoggedParts } from "./log-bodies.ts";
import type { VirtualEntry, VirtualLog } from "./virtual-log.ts";

export const ENVELOPE_TYPE = "application/vnd.dsse.envelope.v1+json";
export const VULN_PREDICATE = "https://cosign.sigstore.dev/attestation/vuln/v1";

/** A statement about an image. */
export type StatementOptions = {
  readonly image: Digest;
  readonly name?: string;
  readonly predicateType?: string;
  readonly predicate?: unknown;
};

/** An attestation in cosign's layer form. Each hook breaks one thing of an otherwise valid one. */
export type AttestationOptions = StatementOptions & {
  readonly key: SigningKey;
  /** Signed by a certificate of this key, which the log then holds. */
  readonly certificate?: CertificateTexts | undefined;
  readonly log?: VirtualLog | undefined;
  /** The statement's text from its proper text; what it returns is signed. */
  readonly statement?: (proper: string) => string | Buffer;
  /** Signed as it is. */
  readonly payloadType?: string;
  readonly signature?: (proper: Buffer, message: Uint8Array) => Buffer;
  readonly body?: (parts: LoggedParts, envelope: Buffer) => Buffer;
  readonly logged?: (proper: LoggedParts) => LoggedParts;
  readonly entry?: (proper: VirtualEntry) => VirtualEntry;
  /** The envelope after signing. */
  readonly envelope?: (proper: Envelope) => object | string;
  /** The timestamp over the envelope's text. */
  readonly timestamp?: (envelope: Buffer) => Buffer;
  /** The layer's annotations. */
  readonly layer?: (proper: Record<string, string>) => Record<string, string>;
  readonly mediaType?: string;
};

export type Envelope = {
  payloadType: string;
  payload: string;
  signatures: { keyid?: string; sig: string }[];
};

export function attestationText(options: StatementOptions): string {
  const [algorithm = ""] = options.image.split(":");
  return JSON.stringify({
    _type: "https://in-toto.io/Statement/v0.1",
    predicateType: options.predicateType ?? VULN_PREDICATE,
    subject: [{ name: options.name ?? "registry.example.com/shop/web", digest: { [algorithm]: hexOf(options.image) } }],
    predicate: options.predicate ?? { scanner: { result: "passed" } },
  });
}

export function attestationLayer(options: AttestationOptions): CosignLayer {
  const proper = attestationText(options);
  const content = Buffer.from(options.statement?.(proper) ?? proper);
  const payloadType = options.payloadType ?? "application/vnd.in-toto+json";
  const message = preAuthEncoding(payloadType, content);
  const made = options.key.sign(message);
  const signature = options.signature?.(made, message) ?? made;
  const whole: Envelope = {
    payloadType,
    payload: content.toString("base64"),
    signatures: [{ keyid: "", sig: signature.toString("base64") }],
  };
  const changed = options.envelope?.(whole) ?? whole;
  const payload = Buffer.from(typeof changed === "string" ? changed : JSON.stringify(changed));
  const annotations: Record<string, string> = {
    "dev.cosignproject.cosign/signature": "",
    predicateType: options.predicateType ?? VULN_PREDICATE,
  };
  if (options.certificate !== undefined) {
    annotations["dev.sigstore.cosign/certificate"] = options.certificate.pem;
    annotations["dev.sigstore.cosign/chain"] = options.certificate.chain ?? "";
  }
  if (options.log !== undefined) {
    const parts = { content, signature, pem: options.certificate?.pem ?? options.key.pem };
    const told = options.logged?.(parts) ?? parts;
    const entry = options.log.append(options.body?.(told, payload) ?? dsseBody(told));
    annotations["dev.sigstore.cosign/bundle"] = rekorBundle(options.entry?.(entry) ?? entry);
  }
  if (options.timestamp !== undefined) {
    const token = options.timestamp(payload).toString("base64");
    annotations["dev.sigstore.cosign/rfc3161timestamp"] = JSON.stringify({ SignedRFC3161Timestamp: token });
  }
  const more = { annotations: options.layer?.(annotations) ?? annotations };
  return { payload, descriptor: describe(options.mediaType ?? ENVELOPE_TYPE, payload, more) };
}

/** The manifest of a digest's `.att` tag with these layers. */
export function attestationManifest(image: Digest, layers: readonly CosignLayer[]): Artifact {
  return { ...cosignManifest(image, layers), tag: `${image.replace(":", "-")}.att` };
}

export function attest(...all: readonly [AttestationOptions, ...AttestationOptions[]]): Artifact {
  return attestationManifest(all[0].image, all.map(attestationLayer));
}

/** What BuildKit puts into an index beside an image: each hook breaks one thing. */
export type BuildkitOptions = {
  readonly image: Artifact;
  readonly statements?: readonly string[];
  readonly manifest?: (proper: Record<string, unknown>) => object;
  readonly entry?: (proper: Record<string, unknown>) => object;
};

/** An index of these images, with attestation manifests for those that have statements. */
export function buildkitIndex(
  images: readonly BuildkitOptions[],
  tag?: string,
): { readonly index: Artifact; readonly manifests: readonly Artifact[] } {
  const beside = images.flatMap((options) => (options.statements === undefined ? [] : [besideImage(options)]));
  const entries = [
    ...images.map(({ image }) => entryOf(image, { platform: { os: "linux", architecture: "amd64" } })),
    ...beside.map(({ entry }) => entry),
  ];
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries }));
  const index = { mediaType: OCI_INDEX, manifest, digest: digestOf(manifest), blobs: [], tag };
  return { index, manifests: beside.map(({ artifact }) => artifact) };
}

function besideImage({ image, statements = [], ...hooks }: BuildkitOptions): { artifact: Artifact; entry: object } {
  const blobs = statements.map((text) => Buffer.from(text));
  const config = Buffer.from('{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers"}}');
  const proper = {
    config: describe("application/vnd.oci.image.config.v1+json", config),
    layers: blobs.map((blob) => describe(IN_TOTO, blob)),
  };
  const artifact = artifactOf(hooks.manifest?.(proper) ?? proper, [config, ...blobs]);
  const entry = entryOf(artifact, {
    platform: { os: "unknown", architecture: "unknown" },
    annotations: {
      "vnd.docker.reference.type": "attestation-manifest",
      "vnd.docker.reference.digest": image.digest,
    },
  });
  return { artifact, entry: hooks.entry?.(entry as Record<string, unknown>) ?? entry };
}

function entryOf(artifact: Artifact, more: object): object {
  return { mediaType: OCI_MANIFEST, digest: artifact.digest, size: artifact.manifest.length, ...more };
}
