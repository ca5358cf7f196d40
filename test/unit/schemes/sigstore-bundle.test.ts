import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import { preAuthEncoding } from "../../../src/crypto/dsse.ts";
import { hexOf } from "../../../src/domain/digest.ts";
import type { Opinion } from "../../../src/domain/facts.ts";
import { instantOf } from "../../../src/domain/instant.ts";
import { OCI_EMPTY } from "../../../src/domain/media-types.ts";
import type { CosignAuthority } from "../../../src/domain/trust.ts";
import { compileProver } from "../../../src/schemes/prover.ts";
import { parseBundle } from "../../../src/schemes/sigstore-bundle/bundle.ts";
import { proveBundle } from "../../../src/schemes/sigstore-bundle/bundle-signature.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { artifactOf, imageOf } from "../../support/signing/artifact.ts";
import { BUNDLE_TYPE, bundleEntry, signBundle, type Bundle, type BundleOptions } from "../../support/signing/bundle.ts";
import { authorityOf, judgeAll, targetOf, verdictOf } from "../../support/signing/judging.ts";
import { makeKey, type KeyKind } from "../../support/signing/keys.ts";
import { dsseBody, dsseBody2, hashedRekordBody, intotoBody } from "../../support/signing/log-bodies.ts";
import { logBreakages } from "../../support/signing/log-breakages.ts";
import { VirtualLog, type VirtualEntry } from "../../support/signing/virtual-log.ts";

const log = new VirtualLog();
const otherLog = new VirtualLog();
const stranger = makeKey();
const image = imageOf("web");
const other = imageOf("another image");
const KINDS: readonly KeyKind[] = ["p256", "p384", "p521", "rsa2048", "rsa4096", "ed25519"];
const KEYS = new Map(KINDS.map((kind) => [kind, makeKey(kind)]));
const ours = KEYS.get("p256")!;

type Case = {
  readonly sign?: Partial<BundleOptions>;
  readonly trust?: Partial<CosignAuthority>;
  readonly listed?: string;
};

async function judge({ sign = {}, trust = {}, listed = OCI_EMPTY }: Case, key = ours): Promise<Opinion | undefined> {
  const signed = signBundle({ image: image.digest, key, log, ...sign });
  const images = new MemoryImages().refer(image.digest, signed, listed);
  const opinions = await judgeAll(images, targetOf(image.digest), authorityOf([key], log.trust, trust));
  assert.ok(opinions.length <= 1);
  return opinions[0];
}

const UNLOGGED = { transparencyLog: { kind: "unsafe-ignored" } } as const;

