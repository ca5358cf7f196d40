import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import type { Opinion, SignatureFact, SourceFact } from "../../../src/domain/facts.ts";
import { parseInstant, type Instant } from "../../../src/domain/instant.ts";
import type { Authority, AuthorityName } from "../../../src/domain/trust.ts";
import { vouchedBy } from "../../../src/pipeline/vouched.ts";
import { COSIGN, COSIGN_TAG } from "../../../src/schemes/cosign/source.ts";
import { SCHEMES } from "../../../src/schemes/index.ts";
import { BUNDLE_REFERRERS } from "../../../src/schemes/sigstore-bundle/source.ts";
import { authorityOf } from "../../support/signing/judging.ts";
import { makeKey } from "../../support/signing/keys.ts";
import { VirtualLog } from "../../support/signing/virtual-log.ts";

const NAME = "release" as AuthorityName;
const INDEX = digestOf("index");
const authority: Authority = {
  name: NAME,
  spec: authorityOf([makeKey()], new VirtualLog().trust, { discover: ["tag"] }),
  enforcement: "deny",
  unsafe: [],
  at: { file: "p.yaml", line: 1, column: 1 },
};
const gap = { code: "timeout", what: "x", detail: "y" } as const;

function verified(notAfter: Instant | undefined): Opinion {
  return { kind: "verified", signers: [], notBefore: undefined, notAfter, signedAt: [], notes: [] };
}

function fact(opinion: Opinion, change: Partial<SignatureFact> = {}): SignatureFact {
  const [artifact, evidence] = [digestOf("artifact"), digestOf("evidence")];
  return {
    scheme: COSIGN,
    source: COSIGN_TAG,
    via: "tag",
    authority: NAME,
    about: INDEX,
    artifact,
    evidence,
    opinion,
    ...change,
  };
}

function vouched(signatures: readonly SignatureFact[], sources: readonly SourceFact[] = []): string | undefined {
  const opinion = vouchedBy(authority, { signatures, sources }, SCHEMES)(INDEX);
  return opinion?.kind === "verified" ? `until ${opinion.notAfter}` : opinion?.kind;
}

describe("what an authority's signatures say of an index", () => {
  const [early, late] = [parseInstant("2026-01-01T00:00:00Z"), parseInstant("2027-01-01T00:00:00Z")];
  const broken: Opinion = {
    kind: "rejected",
    reason: "bad-signature",
    step: "signature",
    detail: "x",
    signer: undefined,
  };
  const unseen: Opinion = { kind: "undetermined", gap, step: "log", signer: undefined };

  test("is told by the one that counts longest", () => {
    assert.equal(vouched([fact(verified(early)), fact(verified(late))]), `until ${late}`);
    assert.equal(vouched([fact(verified(late)), fact(verified(undefined)), fact(verified(early))]), "until undefined");
    assert.equal(vouched([fact(broken), fact(unseen), fact(verified(early))]), `until ${early}`);
  });

  test("is nothing by others, about others, in places where it does not look, or by what does not count", () => {
    const others = [
      fact(verified(late), { authority: "other" as AuthorityName }),
      fact(verified(late), { about: digestOf("other") }),
      fact(verified(late), { source: BUNDLE_REFERRERS }),
      fact(broken),
    ];
    assert.equal(vouched(others), undefined);
    assert.equal(vouched([]), undefined);
  });

  test("cannot be told where a signature or a place could not be seen", () => {
    assert.equal(vouched([fact(broken), fact(unseen)]), "undetermined");
    const state = { kind: "gap", gap } as const;
    assert.equal(vouched([], [{ about: INDEX, source: COSIGN_TAG, state }]), "undetermined");
    assert.equal(vouched([], [{ about: INDEX, source: BUNDLE_REFERRERS, state }]), undefined);
    assert.equal(vouched([], [{ about: digestOf("other"), source: COSIGN_TAG, state }]), undefined);
  });
});
