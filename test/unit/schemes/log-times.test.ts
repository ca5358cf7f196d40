import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Opinion } from "../../../src/domain/facts.ts";
import { OCI_EMPTY } from "../../../src/domain/media-types.ts";
import type { TrustRoot } from "../../../src/domain/trust.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import {
  answer,
  authorityYaml,
  imageFacts,
  judged,
  observed,
  OTHER_SOURCE,
  policySet,
  policyYaml,
  signature,
} from "../../support/policy-facts.ts";
import { imageOf } from "../../support/signing/artifact.ts";
import { bundleEntry, signBundle, type Bundle } from "../../support/signing/bundle.ts";
import { authorityOf, judgeAll, targetOf, verdictOf } from "../../support/signing/judging.ts";
import { makeKey } from "../../support/signing/keys.ts";
import { TestTimestampAuthority } from "../../support/signing/timestamp-authority.ts";
import { VirtualLog } from "../../support/signing/virtual-log.ts";

const key = makeKey();
const log = new VirtualLog();
const otherLog = new VirtualLog();
const tsa = new TestTimestampAuthority();
const image = imageOf("logged");

const START = "2020-01-01T00:00:00Z";
const END = "2024-05-01T12:00:00Z";
const AT_THE_END = END;
const AFTER = "2024-05-01T12:00:01Z";

type Made = { readonly stamps?: readonly string[]; readonly bundle?: (proper: Bundle) => Bundle };

async function opinionOf(root: TrustRoot, { stamps = [], bundle = (proper) => proper }: Made): Promise<Opinion> {
  const timestamps = (made: Buffer): readonly Buffer[] => stamps.map((at) => tsa.stamp(made, { at }));
  const signed = signBundle({ image: image.digest, key, log, timestamps, bundle });
  const images = new MemoryImages().refer(image.digest, signed, OCI_EMPTY);
  const [opinion] = await judgeAll(images, targetOf(image.digest), authorityOf([key], root));
  return opinion ?? assert.fail("the bundle was not judged");
}

function rootWith(logEnd: string | undefined, stampEnd?: string): TrustRoot {
  const window = (end: string | undefined) => (end === undefined ? { start: START } : { start: START, end });
  const json = log.trustedRoot(window(logEnd), [tsa.trust(undefined, window(stampEnd))]);
  return { kind: "trusted-root", json, from: "trusted_root.json" };
}

function withEntries(change: (entries: readonly Record<string, unknown>[]) => readonly Record<string, unknown>[]) {
  return (proper: Bundle): Bundle => {
    const tlogEntries = [...change(proper.verificationMaterial.tlogEntries ?? [])];
    return { ...proper, verificationMaterial: { ...proper.verificationMaterial, tlogEntries } };
  };
}

/** Without the log's own word for the time, only the timestamps say when its key spoke. */
const timeless = withEntries((entries) => entries.map((entry) => ({ ...entry, inclusionPromise: undefined })));

describe("a key that the trust root names for a time", () => {
  test("of a log counts for signatures stamped up to its last second, and for none stamped after it", async () => {
    const stamped = async (...stamps: readonly string[]) => opinionOf(rootWith(END), { stamps, bundle: timeless });
    assert.equal(verdictOf(await stamped(AT_THE_END)), "verified");
    const late = await stamped(AFTER);
    assert.equal(verdictOf(late), "rejected log-untrusted at log");
    assert.match(late.kind === "rejected" ? late.detail : "", /entry's time 2024-05-01T12:00:01\.000Z is outside the/);
    assert.equal(verdictOf(await stamped(AT_THE_END, AFTER)), "rejected log-untrusted at log");
  });

  test("of a log does not count after its end, whatever a timestamp says that its own promise does not", async () => {
    const over = rootWith("2023-11-14T22:13:19Z");
    assert.equal(
      verdictOf(await opinionOf(over, { stamps: ["2023-11-14T22:13:18Z"] })),
      "rejected log-untrusted at log",
    );
  });

  test("of a timestamp authority counts up to its last second, and its stamps after it do not hold", async () => {
    const root = rootWith(undefined, END);
    assert.equal(verdictOf(await opinionOf(root, { stamps: [AT_THE_END] })), "verified");
    assert.equal(verdictOf(await opinionOf(root, { stamps: [AFTER] })), "rejected timestamp-invalid at timestamp");
  });
});

describe("entries of logs", () => {
  const body = (entries: readonly Record<string, unknown>[]): Buffer =>
    Buffer.from(String(entries[0]?.["canonicalizedBody"]), "base64");

  test("of one log make one witness and one signer, however often it is heard", async () => {
    const opinion = await opinionOf(log.trust, {
      bundle: withEntries((entries) => Array.from({ length: 8 }, () => entries[0] ?? {})),
    });
    assert.deepEqual(opinion.kind === "verified" && opinion.signers, [{ kind: "key", spki: key.public.spki }]);
  });

  test("of a log that nobody trusts do not add up to one that somebody trusts", async () => {
    const many = withEntries((entries) => Array.from({ length: 8 }, () => bundleEntry(otherLog.append(body(entries)))));
    assert.equal(verdictOf(await opinionOf(log.trust, { bundle: many })), "rejected log-untrusted at log");
  });

  test("of a log that borrows the trusted log's id do not count as its", async () => {
    const borrowed = withEntries((entries) => {
      const { logId } = entries[0] ?? {};
      return [{ ...bundleEntry(otherLog.append(body(entries))), logId }];
    });
    assert.equal(verdictOf(await opinionOf(log.trust, { bundle: borrowed })), "rejected log-invalid at log");
  });

  test("of two logs, each trusted by one authority, are no two signatures", async () => {
    const both = withEntries((entries) => [...entries, bundleEntry(otherLog.append(body(entries)))]);
    const [one, other] = await Promise.all([log, otherLog].map(({ trust }) => opinionOf(trust, { bundle: both })));
    assert.deepEqual([one, other].map(verdictOf), ["verified", "verified"]);
    const set = policySet(
      authorityYaml("one"),
      authorityYaml("other"),
      policyYaml(["signed: { by: { atLeast: 2, of: [one, other] } }"]),
    );
    const facts = imageFacts({
      signatures: [signature("one", one ?? assert.fail()), signature("other", other ?? assert.fail())],
      sources: [observed(), observed(undefined, OTHER_SOURCE)],
    });
    assert.equal(answer(judged(set, facts)), "deny threshold");
  });
});
