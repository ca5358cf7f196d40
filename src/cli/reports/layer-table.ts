import type { LayerFactSummary } from "../../domain/facts.ts";
import { table } from "./table.ts";

/** A build step's command is cut to this; the JSON form has it whole. */
const MAX_COMMAND = 60;
const SHORT_DIGEST = "sha256:".length + 12;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** The layers from the lowest up. */
export function layerTable(layers: readonly LayerFactSummary[]): readonly string[] {
  const rows = layers.map((layer, at) => [
    String(at + 1),
    layer.digest.slice(0, SHORT_DIGEST),
    formatBytes(layer.compressedBytes),
    layer.uncompressedBytes === undefined ? "-" : formatBytes(layer.uncompressedBytes),
    layer.entries === undefined ? "-" : String(layer.entries),
    cut(layer.createdBy),
  ]);
  return table(["#", "digest", "packed", "unpacked", "entries", "created by"], rows);
}

function cut(command: string): string {
  return command.length > MAX_COMMAND ? `${command.slice(0, MAX_COMMAND - 1)}…` : command;
}

/** `1.5 MiB`: three digits are as exact as a person reads. */
function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? "B"}`;
}
