import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import { parseInstant } from "../../../src/domain/instant.ts";
import { OCI_EMPTY } from "../../../src/domain/media-types.ts";
import { Tagged } from "../../support/signing/cbor.ts";
import { issue } from "../../support/signing/certificates.ts";
import { makeKey, type KeyKind } from "../../support/signing/keys.ts";
import {
  chain,
  detail,
  image,
  intermediate,
  judge,
  leaf,
  other,
  root,
  verdict,
  type Case,
} from "../../support/signing/notation-judging.ts";
import {
  ACME,
  ACME_DN,
  AUTHENTIC_TIME,
  chainOf,
  EXPIRY,
  LEAF_EXTENSIONS,
  notationAuthority,
  NOTATION_SIGNATURE,
  SCHEME,
  signEnvelope,
  SIGNING_TIME,
  THUMBPRINTS,
  type Header,
} from "../../support/signing/notation.ts";

const FORMATS = ["jws", "cose"] as const;
const KINDS: readonly KeyKind[] = ["p256", "p384", "p521", "rsa2048", "rsa3072", "rsa4096"];

describe("a Notary Project signature that refers to an image", () => {
  for (const kind of KINDS) {
    const ofKind = chainOf({ leaf: { key: makeKey(kind) } });
    for (const format of FORMATS) {
      test(`verifies as ${format} by a certificate of a ${kind} key, with the signer and the chain's validity`, async () => {
        const trust = notationAuthority({ ca: [ofKind[2]] });
        const opinion = await judge({ sign: { format, chain: ofKind }, trust });
        assert.deepEqual(opinion?.kind === "verified" && { ...opinion, notes: [] }, {
          kind: "verified",
          signers: [{ kind: "x509", trustStore: "ca:acme", dn: ACME_DN, spki: digestOf(ofKind[0].key.der) }],
          notBefore: parseInstant("2020-01-01T00:00:00Z"),
          notAfter: parseInstant("2040-01-01T00:00:00Z"),
          signedAt: [],
          notes: [],
        });
      });
    }
  }

  const metadata = { build: "42" };
  const GOOD: readonly (readonly [string, Case])[] = [
    ["listed without a type", { listed: "" }],
    ["in the form of clients before artifact types", { sign: { legacy: true } }],
    ["trusted by an authority in the middle of its chain", { trust: notationAuthority({ ca: [intermediate] }) }],
    [
      "trusted by one of several certificates",
      { trust: notationAuthority({ ca: [issue({ name: "x", extensions: LEAF_EXTENSIONS }), root] }) },
    ],
    [
      "with an attribute that is not critical",
      { sign: { header: (proper) => ({ ...proper, "com.example.note": "x" }) } },
    ],
    ["with metadata that nobody asks for", { sign: { metadata } }],
    [
      "with the metadata asked for",
      { sign: { metadata: { ...metadata, more: "1" } }, trust: notationAuthority({ ca: [root] }, { metadata }) },
    ],
    [
      "with fingerprints in capitals",
      {
        sign: {
          manifest: (proper) =>
            JSON.parse(JSON.stringify(proper).replaceAll(/[0-9a-f]{64}(?=\\")/g, (hex) => hex.toUpperCase())) as object,
        },
      },
    ],
  ];
  for (const [name, of] of GOOD) test(`verifies ${name}`, async () => assert.equal(await verdict(of), "verified"));

  test("verifies by a certificate that signs itself and is in a store", async () => {
    const alone = issue({ name: "", subject: ACME, extensions: LEAF_EXTENSIONS });
    assert.equal(await verdict({ sign: { chain: [alone] }, trust: notationAuthority({ ca: [alone] }) }), "verified");
  });

  for (const format of FORMATS) {
    test(`counts as ${format} until the expiry that its signer wrote, before its certificates expire`, async () => {
      const opinion = await judge({ sign: { format, expiry: "2024-06-01T00:00:00Z" } });
      assert.equal(opinion?.kind === "verified" && opinion.notAfter, "2024-06-01T00:00:00.000Z");
    });

    test(`counts as ${format} by a signing authority from the time it states, whatever its certificates' end`, async () => {
      const sign = { format, scheme: "notary.x509.signingAuthority" } as const;
      const opinion = await judge({ sign, trust: notationAuthority({ signingAuthority: [root] }) });
      assert.ok(opinion?.kind === "verified");
      assert.deepEqual(
        [
          opinion.notBefore,
          opinion.notAfter,
          opinion.signedAt,
          opinion.signers[0]?.kind === "x509" && opinion.signers[0].trustStore,
        ],
        ["2024-05-01T12:00:00.000Z", undefined, ["2024-05-01T12:00:00.000Z"], "signingAuthority:acme"],
      );
    });
  }

  test("says of each certificate but the root that it names nobody who would tell of its revocation", async () => {
    const opinion = await judge({});
    assert.equal(
      opinion?.kind === "verified" && opinion.notes.filter((note) => note.includes("cannot be revoked")).length,
      2,
    );
  });

  test("counts only while every certificate of its chain is valid", async () => {
    const short = chainOf({ intermediate: { notBefore: "2024-02-01T00:00:00Z", notAfter: "2024-09-01T00:00:00Z" } });
    const opinion = await judge({ sign: { chain: short }, trust: notationAuthority({ ca: [short[2]] }) });
    assert.ok(opinion?.kind === "verified");
    assert.deepEqual([opinion.notBefore, opinion.notAfter], ["2024-02-01T00:00:00.000Z", "2024-09-01T00:00:00.000Z"]);
  });
});

const without = (name: string) => (proper: Header) =>
  Object.fromEntries(Object.entries(proper).filter(([key]) => key !== name));
const withMore = (more: Header) => (proper: Header) => ({ ...proper, ...more });
const marked =
  (...names: readonly string[]) =>
  (proper: Header) => ({ ...proper, crit: [...(proper["crit"] as string[]), ...names] });

/** What breaks a signature of either format, and how it is then judged. */
const BROKEN: readonly (readonly [string, Case["sign"] & object, string])[] = [
  ["signed by another key than its certificate's", { key: makeKey() }, "rejected bad-signature at signature"],
  [
    "over another message",
    { message: (proper) => Buffer.concat([proper, Buffer.of(32)]) },
    "rejected bad-signature at signature",
  ],
  [
    "with a flipped bit",
    { signature: (proper) => Buffer.from(proper.map((byte, at) => (at === 9 ? byte ^ 1 : byte))) },
    "rejected bad-signature at signature",
  ],
  ["with an empty signature", { signature: () => Buffer.alloc(0) }, "rejected bad-signature at signature"],
  [
    "whose header names another algorithm than the key's",
    { header: withMore({ alg: "ES384" }) },
    "rejected bad-signature at signature",
  ],
  [
    "whose header names no algorithm of the list",
    { header: withMore({ alg: "none" }) },
    "rejected malformed at parsed",
  ],
  ["without an algorithm", { header: without("alg") }, "rejected malformed at parsed"],
  [
    "by a key of a kind that may not sign",
    { chain: chainOf({ leaf: { key: makeKey("ed25519") } }), header: withMore({ alg: "ES256" }) },
    "rejected unsupported at signature",
  ],
  ["without a content type", { header: without("cty") }, "rejected unsupported at signature"],
  [
    "over another content type",
    { header: withMore({ cty: "application/json" }) },
    "rejected wrong-predicate at signature",
  ],
  ["whose content type is no text", { header: withMore({ cty: 7 }) }, "rejected unsupported at signature"],
  ["whose scheme is no text", { header: withMore({ [SCHEME]: 7 }) }, "rejected unsupported at signature"],
  ["without crit", { header: without("crit") }, "rejected unsupported at signature"],
  [
    "whose scheme is not critical",
    { header: withMore({ crit: ["com.example"] }) },
    "rejected unsupported at signature",
  ],
  ["without a scheme", { header: without(SCHEME) }, "rejected unsupported at signature"],
  [
    "of an unknown scheme",
    { header: withMore({ [SCHEME]: "notary.x509.future" }) },
    "rejected unsupported at signature",
  ],
  [
    "with an unknown critical attribute",
    { header: (proper) => marked("com.example.must")(withMore({ "com.example.must": "1" })(proper)) },
    "rejected unsupported at signature",
  ],
  [
    "with a critical attribute that is not there",
    { header: marked("com.example.must") },
    "rejected unsupported at signature",
  ],
  ["that names a critical attribute twice", { header: marked(SCHEME) }, "rejected unsupported at signature"],
  [
    "that demands a verification plugin",
    {
      header: (proper) =>
        marked("io.cncf.notary.verificationPlugin")(
          withMore({ "io.cncf.notary.verificationPlugin": "com.example.plugin" })(proper),
        ),
    },
    "rejected unsupported at signature",
  ],
  [
    "that names a plugin without demanding it",
    { header: withMore({ "io.cncf.notary.verificationPlugin": "com.example.plugin" }) },
    "rejected unsupported at signature",
  ],
  ["without a signing time", { header: without(SIGNING_TIME) }, "rejected unsupported at signature"],
  ["with a time that is none", { header: withMore({ [SIGNING_TIME]: true }) }, "rejected unsupported at signature"],
  [
    "with the other scheme's time too",
    { header: withMore({ [AUTHENTIC_TIME]: "2024-05-01T12:00:00Z" }) },
    "rejected unsupported at signature",
  ],
  [
    "whose expiry is not critical",
    { header: withMore({ [EXPIRY]: "2024-06-01T00:00:00Z" }) },
    "rejected unsupported at signature",
  ],
  ["that expires before it was signed", { expiry: "2024-05-01T12:00:00Z" }, "rejected unsupported at signature"],
  [
    "without certificates",
    { unprotected: (proper) => without("x5chain")(without("x5c")(proper)) },
    "rejected malformed at parsed",
  ],
  [
    "whose first certificate is another's",
    { chain: [intermediate, leaf, root], key: leaf.key },
    "rejected bad-signature at signature",
  ],
  [
    "over another image",
    { payload: ({ targetArtifact }) => ({ targetArtifact: { ...targetArtifact, digest: other.digest } }) },
    "rejected wrong-subject at subject",
  ],
  [
    "over another size",
    { payload: ({ targetArtifact }) => ({ targetArtifact: { ...targetArtifact, size: 1 } }) },
    "rejected wrong-subject at subject",
  ],
  [
    "over another media type",
    { payload: ({ targetArtifact }) => ({ targetArtifact: { ...targetArtifact, mediaType: OCI_EMPTY } }) },
    "rejected wrong-subject at subject",
  ],
  [
    "over something that is no descriptor",
    { payload: () => ({ targetArtifact: {} }) },
    "rejected malformed at subject",
  ],
  [
    "over two images in one",
    { payload: ({ targetArtifact }) => JSON.stringify({ targetArtifact }).replace("{", `{"targetArtifact":{},`) },
    "rejected malformed at subject",
  ],
  [
    "over the image in another case",
    { payload: ({ targetArtifact }) => ({ targetArtifact, TargetArtifact: targetArtifact }) },
    "rejected malformed at subject",
  ],
  ["over no JSON", { payload: () => "{}}" }, "rejected malformed at subject"],
];

/** What breaks the manifest around a signature. */
const BROKEN_MANIFESTS: readonly (readonly [string, Case["sign"] & object, string])[] = [
  [
    "that refers to another image",
    { manifest: (proper) => ({ ...proper, subject: { ...(proper["subject"] as object), digest: other.digest } }) },
    "rejected wrong-subject at found",
  ],
  ["that refers to nothing", { manifest: ({ subject: _, ...rest }) => rest }, "rejected wrong-subject at found"],
  [
    "with two layers",
    { manifest: (proper) => ({ ...proper, layers: [...proper.layers, ...proper.layers] }) },
    "rejected malformed at parsed",
  ],
  [
    "with a layer of another type",
    { manifest: (proper) => ({ ...proper, layers: proper.layers.map((each) => ({ ...each, mediaType: OCI_EMPTY })) }) },
    "rejected malformed at parsed",
  ],
  [
    "with the layer of the other format",
    {
      manifest: (proper) => ({
        ...proper,
        layers: proper.layers.map((each) => ({ ...each, mediaType: "application/cose" })),
      }),
    },
    "rejected malformed at parsed",
  ],
  [
    "with an envelope that is too large",
    { manifest: (proper) => ({ ...proper, layers: proper.layers.map((each) => ({ ...each, size: 5_000_000 })) }) },
    "rejected unsupported at found",
  ],
  ["without fingerprints", { manifest: (proper) => ({ ...proper, annotations: {} }) }, "rejected malformed at parsed"],
  [
    "with the fingerprints of others",
    { manifest: (proper) => ({ ...proper, annotations: { [THUMBPRINTS]: JSON.stringify(["0".repeat(64)]) } }) },
    "rejected malformed at chain",
  ],
  [
    "with fingerprints that are none",
    { manifest: (proper) => ({ ...proper, annotations: { [THUMBPRINTS]: "[1]" } }) },
    "rejected malformed at parsed",
  ],
  [
    "with fingerprints in another form",
    { manifest: (proper) => ({ ...proper, annotations: { [THUMBPRINTS]: '["SHA256:00"]' } }) },
    "rejected malformed at parsed",
  ],
  [
    "whose type and config do not go together",
    {
      manifest: (proper) => ({ ...proper, config: { ...(proper["config"] as object), mediaType: NOTATION_SIGNATURE } }),
    },
    "rejected malformed at parsed",
  ],
  [
    "of another artifact type with a signature's config",
    { legacy: true, manifest: (proper) => ({ ...proper, artifactType: "application/vnd.example" }) },
    "rejected malformed at parsed",
  ],
];

describe("a Notary Project signature is rejected", () => {
  for (const format of FORMATS) {
    for (const [name, sign, expected] of BROKEN) {
      test(`${name} (${format})`, async () => assert.equal(await verdict({ sign: { ...sign, format } }), expected));
    }
  }
  for (const [name, sign, expected] of BROKEN_MANIFESTS) {
    test(name, async () => assert.equal(await verdict({ sign }), expected));
  }

  const TIMES = {
    "another tag than that of a time": new Tagged(18, 1_714_564_800),
    "a time in text": new Tagged(1, "noon"),
  };
  for (const [what, time] of Object.entries(TIMES)) {
    test(`with ${what} (cose)`, async () => {
      const sign = { format: "cose", header: withMore({ [SIGNING_TIME]: time }) } as const;
      assert.equal(await verdict({ sign }), "rejected unsupported at signature");
    });
  }

  test("whose signing authority states no time", async () => {
    const sign = { scheme: "notary.x509.signingAuthority", header: without(AUTHENTIC_TIME) } as const;
    assert.equal(
      await verdict({ sign, trust: notationAuthority({ signingAuthority: [root] }) }),
      "rejected unsupported at signature",
    );
  });

  test("whose signing authority states a time outside its certificates' validity", async () => {
    const sign = { scheme: "notary.x509.signingAuthority", signingTime: "2041-01-01T00:00:00Z" } as const;
    assert.equal(
      await verdict({ sign, trust: notationAuthority({ signingAuthority: [root] }) }),
      "rejected certificate-expired at timestamp",
    );
  });

  for (const more of [{}, { metadata: { build: "43" } }]) {
    test(`without the metadata that is asked for (${JSON.stringify(more)})`, async () => {
      const trust = notationAuthority({ ca: [root] }, { metadata: { build: "42" } });
      assert.equal(await verdict({ sign: more, trust }), "rejected annotation-mismatch at predicate");
    });
  }

  test("by an ECDSA signature in DER, which the envelopes do not have", async () => {
    const sign = { signature: () => leaf.key.sign(Buffer.from("x")) };
    assert.equal(await verdict({ sign }), "rejected bad-signature at signature");
  });

  test("by a PKCS#1 signature of an RSA key", async () => {
    const rsa = chainOf({ leaf: { key: makeKey("rsa2048") } });
    let message = Buffer.alloc(0);
    const sign = {
      chain: rsa,
      message: (proper: Buffer) => (message = Buffer.from(proper)),
      signature: () => rsa[0].key.sign(message),
    };
    assert.equal(
      await verdict({ sign, trust: notationAuthority({ ca: [rsa[2]] }) }),
      "rejected bad-signature at signature",
    );
    assert.ok(signEnvelope(rsa[0].key, message).length > 0);
  });

  test("says what the signature is for and what it was asked about", async () => {
    const sign: Case["sign"] = {
      payload: ({ targetArtifact }) => ({ targetArtifact: { ...targetArtifact, digest: other.digest } }),
    };
    const said = await detail({ sign: { ...sign, chain } });
    assert.ok(said.includes(other.digest) && said.includes(image.digest), said);
  });
});

test("a referrer of another kind is no evidence, whatever it is listed as", async () => {
  const sign: Case["sign"] = {
    manifest: ({ artifactType: _, ...rest }) => ({ ...rest, artifactType: "application/vnd.example" }),
  };
  assert.equal(await verdict({ sign }), "nothing");
  assert.equal(await verdict({ listed: "application/vnd.example" }), "nothing");
});
