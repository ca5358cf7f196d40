import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { Opinion } from "../../../src/domain/facts.ts";
import type { KeylessAuthority, TextMatch } from "../../../src/domain/trust.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { imageOf } from "../../support/signing/artifact.ts";
import type { Bundle, BundleOptions } from "../../support/signing/bundle.ts";
import {
  basicConstraints,
  CA_EXTENSIONS,
  extension,
  issue,
  keyUsage,
  purposes,
} from "../../support/signing/certificates.ts";
import type { CosignOptions } from "../../support/signing/cosign-signature.ts";
import { sequence } from "../../support/signing/der.ts";
import { authorityOf, judgeAll, targetOf, verdictOf } from "../../support/signing/judging.ts";
import { KeylessChain } from "../../support/signing/keyless-chain.ts";
import { makeKey } from "../../support/signing/keys.ts";
import { dsseBody2 } from "../../support/signing/log-bodies.ts";
import { TestTimestampAuthority } from "../../support/signing/timestamp-authority.ts";
import {
  email,
  hostName,
  ISSUER,
  otherName,
  timestampOf,
  uri,
  userName,
  VirtualFulcio,
  WORKFLOW,
  type LeafOptions,
  type TrustedRootJson,
} from "../../support/signing/virtual-fulcio.ts";
import { VirtualLog } from "../../support/signing/virtual-log.ts";

const chain = new KeylessChain();
const stranger = new VirtualFulcio();
const image = imageOf("web");
const other = imageOf("another image");

type Shared = "log" | "entry" | "logged" | "signature" | "certificate";
type Case = {
  readonly leaf?: LeafOptions;
  /** In both forms. */
  readonly sign?: Pick<Partial<CosignOptions>, Exclude<Shared, "certificate">>;
  readonly legacy?: Partial<CosignOptions>;
  readonly bundle?: Partial<BundleOptions>;
  /** Over the signature, in both forms. */
  readonly stamps?: (signature: Buffer) => readonly Buffer[];
  readonly trust?: Partial<KeylessAuthority>;
  readonly root?: (proper: TrustedRootJson) => object;
};

const FORMS = ["a .sig tag", "a bundle"] as const;
type Form = (typeof FORMS)[number];

async function judge(form: Form, one: Case = {}): Promise<Opinion> {
  const { leaf, sign = {}, stamps } = one;
  const images = new MemoryImages().put(image);
  if (form === "a .sig tag") {
    const timestamp = stamps && { timestamp: (signature: Buffer) => stamps(signature)[0]! };
    images.put(chain.legacy(image.digest, { ...(leaf && { leaf }), ...sign, ...timestamp, ...one.legacy }));
  } else {
    const options = {
      ...(leaf && { leaf }),
      ...(sign as Partial<BundleOptions>),
      ...(stamps && { timestamps: stamps }),
    };
    images.refer(image.digest, chain.bundle(image.digest, { ...options, ...one.bundle }), undefined);
  }
  const opinions = await judgeAll(images, targetOf(image.digest), chain.authority(one.trust, one.root));
  assert.equal(opinions.length, 1);
  return opinions[0]!;
}

const SIGNER = { kind: "identity", issuer: ISSUER, subject: WORKFLOW } as const;
const detailOf = (opinion: Opinion): string => (opinion.kind === "rejected" ? opinion.detail : "");
const at = (time: string) => (signature: Buffer) => [chain.stamp(signature, time)];
const exact = (text: string): TextMatch => ({ kind: "exact", text });

