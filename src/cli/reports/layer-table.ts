import type { LayerFactSummary } from "../../domain/facts.ts";
import { table } from "./table.ts";

/** A build step's command is cut to this; the JSON form has it whole. */
const MAX_COMMAND = 60;
const SHORT_DIGEST = "sha256:".length + 12;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** The layers from the lowest up, and under each what it brings or takes away that people ask about. */
export function layerTable(layers: readonly LayerFactSummary[]): readonly string[] {
  const [head = "", ...rows] = table(["#", "digest", "packed", "unpacked", "entries", "created by"], cellsOf(layers));
  return [head, ...rows.flatMap((row, at) => [row, ...notableLines(layers[at]?.notable ?? [])])];
}

/** As far as a person wants to read; the JSON form has all. */
const MAX_NOTABLE = 6;

function notableLines(notable: readonly string[]): readonly string[] {
  const shown = notable.slice(0, MAX_NOTABLE);
  const all = notable.length > shown.length ? [...shown, `and ${notable.length - shown.length} more`] : shown;
  return all.map((line, at) => `${at === all.length - 1 ? "   └ " : "   ├ "}${line}`);
}

function cellsOf(layers: readonly LayerFactSummary[]): readonly (readonly string[])[] {
  return layers.map((layer, at) => [
    String(at + 1),
    layer.digest.slice(0, SHORT_DIGEST),
    formatBytes(layer.compressedBytes),
    layer.uncompressedBytes === undefined ? "-" : formatBytes(layer.uncompressedBytes),
    layer.entries === undefined ? "-" : String(layer.entries),
    cut(layer.createdBy),
  ]);
}

function cut(command: string): string {
  return command.length > MAX_COMMAND ? `${command.slice(0, MAX_COMMAND - 1)}…` : command;
}

/** `1.5 MiB`: three digits are as exact as a person reads. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? "B"}`;
}
