import type { Digest } from "../../../src/domain/digest.ts";
import type { Opinion } from "../../../src/domain/facts.ts";
import type { SimpleSigningAuthority } from "../../../src/domain/trust.ts";
import { MemoryImages } from "../memory-images.ts";
import { judgeAll, targetOf } from "./judging.ts";

/** An authority of the registry extension with these keyrings. */
export function simpleAuthority(
  keyrings: readonly Uint8Array[],
  change: Partial<SimpleSigningAuthority> = {},
): SimpleSigningAuthority {
  return {
    kind: "simpleSigning",
    keyrings: keyrings.map((bytes, at) => ({ hex: Buffer.from(bytes).toString("hex"), from: `${at}.gpg` })),
    place: { kind: "registry-extension" },
    signedIdentity: { kind: "matchRepository" },
    ...change,
  };
}

/** What the registry extension serves for these signatures. */
export function extensionList(signatures: readonly Uint8Array[]): Buffer {
  const entries = signatures.map((bytes, at) => ({
    schemaVersion: 2,
    name: `sha256:0@${at}`,
    type: "atomic",
    content: Buffer.from(bytes).toString("base64"),
  }));
  return Buffer.from(JSON.stringify({ signatures: entries }));
}

/** The opinions on these signatures of one image, collected and judged as the pipeline does. */
export async function judgeSimple(
  signatures: readonly Uint8Array[],
  authority: SimpleSigningAuthority,
  image: { readonly digest: Digest; readonly requested?: string },
): Promise<readonly Opinion[]> {
  const images = new MemoryImages();
  images.extension = extensionList(signatures);
  return judgeAll(images, targetOf(image.digest, image.requested), authority);
}

/** A payload as skopeo writes it. */
export function simplePayload(digest: string, name: string): string {
  return JSON.stringify({
    critical: {
      identity: { "docker-reference": name },
      image: { "docker-manifest-digest": digest },
      type: "atomic container signature",
    },
    optional: { creator: "a test", timestamp: 1_464_398_954 },
  });
}
