import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Opinion } from "../../../src/domain/facts.ts";
import { OCI_EMPTY } from "../../../src/domain/media-types.ts";
import type { CosignAuthority } from "../../../src/domain/trust.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { imageOf } from "../../support/signing/artifact.ts";
import { signBundle } from "../../support/signing/bundle.ts";
import { signCosignLegacy } from "../../support/signing/cosign-signature.ts";
import { authorityOf, judgeAll, targetOf, verdictOf } from "../../support/signing/judging.ts";
import { makeKey } from "../../support/signing/keys.ts";
import { TestTimestampAuthority } from "../../support/signing/timestamp-authority.ts";
import { VirtualLog } from "../../support/signing/virtual-log.ts";

const image = imageOf("web");
const key = makeKey();
const log = new VirtualLog();
const tsa = new TestTimestampAuthority();
const second = new TestTimestampAuthority();
const stranger = new TestTimestampAuthority();
const root = {
  kind: "trusted-root",
  json: log.trustedRoot(undefined, [tsa.trust(), second.trust()]),
  from: "root.json",
} as const;

type Stamps = (signature: Buffer) => readonly Buffer[];
type Carrier = (stamps: Stamps) => MemoryImages;

const CARRIERS: Readonly<Record<string, Carrier>> = {
  "a signature under a tag": (stamps) => {
    const timestamp = (signature: Buffer): Buffer => stamps(signature)[0] ?? Buffer.alloc(0);
    const layer = (proper: Record<string, string>): Record<string, string> => {
      const { "dev.sigstore.cosign/rfc3161timestamp": _, ...rest } = proper;
      return stamps(Buffer.alloc(1)).length === 0 ? rest : proper;
    };
    return new MemoryImages().put(image).put(signCosignLegacy({ image: image.digest, key, log, timestamp, layer }));
  },
  "a bundle": (timestamps) =>
    new MemoryImages().refer(image.digest, signBundle({ image: image.digest, key, log, timestamps }), OCI_EMPTY),
};

async function judge(images: MemoryImages, trust: Partial<CosignAuthority> = {}): Promise<Opinion | undefined> {
  const opinions = await judgeAll(images, targetOf(image.digest), authorityOf([key], root, trust));
  assert.equal(opinions.length, 1);
  return opinions[0];
}

const other = Buffer.from("another signature");
/** What the tokens make of an otherwise valid signature, where a timestamp is optional and where it is required. */
const CASES: Readonly<Record<string, readonly [Stamps, optional: string, required: string]>> = {
  "no timestamp": [() => [], "verified", "rejected timestamp-missing at timestamp"],
  "a good timestamp": [(signature) => [tsa.stamp(signature)], "verified", "verified"],
  "a stranger's timestamp": [
    (signature) => [stranger.stamp(signature)],
    "verified",
    "rejected timestamp-missing at timestamp",
  ],
  "a timestamp over something else": [
    () => [tsa.stamp(other)],
    "rejected timestamp-invalid at timestamp",
    "rejected timestamp-invalid at timestamp",
  ],
  "a timestamp that cannot be read": [
    () => [Buffer.from("token")],
    "rejected timestamp-invalid at timestamp",
    "rejected timestamp-invalid at timestamp",
  ],
};

for (const [carrier, carry] of Object.entries(CARRIERS)) {
  describe(`${carrier} with`, () => {
    for (const [what, [stamps, optional, required]] of Object.entries(CASES)) {
      test(`${what} is ${optional}, and where one is required ${required}`, async () => {
        assert.equal(verdictOf(await judge(carry(stamps))), optional);
        assert.equal(verdictOf(await judge(carry(stamps), { timestamp: "required" })), required);
      });
    }

    test("a good timestamp was signed at the log's time and at the timestamp's, and counts from the later", async () => {
      const opinion = await judge(carry((signature) => [tsa.stamp(signature)]));
      assert.ok(opinion?.kind === "verified");
      assert.deepEqual(opinion.signedAt, ["2023-11-14T22:13:20.000Z", "2024-05-01T12:00:00.000Z"]);
      assert.equal(opinion.notBefore, "2024-05-01T12:00:00.000Z");
    });

    test("any timestamp is as before where nobody's timestamps count", async () => {
      const transparencyLog = { kind: "required", root: log.trust } as const;
      assert.equal(
        verdictOf(
          await judge(
            carry(() => [tsa.stamp(other)]),
            { transparencyLog },
          ),
        ),
        "verified",
      );
    });
  });
}

describe("of several timestamps in a bundle", () => {
  const bundle = CARRIERS["a bundle"]!;

  test("each of a known authority proves its time, and a stranger's adds none", async () => {
    const stamps: Stamps = (signature) => [
      stranger.stamp(signature, { at: "2022-01-01T00:00:00Z" }),
      tsa.stamp(signature),
      second.stamp(signature, { at: "2024-06-01T00:00:00Z" }),
    ];
    const opinion = await judge(bundle(stamps), { timestamp: "required" });
    assert.ok(opinion?.kind === "verified");
    assert.deepEqual(opinion.signedAt.slice(1), ["2024-05-01T12:00:00.000Z", "2024-06-01T00:00:00.000Z"]);
  });

  test("one broken one of a known authority spoils the good ones, wherever it stands", async () => {
    const tokens: Stamps = (signature) => [tsa.stamp(signature), second.stamp(other)];
    for (const stamps of [tokens, (signature: Buffer) => tokens(signature).toReversed()]) {
      assert.equal(verdictOf(await judge(bundle(stamps))), "rejected timestamp-invalid at timestamp");
    }
  });

  test("there may be no more than 32", async () => {
    const many =
      (count: number): Stamps =>
      (signature) =>
        Array.from({ length: count }, () => tsa.stamp(signature));
    assert.equal(verdictOf(await judge(bundle(many(32)))), "verified");
    assert.equal(verdictOf(await judge(bundle(many(33)))), "rejected malformed at parsed");
  });
});
