import { digestOf } from "../../crypto/digest-of.ts";
import { plainDescriptor } from "../../domain/descriptor.ts";
import type { SignatureEvidence, SourceKey } from "../../domain/evidence.ts";
import { signatureEvidence } from "../evidence.ts";
import type { Target } from "../scheme.ts";
import { SIMPLE_SIGNING } from "./source.ts";

/** A signature is a blob without a manifest; its own digest is its name. `part` is its position, from 0. */
export function blobEvidence(
  bytes: Uint8Array,
  part: number,
  target: Target,
  found: { readonly source: SourceKey; readonly via: string },
): SignatureEvidence {
  const descriptor = plainDescriptor("application/octet-stream", digestOf(bytes), bytes.length);
  return signatureEvidence({
    scheme: SIMPLE_SIGNING,
    about: target.digest,
    artifact: descriptor,
    part,
    documents: [{ descriptor, bytes }],
    missing: undefined,
    gaps: [],
    ...found,
  });
}