describe("a sigstore bundle that refers to an image", () => {
  for (const [kind, key] of KEYS) {
    test(`verifies by a ${kind} key, with the signer and the log's time`, async () => {
      assert.deepEqual(await judge({}, key), {
        kind: "verified",
        signers: [{ kind: "key", spki: digestOf(key.der) }],
        notBefore: instantOf(1_700_000_000_000),
        notAfter: undefined,
        signedAt: [instantOf(1_700_000_000_000)],
        notes: [],
      });
    });
  }

  for (const listed of [BUNDLE_TYPE, OCI_EMPTY, ""]) {
    test(`is found where the list says "${listed}"`, async () =>
      assert.equal(verdictOf(await judge({ listed })), "verified"));
  }

  test("is found in a manifest that does not say itself what it holds", async () => {
    const manifest: BundleOptions["manifest"] = ({ artifactType: _, ...rest }) => rest;
    assert.equal(verdictOf(await judge({ sign: { manifest } })), "verified");
  });

  test("is not fetched where the list names another type", async () => {
    const images = new MemoryImages().refer(
      image.digest,
      signBundle({ image: image.digest, key: ours, log }),
      "application/spdx+json",
    );
    assert.deepEqual(await judgeAll(images, targetOf(image.digest), authorityOf([ours], log.trust)), []);
    assert.equal(images.asked.filter((each) => !each.endsWith(".sig")).length, 1);
  });

  test("costs three requests", async () => {
    const images = new MemoryImages().refer(
      image.digest,
      signBundle({ image: image.digest, key: ours, log }),
      OCI_EMPTY,
    );
    await judgeAll(images, targetOf(image.digest), authorityOf([ours], log.trust, { discover: ["referrers"] }));
    assert.equal(images.asked.length, 3);
  });

  test("verifies with an entry of the kind intoto", async () => {
    assert.equal(verdictOf(await judge({ sign: { body: intotoBody } })), "verified");
  });

  test("verifies with an entry of the kind hashedrekord over the signed encoding", async () => {
    const body: BundleOptions["body"] = ({ content, ...parts }) =>
      hashedRekordBody({ ...parts, content: preAuthEncoding("application/vnd.in-toto+json", content) });
    assert.equal(verdictOf(await judge({ sign: { body } })), "verified");
  });

  for (const [name, expected] of [
    ["log2030-1.example.com", "verified"],
    ["log2030-1.example.org", "rejected log-invalid at log"],
  ] as const) {
    test(`with an entry as Rekor v2 makes them and a checkpoint of ${name}: ${expected}`, async () => {
      const tiles = new VirtualLog({ key: KEYS.get("ed25519")!, origin: "log2030-1.example.com" });
      const noted = (entry: VirtualEntry): VirtualEntry => {
        const note = tiles.checkpoint(entry.proof.treeSize, entry.proof.rootHash, name);
        return { ...entry, proof: { ...entry.proof, checkpoint: note.replace(/\u2014 [^ ]+/, `\u2014 ${name}`) } };
      };
      const sign: Partial<BundleOptions> = {
        log: tiles,
        body: (parts) => dsseBody2(parts, ours.der),
        entry: noted,
        bundle: (proper) => changeEntry(proper, { inclusionPromise: undefined, integratedTime: undefined }),
      };
      const root = { kind: "trusted-root", json: tiles.trustedRoot(), from: "root" } as const;
      const opinion = await judge({ sign, trust: { transparencyLog: { kind: "required", root } } });
      assert.equal(verdictOf(opinion), expected);
      // Without a promise nothing proves a time.
      if (opinion?.kind === "verified") assert.deepEqual([opinion.notBefore, opinion.signedAt], [undefined, []]);
    });
  }

  for (const [version, without] of [
    ["0.1", "inclusionProof"],
    ["0.2", "inclusionPromise"],
    ["0.3", "inclusionPromise"],
  ] as const) {
    test(`of version ${version} verifies without ${without}`, async () => {
      const bundle = (proper: Bundle): object => ({
        ...changeEntry(proper, { [without]: undefined }),
        mediaType: `application/vnd.dev.sigstore.bundle+json;version=${version}`,
      });
      assert.equal(verdictOf(await judge({ sign: { bundle } })), "verified");
    });
  }

  test("verifies with whole numbers that are written as numbers", async () => {
    const bundle = (proper: Bundle): object => {
      const [entry] = proper.verificationMaterial.tlogEntries!;
      return changeEntry(proper, {
        logIndex: Number(entry!["logIndex"]),
        integratedTime: Number(entry!["integratedTime"]),
      });
    };
    assert.equal(verdictOf(await judge({ sign: { bundle } })), "verified");
  });

  test("verifies without an entry where the operator ignores the log", async () => {
    assert.equal(verdictOf(await judge({ sign: { log: undefined }, trust: UNLOGGED })), "verified");
  });

  test("verifies with the annotations of the signed subject", async () => {
    const opinion = await judge({ sign: { annotations: { env: "prod" } }, trust: { annotations: { env: "prod" } } });
    assert.equal(verdictOf(opinion), "verified");
  });

  test("verifies with a second entry of a log nobody trusts", async () => {
    const bundle = (proper: Bundle): object => {
      const [entry] = proper.verificationMaterial.tlogEntries!;
      const body = Buffer.from(entry!["canonicalizedBody"] as string, "base64");
      const entries = [bundleEntry(otherLog.append(body)), entry];
      return { ...proper, verificationMaterial: { ...proper.verificationMaterial, tlogEntries: entries } };
    };
    assert.equal(verdictOf(await judge({ sign: { bundle } })), "verified");
  });
});

function changeEntry(proper: Bundle, change: object): Bundle {
  const [entry] = proper.verificationMaterial.tlogEntries!;
  return {
    ...proper,
    verificationMaterial: { ...proper.verificationMaterial, tlogEntries: [{ ...entry, ...change }] },
  };
}