describe("a keyless signature", () => {
  for (const form of FORMS) {
    test(`under ${form} verifies, with issuer and subject as its signer and the log's time`, async () => {
      assert.deepEqual(await judge(form), {
        kind: "verified",
        signers: [SIGNER],
        notBefore: "2023-11-14T22:13:20.000Z",
        notAfter: undefined,
        signedAt: ["2023-11-14T22:13:20.000Z"],
        notes: [],
      });
    });

    test(`under ${form} verifies by a timestamp, whose time is then proved too`, async () => {
      const opinion = await judge(form, { stamps: at("2023-11-14T22:14:00Z"), trust: { timestamp: "required" } });
      assert.ok(opinion.kind === "verified");
      assert.deepEqual(opinion.signedAt, ["2023-11-14T22:13:20.000Z", "2023-11-14T22:14:00.000Z"]);
    });

    const NAMES = {
      "an e-mail address": [email("bob@example.com"), "bob@example.com"],
      "a user name of Fulcio": [userName("bob!example.com"), "bob!example.com"],
    } as const;
    for (const [what, [name, subject]] of Object.entries(NAMES)) {
      test(`under ${form} verifies for ${what}`, async () => {
        const trust = { identities: [{ issuer: exact(ISSUER), subject: exact(subject) }] };
        assert.equal(verdictOf(await judge(form, { leaf: { names: [name] }, trust })), "verified");
      });
    }

    test(`under ${form} verifies by the issuer's first form, alone or beside the second`, async () => {
      for (const leaf of [{ issuer: null, oldIssuer: ISSUER }, { oldIssuer: ISSUER }]) {
        assert.equal(verdictOf(await judge(form, { leaf })), "verified");
      }
    });
  }

  test("verifies for any of the identities that the authority names", async () => {
    const [ours] = chain.authority().identities;
    const identities = [{ issuer: exact(ISSUER), subject: exact("bob@example.com") }, ours!];
    assert.equal(verdictOf(await judge("a bundle", { trust: { identities } })), "verified");
  });

  test("verifies with the extensions that the authority asks for, the issuer in either of its forms", async () => {
    const sourceRepositoryURI = "https://github.com/acme/shop";
    const trust = { extensions: { sourceRepositoryURI, issuer: ISSUER } };
    for (const leaf of [{}, { issuer: null, oldIssuer: ISSUER }]) {
      const opinion = await judge("a bundle", { leaf: { ...leaf, says: { sourceRepositoryURI } }, trust });
      assert.equal(verdictOf(opinion), "verified");
    }
  });

  test("verifies by one good SCT beside those of logs that nobody knows and those that do not hold", async () => {
    const timestamps: LeafOptions["timestamps"] = (proper) => [
      timestampOf({ ...proper, log: makeKey() }),
      timestampOf({ ...proper, tbs: Buffer.from("another") }),
      timestampOf(proper),
    ];
    assert.equal(verdictOf(await judge("a bundle", { leaf: { timestamps } })), "verified");
  });

  test("verifies by an SCT with extensions, which are signed", async () => {
    const timestamps: LeafOptions["timestamps"] = (proper) => [
      timestampOf({ ...proper, extensions: Buffer.from("more") }),
    ];
    assert.equal(verdictOf(await judge("a bundle", { leaf: { timestamps } })), "verified");
  });

  test("verifies from a bundle whose chain holds intermediates but no root", async () => {
    const bundle = (proper: Bundle): object => withChain(proper, [chain.fulcio.intermediate.der]);
    assert.equal(verdictOf(await judge("a bundle", { bundle: { bundle } })), "verified");
  });

  test("verifies by an entry of Rekor v2, which states no time, beside a timestamp", async () => {
    assert.equal(verdictOf(await judge("a bundle", rekor2({ stamps: at("2023-11-14T22:14:00Z") }))), "verified");
  });

  test("verifies by whichever authority of the trust root issued its certificate", async () => {
    const authorities = stranger.rootJson(chain.log).certificateAuthorities;
    for (const join of [
      (ours: typeof authorities) => [...ours, ...authorities],
      (ours: typeof authorities) => [...authorities, ...ours],
    ]) {
      const root = (proper: TrustedRootJson): object => ({
        ...proper,
        certificateAuthorities: join(proper.certificateAuthorities),
      });
      assert.equal(verdictOf(await judge("a bundle", { root })), "verified");
    }
  });

  test("verifies by a log that was retired after the timestamp, where the entry states no time", async () => {
    const retired = (end: string) => (root: TrustedRootJson) => {
      root.tlogs[0]!.publicKey.validFor["end"] = end;
      return root;
    };
    const one = rekor2({ stamps: at("2023-11-14T22:14:00Z") });
    assert.equal(verdictOf(await judge("a bundle", { ...one, root: retired("2023-12-01T00:00:00Z") })), "verified");
    const late = await judge("a bundle", { ...one, root: retired("2023-11-01T00:00:00Z") });
    assert.equal(verdictOf(late), "rejected log-untrusted at log");
  });
});

/** The bundle in the form of 0.2, with a chain above the leaf. */
function withChain(proper: Bundle, above: readonly Buffer[]): object {
  const { certificate, ...rest } = proper.verificationMaterial;
  const certificates = [certificate, ...above.map((der) => ({ rawBytes: der.toString("base64") }))];
  const mediaType = "application/vnd.dev.sigstore.bundle+json;version=0.2";
  return { ...proper, mediaType, verificationMaterial: { ...rest, x509CertificateChain: { certificates } } };
}

/** An entry of the kind dsse 0.0.2 without a promise, which is all that would prove its time. */
function rekor2(more: Case = {}, integratedTime = "0"): Case {
  const issued = chain.fulcio.issue();
  const bundle = (proper: Bundle): object => {
    const [entry] = proper.verificationMaterial.tlogEntries!;
    const { inclusionPromise: _, ...rest } = entry!;
    const tlogEntries = [{ ...rest, integratedTime }];
    return { ...proper, verificationMaterial: { ...proper.verificationMaterial, tlogEntries } };
  };
  const body: BundleOptions["body"] = (parts) => dsseBody2(parts, issued.der, "x509Certificate");
  return { ...more, bundle: { key: issued.key, certificate: issued, body, bundle, ...more.bundle } };
}

