import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { certificatesOfPem } from "../../src/crypto/certificate-pem.ts";
import { parseCertificate, type Certificate } from "../../src/crypto/certificate.ts";
import { checkCrl } from "../../src/crypto/crl.ts";
import { ocspRequest } from "../../src/crypto/ocsp-request.ts";
import { checkOcspResponse, type OcspCheck } from "../../src/crypto/ocsp.ts";
import { parseInstant } from "../../src/domain/instant.ts";
import type { RevocationSources } from "../../src/revocation/ask.ts";
import { collectRevocation } from "../../src/revocation/collect-revocation.ts";
import { judgeRevocation, type RevocationJudgement } from "../../src/revocation/judge-revocation.ts";
import { OpensslAuthority, type KeyPair, type Registered } from "../support/openssl-authority.ts";
import type { Issued } from "../support/signing/certificates.ts";
import { chainOf, delegateOf, listsAt, ocspAt, pointOf } from "../support/signing/revocation.ts";
import { vectorFolder } from "../support/vectors.ts";

/** A fetch that finds what it is told, wherever the certificate says it is. */
function sourcesOf(answer: (url: string) => Buffer | undefined, now: string): RevocationSources {
  return {
    fetch: ({ url }) => {
      const bytes = answer(url);
      return Promise.resolve({ status: bytes === undefined ? 404 : 200, headers: {}, bytes: bytes ?? Buffer.alloc(0) });
    },
    clock: { now: () => parseInstant(now) },
    once: (_, look) => look(),
  };
}

async function judge(chain: readonly Certificate[], sources: RevocationSources): Promise<RevocationJudgement> {
  const { documents, gaps } = await collectRevocation(chain, sources, new AbortController().signal);
  return judgeRevocation(chain, documents, gaps, { purpose: "code-signing", signedAt: undefined });
}

