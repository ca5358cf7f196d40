import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { describe, test } from "node:test";

import type { SignatureEvidence } from "../../../src/domain/evidence.ts";
import { InputError } from "../../../src/domain/errors.ts";
import type { Opinion } from "../../../src/domain/facts.ts";
import type { Gap } from "../../../src/domain/gap.ts";
import type { Instant } from "../../../src/domain/instant.ts";
import type { NotationAuthority } from "../../../src/domain/trust.ts";
import type { RevocationStatus } from "../../../src/schemes/notation/revocation-port.ts";
import { notationScheme } from "../../../src/schemes/notation/scheme.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { issue, purposes, subjectOf, TIME_STAMPING, TSA_EXTENSIONS } from "../../support/signing/certificates.ts";
import { der, octets, oid, sequence, set } from "../../support/signing/der.ts";
import { sourcesOf, targetOf, verdictOf } from "../../support/signing/judging.ts";
import { chain, detail, image, judge, root, verdict, type Case } from "../../support/signing/notation-judging.ts";
import {
  actions,
  chainOf,
  LEAF_EXTENSIONS,
  notationAuthority,
  NOTATION_SIGNATURE,
  signNotation,
  type NotationOptions,
} from "../../support/signing/notation.ts";
import { attribute, TestTimestampAuthority } from "../../support/signing/timestamp-authority.ts";

const stranger = chainOf();
const attributeOf = (type: string, text: string): Buffer => sequence(oid(type), der(0x0c, Buffer.from(text)));
const ca = [root];
const AUDIT = actions({ authenticity: "log", authenticTimestamp: "log", expiry: "log", revocation: "log" });

