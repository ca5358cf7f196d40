import { preAuthEncoding, type Envelope } from "../../crypto/dsse.ts";
import type { Content, HashedBytes } from "../../crypto/hashed-bytes.ts";
import { hexOf } from "../../domain/digest.ts";
import { InputError } from "../../domain/errors.ts";
import type { Document } from "../../domain/subject.ts";
import { annotatedSignature } from "../cosign/annotated-signature.ts";
import type { MadeSignature } from "../made-signature.ts";
import { bundleSignature } from "../sigstore-bundle/bundle-signature.ts";
import { parseBundle } from "../sigstore-bundle/bundle.ts";
import { isExtract, readExtract, type ExtractContent, type Form } from "./extract.ts";
import { envelopeIn } from "./extraction.ts";
import { MAX_WHOLE_BYTES, MAX_WRAPPER_BYTES } from "./limits.ts";
import { readStatementText, type StatementText } from "./statement-text.ts";

/** What a document carries: signatures over a payload that claims to be a statement. Nothing is proved. */
export type Carried = {
  /** One for each signature of the envelope; none for a bare statement. */
  readonly made: readonly MadeSignature[];
  readonly payloadType: string;
  readonly payload: Content;
  /** The statement's text with what these paths lead to. */
  readonly text: (paths: readonly string[], maxKept: number) => StatementText;
};

/**
 * Reads a blob, or what was taken out of one. `undefined` for a bundle that signs a file. Throws `InputError` for bytes that
 * carry no attestation.
 */
export function readCarrier(document: Document, form: Form): Carried | undefined {
  if (!isExtract(document)) return readWhole(document, form);
  const extract = readExtract(document);
  if (extract.form !== form) throw new InputError("record", "what was taken out of the attestation is of another form");
  const { content } = extract;
  if (content.kind === "unreadable") throw new InputError("signature", content.detail);
  const text = (): StatementText => content.statement;
  if (form === "statement") return { made: [], payloadType: "", payload: content.payload, text };
  const own: HashedBytes = {
    kind: "hashed",
    size: extract.size,
    hashes: extract.blob.startsWith("sha256:") ? { sha256: hexOf(extract.blob) } : {},
  };
  const { wrapper, message } = wrappedParts(content);
  const opened = open({ ...document, bytes: wrapper }, form, MAX_WRAPPER_BYTES * 2);
  if (opened === undefined) return undefined;
  if (Buffer.from(opened.envelope.payload).toString() !== extract.blob) {
    throw new InputError("signature", "the longest text in the attestation is not its payload");
  }
  const parts = { message, payload: content.payload, own };
  return { made: opened.made(parts), payloadType: opened.envelope.payloadType, payload: content.payload, text };
}

function wrappedParts({ wrapper, message, held }: ExtractContent & { readonly kind: "read" }): {
  readonly wrapper: Uint8Array;
  readonly message: Content;
} {
  const bytes = Buffer.from(wrapper ?? "");
  // Without its type nothing was hashed; reading it now tells what is wrong with it.
  return { wrapper: bytes, message: held ?? message ?? { kind: "hashed", size: 0, hashes: {} } };
}

function readWhole(document: Document, form: Form): Carried | undefined {
  const { bytes } = document;
  const textOf =
    (payload: Uint8Array) =>
    (paths: readonly string[], maxKept: number): StatementText =>
      readStatementText(payload, paths, maxKept);
  if (form === "statement") return { made: [], payloadType: "", payload: bytes, text: textOf(bytes) };
  const opened = open(document, form, MAX_WHOLE_BYTES);
  if (opened === undefined) return undefined;
  const { payloadType, payload } = opened.envelope;
  const message = preAuthEncoding(payloadType, payload);
  return { made: opened.made({ message, payload, own: bytes }), payloadType, payload, text: textOf(payload) };
}

type Parts = { readonly message: Content; readonly payload: Content; readonly own: Content };
type Opened = { readonly envelope: Envelope; readonly made: (parts: Parts) => readonly MadeSignature[] };

function open({ descriptor, bytes }: Document, form: "envelope" | "bundle", maxBytes: number): Opened | undefined {
  if (form === "bundle") {
    const bundle = parseBundle(bytes, maxBytes);
    if (bundle.content.kind !== "dsse") return undefined;
    const { envelope } = bundle.content;
    return { envelope, made: ({ message, payload }) => [{ ...bundleSignature(bundle, message), payload }] };
  }
  const envelope = envelopeIn(bytes, maxBytes);
  const signatures = envelope.signatures.map(({ sig }) => sig);
  return {
    envelope,
    made: ({ message, payload, own }) =>
      signatures.map((signature) =>
        annotatedSignature(descriptor.annotations, message, { signature, payload, signatures, envelope: own }),
      ),
  };
}
