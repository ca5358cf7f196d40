import { Base64Stream } from "../../crypto/base64-stream.ts";
import { parseEnvelope, preAuthHead, type Envelope } from "../../crypto/dsse.ts";
import { RunningHashes, type HashedBytes } from "../../crypto/hashed-bytes.ts";
import { parseStatement } from "../../crypto/in-toto.ts";
import { LongString } from "../../crypto/long-string.ts";
import { parseStrictJson } from "../../crypto/strict-json.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import type { Digest } from "../../domain/digest.ts";
import { InputError } from "../../domain/errors.ts";
import { parseBundle } from "../sigstore-bundle/bundle.ts";
import { markOf, type Extract, type ExtractContent, type Form } from "./extract.ts";
import { MAX_HEADER_BYTES, MAX_WRAPPER_BYTES } from "./limits.ts";
import { StatementReader, type StatementText } from "./statement-text.ts";

export type Blob = {
  readonly layer: Descriptor;
  readonly form: Form;
  /** The bytes from their beginning, as often as it is called; checked against the layer's digest by their end. */
  readonly open: () => Promise<AsyncIterable<Uint8Array>>;
};

/**
 * Takes out of a large attestation what is needed of it, in two passes: what DSSE signs begins with the payload's length,
 * and what rules ask about depends on the statement's predicate. Memory does not grow with its size. Throws `PortError`.
 */
export async function extractFrom(
  blob: Blob,
  pathsOf: (predicateType: string | undefined) => readonly string[],
  maxKept: number,
): Promise<Extract> {
  const { form } = blob;
  const { digest, size } = blob.layer;
  const first = await passOver(blob, new RunningHashes("sha256"), new StatementReader([], 0));
  if (first.kind === "unreadable") return { blob: digest, size, form, paths: [], content: first };
  const { statement, wrapper, hashed: payload } = first;
  const paths = pathsOf(predicateTypeOf(statement));
  const type = wrapper === undefined ? undefined : payloadTypeIn(wrapper, blob.form);
  const content = { kind: "read", wrapper, payload, message: undefined, statement } as const;
  if (type === undefined && paths.length === 0) return { blob: digest, size, form, paths, content };
  const message = new RunningHashes("sha256", "sha384", "sha512").update(preAuthHead(type ?? "", payload.size));
  const second = await passOver(blob, message, new StatementReader(paths, maxKept));
  // Both passes read the same bytes, so the second cannot fail where the first did not.
  if (second.kind === "unreadable") return { blob: digest, size, form, paths, content: second };
  const signed = type === undefined ? undefined : second.hashed;
  return { blob: digest, size, form, paths, content: { ...content, message: signed, statement: second.statement } };
}

type Passed =
  | (ExtractContent & { readonly kind: "unreadable" })
  | {
      readonly kind: "passed";
      readonly wrapper: string | undefined;
      readonly hashed: HashedBytes;
      readonly statement: StatementText;
    };

/** The bytes are read to their end whatever is wrong with them: before that nothing shows that they are the layer's. */
async function passOver(blob: Blob, hashes: RunningHashes, reader: StatementReader): Promise<Passed> {
  const pass = blob.form === "statement" ? barePass(hashes, reader) : wrappedPass(blob.layer.digest, hashes, reader);
  let refused: InputError | undefined;
  for await (const piece of await blob.open()) {
    if (refused === undefined) refused = refusalOf(() => pass.push(piece));
  }
  let wrapper: string | undefined;
  refused ??= refusalOf(() => {
    wrapper = pass.finish()?.toString("utf8");
  });
  if (refused !== undefined) return { kind: "unreadable", detail: refused.message };
  return { kind: "passed", wrapper, hashed: hashes.finish(), statement: reader.finish() };
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

function barePass(hashes: RunningHashes, reader: StatementReader): Pass {
  return {
    push: (piece) => {
      hashes.update(piece);
      reader.push(piece);
    },
    finish: () => undefined,
  };
}

/** The payload is the one long string in the text, and base64. */
function wrappedPass(blob: Digest, hashes: RunningHashes, reader: StatementReader): Pass {
  const base64 = new Base64Stream("the attestation's payload");
  const onPiece = (piece: Uint8Array): void => {
    const bytes = base64.push(piece);
    hashes.update(bytes);
    reader.push(bytes);
  };
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
function payloadTypeIn(wrapper: string, form: Form): string | undefined {
  let type: string | undefined;
  refusalOf(() => {
    const bytes = Buffer.from(wrapper);
    if (form === "envelope") type = envelopeIn(bytes, MAX_WRAPPER_BYTES * 2).payloadType;
    else {
      const { content } = parseBundle(bytes, MAX_WRAPPER_BYTES * 2);
      type = content.kind === "dsse" ? content.envelope.payloadType : undefined;
    }
  });
  return type;
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
