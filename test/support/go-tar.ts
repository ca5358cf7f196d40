import assert from "node:assert/strict";

import { entriesOf } from "./layer-facts.ts";

/** What Go's `archive/tar` saw in one archive, as `test/fixtures/tar/oracle` writes it; texts are hexadecimal. */
export type GoView = {
  readonly name: string;
  readonly entries: readonly {
    readonly name: string;
    readonly link: string;
    readonly type: string;
    readonly size: number;
    readonly mode: number;
    readonly uid: number;
    readonly cap: string;
    readonly body: string;
  }[];
  readonly error: string;
};

const KIND: Readonly<Record<string, string>> = {
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
};

const UNCHANGED_OWNER = 2 ** 32 - 1;

/** As chown(2) takes it: 32 bits, and -1 leaves a new file to root. */
function kernelId(id: number): number {
  const low = ((id % 2 ** 32) + 2 ** 32) % 2 ** 32;
  return low === UNCHANGED_OWNER ? 0 : low;
}

function hex(text: string): string {
  return Buffer.from(text, "latin1").toString("hex");
}

/** Fails unless we refuse the archive or see in it exactly what Go sees without an error. Tells which. */
export function assertLikeGo(tar: Uint8Array, go: GoView): "refused" | "same" {
  const { fault, seen } = entriesOf(tar);
  if (fault !== undefined) return "refused";
  assert.equal(go.error, "", `${go.name}: Go refuses it and we do not`);
  assert.deepEqual(
    seen.map((one) => ({
      name: hex(one.name),
      link: hex(one.link),
      kind: one.kind,
      size: one.size,
      mode: one.mode,
      uid: one.uid,
      cap: one.capability,
      body: hex(one.body),
    })),
    // Global headers reach Go's caller as entries of their own, which runtimes pass over.
    go.entries
      .filter((one) => one.type !== "g")
      .map((one) => ({
        name: one.name,
        link: one.type === "1" || one.type === "2" ? one.link : "",
        kind: KIND[one.type],
        size: one.size,
        mode: one.mode,
        uid: kernelId(one.uid),
        cap: one.cap,
        body: one.body,
      })),
    `${go.name}: Go sees something else`,
  );
  return "same";
}