const without =
  (oid: string) =>
  (proper: readonly Buffer[]): readonly Buffer[] =>
    proper.filter((each) => !each.includes(Buffer.from(oid, "hex")));
const EKU = "0603551d25";
const USAGE = "0603551d0f";

function signedBy(issuer: ReturnType<typeof issue>): Case {
  return { leaf: { signer: issuer } };
}

/** A trust root whose authority is this chain. */
const rootedIn =
  (...certificates: readonly { readonly der: Buffer }[]) =>
  (root: TrustedRootJson): object => {
    root.certificateAuthorities[0]!.certChain.certificates = certificates.map(({ der }) => ({
      rawBytes: der.toString("base64"),
    }));
    return root;
  };

const shortLived = issue({
  name: "fulcio for a minute",
  issuer: chain.fulcio.root,
  extensions: CA_EXTENSIONS,
  notBefore: "2023-11-14T22:00:00Z",
  notAfter: "2023-11-14T22:12:00Z",
});
const BOB = { issuer: exact(ISSUER), subject: exact("bob@example.com") };
const sameKey = chain.fulcio.issue();

/** What one change makes of an otherwise valid signature, and the mechanism that would let it pass. */
const BROKEN: Readonly<Record<string, readonly [expected: string, broken: Case, form?: Form]>> = {
  "a signature by another key than the certificate's": [
    "rejected bad-signature at signature",
    { sign: { signature: (_, message) => makeKey().sign(message) } },
  ],
  "an authority of the same names that nobody trusts": [
    "rejected certificate-untrusted at chain",
    signedBy(stranger.intermediate),
  ],
  "a leaf that outlives the authority that issued it (T-CERT-01, CVE-2026-24122)": [
    "rejected certificate-expired at chain",
    { ...signedBy(shortLived), root: rootedIn(shortLived, chain.fulcio.root) },
  ],
  "a log's time before the certificate's": [
    "rejected certificate-expired at chain",
    { leaf: { notBefore: "2023-11-14T22:13:21Z" } },
  ],
  "a log's time after the certificate's": [
    "rejected certificate-expired at chain",
    { leaf: { notAfter: "2023-11-14T22:13:19Z" } },
  ],
  "one of two proved times outside the certificate's, the other back-dated into it (T-TS-01, TOB-SIGSTORE-4)": [
    "rejected certificate-expired at chain",
    { stamps: at("2023-11-14T22:30:00Z") },
  ],
  "a time at which the trust root no longer trusts the authority": [
    "rejected certificate-expired at chain",
    {
      root: (root) => {
        root.certificateAuthorities[0]!.validFor["end"] = "2023-11-14T22:13:19Z";
        return root;
      },
    },
  ],
  "no time at all: an inclusion proof beside a forged time in the certificate's (T-LOG-04, CVE-2026-48816)": [
    "rejected no-verified-time at timestamp",
    rekor2({}, "1700000000"),
    "a bundle",
  ],
  "no time at all: neither log nor timestamp (T-CERT-03)": [
    "rejected no-verified-time at timestamp",
    { sign: { log: undefined }, trust: { transparencyLog: "unsafe-ignored" } },
  ],
  "a timestamp of a stranger in the place of a time": [
    "rejected no-verified-time at timestamp",
    {
      stamps: (signature) => [new TestTimestampAuthority().stamp(signature, { at: "2023-11-14T22:14:00Z" })],
      sign: { log: undefined },
      trust: { transparencyLog: "unsafe-ignored" },
    },
  ],
  "no log entry (T-LOG-01, CVE-2022-23649)": ["rejected log-missing at log", { sign: { log: undefined } }],
  "no log entry, and only a timestamp": [
    "rejected log-missing at log",
    { sign: { log: undefined }, stamps: at("2023-11-14T22:14:00Z") },
  ],
  "an entry of another log (T-LOG-06)": ["rejected log-untrusted at log", { sign: { log: new VirtualLog() } }],
  "an entry by another log's key under this log's id (T-LOG-06)": [
    "rejected log-invalid at log",
    { sign: { log: new VirtualLog(), entry: (entry) => ({ ...entry, logId: chain.log.logId }) } },
  ],
  "a log entry of other content (T-LOG-02, CVE-2026-22703)": [
    "rejected log-mismatch at log",
    { sign: { logged: (proper) => ({ ...proper, content: Buffer.from("another") }) } },
  ],
  "a log entry of another signature (T-LOG-02)": [
    "rejected log-mismatch at log",
    { sign: { logged: (proper) => ({ ...proper, signature: Buffer.from("another") }) } },
  ],
  "a log entry of another key (T-LOG-02)": [
    "rejected log-mismatch at log",
    { sign: { logged: (proper) => ({ ...proper, pem: makeKey().pem }) } },
  ],
  "a log entry of another certificate of the same key, which its owner does not watch for": [
    "rejected log-mismatch at log",
    {
      leaf: { key: sameKey.key },
      sign: { logged: (proper) => ({ ...proper, pem: sameKey.pem }) },
    },
  ],
  "a log entry of the bare key of the certificate": [
    "rejected log-mismatch at log",
    { leaf: { key: sameKey.key }, sign: { logged: (proper) => ({ ...proper, pem: sameKey.key.pem }) } },
  ],
  "a checkpoint of another root (T-LOG-03, CVE-2024-53267)": [
    "rejected log-invalid at log",
    {
      bundle: {
        entry: (entry) => ({
          ...entry,
          proof: { ...entry.proof, checkpoint: chain.log.checkpoint(entry.proof.treeSize, Buffer.alloc(32, 7)) },
        }),
      },
    },
    "a bundle",
  ],
  "a checkpoint that another key signed (T-LOG-03)": [
    "rejected log-invalid at log",
    {
      bundle: {
        entry: (entry) => ({
          ...entry,
          proof: {
            ...entry.proof,
            checkpoint: new VirtualLog().checkpoint(entry.proof.treeSize, entry.proof.rootHash),
          },
        }),
      },
    },
    "a bundle",
  ],
  "a second entry that is about another signature, beside a good one (CVE-2024-51746)": [
    "rejected log-mismatch at log",
    {
      bundle: {
        bundle: (proper) => {
          const entries = proper.verificationMaterial.tlogEntries!;
          const borrowed = borrowedEntry();
          return {
            ...proper,
            verificationMaterial: { ...proper.verificationMaterial, tlogEntries: [...entries, borrowed] },
          };
        },
      },
    },
    "a bundle",
  ],
  "a timestamp over something else": [
    "rejected timestamp-invalid at timestamp",
    { stamps: () => [chain.stamp(Buffer.from("another signature"))] },
  ],
  "no timestamp where one is required": [
    "rejected timestamp-missing at timestamp",
    { trust: { timestamp: "required" } },
  ],
  "no SCT": ["rejected sct-missing at chain", { leaf: { timestamps: () => [] } }],
  "an SCT of an unknown log": [
    "rejected sct-invalid at chain",
    { leaf: { timestamps: (proper) => [timestampOf({ ...proper, log: makeKey() })] } },
  ],
  "an SCT of another certificate": [
    "rejected sct-invalid at chain",
    { leaf: { timestamps: (proper) => [timestampOf({ ...proper, tbs: Buffer.from("another") })] } },
  ],
  "an SCT for another authority's certificate": [
    "rejected sct-invalid at chain",
    { leaf: { timestamps: (proper) => [timestampOf({ ...proper, issuer: stranger.intermediate })] } },
  ],
  "an SCT from before the trust root trusts its log": [
    "rejected sct-invalid at chain",
    { leaf: { timestamps: (proper) => [timestampOf({ ...proper, at: "2019-01-01T00:00:00Z" })] } },
  ],
  "an SCT from after the trust root trusts its log": [
    "rejected sct-invalid at chain",
    {
      root: (root) => {
        root.ctlogs[0]!.publicKey.validFor["end"] = "2023-11-14T22:10:00Z";
        return root;
      },
    },
  ],
  "an SCT that ends too early": [
    "rejected malformed at parsed",
    { leaf: { timestamps: (proper) => [timestampOf(proper).subarray(0, 50)] } },
  ],
  "a certificate for servers": [
    "rejected certificate-unfit at chain",
    { leaf: { extensions: (proper) => [...without(EKU)(proper), purposes(false, "1.3.6.1.5.5.7.3.1")] } },
  ],
  "a certificate for no stated purpose": [
    "rejected certificate-unfit at chain",
    { leaf: { extensions: without(EKU) } },
  ],
  "a certificate whose key may not sign": [
    "rejected certificate-unfit at chain",
    { leaf: { extensions: (proper) => [...without(USAGE)(proper), keyUsage(0x20, 5)] } },
  ],
  "a certificate of an authority": [
    "rejected certificate-unfit at chain",
    { leaf: { extensions: (proper) => [...proper, basicConstraints()] } },
  ],
  "a certificate that demands what nobody knows": [
    "rejected certificate-untrusted at chain",
    { leaf: { extensions: (proper) => [...proper, extension("1.2.3.4", sequence())] } },
  ],
  "a precertificate, which is not yet a certificate": [
    "rejected certificate-untrusted at chain",
    { leaf: { extensions: (proper) => [...proper, extension("1.3.6.1.4.1.11129.2.4.3", Buffer.of(5, 0))] } },
  ],
  "another issuer of the same subject": [
    "rejected wrong-signer at identity",
    { leaf: { issuer: "https://evil.example.com" } },
  ],
  "another subject of the same issuer": [
    "rejected wrong-signer at identity",
    { leaf: { names: [uri(WORKFLOW.replace("heads/main", "heads/evil"))] } },
  ],
  "a subject with something behind (T-ID-01)": [
    "rejected wrong-signer at identity",
    { leaf: { names: [uri(`${WORKFLOW}x`)] } },
  ],
  "the issuer of one identity with the subject of another": [
    "rejected wrong-signer at identity",
    {
      trust: {
        identities: [
          { issuer: exact(ISSUER), subject: exact("bob@example.com") },
          { issuer: exact("https://accounts.example.com"), subject: exact(WORKFLOW) },
        ],
      },
    },
  ],
  "a certificate without an issuer": ["rejected wrong-signer at identity", { leaf: { issuer: null } }],
  "a certificate without a name": ["rejected wrong-signer at identity", { leaf: { names: [] } }],
  "a certificate of two names, one of them meant": [
    "rejected wrong-signer at identity",
    { leaf: { names: [uri(WORKFLOW), email("bob@example.com")] } },
  ],
  "the meant name as a host's": ["rejected wrong-signer at identity", { leaf: { names: [hostName("example.com")] } }],
  "the meant name as another type's": [
    "rejected wrong-signer at identity",
    { leaf: { names: [otherName("1.2.3.4", "bob@example.com")] }, trust: { identities: [BOB] } },
  ],
  "a certificate that names two issuers": [
    "rejected malformed at parsed",
    { leaf: { oldIssuer: "https://evil.example.com" } },
  ],
  "a name with a line break": ["rejected malformed at parsed", { leaf: { names: [uri(`${WORKFLOW}\n`)] } }],
  "a name with a NUL": ["rejected malformed at parsed", { leaf: { names: [uri(`${WORKFLOW}\u0000.example.com`)] } }],
  "another value of an extension that is asked for (CVE-2026-48815)": [
    "rejected extension-mismatch at identity",
    {
      leaf: { says: { sourceRepositoryURI: "https://github.com/evil/fork" } },
      trust: { extensions: { sourceRepositoryURI: "https://github.com/acme/shop" } },
    },
  ],
  "an absent extension that is asked for": [
    "rejected extension-mismatch at identity",
    { trust: { extensions: { sourceRepositoryURI: "https://github.com/acme/shop" } } },
  ],
  "a root in a bundle's chain": [
    "rejected malformed at parsed",
    { bundle: { bundle: (proper) => withChain(proper, [chain.fulcio.intermediate.der, chain.fulcio.root.der]) } },
    "a bundle",
  ],
  "a certificate that cannot be read": [
    "rejected malformed at parsed",
    { legacy: { certificate: { pem: "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n" } } },
    "a .sig tag",
  ],
  "two certificates in the place of one": [
    "rejected malformed at parsed",
    { legacy: { certificate: { pem: sameKey.pem + sameKey.pem } } },
    "a .sig tag",
  ],
};