const withEntry = (change: object): Case => ({ sign: { bundle: (proper) => changeEntry(proper, change) } });
const withProof = (change: (proof: VirtualEntry["proof"]) => Partial<VirtualEntry["proof"]>): Case => ({
  sign: { entry: (entry) => ({ ...entry, proof: { ...entry.proof, ...change(entry.proof) } }) },
});
const withMaterial = (change: object): Case => ({
  sign: { bundle: (proper) => ({ ...proper, verificationMaterial: { ...proper.verificationMaterial, ...change } }) },
});
const withStatement = (from: string, to: string): Case => ({ sign: { statement: (text) => text.replace(from, to) } });
const flip = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte)));

/** What one change makes of an otherwise valid bundle. */
const BROKEN: Readonly<Record<string, readonly [expected: string, broken: Case]>> = {
  ...logBreakages({ ours, stranger, log, otherLog }),
  "one bit of the signature": ["rejected bad-signature at signature", { sign: { signature: flip, log: undefined } }],
  "the payload after signing": [
    "rejected bad-signature at signature",
    {
      sign: {
        bundle: (proper) => ({
          ...proper,
          dsseEnvelope: { ...proper.dsseEnvelope, payload: Buffer.from("{}").toString("base64") },
        }),
      },
    },
  ],
  "the payload's type after signing, by a letter that ASCII would drop bits of": [
    "rejected bad-signature at signature",
    {
      sign: {
        bundle: (proper) => ({
          ...proper,
          dsseEnvelope: { ...proper.dsseEnvelope, payloadType: proper.dsseEnvelope.payloadType.replace("a", "\u0161") },
        }),
      },
    },
  ],
  "a certificate in the key's place": [
    "rejected unknown-key at signature",
    withMaterial({ publicKey: undefined, certificate: { rawBytes: "MAA=" } }),
  ],
  "an entry with neither promise nor proof": [
    "rejected log-missing at log",
    withEntry({ inclusionPromise: undefined, inclusionProof: undefined }),
  ],
  "the time under a promise": ["rejected log-invalid at log", withEntry({ integratedTime: "1600000000" })],
  "no time under a promise": ["rejected log-invalid at log", withEntry({ integratedTime: "0" })],
  "a hash of the proof": [
    "rejected log-invalid at log",
    withProof(({ hashes }) => ({ hashes: [flip(hashes[0]!), ...hashes.slice(1)] })),
  ],
  "a hash too few in the proof": [
    "rejected log-invalid at log",
    withProof(({ hashes }) => ({ hashes: hashes.slice(1) })),
  ],
  "a hash too many in the proof": [
    "rejected log-invalid at log",
    withProof(({ hashes }) => ({ hashes: [...hashes, hashes[0]!] })),
  ],
  "the leaf's place in the tree": [
    "rejected log-invalid at log",
    withProof(({ logIndex }) => ({ logIndex: logIndex - 1 })),
  ],
  "a place beyond the tree": ["rejected log-invalid at log", withProof(({ treeSize }) => ({ logIndex: treeSize }))],
  "the tree's size": ["rejected log-invalid at log", withProof(({ treeSize }) => ({ treeSize: treeSize + 1 }))],
  "the proof's root hash": ["rejected log-invalid at log", withProof(({ rootHash }) => ({ rootHash: flip(rootHash) }))],
  "a checkpoint of another root": [
    "rejected log-invalid at log",
    withProof(({ treeSize, rootHash }) => ({ checkpoint: log.checkpoint(treeSize, flip(rootHash)) })),
  ],
  "a checkpoint of another size": [
    "rejected log-invalid at log",
    withProof(({ treeSize, rootHash }) => ({ checkpoint: log.checkpoint(treeSize + 1, rootHash) })),
  ],
  "a checkpoint by another log's key": [
    "rejected log-invalid at log",
    withProof(({ treeSize, rootHash }) => ({ checkpoint: otherLog.checkpoint(treeSize, rootHash) })),
  ],
  "a checkpoint of another origin": [
    "rejected log-invalid at log",
    withProof(({ treeSize, rootHash }) => ({ checkpoint: log.checkpoint(treeSize, rootHash, "log.example.org") })),
  ],
  "an entry as hashedrekord over the payload alone": [
    "rejected log-mismatch at log",
    { sign: { body: hashedRekordBody } },
  ],
  "a good entry beside one of another payload": [
    "rejected log-mismatch at log",
    {
      sign: {
        bundle: (proper) => {
          const entries = proper.verificationMaterial.tlogEntries!;
          const body = intotoBody({ content: Buffer.from("other"), signature: Buffer.from("other"), pem: ours.pem });
          const tlogEntries = [...entries, bundleEntry(log.append(body))];
          return { ...proper, verificationMaterial: { ...proper.verificationMaterial, tlogEntries } };
        },
      },
    },
  ],
  "a good entry beside a broken one": [
    "rejected log-invalid at log",
    {
      sign: {
        bundle: (proper) => {
          const [entry] = proper.verificationMaterial.tlogEntries!;
          const tlogEntries = [entry, { ...entry, integratedTime: "1600000000" }];
          return { ...proper, verificationMaterial: { ...proper.verificationMaterial, tlogEntries } };
        },
      },
    },
  ],
  "an entry of one signature more": [
    "rejected log-mismatch at log",
    {
      sign: {
        body: (parts) => {
          const body = JSON.parse(dsseBody(parts).toString()) as { spec: { signatures: object[] } };
          const more = ours.sign(parts.content).toString("base64");
          body.spec.signatures.push({ signature: more, verifier: Buffer.from(ours.pem).toString("base64") });
          return Buffer.from(JSON.stringify(body));
        },
      },
    },
  ],
  "33 entries": [
    "rejected malformed at parsed",
    {
      sign: {
        bundle: (proper) => {
          const [entry] = proper.verificationMaterial.tlogEntries!;
          const tlogEntries = Array.from({ length: 33 }, () => entry);
          return { ...proper, verificationMaterial: { ...proper.verificationMaterial, tlogEntries } };
        },
      },
    },
  ],
  "an entry whose kind is not its body's": [
    "rejected malformed at parsed",
    withEntry({ kindVersion: { kind: "hashedrekord", version: "0.0.1" } }),
  ],
  "a negative index": ["rejected malformed at parsed", withEntry({ logIndex: "-1" })],
  "an index that no double holds exactly": ["rejected malformed at parsed", withEntry({ logIndex: 2 ** 60 })],
  "an index that is no whole number": ["rejected malformed at parsed", withEntry({ logIndex: 0.5 })],
  "no inclusion proof": ["rejected malformed at parsed", withEntry({ inclusionProof: undefined })],
  "no promise in version 0.1": [
    "rejected malformed at parsed",
    {
      sign: {
        bundle: (proper) => ({
          ...changeEntry(proper, { inclusionPromise: undefined }),
          mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1",
        }),
      },
    },
  ],
  "neither promise nor proof in version 0.1": [
    "rejected log-missing at log",
    {
      sign: {
        bundle: (proper) => ({
          ...changeEntry(proper, { inclusionPromise: undefined, inclusionProof: undefined }),
          mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1",
        }),
      },
    },
  ],
  "a timestamp that is required and absent": [
    "rejected timestamp-missing at timestamp",
    { trust: { timestamp: "required" } },
  ],
  "a timestamp that is required where nobody's counts": [
    "rejected timestamp-missing at timestamp",
    { sign: { timestamps: () => [Buffer.of(0x30, 0)] }, trust: { timestamp: "required" } },
  ],
  "the signed digest": ["rejected wrong-subject at subject", withStatement(hexOf(image.digest), hexOf(other.digest))],
  "the signed digest's algorithm": ["rejected wrong-subject at subject", withStatement('"sha256"', '"sha512"')],
  "the digest's case": [
    "rejected wrong-subject at subject",
    withStatement(hexOf(image.digest), hexOf(image.digest).toUpperCase()),
  ],
  "a member of the statement twice": [
    "rejected malformed at subject",
    withStatement('"subject"', '"subject":[],"subject"'),
  ],
  "a member of the statement under another case": [
    "rejected malformed at subject",
    withStatement('"subject"', '"Subject":[],"subject"'),
  ],
  "no subject": [
    "rejected malformed at subject",
    { sign: { statement: () => '{"_type":"https://in-toto.io/Statement/v1","subject":[]}' } },
  ],
  "the statement's type": [
    "rejected malformed at subject",
    withStatement("in-toto.io/Statement/v1", "in-toto.io/Statement/v9"),
  ],
  "the predicate's type": ["rejected wrong-predicate at predicate", withStatement("cosign/sign/v1", "cosign/sign/v2")],
  "an attestation's predicate, signed by the right key": [
    "rejected wrong-predicate at predicate",
    {
      sign: {
        statement: (text) => text.replace("https://sigstore.dev/cosign/sign/v1", "https://slsa.dev/provenance/v1"),
      },
    },
  ],
  "an attestation's predicate, before an annotation that attestations need not have": [
    "rejected wrong-predicate at predicate",
    { ...withStatement("cosign/sign/v1", "cosign/sign/v2"), trust: { annotations: { env: "prod" } } },
  ],
  "the signed digest, before the predicate of what is said about another image": [
    "rejected wrong-subject at subject",
    {
      sign: {
        statement: (text) =>
          text.replace(hexOf(image.digest), hexOf(other.digest)).replace("cosign/sign/v1", "cosign/sign/v2"),
      },
    },
  ],
  "an attestation by its manifest": [
    "rejected wrong-predicate at found",
    { sign: { predicateType: "https://slsa.dev/provenance/v1" } },
  ],
  "a signed type that is no statement": [
    "rejected wrong-predicate at predicate",
    { sign: { payloadType: "text/plain" } },
  ],
  "an annotation's value": [
    "rejected annotation-mismatch at predicate",
    { sign: { annotations: { env: "test" } }, trust: { annotations: { env: "prod" } } },
  ],
  "an annotation of another subject": [
    "rejected annotation-mismatch at predicate",
    {
      ...withStatement(
        '"subject":[',
        `"subject":[{"digest":{"sha256":"${hexOf(other.digest)}"},"annotations":{"env":"prod"}},`,
      ),
      trust: { annotations: { env: "prod" } },
    },
  ],
  "a name that is asked for, since bundles have none": [
    "rejected wrong-identity at identity",
    { trust: { signedIdentity: { kind: "matchRepository" } } },
  ],
  "the manifest's subject": [
    "rejected wrong-subject at found",
    { sign: { manifest: (proper) => ({ ...proper, subject: { ...proper.subject, digest: other.digest } }) } },
  ],
  "no subject in the manifest": [
    "rejected wrong-subject at found",
    { sign: { manifest: (proper) => ({ ...proper, subject: undefined }) } },
  ],
  "no bundle in a bundle's manifest": [
    "rejected malformed at parsed",
    {
      sign: {
        manifest: (proper) => ({
          ...proper,
          layers: proper.layers.map((layer) => ({ ...layer, mediaType: OCI_EMPTY })),
        }),
      },
    },
  ],
  "two layers in the manifest": [
    "rejected malformed at parsed",
    { sign: { manifest: (proper) => ({ ...proper, layers: [proper.layers[0], proper.layers[0]] }) } },
  ],
  "a declared size above any signature's": [
    "rejected unsupported at found",
    { sign: { manifest: (proper) => ({ ...proper, layers: [{ ...proper.layers[0], size: 5 << 20 }] }) } },
  ],
  "the bundle's version": [
    "rejected malformed at parsed",
    { sign: { bundle: (proper) => ({ ...proper, mediaType: "application/vnd.dev.sigstore.bundle.v0.9+json" }) } },
  ],
  "an unknown member": ["rejected malformed at parsed", { sign: { bundle: (proper) => ({ ...proper, trust: true }) } }],
  "two signatures in the envelope": [
    "rejected malformed at parsed",
    {
      sign: {
        bundle: (proper) => {
          const [signature] = proper.dsseEnvelope.signatures;
          return { ...proper, dsseEnvelope: { ...proper.dsseEnvelope, signatures: [signature, signature] } };
        },
      },
    },
  ],
  "no signature in the envelope": [
    "rejected malformed at parsed",
    { sign: { bundle: (proper) => ({ ...proper, dsseEnvelope: { ...proper.dsseEnvelope, signatures: [] } }) } },
  ],
  "both kinds of content": [
    "rejected malformed at parsed",
    { sign: { bundle: (proper) => ({ ...proper, messageSignature: {} }) } },
  ],
  "a message signature in the envelope's place": [
    "rejected unsupported at parsed",
    {
      sign: {
        bundle: (proper) => ({
          ...proper,
          dsseEnvelope: undefined,
          messageSignature: { messageDigest: { algorithm: "SHA2_256", digest: "AAAA" }, signature: "AAAA" },
        }),
      },
    },
  ],
  "text that is no JSON": ["rejected malformed at parsed", { sign: { bundle: () => "bundle" } }],
};