describe("trust stores and identities", () => {
  const ROWS: readonly (readonly [string, Case, string])[] = [
    [
      "a root in no store",
      { trust: notationAuthority({ ca: [stranger[2]] }) },
      "rejected certificate-untrusted at chain",
    ],
    [
      "a root in a store of another type",
      { trust: notationAuthority({ signingAuthority: ca }) },
      "rejected certificate-untrusted at chain",
    ],
    [
      "a timestamp authority's root",
      { trust: notationAuthority({ tsa: ca }) },
      "rejected certificate-untrusted at chain",
    ],
    [
      "a signing authority's root in a store of authorities",
      { sign: { scheme: "notary.x509.signingAuthority" }, trust: notationAuthority({ ca }) },
      "rejected certificate-untrusted at chain",
    ],
  ];
  for (const [name, of, expected] of ROWS)
    test(`${name} is not trusted`, async () => assert.equal(await verdict(of), expected));

  test("a chain that leads into no store is told which stores were asked", async () => {
    const authority = { sign: { scheme: "notary.x509.signingAuthority" } } as const;
    const both = notationAuthority({ ca: [stranger[2]], signingAuthority: [stranger[2]] });
    assert.match(await detail({ trust: both }), /no certificate of it is in ca:acme$/);
    assert.match(await detail({ ...authority, trust: both }), /no certificate of it is in signingAuthority:acme$/);
    assert.match(
      await detail({ ...authority, trust: notationAuthority({ ca }) }),
      /is in a signingAuthority store, of which none is named$/,
    );
  });

  const identity = (...identities: readonly string[]): Case => ({ trust: notationAuthority({ ca }, { identities }) });
  for (const matching of [
    "C=US, ST=WA, O=acme",
    "CN=signer,OU=release,O=acme,ST=WA,C=US",
    "o=acme;s=WA;c=US;OU=release",
  ]) {
    test(`the identity ${matching} matches`, async () => {
      assert.equal(await verdict(identity(`x509.subject: ${matching}`)), "verified");
      assert.equal(
        await verdict(identity("x509.subject: C=DE, ST=BE, O=other", `x509.subject:${matching}`)),
        "verified",
      );
    });
  }
  for (const wrong of [
    "C=US, ST=WA, O=acme-rockets",
    "C=US, ST=WA, O=acm",
    "C=US, ST=WA, O=Acme",
    "C=US, ST=WA, O=acme, L=Seattle",
  ]) {
    test(`the identity ${wrong} does not match`, async () => {
      assert.equal(await verdict(identity(`x509.subject: ${wrong}`)), "rejected wrong-identity at identity");
    });
  }

  test("a subject that has an attribute twice is matched by no identity", async () => {
    const subject = subjectOf(["2.5.4.6", "US"], ["2.5.4.8", "WA"], ["2.5.4.10", "acme"], ["2.5.4.10", "evil"]);
    const twice = chainOf({ leaf: { subject } });
    const trust = notationAuthority({ ca: [twice[2]] }, { identities: ["x509.subject: C=US, ST=WA, O=acme"] });
    assert.match(await detail({ sign: { chain: twice }, trust }), /has O twice in its subject/);
  });

  test("a subject that has several attributes in one part is matched by no identity", async () => {
    const parts = [attributeOf("2.5.4.6", "US"), attributeOf("2.5.4.8", "WA"), attributeOf("2.5.4.10", "acme")];
    const joined = chainOf({ leaf: { subject: sequence(set(...parts)) } });
    const trust = notationAuthority({ ca: [joined[2]] }, { identities: ["x509.subject: C=US, ST=WA, O=acme"] });
    assert.match(await detail({ sign: { chain: joined }, trust }), /a part of several attributes/);
  });

  const REFUSED: readonly (readonly [string, NotationAuthority, RegExp])[] = [
    ["no statement", { kind: "notation", statements: [], metadata: {} }, /no statement/],
    [
      "an empty store",
      notationAuthority({}, { stores: [{ type: "ca", name: "acme", certificates: [] }] }),
      /no certificate/,
    ],
    ["a leaf that does not sign itself", notationAuthority({ ca: [chain[0]] }), /not one of an authority/],
    ["an intermediate for timestamps", notationAuthority({ ca, tsa: [chain[1]] }), /not a root certificate/],
    ["no identity", notationAuthority({ ca }, { identities: [] }), /no trusted identity/],
    [
      "* beside another identity",
      notationAuthority({ ca }, { identities: ["*", "x509.subject: C=US, ST=WA, O=acme"] }),
      /\* beside/,
    ],
  ];
  for (const [name, trust, expected] of REFUSED) {
    test(`an authority with ${name} is refused when it is read`, () => {
      assert.throws(() => notationScheme({ collect: neverCollect, judge: () => GOOD }).authority(trust), expected);
      assert.throws(() => notationScheme({ collect: neverCollect, judge: () => GOOD }).authority(trust), InputError);
    });
  }
});

describe("statements", () => {
  const scoped = (...scopes: readonly string[]) => notationAuthority({ ca }, { scopes });
  test("apply to exactly the repositories they name", async () => {
    assert.equal(await verdict({ trust: scoped("registry.example.com/shop/web") }), "verified");
    for (const scope of ["registry.example.com/shop", "registry.example.com/shop/web2", "example.com/shop/web"]) {
      assert.equal(await verdict({ trust: scoped(scope) }), "rejected no-trust-policy at found", scope);
    }
  });

  test("for one repository go before the one for all", async () => {
    const skipped = { ...notationAuthority({ ca }).statements[0]!, name: "all", level: "skip" as const };
    const named = { ...notationAuthority({ ca }).statements[0]!, scopes: ["registry.example.com/shop/web"] };
    assert.equal(
      await verdict({ trust: { kind: "notation", statements: [skipped, named], metadata: {} } }),
      "verified",
    );
    const other = { ...skipped, scopes: ["registry.example.com/shop/web"] };
    const all = { ...named, scopes: ["*"] };
    assert.equal(
      await verdict({ trust: { kind: "notation", statements: [all, other], metadata: {} } }),
      "rejected verification-skipped at found",
    );
  });

  test("that skip verification vouch for nothing, and say so", async () => {
    const trust = notationAuthority({}, { level: "skip", identities: [] });
    assert.match(await detail({ trust }), /"test" skips verification, and what is not verified vouches for nothing/);
  });
});

