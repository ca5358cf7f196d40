import type { Descriptor } from "../../domain/descriptor.ts";
import type { Digest } from "../../domain/digest.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import { coversPaths, pathsFor } from "../../domain/needs.ts";
import { formatRepository } from "../../domain/reference.ts";
import type { Document } from "../../domain/subject.ts";
import { inParallel } from "../in-parallel.ts";
import { MAX_TOTAL_BYTES } from "../limits.ts";
import type { Sources, Target } from "../scheme.ts";
import { extractDocument, isExtract, readExtract, type Extract, type Form } from "./extract.ts";
import { extractFrom, predicateTypeOf } from "./extraction.ts";
import {
  MAX_ATTESTATION_BYTES,
  MAX_KEPT_TOTAL,
  MAX_READ_TOTAL,
  MAX_WHOLE_BYTES,
  MAX_WHOLE_TOTAL,
  SMALL_BYTES,
} from "./limits.ts";

type Look = { readonly target: Target; readonly sources: Sources; readonly signal: AbortSignal };

/** Whether an attestation's blob is read at all. */
export function isReadable({ size }: Descriptor): boolean {
  return size <= MAX_ATTESTATION_BYTES;
}

/** What carries the attestation in a layer, with the layer's annotations; `undefined` if the registry does not have it. */
export type Carriers = (layer: Descriptor) => Document | undefined;

/**
 * The blobs of attestations: whole where that is little, and otherwise what was taken out of them, one after the other. Two
 * layers of one blob share it. Throws `PortError`, for more than may be read too.
 */
export async function fetchCarriers(layers: readonly Descriptor[], form: Form, look: Look): Promise<Carriers> {
  const { whole, large } = divided([...new Map(layers.map((layer) => [layer.digest, layer])).values()]);
  checkTotals(whole, large, look.target);
  const { images } = look.sources;
  const documents = await inParallel(whole, (layer) =>
    images.blob(look.target.repository, layer, MAX_WHOLE_BYTES, look.signal),
  );
  const bytes = new Map(whole.map((layer, at) => [layer.digest, documents[at]?.bytes]));
  const extracts = await extractAll(large, form, look);
  return (layer) => {
    const extract = extracts.get(layer.digest);
    if (extract !== undefined) return extractDocument(extract, layer.annotations);
    const found = bytes.get(layer.digest);
    return found === undefined ? undefined : { descriptor: layer, bytes: found };
  };
}

type Divided = { readonly whole: readonly Descriptor[]; readonly large: readonly Descriptor[] };

/** In the registry's order, so that the same list is always divided alike. */
function divided(layers: readonly Descriptor[]): Divided {
  const whole: Descriptor[] = [];
  const large: Descriptor[] = [];
  let total = 0;
  for (const layer of layers) {
    const fits = layer.size <= MAX_WHOLE_BYTES && total + layer.size <= MAX_WHOLE_TOTAL;
    const isWhole = layer.size <= SMALL_BYTES || fits;
    if (isWhole) total += layer.size;
    (isWhole ? whole : large).push(layer);
  }
  return { whole, large };
}

function checkTotals(whole: readonly Descriptor[], large: readonly Descriptor[], { repository, digest }: Target): void {
  const sum = (layers: readonly Descriptor[]): number => layers.reduce((total, { size }) => total + size, 0);
  const [held, read] = [sum(whole), sum(large)];
  if (held <= MAX_TOTAL_BYTES && read <= MAX_READ_TOTAL) return;
  const what = `${formatRepository(repository)} attestations of ${digest}`;
  const limit = held > MAX_TOTAL_BYTES ? `the ${MAX_TOTAL_BYTES} of small ones` : `the ${MAX_READ_TOTAL}`;
  throw new PortError("too-large", what, `${held + read} bytes, more than ${limit} allowed: remove old ones`);
}

async function extractAll(large: readonly Descriptor[], form: Form, look: Look): Promise<ReadonlyMap<Digest, Extract>> {
  const earlier = earlierExtracts(form, look.sources);
  const extracts = new Map<Digest, Extract>();
  let left = MAX_KEPT_TOTAL;
  for (const layer of large) {
    const extract = await extractOf({ layer, form, earlier: earlier.get(layer.digest) }, look, left);
    if (extract === undefined) continue;
    extracts.set(layer.digest, extract);
    left = Math.max(left - keptBytes(extract), 0);
  }
  return extracts;
}

type Wish = { readonly layer: Descriptor; readonly form: Form; readonly earlier: Extract | undefined };

/** Bytes named by a digest do not change, so what was taken out of them earlier is as good as new. */
async function extractOf({ layer, form, earlier }: Wish, look: Look, left: number): Promise<Extract | undefined> {
  const needs = look.sources.statements ?? [];
  if (earlier !== undefined && holdsPaths(earlier, needs)) return earlier;
  const { images } = look.sources;
  let absent = false;
  const open = async (): Promise<AsyncIterable<Uint8Array>> => {
    const stream = await images.stream(look.target.repository, layer, look.signal);
    absent = stream === undefined;
    return stream ?? nothing();
  };
  const paths = (type: string | undefined): readonly string[] => [
    ...new Set([...pathsFor(needs, type), ...(earlier?.paths ?? [])]),
  ];
  const extract = await extractFrom({ layer, form, open }, paths, left);
  return absent ? undefined : extract;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function earlierExtracts(form: Form, { derived = [] }: Sources): ReadonlyMap<Digest, Extract> {
  return new Map(
    derived.filter(isExtract).flatMap((document): readonly (readonly [Digest, Extract])[] => {
      const extract = tryReading(document);
      return extract?.form === form ? [[extract.blob, extract]] : [];
    }),
  );
}

/** One of another version is made anew. */
function tryReading(document: Document): Extract | undefined {
  try {
    return readExtract(document);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function keptBytes({ content }: Extract): number {
  if (content.kind === "unreadable") return 0;
  const { statement, held } = content;
  return (statement.kind === "read" ? (statement.kept?.length ?? 0) : 0) + (held?.length ?? 0);
}

/** Whether all that is asked of its statement was asked for when it was made, kept or found to be too much. */
export function holdsPaths({ paths, content }: Extract, needs: NonNullable<Sources["statements"]>): boolean {
  if (content.kind === "unreadable") return true;
  return coversPaths(paths, pathsFor(needs, predicateTypeOf(content.statement)));
}