describe("an otherwise valid bundle is refused for", () => {
  for (const [what, [expected, broken]] of Object.entries(BROKEN)) {
    test(what, async () => assert.equal(verdictOf(await judge(broken)), expected));
  }

  for (const kind of ["p384", "rsa2048", "ed25519"] as const) {
    const key = KEYS.get(kind)!;
    test(`${kind}: one bit of the signature`, async () => {
      const sign = { signature: flip, log: undefined };
      assert.equal(verdictOf(await judge({ sign }, key)), "rejected bad-signature at signature");
    });
    test(`${kind}: the signed digest`, async () => {
      const broken = withStatement(hexOf(image.digest), hexOf(other.digest));
      assert.equal(verdictOf(await judge(broken, key)), "rejected wrong-subject at subject");
    });
    test(`${kind}: an entry of another key`, async () => {
      const logged: BundleOptions["logged"] = (parts) => ({ ...parts, pem: stranger.pem });
      assert.equal(verdictOf(await judge({ sign: { logged } }, key)), "rejected log-mismatch at log");
    });
  }

  test("a forged time with a proof only, which proves no time at all", async () => {
    const opinion = await judge(withEntry({ inclusionPromise: undefined, integratedTime: "1999999999" }));
    assert.deepEqual(opinion?.kind === "verified" && opinion.signedAt, []);
  });

  for (const [what, window, expected] of [
    ["before its log is trusted", { start: "2023-11-14T22:13:21Z" }, "rejected log-untrusted at log"],
    [
      "after its log is trusted",
      { start: "2020-01-01T00:00:00Z", end: "2023-11-14T22:13:19Z" },
      "rejected log-untrusted at log",
    ],
    [
      "in the first and last second of its log",
      { start: "2023-11-14T22:13:20Z", end: "2023-11-14T22:13:20Z" },
      "verified",
    ],
  ] as const) {
    test(`an entry ${what}: ${expected}`, async () => {
      const root = { kind: "trusted-root", json: log.trustedRoot(window), from: "root" } as const;
      assert.equal(verdictOf(await judge({ trust: { transparencyLog: { kind: "required", root } } })), expected);
    });
  }

  test("an entry without a proved time whose log is retired", async () => {
    const json = log.trustedRoot({ start: "2020-01-01T00:00:00Z", end: "2030-01-01T00:00:00Z" });
    const trust = {
      transparencyLog: { kind: "required", root: { kind: "trusted-root", json, from: "root" } },
    } as const;
    const opinion = await judge({ ...withEntry({ inclusionPromise: undefined }), trust });
    assert.equal(verdictOf(opinion), "rejected log-untrusted at log");
  });
});

