import type { Digest } from "../../../src/domain/digest.ts";
import { artifactOf, describe, type Artifact } from "./artifact.ts";
import type { SigningKey } from "./keys.ts";
import { hashedRekordBody, type LoggedParts } from "./log-bodies.ts";
import type { VirtualEntry, VirtualLog } from "./virtual-log.ts";

const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";

/** A signature in cosign's layer form. Each hook breaks one thing of an otherwise valid one. */
export type CosignOptions = {
  readonly image: Digest;
  readonly name?: string;
  readonly key: SigningKey;
  /** Signed by a certificate of this key, which the log then holds. */
  readonly certificate?: CertificateTexts | undefined;
  /** Absent: not logged. */
  readonly log?: VirtualLog | undefined;
  /** The payload's `optional` member. */
  readonly annotations?: Readonly<Record<string, unknown>> | null;
  /** The payload's text from its proper text; what it returns is signed. */
  readonly payload?: (proper: string) => string;
  /** The text after signing. */
  readonly tamper?: (signed: string) => string;
  readonly signature?: (proper: Buffer, payload: Buffer) => Buffer;
  /** What the log was told. */
  readonly logged?: (proper: LoggedParts) => LoggedParts;
  /** What the log said. */
  readonly entry?: (proper: VirtualEntry) => VirtualEntry;
  /** The timestamp over the signature. */
  readonly timestamp?: (signature: Buffer) => Buffer;
  /** The layer's annotations. */
  readonly layer?: (proper: Record<string, string>) => Record<string, string>;
  readonly mediaType?: string;
};

/** PEM texts. */
export type CertificateTexts = { readonly pem: string; readonly chain?: string };

export type CosignLayer = { readonly descriptor: object; readonly payload: Buffer };

export function payloadText(image: Digest, name: string, optional: unknown = null): string {
  return JSON.stringify({
    critical: {
      identity: { "docker-reference": name },
      image: { "docker-manifest-digest": image },
      type: "cosign container image signature",
    },
    optional,
  });
}

export function cosignLayer(options: CosignOptions): CosignLayer {
  const proper = payloadText(
    options.image,
    options.name ?? "registry.example.com/shop/web",
    options.annotations ?? null,
  );
  const signed = Buffer.from(options.payload?.(proper) ?? proper);
  const made = options.key.sign(signed);
  const signature = options.signature?.(made, signed) ?? made;
  const payload = options.tamper === undefined ? signed : Buffer.from(options.tamper(signed.toString()));
  const annotations: Record<string, string> = { "dev.cosignproject.cosign/signature": signature.toString("base64") };
  if (options.certificate !== undefined) {
    annotations["dev.sigstore.cosign/certificate"] = options.certificate.pem;
    annotations["dev.sigstore.cosign/chain"] = options.certificate.chain ?? "";
  }
  if (options.log !== undefined) {
    const parts = { content: payload, signature, pem: options.certificate?.pem ?? options.key.pem };
    const entry = options.log.append(hashedRekordBody(options.logged?.(parts) ?? parts));
    annotations["dev.sigstore.cosign/bundle"] = rekorBundle(options.entry?.(entry) ?? entry);
  }
  if (options.timestamp !== undefined) {
    const token = options.timestamp(signature).toString("base64");
    annotations["dev.sigstore.cosign/rfc3161timestamp"] = JSON.stringify({ SignedRFC3161Timestamp: token });
  }
  const more = { annotations: options.layer?.(annotations) ?? annotations };
  return { payload, descriptor: describe(options.mediaType ?? SIMPLE_SIGNING, payload, more) };
}

/** The value of the annotation `dev.sigstore.cosign/bundle`. */
export function rekorBundle({ body, logId, logIndex, integratedTime, set }: VirtualEntry): string {
  return JSON.stringify({
    SignedEntryTimestamp: set.toString("base64"),
    Payload: { body: body.toString("base64"), integratedTime, logIndex, logID: logId },
  });
}

/** The manifest of a digest's `.sig` tag with these layers. */
export function cosignManifest(image: Digest, layers: readonly CosignLayer[]): Artifact {
  const config = Buffer.from(
    '{"architecture":"","created":"0001-01-01T00:00:00Z","os":"","rootfs":{"type":"layers","diff_ids":[]},"config":{}}',
  );
  return artifactOf(
    {
      config: describe("application/vnd.oci.image.config.v1+json", config),
      layers: layers.map((layer) => layer.descriptor),
    },
    [config, ...layers.map((layer) => layer.payload)],
    `${image.replace(":", "-")}.sig`,
  );
}

export function signCosignLegacy(...signatures: readonly [CosignOptions, ...CosignOptions[]]): Artifact {
  return cosignManifest(signatures[0].image, signatures.map(cosignLayer));
}

/** What cosign 2 writes as a referrer, with the members that are changed. */
export function cosignReferrer(image: Digest, layers: readonly CosignLayer[], change: object = {}): Artifact {
  const config = Buffer.from('{"architecture":"","os":"","rootfs":{"type":"layers","diff_ids":[]},"config":{}}');
  return artifactOf(
    {
      config: describe("application/vnd.dev.cosign.artifact.sig.v1+json", config),
      layers: layers.map((layer) => layer.descriptor),
      subject: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: image, size: 1 },
      ...change,
    },
    [config, ...layers.map((layer) => layer.payload)],
  );
}
