import { Base64Stream } from "../../crypto/base64-stream.ts";
import { parseEnvelope, preAuthHead, type Envelope } from "../../crypto/dsse.ts";
import { RunningHashes, type HashedBytes } from "../../crypto/hashed-bytes.ts";
import { parseStatement } from "../../crypto/in-toto.ts";
import { LongString } from "../../crypto/long-string.ts";
import { ED25519_SIGNATURE_BYTES } from "../../crypto/public-key.ts";
import { parseStrictJson } from "../../crypto/strict-json.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import type { Digest } from "../../domain/digest.ts";
import { InputError } from "../../domain/errors.ts";
import { parseBundle } from "../sigstore-bundle/bundle.ts";
import { markOf, type Extract, type ExtractContent, type Form } from "./extract.ts";
import { HeldMessage } from "./held-message.ts";
import { MAX_HEADER_BYTES, MAX_HELD_BYTES, MAX_KEPT_BYTES, MAX_WRAPPER_BYTES } from "./limits.ts";
import { StatementReader, type StatementText } from "./statement-text.ts";

export type Blob = {
  readonly layer: Descriptor;
  readonly form: Form;
  /** The bytes from their beginning, as often as it is called; checked against the layer's digest by their end. */
  readonly open: () => Promise<AsyncIterable<Uint8Array>>;
};

/**
 * Takes out of a large attestation what is needed of it, in two passes: what DSSE signs begins with the payload's length,
 * and what rules ask about depends on the statement's predicate. `left` is how many bytes may be kept; but for what is kept,
 * memory does not grow with its size. Throws `PortError`.
 */
export async function extractFrom(
  blob: Blob,
  pathsOf: (predicateType: string | undefined) => readonly string[],
  left: number,
): Promise<Extract> {
  const { form } = blob;
  const { digest, size } = blob.layer;
  const first = await passOver(blob, { hashes: new RunningHashes("sha256"), reader: new StatementReader([], 0) });
  if (first.kind === "unreadable") return { blob: digest, size, form, paths: [], content: first };
  const { statement, wrapper, hashed: payload } = first;
  const paths = pathsOf(predicateTypeOf(statement));
  const envelope = wrapper === undefined ? undefined : envelopeAround(wrapper, form);
  const content = { kind: "read", wrapper, payload, message: undefined, held: undefined, statement } as const;
  if (envelope === undefined && paths.length === 0) return { blob: digest, size, form, paths, content };
  const second = await passOver(blob, sinksFor(envelope, payload.size, paths, left));
  // Both passes read the same bytes, so the second cannot fail where the first did not.
  if (second.kind === "unreadable") return { blob: digest, size, form, paths, content: second };
  const signed = envelope === undefined ? undefined : second.hashed;
  const { held, statement: asked } = second;
  return { blob: digest, size, form, paths, content: { ...content, message: signed, held, statement: asked } };
}

/** Where the decoded payload goes, piece by piece. */
type Sinks = {
  readonly hashes: RunningHashes;
  readonly reader: StatementReader;
  readonly held?: HeldMessage | undefined;
};

function sinksFor(envelope: Envelope | undefined, payload: number, paths: readonly string[], left: number): Sinks {
  const head = preAuthHead(envelope?.payloadType ?? "", payload);
  const size = head.length + payload;
  const isHeld = envelope?.signatures.some(mayBeEd25519) === true && size <= Math.min(MAX_HELD_BYTES, left);
  const maxKept = Math.min(MAX_KEPT_BYTES, isHeld ? left - size : left);
  return {
    hashes: new RunningHashes("sha256", "sha384", "sha512").update(head),
    reader: new StatementReader(paths, maxKept),
    held: isHeld ? new HeldMessage(size).update(head) : undefined,
  };
}

/** By its length alone: whose key it is, and of which kind, is for an authority to say. */
function mayBeEd25519({ sig }: Envelope["signatures"][number]): boolean {
  return sig.length === ED25519_SIGNATURE_BYTES;
}

type Passed =
  | (ExtractContent & { readonly kind: "unreadable" })
  | {
      readonly kind: "passed";
      readonly wrapper: string | undefined;
      readonly hashed: HashedBytes;
      readonly held: Uint8Array | undefined;
      readonly statement: StatementText;
    };

/** The bytes are read to their end whatever is wrong with them: before that nothing shows that they are the layer's. */
async function passOver(blob: Blob, sinks: Sinks): Promise<Passed> {
  const pass = blob.form === "statement" ? barePass(sinks) : wrappedPass(blob.layer.digest, sinks);
  let refused: InputError | undefined;
  for await (const piece of await blob.open()) {
    if (refused === undefined) refused = refusalOf(() => pass.push(piece));
  }
  let wrapper: string | undefined;
  refused ??= refusalOf(() => {
    wrapper = pass.finish()?.toString("utf8");
  });
  if (refused !== undefined) return { kind: "unreadable", detail: refused.message };
  const { hashes, reader, held } = sinks;
  return { kind: "passed", wrapper, hashed: hashes.finish(), held: held?.finish(), statement: reader.finish() };
}

function refusalOf(step: () => void): InputError | undefined {
  try {
    step();
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

type Pass = {
  readonly push: (piece: Uint8Array) => void;
  readonly finish: () => Buffer | undefined;
};

function give(bytes: Uint8Array, { hashes, reader, held }: Sinks): void {
  hashes.update(bytes);
  reader.push(bytes);
  held?.update(bytes);
}

function barePass(sinks: Sinks): Pass {
  return { push: (piece) => give(piece, sinks), finish: () => undefined };
}

/** The payload is the one long string in the text, and base64. */
function wrappedPass(blob: Digest, sinks: Sinks): Pass {
  const base64 = new Base64Stream("the attestation's payload");
  const onPiece = (piece: Uint8Array): void => give(base64.push(piece), sinks);
  const text = new LongString({ name: "attestation", maxRest: MAX_WRAPPER_BYTES, onPiece });
  return {
    push: (piece) => text.push(piece),
    finish: () => {
      base64.finish();
      const wrapper = text.finish(markOf(blob));
      if (wrapper === undefined) throw new InputError("signature", "attestation holds no payload");
      return wrapper;
    },
  };
}

/** The envelope around a payload, or around its mark. Throws `InputError`. */
export function envelopeIn(bytes: Uint8Array, maxBytes: number): Envelope {
  const json = parseStrictJson(bytes, { code: "signature", name: "envelope", maxBytes });
  return parseEnvelope(json, { code: "signature", path: "envelope" });
}

/** `undefined` for a wrapper that will be refused when it is judged. */
function envelopeAround(wrapper: string, form: Form): Envelope | undefined {
  let envelope: Envelope | undefined;
  refusalOf(() => {
    const bytes = Buffer.from(wrapper);
    if (form === "envelope") envelope = envelopeIn(bytes, MAX_WRAPPER_BYTES * 2);
    else {
      const { content } = parseBundle(bytes, MAX_WRAPPER_BYTES * 2);
      envelope = content.kind === "dsse" ? content.envelope : undefined;
    }
  });
  return envelope;
}

/** As the statement says it, of which nothing is proved; `undefined` if it does not. */
export function predicateTypeOf(statement: StatementText): string | undefined {
  if (statement.kind === "malformed") return undefined;
  let type: string | undefined;
  refusalOf(() => {
    type = parseStatement(Buffer.from(statement.header), MAX_HEADER_BYTES).predicateType;
  });
  return type;
}