describe("a bundle with the signature of a file", () => {
  const file = Buffer.from("the file");
  const prover = compileProver(authorityOf([ours], log.trust, UNLOGGED))!;
  const prove = (algorithm: string, digest: string, signature = ours.sign(file)): string => {
    const [, hex = ""] = digest.split(":");
    const bundle = {
      mediaType: BUNDLE_TYPE,
      verificationMaterial: { publicKey: { hint: "" } },
      messageSignature: {
        messageDigest: { algorithm, digest: Buffer.from(hex, "hex").toString("base64") },
        signature: signature.toString("base64"),
      },
    };
    const proof = proveBundle(parseBundle(Buffer.from(JSON.stringify(bundle)), 1 << 20), file, prover);
    return proof.kind === "proved" ? "proved" : verdictOf(proof);
  };

  test("is proved", () => assert.equal(prove("SHA2_256", digestOf(file)), "proved"));

  test("is refused for another file's digest beside it", () =>
    assert.equal(prove("SHA2_256", digestOf("another")), "rejected bad-signature at signature"));

  test("is refused for a digest of another kind beside it", () =>
    assert.equal(prove("SHA2_512", digestOf(file)), "rejected bad-signature at signature"));

  test("is refused for another file's signature", () =>
    assert.equal(
      prove("SHA2_256", digestOf(file), ours.sign(Buffer.from("another"))),
      "rejected bad-signature at signature",
    ));
});