describe("what is only logged is a note", () => {
  test("but not where it holds for ever", async () => {
    const opinion = await judge({ trust: notationAuthority({ ca }, { actions: actions({ expiry: "log" }) }) });
    assert.ok(opinion?.kind === "verified");
    assert.doesNotMatch(opinion.notes.join("\n"), /expiry/);
  });

  const notes = async (of: Case): Promise<readonly string[]> => {
    const opinion = await judge(of);
    assert.equal(verdictOf(opinion), "verified");
    return opinion?.kind === "verified" ? opinion.notes.filter((note) => note.includes("only logged")) : [];
  };

  test("a root in no store, whose signer then belongs to no store", async () => {
    const of = { trust: notationAuthority({ ca: [stranger[2]] }, { level: "audit", actions: AUDIT }) };
    assert.match((await notes(of)).join("\n"), /authenticity is only logged and fails with certificate-untrusted/);
    const opinion = await judge(of);
    assert.equal(
      opinion?.kind === "verified" && opinion.signers[0]?.kind === "x509" && opinion.signers[0].trustStore,
      "untrusted",
    );
  });

  test("another identity", async () => {
    const change = { actions: actions({ authenticity: "log" }), identities: ["x509.subject: C=DE, ST=BE, O=other"] };
    assert.match(
      (await notes({ trust: notationAuthority({ ca }, change) })).join("\n"),
      /authenticity is only logged and fails with wrong-identity/,
    );
  });

  test("an expiry, which then ends nothing", async () => {
    const of = {
      sign: { expiry: "2024-06-01T00:00:00Z" },
      trust: notationAuthority({ ca }, { actions: actions({ expiry: "log" }) }),
    };
    assert.match((await notes(of)).join("\n"), /expiry is only logged and holds until 2024-06-01/);
    const opinion = await judge(of);
    assert.equal(opinion?.kind === "verified" && opinion.notAfter, "2040-01-01T00:00:00.000Z");
  });

  test("the validity of the certificates, which then ends nothing", async () => {
    const of = { trust: notationAuthority({ ca }, { actions: actions({ authenticTimestamp: "log" }) }) };
    assert.match(
      (await notes(of)).join("\n"),
      /authenticTimestamp is only logged and holds from 2020-01-01.* until 2040-01-01/,
    );
    const opinion = await judge(of);
    assert.ok(opinion?.kind === "verified" && opinion.notBefore === undefined && opinion.notAfter === undefined);
  });

  const ALWAYS_ENFORCED: readonly (readonly [string, Partial<NotationOptions>, string])[] = [
    ["a broken signature", { signature: () => Buffer.alloc(64) }, "rejected bad-signature at signature"],
    [
      "another image",
      { payload: () => ({ targetArtifact: { mediaType: "a/b", size: 1, digest: `sha256:${"0".repeat(64)}` } }) },
      "rejected wrong-subject at subject",
    ],
  ];
  for (const [name, sign, expected] of ALWAYS_ENFORCED) {
    test(`but ${name} is rejected at every level`, async () => {
      assert.equal(
        await verdict({ sign, trust: notationAuthority({ ca }, { level: "audit", actions: AUDIT }) }),
        expected,
      );
    });
  }
});

const expired = chainOf({ leaf: { notBefore: "2024-01-01T00:00:00Z", notAfter: "2024-06-01T00:00:00Z" } });
const tsa = new TestTimestampAuthority();
const strangersTsa = new TestTimestampAuthority();

