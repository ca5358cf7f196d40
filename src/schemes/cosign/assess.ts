import { decodeBase64 } from "../../crypto/base64.ts";
import { keyInLog, keyOfVerifier } from "../../crypto/log-match.ts";
import type { LogEntry } from "../../crypto/log-entry.ts";
import type { PublicKey } from "../../crypto/public-key.ts";
import { InputError } from "../../domain/errors.ts";
import type { Opinion } from "../../domain/facts.ts";
import type { Document } from "../../domain/subject.ts";
import { judgeClaim } from "../claim.ts";
import type { KeyAuthority } from "../key-authority.ts";
import { proveSignature, signerOf, verifiedBy, type MadeSignature } from "../key-signature.ts";
import { guarded, rejected } from "../opinion.ts";
import type { Assess, Target } from "../scheme.ts";
import { parsePayload, type SignedClaim } from "./payload.ts";
import { parseRekorBundle } from "./rekor-bundle.ts";
import { readSignatureLayers, SIMPLE_SIGNING } from "./signature-layers.ts";
import { parseTimestampAnnotation } from "./timestamp-annotation.ts";
import { quoted } from "../../domain/quoted.ts";

const SIGNATURE = "dev.cosignproject.cosign/signature";
const LOG_BUNDLE = "dev.sigstore.cosign/bundle";
const CERTIFICATE = "dev.sigstore.cosign/certificate";
const TIMESTAMP = "dev.sigstore.cosign/rfc3161timestamp";

/** Judges one layer of a `.sig` manifest. The payload is read only after its signature is proved. */
export function assessTagged(authority: KeyAuthority): Assess {
  return guarded((evidence, target) => {
    if (evidence.missing !== undefined) {
      return rejected(
        "fetched",
        "missing-document",
        `the registry does not have the signature's payload ${evidence.missing}`,
      );
    }
    const [document] = evidence.documents;
    if (document === undefined) return rejected("found", "malformed", "the evidence holds no document");
    if (document.descriptor.digest === evidence.artifact.digest) return remark(document);
    if (document.descriptor.mediaType !== SIMPLE_SIGNING) {
      return rejected("found", "unsupported", `a ${quoted(document.descriptor.mediaType, 80)} is no cosign signature`);
    }
    return judge(document, target, authority);
  });
}

/** Says what is wrong with a manifest, or with those of its layers that cannot be signatures. */
function remark(manifest: Document): Opinion {
  const layers = readSignatureLayers(manifest);
  if (layers.kind === "too-many") return rejected("found", "unsupported", `it lists ${layers.count} signatures`);
  const [other] = layers.others;
  if (other === undefined) return rejected("found", "no-signature", "the signature manifest lists no signature");
  const { mediaType, size } = other.layer;
  return rejected(
    "found",
    "unsupported",
    `layer ${other.part} is no cosign signature (${quoted(mediaType, 80)}, ${size} bytes); such layers: ${layers.others.length}`,
  );
}

function judge(document: Document, target: Target, authority: KeyAuthority): Opinion {
  const text = document.descriptor.annotations[SIGNATURE];
  if (text === undefined || text === "") {
    return rejected("parsed", "no-signature", `the layer has no annotation ${SIGNATURE}`);
  }
  const proved = proveSignature(readSignature(document, text), authority);
  if (proved.kind === "rejected") return proved;
  const claim = readClaim(document.bytes);
  if (claim instanceof InputError) {
    return rejected("subject", "malformed", `the signature is good, but its ${claim.message}`, signerOf(proved.key));
  }
  const { digest, name, annotations } = claim;
  return (
    judgeClaim({ digests: [digest], name, annotations }, target, authority, signerOf(proved.key)) ?? verifiedBy(proved)
  );
}

/** Throws `InputError`. cosign's decoder skips line breaks inside base64, and so do we. */
function readSignature(document: Document, text: string): MadeSignature {
  const annotations = document.descriptor.annotations;
  const signature = decodeBase64(text.replaceAll(/[\r\n]/g, ""), `the annotation ${SIGNATURE}`);
  const bundle = annotations[LOG_BUNDLE];
  const token = annotations[TIMESTAMP];
  const entries = bundle === undefined ? [] : [parseRekorBundle(bundle)];
  return {
    message: document.bytes,
    signature,
    payload: undefined,
    signatures: [signature],
    entries,
    timestamps: token === undefined ? [] : [parseTimestampAnnotation(token)],
    claimed: () => claimedKey(annotations[CERTIFICATE], entries, signature),
  };
}

function claimedKey(
  certificate: string | undefined,
  entries: readonly LogEntry[],
  signature: Uint8Array,
): PublicKey | undefined {
  if (certificate !== undefined) return keyOfVerifier({ kind: "pem", text: certificate });
  return entries.map((entry) => keyInLog(entry.body, signature)).find((key) => key !== undefined);
}

function readClaim(bytes: Uint8Array): SignedClaim | InputError {
  try {
    return parsePayload(bytes);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}
