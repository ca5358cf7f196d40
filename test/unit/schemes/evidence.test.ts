import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import { plainDescriptor } from "../../../src/domain/descriptor.ts";
import type { SchemeId, SignatureEvidence, SourceKey } from "../../../src/domain/evidence.ts";
import { signatureEvidence, stampedEvidence } from "../../../src/schemes/evidence.ts";

const about = digestOf(Buffer.from("an image"));
const provenance = { scheme: "cosign" as SchemeId, source: "cosign:tag" as SourceKey, about };
const content: Omit<SignatureEvidence, "id"> = {
  ...provenance,
  artifact: plainDescriptor("application/json", digestOf(Buffer.from("a manifest")), 10),
  part: 0,
  via: "tag",
  documents: [],
  missing: undefined,
  gaps: [],
};
const proper = signatureEvidence(content);

/** What a scheme may have written into its own evidence. */
const OTHERS = {
  "another scheme": { scheme: "notation" as SchemeId },
  "another source": { source: "cosign:referrers" as SourceKey },
  "another image": { about: digestOf(Buffer.from("another image")) },
} as const;

describe("evidence", () => {
  for (const [what, claim] of Object.entries(OTHERS)) {
    test(`that says it is of ${what} is stamped with its true provenance, and named by it`, () => {
      assert.deepEqual(stampedEvidence(signatureEvidence({ ...content, ...claim }), provenance), proper);
    });
  }

  test("that says three times otherwise is stamped with its true provenance", () => {
    const claims = Object.assign({}, ...Object.values(OTHERS)) as Partial<typeof content>;
    assert.deepEqual(stampedEvidence(signatureEvidence({ ...content, ...claims }), provenance), proper);
  });

  test("under a name of its own is named by its content", () => {
    assert.deepEqual(stampedEvidence({ ...proper, id: about }, provenance), proper);
  });

  test("that was named by its content is not named again", () => {
    assert.equal(stampedEvidence(proper, provenance), proper);
  });
});