/** A genuine entry of the same log for another image's signature by the same workflow. */
function borrowedEntry(): Record<string, unknown> {
  const artifact = chain.bundle(other.digest);
  const bundle = JSON.parse(artifact.blobs[1]!.toString()) as Bundle;
  return bundle.verificationMaterial.tlogEntries![0]!;
}

describe("a keyless signature does not count with", () => {
  for (const [what, [expected, one, only]] of Object.entries(BROKEN)) {
    for (const form of only === undefined ? FORMS : [only]) {
      test(`${what}, under ${form}`, async () => {
        const opinion = await judge(form, one);
        assert.equal(verdictOf(opinion), expected, detailOf(opinion));
        assert.ok(detailOf(opinion).length > 20);
      });
    }
  }

  test("a good signature of another image", async () => {
    for (const form of FORMS) {
      const signed = form === "a bundle" ? chain.bundle(other.digest) : chain.legacy(other.digest);
      const images = new MemoryImages().put(image);
      if (form === "a bundle") images.refer(other.digest, signed, undefined).refer(image.digest, signed, undefined);
      else images.put({ ...signed, tag: `${image.digest.replace(":", "-")}.sig` });
      const opinions = await judgeAll(images, targetOf(image.digest), chain.authority());
      assert.match(opinions.map(verdictOf).join(), /^rejected wrong-subject at (?:found|subject)$/);
    }
  });

  test("more than ten intermediates, before any of them costs a check (T-CERT-02, CVE-2026-32280)", async () => {
    const root = issue({ name: "own root", extensions: CA_EXTENSIONS });
    const pile = Array.from({ length: 11 }, () => issue({ name: "own root", issuer: root, extensions: CA_EXTENSIONS }));
    const issued = chain.fulcio.issue({ signer: root });
    const certificate = { pem: issued.pem, chain: pile.map(({ pem }) => pem).join("") };
    const own = { roots: [{ pem: root.pem, from: "root.crt" }], intermediates: [] };
    const legacy = { key: issued.key, certificate };
    const trust = { certificateAuthority: own, sct: "unsafe-ignored" } as const;
    const started = performance.now();
    const opinion = await judge("a .sig tag", { legacy, trust });
    assert.ok(performance.now() - started < 1000);
    assert.equal(verdictOf(opinion), "rejected certificate-untrusted at chain");
    assert.match(detailOf(opinion), /more than 10 intermediate/);
  });
});

