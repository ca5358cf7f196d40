import type { UninspectableReason } from "../domain/layer-facts.ts";

/** Why a layer cannot be vouched for, met while reading it. */
export type Fault = { readonly kind: "fault"; readonly reason: UninspectableReason; readonly detail: string };

export function fault(reason: UninspectableReason, detail: string): Fault {
  return { kind: "fault", reason, detail };
}

/** Two readers of the same bytes could see two file systems. */
export function ambiguous(detail: string): Fault {
  return fault("ambiguous-tar", detail);
}

/** Go's `archive/tar`, with which the runtimes unpack, gives up here. */
export function malformed(detail: string): Fault {
  return fault("malformed-tar", detail);
}

/** A path as people may be shown it: escaped, and short. */
export function quoted(path: string): string {
  return JSON.stringify(path.length > 160 ? `${path.slice(0, 160)}…` : path);
}