describe("timestamps", () => {
  type Stamp = Parameters<TestTimestampAuthority["stamp"]>[1];
  const stamped = (options?: Stamp, by = tsa): Case["sign"] & object => ({
    chain: expired,
    timestamp: (signature) => by.stamp(signature, options),
  });
  const trust = (change: Parameters<typeof notationAuthority>[1] = {}) =>
    notationAuthority({ ca: [expired[2]], tsa: [tsa.root] }, change);

  for (const format of ["jws", "cose"] as const) {
    test(`let a signature of an expired certificate count (${format})`, async () => {
      const opinion = await judge({ sign: { ...stamped(), format }, trust: trust() });
      assert.ok(opinion?.kind === "verified");
      assert.deepEqual(
        [opinion.notBefore, opinion.notAfter, opinion.signedAt],
        ["2024-05-01T12:00:00.000Z", undefined, ["2024-05-01T12:00:00.000Z"]],
      );
    });
  }

  test("are not asked for where nobody's count", async () => {
    const opinion = await judge({ sign: stamped(), trust: notationAuthority({ ca: [expired[2]] }) });
    assert.equal(opinion?.kind === "verified" && opinion.notAfter, "2024-06-01T00:00:00.000Z");
  });

  const SECONDS = 0x02;
  const accuracy = (seconds: number) => Buffer.of(0x30, 0x03, SECONDS, 0x01, seconds);
  const BROKEN: readonly (readonly [string, Case["sign"] & object, string])[] = [
    ["a signature without one", { chain: expired }, "rejected timestamp-missing at timestamp"],
    [
      "one over something else",
      { chain: expired, timestamp: () => tsa.stamp(Buffer.from("x")) },
      "rejected timestamp-invalid at timestamp",
    ],
    ["one of a stranger", stamped({}, strangersTsa), "rejected timestamp-invalid at timestamp"],
    [
      "one that is no token",
      { chain: expired, token: Buffer.from("invalid\n") },
      "rejected timestamp-invalid at timestamp",
    ],
    [
      "one after the certificate's end",
      stamped({ at: "2024-06-01T00:00:01Z" }),
      "rejected certificate-expired at timestamp",
    ],
    [
      "one before the certificate's beginning",
      stamped({ at: "2023-12-31T23:59:59Z" }),
      "rejected certificate-expired at timestamp",
    ],
    [
      "one whose inaccuracy reaches beyond the end",
      stamped({ at: "2024-05-31T23:59:50Z", more: [accuracy(20)] }),
      "rejected certificate-expired at timestamp",
    ],
    [
      "one that names its signer by SHA-1 or not at all",
      stamped({ attributes: (proper) => proper.slice(0, 2) }),
      "rejected timestamp-invalid at timestamp",
    ],
    [
      "one by a certificate for more than timestamps",
      stamped(
        {},
        new TestTimestampAuthority(
          (above) => issue({ name: "t", issuer: above, extensions: LEAF_EXTENSIONS }),
          tsa.root,
        ),
      ),
      "rejected timestamp-invalid at timestamp",
    ],
  ];
  for (const [name, sign, expected] of BROKEN) {
    test(`${name} is refused`, async () => assert.equal(await verdict({ sign, trust: trust() }), expected));
    test(`${name} is enough until the certificates expire, where timestamps are asked for only then`, async () => {
      const opinion = await judge({ sign, trust: trust({ verifyTimestamp: "afterCertExpiry" }) });
      assert.ok(opinion?.kind === "verified");
      assert.equal(opinion.notAfter, "2024-06-01T00:00:00.000Z");
      assert.match(opinion.notes.join("\n"), /once a certificate has expired, at 2024-06-01.*a timestamp is needed/);
    });
  }

  test("that do not count say whether they are a stranger's or broken", async () => {
    const ofStranger = await detail({ sign: stamped({}, strangersTsa), trust: trust() });
    assert.match(ofStranger, /does not hold: it is of an authority in no tsa store/);
    const broken = await detail({ sign: { chain: expired, token: Buffer.from("invalid\n") }, trust: trust() });
    assert.doesNotMatch(broken, /no tsa store/);
  });

  test("an accuracy that reaches to the very end is inside", async () => {
    assert.equal(
      await verdict({ sign: stamped({ at: "2024-05-31T23:59:50Z", more: [accuracy(10)] }), trust: trust() }),
      "verified",
    );
  });

  test("a good one goes on where timestamps are asked for only after the end", async () => {
    const opinion = await judge({ sign: stamped(), trust: trust({ verifyTimestamp: "afterCertExpiry" }) });
    assert.ok(opinion?.kind === "verified");
    assert.deepEqual([opinion.notBefore, opinion.notAfter], ["2024-01-01T00:00:00.000Z", undefined]);
  });

  test("a signing authority needs none", async () => {
    const sign = { chain: expired, scheme: "notary.x509.signingAuthority" } as const;
    assert.equal(
      await verdict({ sign, trust: notationAuthority({ signingAuthority: [expired[2]], tsa: [tsa.root] }) }),
      "verified",
    );
  });

  test("one that names its signer by SHA-1 alone is refused", async () => {
    const named = sequence(sequence(sequence(octets(hash("sha1", tsa.leaf.der, "buffer")))));
    const attributes = (proper: readonly Buffer[]) => [
      ...proper.slice(0, 2),
      attribute("1.2.840.113549.1.9.16.2.12", named),
    ];
    assert.match(
      await detail({ sign: stamped({ attributes }), trust: trust() }),
      /no signing-certificate attribute of version 2/,
    );
  });

  test("one of an authority whose certificate has no key usage is refused", async () => {
    const extensions = [purposes(true, TIME_STAMPING)];
    const loose = new TestTimestampAuthority((above) => issue({ name: "t", issuer: above, extensions }), tsa.root);
    assert.match(await detail({ sign: stamped({}, loose), trust: trust() }), /has no key usage/);
  });

  test("one under the baseline policy may be wrong by a second", async () => {
    const last = { at: "2024-06-01T00:00:00Z" };
    assert.equal(await verdict({ sign: stamped(last), trust: trust() }), "verified");
    const baseline = { ...last, policy: "0.4.0.2023.1.1" };
    assert.equal(
      await verdict({ sign: stamped(baseline), trust: trust() }),
      "rejected certificate-expired at timestamp",
    );
  });

  test("a timestamp authority that signs itself does not stand for its root", async () => {
    const self = issue({ name: "self", extensions: TSA_EXTENSIONS });
    const sign = stamped({ signer: self });
    assert.equal(await verdict({ sign, trust: trust() }), "rejected timestamp-invalid at timestamp");
  });
});

