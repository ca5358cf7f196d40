import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { verifiedStream } from "../../../src/adapters/oci/verified-stream.ts";
import { digestOf } from "../../../src/crypto/digest-of.ts";
import { plainDescriptor } from "../../../src/domain/descriptor.ts";
import { PortError } from "../../../src/domain/errors.ts";
import { isPortError } from "../../support/port-error.ts";
import { collect } from "../../support/collect.ts";

const CONTENT = Buffer.from("twelve bytes");

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

function verified(
  bytes: Uint8Array,
  pieces: number,
  change: { readonly size?: number; readonly digest?: string } = {},
) {
  const descriptor = plainDescriptor("x", digestOf(change.digest ?? CONTENT), change.size ?? CONTENT.byteLength);
  let released = 0;
  const explain = (error: unknown): PortError => (error instanceof PortError ? error : assert.fail(String(error)));
  const stream = verifiedStream(inPieces(bytes, pieces), descriptor, "it", { explain, release: () => (released += 1) });
  return { stream, released: () => released };
}

test("delivers what agrees, in whatever pieces it comes", async () => {
  const pieces = fc.integer({ min: 1, max: 20 });
  await fc.assert(
    fc.asyncProperty(pieces, async (size) => {
      const { stream, released } = verified(CONTENT, size);
      assert.deepEqual(Buffer.concat(await collect(stream)), CONTENT);
      assert.equal(released(), 1);
    }),
  );
});

test("delivers an empty blob", async () => {
  assert.deepEqual(await collect(verified(Buffer.alloc(0), 1, { size: 0, digest: "" }).stream), []);
});

test("refuses a size that is not the described one, even under the right digest", async () => {
  for (const size of [CONTENT.byteLength - 1, CONTENT.byteLength + 1, 0]) {
    const { stream, released } = verified(CONTENT, 5, { size });
    await assert.rejects(collect(stream), isPortError("digest-mismatch"));
    assert.equal(released(), 1);
  }
});

test("holds the last piece back from a reader of forged bytes", async () => {
  const forged = Buffer.from("twelve Bytes");
  for (const pieces of [1, 4, 12]) {
    const got: Uint8Array[] = [];
    const { stream } = verified(forged, pieces);
    const read = async (): Promise<void> => {
      for await (const piece of stream) got.push(piece);
    };
    await assert.rejects(read(), isPortError("digest-mismatch"));
    assert.equal(Buffer.concat(got).byteLength, forged.byteLength - pieces);
  }
});

test("lets go of its source when the reader stops", async () => {
  const { stream, released } = verified(CONTENT, 4);
  for await (const piece of stream) {
    assert.equal(piece.byteLength, 4);
    break;
  }
  assert.equal(released(), 1);
});