describe("a chain beside a certificate is refused unread", () => {
  const issued = chain.fulcio.issue();
  const { pem } = chain.fulcio.intermediate;
  const CHAINS = {
    "with more certificates than a path can have": [pem.repeat(12), "rejected malformed at parsed"],
    "with more text than so many certificates are": [
      `${pem}${"\n".repeat(512 * 1024)}`,
      "rejected malformed at parsed",
    ],
    "but not at the limit": [pem.repeat(11), "verified"],
  } as const;
  for (const [what, [above, expected]] of Object.entries(CHAINS)) {
    test(what, async () => {
      const legacy = { key: issued.key, certificate: { pem: issued.pem, chain: above } };
      assert.equal(verdictOf(await judge("a .sig tag", { legacy })), expected);
    });
  }
});

describe("a keyless authority explains", () => {
  test("who signed, where it does not name them", async () => {
    const opinion = await judge("a bundle", { leaf: { names: [email("eve@example.com")] } });
    assert.equal(
      detailOf(opinion),
      `signed by "eve@example.com" (issuer "${ISSUER}"), which this authority does not name`,
    );
    assert.deepEqual(opinion.kind === "rejected" && opinion.signer, { ...SIGNER, subject: "eve@example.com" });
  });

  test("a signature by a key", async () => {
    for (const form of FORMS) {
      const opinion = await judge(form, {
        legacy: { key: makeKey(), certificate: undefined },
        bundle: { key: makeKey(), certificate: undefined },
      });
      assert.equal(verdictOf(opinion), "rejected no-certificate at signature");
      assert.match(detailOf(opinion), /^signed by key [0-9a-f]{12}…, without a certificate, and this authority trusts/);
    }
  });

  test("a signature by a key that cannot be told, as by some key", async () => {
    const keyed = { key: makeKey(), certificate: undefined };
    const broken = { ...keyed, signature: () => makeKey().sign(Buffer.from("x")) };
    for (const bundle of [broken, { ...keyed, log: undefined }]) {
      const opinion = await judge("a bundle", { bundle });
      assert.equal(verdictOf(opinion), "rejected no-certificate at signature");
      assert.match(detailOf(opinion), /^signed by a key, without/);
      assert.equal(opinion.kind === "rejected" && opinion.signer, undefined);
    }
  });

  test("what is wrong with SCTs, of which one is out of time and another no word for the certificate", async () => {
    const old = "2019-01-01T00:00:00Z";
    const detail = async (timestamps: LeafOptions["timestamps"]): Promise<string> =>
      detailOf(await judge("a bundle", { leaf: { ...(timestamps && { timestamps }) } }));
    const late = await detail((proper) => [timestampOf({ ...proper, at: old })]);
    assert.match(late, /is of a time at which the trust root does not trust the log/);
    const mixed = await detail((proper) => [
      timestampOf({ ...proper, at: old }),
      timestampOf({ ...proper, tbs: Buffer.from("another") }),
    ]);
    assert.match(mixed, /is not the log's word for this certificate/);
  });

  test("whether no timestamp comes with a signature, or only a stranger's", async () => {
    const trust = { timestamp: "required" } as const;
    const foreign = new TestTimestampAuthority();
    const stamps = (signature: Buffer): readonly Buffer[] => [foreign.stamp(signature, { at: "2023-11-14T22:14:00Z" })];
    assert.match(detailOf(await judge("a bundle", { trust })), /but no RFC 3161 timestamp comes with the signature$/);
    assert.match(
      detailOf(await judge("a bundle", { trust, stamps })),
      /but none of its RFC 3161 timestamps is of an authority in the trust root$/,
    );
  });

  test("an authority of keys the other way round", async () => {
    for (const artifact of [chain.legacy(image.digest), chain.bundle(image.digest)]) {
      const images = new MemoryImages().put(image);
      if (artifact.tag === undefined) images.refer(image.digest, artifact, undefined);
      else images.put(artifact);
      const [opinion] = await judgeAll(images, targetOf(image.digest), authorityOf([makeKey()], chain.log.trust));
      assert.ok(opinion !== undefined);
      assert.equal(verdictOf(opinion), "rejected unknown-key at signature");
      assert.ok(
        detailOf(opinion).includes(
          `names "${WORKFLOW}" (issuer "${ISSUER}") (keyless), and this authority trusts keys`,
        ),
      );
    }
  });

  test("a trust root that has not been read as something that cannot be told, never as a good signature", async () => {
    const root = { kind: "tuf-mirror", mirror: "https://tuf.example.com", rootJson: "{}", from: "root.json" } as const;
    for (const form of FORMS) {
      const opinion = await judge(form, { trust: { root } });
      assert.equal(verdictOf(opinion), "undetermined unreachable at chain");
    }
    const images = new MemoryImages().put(image);
    const key = makeKey();
    images.put(chain.legacy(image.digest, { key, certificate: undefined }));
    const [keyed] = await judgeAll(images, targetOf(image.digest), authorityOf([key], root));
    assert.equal(verdictOf(keyed), "undetermined unreachable at log");
    const [other] = await judgeAll(images, targetOf(image.digest), authorityOf([makeKey()], root));
    assert.equal(verdictOf(other), "rejected unknown-key at signature");
  });
});

describe("one's own PKI", () => {
  const root = issue({ name: "own root", extensions: CA_EXTENSIONS });
  const middle = issue({
    name: "own middle",
    issuer: root,
    extensions: CA_EXTENSIONS,
    notAfter: "2039-01-01T00:00:00Z",
  });
  const names = [email("bob@example.com"), hostName("build.example.com")];
  const long = { notBefore: "2021-01-01T00:00:00Z", notAfter: "2041-01-01T00:00:00Z" };
  const bare: LeafOptions = {
    signer: middle,
    names,
    issuer: null,
    timestamps: () => [],
    extensions: without(EKU),
    ...long,
  };
  const unlogged = { transparencyLog: "unsafe-ignored", sct: "unsafe-ignored" } as const;
  const pem = (one: { readonly pem: string }) => ({ pem: one.pem, from: "own.crt" });
  const trusting = (intermediates: readonly { readonly pem: string }[] = [middle]): Partial<KeylessAuthority> => ({
    certificateAuthority: { roots: [pem(root)], intermediates: intermediates.map(pem) },
    identities: [{ issuer: undefined, subject: exact("bob@example.com") }],
    ...unlogged,
  });

  test("signs without log, SCT, issuer and stated purpose, and then counts while its certificates are valid", async () => {
    for (const form of FORMS) {
      const opinion = await judge(form, { leaf: bare, sign: { log: undefined }, trust: trusting() });
      assert.ok(opinion.kind === "verified", detailOf(opinion));
      assert.deepEqual([opinion.notBefore, opinion.notAfter], ["2021-01-01T00:00:00.000Z", "2039-01-01T00:00:00.000Z"]);
      assert.match(opinion.notes.join(), /no time of signing is proved/);
    }
  });

  test("names its root where nobody vouched for the name, and all names as one signer", async () => {
    const opinion = await judge("a .sig tag", { leaf: bare, sign: { log: undefined }, trust: trusting() });
    assert.ok(opinion.kind === "verified");
    const [signer] = opinion.signers;
    assert.ok(signer?.kind === "identity");
    const { spki, ...rest } = signer;
    assert.deepEqual(rest, {
      kind: "identity",
      issuer: `x509-root:${root.key.public.spki}`,
      subject: "bob@example.com, build.example.com",
    });
    assert.match(spki ?? "", /^sha256:[0-9a-f]{64}$/);
  });

  test("counts at the time that a log proves, and for good", async () => {
    const trust = { ...trusting(), transparencyLog: "required" } as const;
    const opinion = await judge("a .sig tag", { leaf: bare, trust });
    assert.deepEqual(opinion.kind === "verified" && [opinion.notBefore, opinion.notAfter], [
      "2023-11-14T22:13:20.000Z",
      undefined,
    ]);
  });

  test("may bring its intermediates along, which are believed for their root's signature alone", async () => {
    const issued = chain.fulcio.issue(bare);
    const bring = (...above: readonly { readonly pem: string }[]): Case => ({
      legacy: {
        key: issued.key,
        certificate: { pem: issued.pem, chain: above.map((one) => one.pem).join("") },
        log: undefined,
      },
      trust: trusting([]),
    });
    assert.equal(verdictOf(await judge("a .sig tag", bring(middle))), "verified");
    assert.equal(verdictOf(await judge("a .sig tag", bring(middle, root))), "verified");
    assert.equal(
      verdictOf(await judge("a .sig tag", bring(chain.fulcio.intermediate))),
      "rejected certificate-untrusted at chain",
    );
  });

  test("does not let intermediates be brought along under a root of Sigstore", async () => {
    const issued = chain.fulcio.issue({ signer: shortLived, notBefore: "2023-11-14T22:00:00Z" });
    const legacy = { key: issued.key, certificate: { pem: issued.pem, chain: shortLived.pem } };
    assert.equal(verdictOf(await judge("a .sig tag", { legacy })), "rejected certificate-untrusted at chain");
  });

  test("asks for the issuer that is given", async () => {
    const identities = [{ issuer: exact(ISSUER), subject: exact("bob@example.com") }];
    const trust = { ...trusting(), identities };
    const sign = { log: undefined };
    assert.equal(verdictOf(await judge("a .sig tag", { leaf: { ...bare, issuer: ISSUER }, sign, trust })), "verified");
    assert.equal(
      verdictOf(await judge("a .sig tag", { leaf: bare, sign, trust })),
      "rejected wrong-signer at identity",
    );
  });

  test("does not count for other purposes than code", async () => {
    const extensions: LeafOptions["extensions"] = (proper) => [
      ...without(EKU)(proper),
      purposes(false, "1.3.6.1.5.5.7.3.1"),
    ];
    const opinion = await judge("a .sig tag", {
      leaf: { ...bare, extensions },
      sign: { log: undefined },
      trust: trusting(),
    });
    assert.equal(verdictOf(opinion), "rejected certificate-unfit at chain");
  });
});

describe("a keyless authority cannot be made", () => {
  const root = (change: (proper: TrustedRootJson) => object) => chain.authority({}, change);
  const REFUSED: Readonly<Record<string, readonly [KeylessAuthority, RegExp]>> = {
    "without identities": [chain.authority({ identities: [] }), /no identities/],
    "with an identity without an issuer (T-ID-03)": [
      chain.authority({ identities: [{ issuer: undefined, subject: exact(WORKFLOW) }] }),
      /names no issuer/,
    ],
    "with an extension that Fulcio does not have": [
      chain.authority({ extensions: { sourceRepository: "x" } }),
      /no extension of Fulcio/,
    ],
    "with a root without certificate authorities": [
      root((proper) => ({ ...proper, certificateAuthorities: [] })),
      /names no authority for certificates/,
    ],
    "with a root without certificate transparency logs": [
      root((proper) => ({ ...proper, ctlogs: [] })),
      /names no certificate transparency log/,
    ],
    "with a root without logs": [root((proper) => ({ ...proper, tlogs: [] })), /names no transparency log/],
    "with a certificate authority without a beginning (T-ROOT-01)": [
      root((proper) => ({
        ...proper,
        certificateAuthorities: proper.certificateAuthorities.map((one) => ({ ...one, validFor: {} })),
      })),
      /certificateAuthorities\[0\]\.validFor\.start is not a string/,
    ],
    "with a certificate transparency log without a beginning (T-ROOT-01)": [
      root((proper) => ({
        ...proper,
        ctlogs: proper.ctlogs.map((one) => ({ ...one, publicKey: { ...one.publicKey, validFor: {} } })),
      })),
      /ctlogs\[0\]\.publicKey\.validFor\.start is not a string/,
    ],
    "with a root certificate that is a leaf's": [
      chain.authority({
        certificateAuthority: { roots: [{ pem: sameKey.pem, from: "leaf.crt" }], intermediates: [] },
      }),
      /leaf\.crt holds a certificate that is of no authority/,
    ],
    "with root certificates of which one is a leaf's": [
      chain.authority({
        certificateAuthority: {
          roots: [{ pem: chain.fulcio.root.pem + sameKey.pem, from: "bundle.crt" }],
          intermediates: [],
        },
      }),
      /bundle\.crt holds a certificate that is of no authority/,
    ],
    "without root certificates of its own PKI": [
      chain.authority({ certificateAuthority: { roots: [], intermediates: [] } }),
      /has no roots/,
    ],
  };
  for (const [what, [spec, why]] of Object.entries(REFUSED)) {
    test(what, async () => {
      await assert.rejects(async () => await judgeAll(new MemoryImages(), targetOf(image.digest), spec), {
        name: "InputError",
        message: why,
      });
    });
  }

  test("except where what is missing was left out on purpose", async () => {
    const bare = (proper: TrustedRootJson): object => ({ ...proper, tlogs: [], ctlogs: [] });
    const trust = { transparencyLog: "unsafe-ignored", sct: "unsafe-ignored" } as const;
    const opinion = await judge("a bundle", {
      sign: { log: undefined },
      stamps: at("2023-11-14T22:14:00Z"),
      trust,
      root: bare,
    });
    assert.equal(verdictOf(opinion), "verified");
  });
});