const GOOD: RevocationStatus = { kind: "good", until: undefined, notes: [] };
const GAP: Gap = { code: "unreachable", what: "http://ocsp.example.com", detail: "no answer" };
const neverCollect = async (): Promise<never> => await Promise.reject(new Error("nothing is to be looked up"));

describe("revocation", () => {
  const sign: Partial<NotationOptions> = { chain: expired, timestamp: (signature) => tsa.stamp(signature) };
  type Statuses = Partial<Record<"code-signing" | "timestamping", RevocationStatus>>;

  async function judgeWith(statuses: Statuses, trust: NotationAuthority, signed = sign): Promise<Opinion> {
    const scheme = notationScheme({
      collect: async () => await Promise.resolve({ documents: [], gaps: [] }),
      judge: (_chain, _documents, _gaps, { purpose }) => statuses[purpose] ?? GOOD,
    });
    const images = new MemoryImages()
      .put(image)
      .refer(image.digest, signNotation({ image, chain, ...signed }), NOTATION_SIGNATURE);
    const [place] = scheme.placesOf(trust);
    const [evidence]: readonly SignatureEvidence[] =
      (await place?.collect(targetOf(image.digest), sourcesOf(images), new AbortController().signal)) ?? [];
    assert.ok(evidence !== undefined);
    const opinion = await scheme.authority(trust)?.(evidence, targetOf(image.digest));
    assert.ok(opinion !== undefined);
    return opinion;
  }

  const trust = (change: Parameters<typeof notationAuthority>[1] = {}) =>
    notationAuthority({ ca: [expired[2]], tsa: [tsa.root] }, change);
  const revoked: RevocationStatus = { kind: "revoked", detail: "revoked since Tuesday" };
  const unknown: RevocationStatus = { kind: "unknown", gap: GAP };
  const until: RevocationStatus = { kind: "good", until: "2026-01-01T00:00:00.000Z" as Instant, notes: ["by OCSP"] };
  const logged = { actions: actions({ revocation: "log" }) };
  const skipped = { actions: actions({ revocation: "skip" }) };
  const tolerant = { actions: actions({ authenticTimestamp: "log" }) };

  const ROWS: readonly (readonly [string, Statuses, NotationAuthority, string])[] = [
    ["of the signer rejects", { "code-signing": revoked }, trust(), "rejected certificate-revoked at chain"],
    [
      "that could not be told leaves it open",
      { "code-signing": unknown },
      trust(),
      "undetermined unreachable at chain",
    ],
    ["is only logged where the policy says so", { "code-signing": revoked }, trust(logged), "verified"],
    [
      "that could not be told is only logged where the policy says so",
      { "code-signing": unknown },
      trust(logged),
      "verified",
    ],
    ["is not asked for where the policy skips it", { "code-signing": revoked }, trust(skipped), "verified"],
    [
      "of the timestamp's authority rejects",
      { timestamping: revoked },
      trust(),
      "rejected certificate-revoked at timestamp",
    ],
    [
      "of the timestamp's authority that could not be told leaves it open",
      { timestamping: unknown },
      trust(),
      "undetermined unreachable at timestamp",
    ],
    [
      "of the timestamp's authority rejects even where the signer's is skipped",
      { timestamping: revoked },
      trust(skipped),
      "rejected certificate-revoked at timestamp",
    ],
    [
      "of the timestamp's authority is part of the timestamp's check",
      { timestamping: revoked },
      trust(tolerant),
      "verified",
    ],
  ];
  for (const [name, statuses, authority, expected] of ROWS) {
    test(name, async () => assert.equal(verdictOf(await judgeWith(statuses, authority)), expected));
  }

  test("that could not be told never hides a rejection", async () => {
    const wrong = trust({ identities: ["x509.subject: C=DE, ST=BE, O=other"] });
    assert.equal(verdictOf(await judgeWith({ "code-signing": unknown }, wrong)), "rejected wrong-identity at identity");
    const other = { ...sign, payload: () => ({ targetArtifact: {} }) };
    assert.equal(
      verdictOf(await judgeWith({ "code-signing": unknown }, trust(), other)),
      "rejected malformed at subject",
    );
  });

  test("lets a signature count until the answers end, with their notes", async () => {
    for (const statuses of [{ "code-signing": until }, { timestamping: until }]) {
      const opinion = await judgeWith(statuses, trust());
      assert.ok(opinion.kind === "verified");
      assert.deepEqual([opinion.notAfter, opinion.notes.includes("by OCSP")], ["2026-01-01T00:00:00.000Z", true]);
    }
  });

  test("of a timestamp whose answers end before the certificates do not shorten these", async () => {
    const soon: RevocationStatus = { ...until, until: "2024-03-01T00:00:00.000Z" as Instant };
    const opinion = await judgeWith({ timestamping: soon }, trust({ verifyTimestamp: "afterCertExpiry" }));
    assert.equal(opinion.kind === "verified" && opinion.notAfter, "2024-06-01T00:00:00.000Z");
  });

  test("is judged by the time that a signing authority states, and no other", async () => {
    const times: (Instant | undefined)[] = [];
    const scheme = notationScheme({
      collect: async () => await Promise.resolve({ documents: [], gaps: [] }),
      judge: (_chain, _documents, _gaps, { signedAt }) => {
        times.push(signedAt);
        return GOOD;
      },
    });
    const authority = notationAuthority({ ca: [expired[2]], signingAuthority: [expired[2]] });
    for (const signing of ["notary.x509", "notary.x509.signingAuthority"] as const) {
      const signed = signNotation({ image, chain: expired, scheme: signing });
      const images = new MemoryImages().put(image).refer(image.digest, signed, NOTATION_SIGNATURE);
      const [evidence] =
        (await scheme
          .placesOf(authority)[0]
          ?.collect(targetOf(image.digest), sourcesOf(images), new AbortController().signal)) ?? [];
      assert.ok(evidence !== undefined);
      await scheme.authority(authority)?.(evidence, targetOf(image.digest));
    }
    assert.deepEqual(times, [undefined, "2024-05-01T12:00:00.000Z"]);
  });

  test("of a timestamp that could not be told is no timestamp once certificates have expired", async () => {
    const opinion = await judgeWith({ timestamping: unknown }, trust({ verifyTimestamp: "afterCertExpiry" }));
    assert.equal(opinion.kind === "verified" && opinion.notAfter, "2024-06-01T00:00:00.000Z");
  });
});