describe("the referrers of an image", () => {
  const spec = authorityOf([ours], log.trust, { discover: ["referrers"] });
  const signed = signBundle({ image: image.digest, key: ours, log });

  test("may hold a good bundle beside bad ones and other artefacts", async () => {
    const sbom = artifactOf(
      {
        config: { mediaType: OCI_EMPTY, size: 2, digest: digestOf("{}") },
        layers: [],
        artifactType: "application/spdx+json",
      },
      [],
    );
    const images = new MemoryImages()
      .refer(image.digest, sbom, undefined)
      .refer(image.digest, signBundle({ image: image.digest, key: stranger, log }), BUNDLE_TYPE)
      .refer(image.digest, signed, OCI_EMPTY);
    const opinions = await judgeAll(images, targetOf(image.digest), spec);
    assert.deepEqual(opinions.map(verdictOf), ["rejected unknown-key at signature", "verified"]);
  });

  test("keep a good signature when an attestation beside it is too large to fetch", async () => {
    const big = signBundle({
      image: image.digest,
      key: ours,
      predicateType: "https://spdx.dev/Document",
      manifest: (proper) => ({ ...proper, layers: [{ ...proper.layers[0], size: 90 << 20 }] }),
    });
    const images = new MemoryImages().refer(image.digest, big, BUNDLE_TYPE).refer(image.digest, signed, BUNDLE_TYPE);
    const opinions = await judgeAll(images, targetOf(image.digest), spec);
    assert.deepEqual(opinions.map(verdictOf), ["rejected wrong-predicate at found", "verified"]);
  });

  test("whose manifest or bundle is gone are missing documents", async () => {
    for (const gone of [signed.digest, digestOf(signed.blobs[1]!)]) {
      const images = new MemoryImages().refer(image.digest, signed, BUNDLE_TYPE).forget(gone);
      const opinions = await judgeAll(images, targetOf(image.digest), spec);
      assert.deepEqual(opinions.map(verdictOf), ["rejected missing-document at fetched"]);
    }
  });

  test("of more than a thousand possible bundles are an error, and not the first thousand", async () => {
    const images = new MemoryImages();
    for (let count = 0; count < 1001; count += 1) {
      images.refer(image.digest, { ...signed, digest: digestOf(`bundle ${count}`) }, BUNDLE_TYPE);
    }
    await assert.rejects(judgeAll(images, targetOf(image.digest), spec), { name: "PortError", code: "too-many" });
  });

  test("that are listed more than once, under several types, are fetched and judged once", async () => {
    const images = new MemoryImages();
    for (const listed of [BUNDLE_TYPE, OCI_EMPTY, undefined, BUNDLE_TYPE]) images.refer(image.digest, signed, listed);
    assert.deepEqual((await judgeAll(images, targetOf(image.digest), spec)).map(verdictOf), ["verified"]);
    assert.equal(images.asked.filter((each) => each === `blob ${digestOf(signed.blobs[1]!)}`).length, 1);
  });

  test("that declare more bytes than may be held are an error", async () => {
    const images = new MemoryImages();
    for (let count = 0; count < 20; count += 1) {
      const layer = { mediaType: BUNDLE_TYPE, digest: digestOf(String(count)), size: 4 << 20 };
      const large = signBundle({
        image: image.digest,
        key: ours,
        manifest: (proper) => ({ ...proper, layers: [layer] }),
      });
      images.refer(image.digest, large, BUNDLE_TYPE);
    }
    await assert.rejects(judgeAll(images, targetOf(image.digest), spec), { name: "PortError", code: "too-large" });
  });
});