function pairOf({ pem, key }: Issued): KeyPair {
  return { certificate: pem, key: key.privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

const pki = chainOf([ocspAt("http://ocsp.example.com/"), listsAt(pointOf(["http://lists.example.com/a.crl"]))]);
const LEAF = parseCertificate(pki.leaf.der);
const ISSUER = parseCertificate(pki.authority.der);
const REQUEST = ocspRequest(LEAF, ISSUER);

function withOpenssl<T>(
  registered: Omit<Registered, "serial"> | undefined,
  use: (authority: OpensslAuthority) => T,
): T {
  const lines = registered === undefined ? [] : [{ serial: LEAF.serial, ...registered }];
  using authority = new OpensslAuthority(pairOf(pki.authority), lines);
  return use(authority);
}

describe("revocation as openssl tells it", () => {
  const REVOKED = { revoked: "240401000000Z,keyCompromise" };

  test("an answer of its responder, by the authority itself and by a delegate", () => {
    const statusBy = (
      signer: Issued,
      registered: Omit<Registered, "serial"> | undefined,
      ...more: string[]
    ): OcspCheck =>
      withOpenssl(registered, (authority) =>
        checkOcspResponse(authority.answer(REQUEST, pairOf(signer), ...more), LEAF, ISSUER),
      );
    for (const signer of [pki.authority, delegateOf(pki.authority)]) {
      for (const more of [[], ["-resp_key_id"]]) {
        const [good, revoked, unknown] = [{}, REVOKED, undefined].map((each) => statusBy(signer, each, ...more));
        assert.deepEqual(good?.kind === "proved" && good.answer.status, { kind: "good" }, JSON.stringify(good));
        assert.deepEqual(revoked?.kind === "proved" && revoked.answer.status, {
          kind: "revoked",
          revocation: { at: "2024-04-01T00:00:00.000Z", reason: "keyCompromise", invalidAt: undefined },
        });
        assert.deepEqual(unknown?.kind === "proved" && unknown.answer.status, { kind: "unknown" });
      }
    }
    const stranger = statusBy(delegateOf(pki.root), {});
    assert.match(stranger.kind === "invalid" ? stranger.detail : "", /is not of the certificate's issuer/);
  });

  test("its lists, with each of its reasons and with an invalidity date", () => {
    const revocationsFor = (revoked: string | undefined): unknown => {
      const check = withOpenssl(revoked === undefined ? {} : { revoked }, (authority) =>
        checkCrl(authority.list(), LEAF, ISSUER),
      );
      return check.kind === "proved" ? check.list.revocations : check.detail;
    };
    const at = "2024-04-01T00:00:00.000Z";
    assert.deepEqual(revocationsFor(undefined), []);
    assert.deepEqual(revocationsFor("240401000000Z"), [{ at, reason: "unspecified", invalidAt: undefined }]);
    const reasons = ["keyCompromise", "CACompromise", "affiliationChanged", "superseded", "cessationOfOperation"];
    for (const reason of [...reasons, "certificateHold"]) {
      const named = reason === "CACompromise" ? "cACompromise" : reason;
      assert.deepEqual(revocationsFor(`240401000000Z,${reason}`), [{ at, reason: named, invalidAt: undefined }]);
    }
    assert.deepEqual(revocationsFor("240401000000Z,keyTime,20240301000000Z"), [
      { at, reason: "keyCompromise", invalidAt: "2024-03-01T00:00:00.000Z" },
    ]);
  });

  test("a whole chain, by OCSP and by list", async () => {
    const now = new Date().toISOString();
    for (const [registered, kind] of [
      [{}, "good"],
      [REVOKED, "revoked"],
    ] as const) {
      using authority = new OpensslAuthority(pairOf(pki.authority), [{ serial: LEAF.serial, ...registered }]);
      const answer = authority.answer(REQUEST, pairOf(pki.authority));
      const list = authority.list();
      assert.equal(
        (
          await judge(
            pki.chain,
            sourcesOf((url) => (url.includes("ocsp") ? answer : undefined), now),
          )
        ).kind,
        kind,
      );
      assert.equal(
        (
          await judge(
            pki.chain,
            sourcesOf((url) => (url.includes("lists") ? list : undefined), now),
          )
        ).kind,
        kind,
      );
    }
  });
});

const folder = vectorFolder("notation-e2e");
const skip = folder === undefined ? "the end-to-end material of notation is absent: set ASSAY_VECTORS" : false;

describe("revocation as notation's end-to-end tests have it", { skip }, () => {
  const NOW = "2025-06-01T00:00:00Z";
  const file = (...path: readonly string[]): Buffer => readFileSync(join(folder!, "config", ...path));

  test("its lists", async () => {
    const chain = certificatesOfPem(file("crl", "certchain_with_crl.pem").toString(), "certchain_with_crl.pem");
    const judged = (leaf: string | undefined, intermediate: string): Promise<RevocationJudgement> =>
      judge(
        chain,
        sourcesOf((url) => {
          const name = url.endsWith("/leaf.crl") ? leaf : url.endsWith("/intermediate.crl") ? intermediate : undefined;
          return name === undefined ? undefined : file("crl", name);
        }, NOW),
      );
    const good = await judged("leaf.crl", "intermediate.crl");
    assert.deepEqual(good, { kind: "good", until: "2124-10-18T05:30:51.000Z", notes: [] });
    assert.equal((await judged("leaf_revoked.crl", "intermediate.crl")).kind, "revoked");
    assert.equal((await judged("leaf.crl", "intermediate_revoked.crl")).kind, "revoked");
    assert.equal((await judged("leaf_expired.crl", "intermediate.crl")).kind, "unknown");
    assert.equal((await judged(undefined, "intermediate.crl")).kind, "unknown");
  });

  test("its OCSP responder", async () => {
    const chain = certificatesOfPem(file("ocsp", "certchain_with_ocsp.pem").toString(), "certchain_with_ocsp.pem");
    const [leaf, root] = chain as [Certificate, Certificate];
    const pair = (name: string): KeyPair => ({
      certificate: file("ocsp", `${name}.crt`).toString(),
      key: file("ocsp", `${name}.key`).toString(),
    });
    const judged = (registered: readonly Registered[]): Promise<RevocationJudgement> => {
      using authority = new OpensslAuthority(pair("root"), registered);
      const answer = authority.answer(ocspRequest(leaf, root), pair("ocsp"));
      return judge(
        chain,
        sourcesOf(() => answer, new Date().toISOString()),
      );
    };
    const { serial } = leaf;
    assert.equal((await judged([{ serial }])).kind, "good");
    assert.equal((await judged([{ serial, revoked: "250601000000Z" }])).kind, "revoked");
    assert.equal((await judged([])).kind, "unknown");
  });
});
