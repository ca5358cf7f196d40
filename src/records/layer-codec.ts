import type {
  Anomaly,
  EntryKind,
  LayerContent,
  LayerEntry,
  LayerFacts,
  LayerFind,
  LayerTally,
  UninspectableReason,
  Whiteout,
} from "../domain/layer-facts.ts";
import { digest } from "./basic-codecs.ts";
import { dictionary, list, oneOf, struct, tagged, text, whole, type Codec } from "./codec.ts";

/** Every kind and reason by name, so that the compiler asks for one that is added. */
const ENTRY_KINDS: Readonly<Record<EntryKind, true>> = {
  file: true,
  directory: true,
  symlink: true,
  hardlink: true,
  character: true,
  block: true,
  fifo: true,
};
const REASONS: Readonly<Record<UninspectableReason, true>> = {
  "ambiguous-tar": true,
  "malformed-tar": true,
  truncated: true,
  bomb: true,
  limit: true,
  "corrupt-compression": true,
  "unknown-media-type": true,
  encrypted: true,
  foreign: true,
};

const entry: Codec<LayerEntry> = struct({
  path: text,
  kind: oneOf(...(Object.keys(ENTRY_KINDS) as EntryKind[])),
  mode: whole,
  uid: whole,
  gid: whole,
  size: whole,
  link: text,
  head: text,
  capability: text,
  device: text,
  nature: text,
});

const whiteout: Codec<Whiteout> = struct({ path: text, kind: oneOf("path", "opaque"), after: whole });
const anomaly: Codec<Anomaly> = struct({ code: text, path: text });

const find: Codec<LayerFind> = struct({ kind: oneOf("secret", "clutter"), path: text, why: text });

const tally: Codec<LayerTally> = struct({
  kinds: struct({
    file: whole,
    directory: whole,
    symlink: whole,
    hardlink: whole,
    character: whole,
    block: whole,
    fifo: whole,
  }),
  fileBytes: whole,
  sharedLibraries: whole,
  manuals: whole,
});

const layerFacts: Codec<LayerFacts> = struct({
  diffId: digest,
  packing: oneOf("tar", "gzip", "zstd"),
  compressedBytes: whole,
  uncompressedBytes: whole,
  entryCount: whole,
  tally,
  entries: list(entry),
  whiteouts: list(whiteout),
  bodies: dictionary(text),
  counts: dictionary(whole),
  finds: list(find),
  anomalies: list(anomaly),
});

export const layerContent: Codec<LayerContent> = tagged<LayerContent>({
  walked: struct({ facts: layerFacts }),
  uninspectable: struct({ reason: oneOf(...(Object.keys(REASONS) as UninspectableReason[])), detail: text }),
});
