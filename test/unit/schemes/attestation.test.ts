import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";

import { canonicalJson } from "../../../src/crypto/canonical-json.ts";
import { digestOf } from "../../../src/crypto/digest-of.ts";
import { hexOf } from "../../../src/domain/digest.ts";
import type { AuthoritySpec } from "../../../src/domain/trust.ts";
import { ATTESTATION_EXTRACT } from "../../../src/domain/media-types.ts";
import { imageOf, type Artifact } from "../../support/signing/artifact.ts";
import {
  attest,
  attestationLayer,
  attestationManifest,
  VULN_PREDICATE,
  type AttestationOptions,
  type Envelope,
} from "../../support/signing/attestation.ts";
import { SIGN_PREDICATE } from "../../support/signing/bundle.ts";
import { attestAll, authorityOf, targetOf, verdictOf } from "../../support/signing/judging.ts";
import { KeylessChain } from "../../support/signing/keyless-chain.ts";
import { makeKey } from "../../support/signing/keys.ts";
import { dsseBody, hashedRekordBody, intotoBody, type LoggedParts } from "../../support/signing/log-bodies.ts";
import { TestTimestampAuthority } from "../../support/signing/timestamp-authority.ts";
import { email } from "../../support/signing/virtual-fulcio.ts";
import { VirtualLog } from "../../support/signing/virtual-log.ts";
import { MemoryImages } from "../../support/memory-images.ts";

const ours = makeKey();
const rsa = makeKey("rsa2048");
const pss = makeKey("rsa-pss");
const edwards = makeKey("ed25519");
const stranger = makeKey();
const log = new VirtualLog();
const chain = new KeylessChain();
const image = imageOf("attested");
const other = imageOf("another");
const spec = authorityOf([ours, rsa, pss, edwards], log.trust);

/** Enough that the envelope is not held: the payload is then judged by its hashes alone. */
const PADDING = "p".repeat(3_400_000);

type Change = Partial<AttestationOptions>;

/** An attestation as small as most, and one too large to hold; both must be judged alike. */
function artifactWith(size: "small" | "large", change: Change): Artifact {
  const predicate = { scanner: { result: "passed" }, ...(size === "large" ? { padding: PADDING } : {}) };
  return attest({ image: image.digest, key: ours, log, predicate, ...change });
}

async function judged(
  artifact: Artifact,
  authority: AuthoritySpec = spec,
  about = image.digest,
): Promise<readonly string[]> {
  const found = await attestAll(new MemoryImages().put(artifact), targetOf(about), authority);
  return found.map(({ opinion }) => verdictOf(opinion));
}

/** Rekor's older entries of envelopes, which hold no signature. */
function intotoBody1({ content, pem }: LoggedParts, envelope: Uint8Array): Buffer {
  const sha256 = (bytes: Uint8Array): object => ({
    algorithm: "sha256",
    value: createHash("sha256").update(bytes).digest("hex"),
  });
  const spec1 = {
    content: { hash: sha256(envelope), payloadHash: sha256(content) },
    publicKey: Buffer.from(pem).toString("base64"),
  };
  return Buffer.from(canonicalJson({ apiVersion: "0.0.1", kind: "intoto", spec: spec1 } as never));
}

function edited(change: (statement: Record<string, unknown>) => void): (proper: string) => string {
  return (proper) => {
    const statement = JSON.parse(proper) as Record<string, unknown>;
    change(statement);
    return JSON.stringify(statement);
  };
}

const subjectOf = (digest: string): object => ({ name: "x", digest: { sha256: digest } });
const anotherSubject = edited((statement) => {
  statement["subject"] = [subjectOf(hexOf(other.digest))];
});

const GOOD: Readonly<Record<string, Change>> = {
  "logged as dsse": {},
  "logged as intoto 0.0.2": { body: intotoBody },
  "logged as intoto 0.0.1": { body: intotoBody1 },
  "logged as hashedrekord": {
    body: (parts) => hashedRekordBody({ ...parts, content: paeOf(parts.content) }),
  },
  "made with RSA": { key: rsa },
  "made with a key for RSA-PSS alone": { key: pss },
  "made with Ed25519": { key: edwards },
  "a statement of version 1": {
    statement: edited((statement) => {
      statement["_type"] = "https://in-toto.io/Statement/v1";
    }),
  },
  "the image as one of many subjects": {
    statement: edited((statement) => {
      const many = Array.from({ length: 1023 }, (_, at) => subjectOf(hexOf(digestOf(`${at}`))));
      statement["subject"] = [...many, subjectOf(hexOf(image.digest))];
    }),
  },
  "its members in another order, spread over lines": {
    statement: (proper) =>
      JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(proper) as object).toReversed()), null, 2),
    envelope: (proper) => JSON.stringify(Object.fromEntries(Object.entries(proper).toReversed()), null, 2),
  },
  "two signatures, the first of a stranger": {
    log: undefined,
    envelope: (proper) => ({ ...proper, signatures: [strangers(), ...proper.signatures] }),
  },
  "two signatures, the first of a stranger and the second of another kind": {
    key: edwards,
    log: undefined,
    envelope: (proper) => ({ ...proper, signatures: [strangers(), ...proper.signatures] }),
  },
};

function strangers(): Envelope["signatures"][number] {
  return { sig: stranger.sign(Buffer.from("x")).toString("base64") };
}

/** The pre-authentication encoding, written apart from the code that is tested. */
function paeOf(payload: Uint8Array, type = "application/vnd.in-toto+json"): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
}

const BROKEN: Readonly<Record<string, { readonly change: Change; readonly verdict: string }>> = {
  "a subject that is another image": {
    change: { statement: anotherSubject },
    verdict: "rejected wrong-subject at subject",
  },
  "a subject without digests": {
    change: {
      statement: edited((statement) => {
        statement["subject"] = [{ name: "x" }];
      }),
    },
    verdict: "rejected wrong-subject at subject",
  },
  "the image's digest under another algorithm": {
    change: {
      statement: edited((statement) => {
        statement["subject"] = [{ name: "x", digest: { sha512: hexOf(image.digest) } }];
      }),
    },
    verdict: "rejected wrong-subject at subject",
  },
  "no subject": {
    change: {
      statement: edited((statement) => {
        statement["subject"] = [];
      }),
    },
    verdict: "rejected malformed at subject",
  },
  "more subjects than may be": {
    change: {
      statement: edited((statement) => {
        statement["subject"] = Array.from({ length: 1025 }, () => subjectOf(hexOf(image.digest)));
      }),
    },
    verdict: "rejected malformed at subject",
  },
  "a subject of more digests than may be": {
    change: {
      statement: edited((statement) => {
        const digest = Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`a${at}`, "00"]));
        statement["subject"] = [{ name: "x", digest: { ...digest, sha256: hexOf(image.digest) } }];
      }),
    },
    verdict: "rejected malformed at subject",
  },
  "subjects of more bytes than may be read": {
    change: {
      statement: edited((statement) => {
        statement["subject"] = [{ ...subjectOf(hexOf(image.digest)), name: "n".repeat(2_200_000) }];
      }),
    },
    verdict: "rejected malformed at subject",
  },
  "a statement of another type": {
    change: {
      statement: edited((statement) => {
        statement["_type"] = "https://in-toto.io/Link/v0.3";
      }),
    },
    verdict: "rejected malformed at subject",
  },
  "a statement that is no JSON": {
    change: { statement: (proper) => proper.slice(0, -1) },
    verdict: "rejected malformed at subject",
  },
  "a statement that is a list": {
    change: { statement: (proper) => `[${proper}]` },
    verdict: "rejected malformed at subject",
  },
  "two subjects under one name": {
    change: {
      statement: (proper) =>
        proper.replace('"subject":', `"subject":[{"digest":{"sha256":"${hexOf(other.digest)}"}}],"subject":`),
    },
    verdict: "rejected malformed at subject",
  },
  "a subject that Go would read in its place": {
    change: {
      statement: (proper) =>
        proper.replace('"subject":', `"\u017fubject":[${JSON.stringify(subjectOf(hexOf(other.digest)))}],"subject":`),
    },
    verdict: "rejected malformed at subject",
  },
  "a name twice deep in the predicate": {
    change: { statement: (proper) => proper.replace('"result":"passed"', '"result":"failed","result":"passed"') },
    verdict: "rejected malformed at subject",
  },
  "a statement with a byte order mark": {
    change: { statement: (proper) => `\ufeff${proper}` },
    verdict: "rejected malformed at subject",
  },
  "a statement that is no UTF-8": {
    change: {
      statement: (proper) => Buffer.concat([Buffer.from(proper.slice(0, -3)), Buffer.of(0xff), Buffer.from('"}}')]),
    },
    verdict: "rejected malformed at subject",
  },
  "a good signature over something else than a statement": {
    change: { payloadType: "application/vnd.example+json" },
    verdict: "rejected wrong-predicate at predicate",
  },
  "a type that was changed after signing": {
    change: { envelope: (proper) => ({ ...proper, payloadType: "application/vnd.in-toto+j\u0173on" }) },
    verdict: "rejected bad-signature at signature",
  },
  "a type of letters that end in the same bytes": {
    change: {
      payloadType: "application/vnd.in-toto+j\u0173on",
      envelope: (proper) => ({ ...proper, payloadType: "application/vnd.in-toto+json" }),
    },
    verdict: "rejected bad-signature at signature",
  },
  "a payload that was changed after signing": {
    change: { envelope: (proper) => ({ ...proper, payload: changedPayload(proper.payload) }) },
    verdict: "rejected bad-signature at signature",
  },
  "a stranger's signature": { change: { key: stranger }, verdict: "rejected unknown-key at signature" },
  "a stranger's signature that is not logged": {
    change: { key: stranger, log: undefined },
    verdict: "rejected bad-signature at signature",
  },
  "no log entry": { change: { log: undefined }, verdict: "rejected log-missing at log" },
  "the entry of another log": { change: { log: new VirtualLog() }, verdict: "rejected log-untrusted at log" },
  "the log entry of another payload": {
    change: { logged: (parts) => ({ ...parts, content: Buffer.from("{}") }) },
    verdict: "rejected log-mismatch at log",
  },
  "the log entry of another signature": {
    change: { logged: (parts) => ({ ...parts, signature: ours.sign(Buffer.from("x")) }) },
    verdict: "rejected log-mismatch at log",
  },
  "the log entry of another key": {
    change: { logged: (parts) => ({ ...parts, pem: stranger.pem }) },
    verdict: "rejected log-mismatch at log",
  },
  "an older log entry of another envelope": {
    change: { body: (parts, envelope) => intotoBody1(parts, Buffer.concat([envelope, Buffer.from(" ")])) },
    verdict: "rejected log-mismatch at log",
  },
  "an older log entry of another payload": {
    change: { body: (parts, envelope) => intotoBody1({ ...parts, content: Buffer.from("{}") }, envelope) },
    verdict: "rejected log-mismatch at log",
  },
  "an older log entry of another key": {
    change: { body: (parts, envelope) => intotoBody1({ ...parts, pem: stranger.pem }, envelope) },
    verdict: "rejected log-mismatch at log",
  },
  "the log entry's hash of the payload where that of the encoding belongs": {
    change: { body: hashedRekordBody },
    verdict: "rejected log-mismatch at log",
  },
  "an entry whose promise is broken": {
    change: { entry: (entry) => ({ ...entry, integratedTime: entry.integratedTime + 1 }) },
    verdict: "rejected log-invalid at log",
  },
  "no signature in its envelope": {
    change: { envelope: (proper) => ({ ...proper, signatures: [] }) },
    verdict: "rejected malformed at parsed",
  },
  "two payloads": {
    change: {
      envelope: (proper) => `{"payload":"e30=",${JSON.stringify(proper).slice(1)}`,
    },
    verdict: "rejected malformed at parsed",
  },
  "an envelope with a member that nobody knows": {
    change: { envelope: (proper) => ({ ...proper, more: 1 }) },
    verdict: "rejected malformed at parsed",
  },
  "an envelope that ends too early": {
    change: { envelope: (proper) => JSON.stringify(proper).slice(0, -1) },
    verdict: "rejected malformed at parsed",
  },
  "a payload that is not base64": {
    change: { envelope: (proper) => ({ ...proper, payload: `${proper.payload.slice(0, -4)}????` }) },
    verdict: "rejected malformed at parsed",
  },
  "a payload with spare bits": {
    change: { envelope: (proper) => ({ ...proper, payload: `${proper.payload}AB==` }) },
    verdict: "rejected malformed at parsed",
  },
};

function signatureIn(envelope: Buffer): Buffer {
  return Buffer.from((JSON.parse(envelope.toString()) as Envelope).signatures[0]?.sig ?? "", "base64");
}

function payloadIn(envelope: Buffer): Buffer {
  return Buffer.from((JSON.parse(envelope.toString()) as Envelope).payload, "base64");
}

function changedPayload(payload: string): string {
  return Buffer.from(Buffer.from(payload, "base64").toString().replace("passed", "failed")).toString("base64");
}

for (const size of ["small", "large"] as const) {
  describe(`a ${size} attestation under cosign's tag`, () => {
    for (const [what, change] of Object.entries(GOOD)) {
      const unlogged = what.startsWith("two signatures");
      test(`counts: ${what}`, async () => {
        const authority = unlogged
          ? authorityOf([ours, edwards], log.trust, { transparencyLog: { kind: "unsafe-ignored" } })
          : spec;
        assert.deepEqual(await judged(artifactWith(size, change), authority), ["verified"]);
      });
    }

    for (const [what, { change, verdict }] of Object.entries(BROKEN)) {
      test(`does not count with ${what}`, async () => {
        assert.deepEqual(await judged(artifactWith(size, change)), [verdict]);
      });
    }

    test("names the statement by the digest of its own bytes", async () => {
      const artifact = artifactWith(size, {});
      const [found] = await attestAll(new MemoryImages().put(artifact), targetOf(image.digest), spec);
      assert.ok(found?.opinion.kind === "verified");
      const envelope = JSON.parse(String(artifact.blobs[1])) as Envelope;
      const bytes = Buffer.from(envelope.payload, "base64");
      assert.deepEqual(found.opinion.statement, {
        digest: digestOf(bytes),
        size: bytes.length,
        predicateType: VULN_PREDICATE,
      });
      assert.deepEqual(found.opinion.signers, [{ kind: "key", spki: ours.public.spki }]);
      assert.deepEqual(found.opinion.signedAt, ["2023-11-14T22:13:20.000Z"]);
    });

    test("is held whole only if it is small", async () => {
      const images = new MemoryImages().put(artifactWith(size, {}));
      const [found] = await attestAll(images, targetOf(image.digest), spec);
      const [document] = found?.evidence.documents ?? [];
      assert.equal(document?.descriptor.mediaType === ATTESTATION_EXTRACT, size === "large");
      assert.ok((document?.bytes.length ?? Infinity) < 20_000);
      assert.equal(images.asked.filter((each) => each.startsWith("stream")).length, size === "large" ? 2 : 0);
    });

    test("with a statement that is broken says where", async () => {
      const { change } = BROKEN["a name twice deep in the predicate"] ?? assert.fail();
      const images = new MemoryImages().put(artifactWith(size, change));
      const [found] = await attestAll(images, targetOf(image.digest), spec);
      assert.ok(found?.opinion.kind === "rejected");
      assert.match(found.opinion.detail, /^the signature is good, but its statement .*result/);
    });

    test("of an image signature is none", async () => {
      assert.deepEqual(await judged(artifactWith(size, { predicateType: SIGN_PREDICATE })), []);
    });

    test("put under another image does not count for that", async () => {
      const replayed = { ...artifactWith(size, {}), tag: `sha256-${hexOf(other.digest)}.att` };
      assert.deepEqual(await judged(replayed, spec, other.digest), ["rejected wrong-subject at subject"]);
    });

    test("must have a timestamp where one is required, over the envelope or the signature in it", async () => {
      const tsa = new TestTimestampAuthority();
      const root = log.trustedRoot(undefined, [tsa.trust()]);
      const authority = authorityOf(
        [ours],
        { kind: "trusted-root", json: root, from: "root" },
        { timestamp: "required" },
      );
      const stamped = artifactWith(size, { timestamp: (envelope) => tsa.stamp(envelope) });
      assert.deepEqual(await judged(stamped, authority), ["verified"]);
      const inside = artifactWith(size, { timestamp: (envelope) => tsa.stamp(signatureIn(envelope)) });
      assert.deepEqual(await judged(inside, authority), ["verified"]);
      assert.deepEqual(await judged(artifactWith(size, {}), authority), ["rejected timestamp-missing at timestamp"]);
      for (const other of [payloadIn, () => Buffer.from("x"), () => ours.sign(Buffer.from("x"))]) {
        const elsewhere = artifactWith(size, { timestamp: (envelope) => tsa.stamp(other(envelope)) });
        assert.deepEqual(await judged(elsewhere, authority), ["rejected timestamp-invalid at timestamp"]);
      }
    });

    test("must bear the name that the authority asks for", async () => {
      const named = authorityOf([ours], log.trust, { signedIdentity: { kind: "matchRepository" } });
      assert.deepEqual(await judged(artifactWith(size, {}), named), ["verified"]);
      const elsewhere = artifactWith(size, { name: "registry.example.com/shop/other" });
      assert.deepEqual(await judged(elsewhere, named), ["rejected wrong-identity at identity"]);
    });

    test("made without a key counts for the identity that made it, and for no other", async () => {
      const predicate = { scanner: { result: "passed" }, ...(size === "large" ? { padding: PADDING } : {}) };
      const made = chain.attestation(image.digest, { predicate });
      assert.deepEqual(await judged(made, chain.authority()), ["verified"]);
      const eve = chain.attestation(image.digest, { predicate, leaf: { names: [email("eve@example.com")] } });
      assert.deepEqual(await judged(eve, chain.authority()), ["rejected wrong-signer at identity"]);
      assert.deepEqual(await judged(made), ["rejected unknown-key at signature"]);
      assert.deepEqual(await judged(artifactWith(size, {}), chain.authority()), [
        "rejected no-certificate at signature",
      ]);
      const moved = chain.attestation(image.digest, { predicate, statement: anotherSubject });
      assert.deepEqual(await judged(moved, chain.authority()), ["rejected wrong-subject at subject"]);
      const unlogged = chain.attestation(image.digest, { predicate, log: undefined });
      assert.deepEqual(await judged(unlogged, chain.authority()), ["rejected log-missing at log"]);
    });

    test("made without a key counts in a bundle too", async () => {
      const statement = (proper: string): string =>
        size === "large" ? proper.replace('"predicate":{}', `"predicate":{"padding":"${PADDING}"}`) : proper;
      const made = chain.bundle(image.digest, { predicateType: VULN_PREDICATE, statement });
      const images = new MemoryImages().refer(image.digest, made, undefined);
      const found = await attestAll(images, targetOf(image.digest), chain.authority());
      assert.deepEqual(
        found.map(({ opinion }) => verdictOf(opinion)),
        ["verified"],
      );
    });

    test("that its registry lost is missed", async () => {
      const artifact = artifactWith(size, {});
      const images = new MemoryImages().put(artifact).forget(digestOf(artifact.blobs[1] ?? Buffer.alloc(0)));
      const [found] = await attestAll(images, targetOf(image.digest), spec);
      assert.equal(verdictOf(found?.opinion), "rejected missing-document at fetched");
    });
  });
}

describe("attestations under cosign's tag", () => {
  for (const [what, key] of [
    ["Ed25519", edwards],
    ["a key for RSA-PSS alone", pss],
  ] as const) {
    test(`large ones made with ${what} do not count where one thing of them is changed`, async () => {
      const large = (change: Change) => judged(artifactWith("large", { key, ...change }));
      const changed = (proper: Envelope): Envelope => ({ ...proper, payload: changedPayload(proper.payload) });
      assert.deepEqual(await large({ log: undefined, envelope: changed }), ["rejected bad-signature at signature"]);
      const flipped = (proper: Envelope): Envelope => {
        const sig = Buffer.from(proper.signatures[0]?.sig ?? "", "base64");
        sig.writeUInt8(sig.readUInt8(9) ^ 1, 9);
        return { ...proper, signatures: [{ sig: sig.toString("base64") }] };
      };
      assert.deepEqual(await large({ log: undefined, envelope: flipped }), ["rejected bad-signature at signature"]);
      assert.deepEqual(await large({ statement: anotherSubject }), ["rejected wrong-subject at subject"]);
      const another = authorityOf([ours], log.trust);
      assert.deepEqual(await judged(artifactWith("large", { key }), another), ["rejected unknown-key at signature"]);
    });
  }

  test("made with Ed25519 are held up to 32 MiB, with what rules ask of them, and named unsupported beyond", async () => {
    const sized = async (bytes: number) => {
      const statement = (proper: string): string =>
        proper.replace("{}", `{"p":"${"p".repeat(bytes - proper.length)}"}`);
      const artifact = attest({ image: image.digest, key: edwards, log, predicate: {}, statement });
      const [found] = await attestAll(new MemoryImages().put(artifact), targetOf(image.digest), spec);
      return found;
    };
    const held = await sized(32 * 1024 * 1024 - 1000);
    assert.equal(verdictOf(held?.opinion), "verified");
    assert.ok((held?.evidence.documents[0]?.bytes.length ?? 0) > 32 * 1024 * 1024 - 1000);
    const beyond = await sized(32 * 1024 * 1024);
    assert.equal(verdictOf(beyond?.opinion), "rejected unsupported at signature");
    const detail = beyond?.opinion.kind === "rejected" ? beyond.opinion.detail : "";
    assert.match(detail, /Ed25519 signature over 335\d+ bytes .* at most 33554432 .* ECDSA or RSA$/);
  });

  test("of several signatures that do not count tell of the one that came furthest, in whatever order", async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const envelope = (proper: Envelope): Envelope => {
        const both = [...proper.signatures, strangers()];
        return { ...proper, signatures: order.flatMap((at) => both[at] ?? []) };
      };
      assert.deepEqual(await judged(artifactWith("small", { log: undefined, envelope })), [
        "rejected log-missing at log",
      ]);
    }
  });

  test("are judged one by one", async () => {
    const make = (change: Change) => attestationLayer({ image: image.digest, key: ours, log, ...change });
    const layers = [
      make({}),
      make({ key: stranger }),
      make({ predicateType: SIGN_PREDICATE }),
      make({ statement: anotherSubject }),
    ];
    assert.deepEqual(await judged(attestationManifest(image.digest, layers)), [
      "verified",
      "rejected unknown-key at signature",
      "rejected wrong-subject at subject",
    ]);
  });

  test("of one payload under two signatures share its blob where that is the same", async () => {
    const layer = attestationLayer({ image: image.digest, key: ours, log });
    const images = new MemoryImages().put(attestationManifest(image.digest, [layer, layer]));
    const found = await attestAll(images, targetOf(image.digest), spec);
    assert.deepEqual(
      found.map(({ opinion }) => verdictOf(opinion)),
      ["verified", "verified"],
    );
    assert.equal(images.asked.filter((each) => each.startsWith("blob")).length, 1);
    assert.notEqual(found[0]?.evidence.id, found[1]?.evidence.id);
  });

  test("of which none is there say so", async () => {
    assert.deepEqual(await judged(attestationManifest(image.digest, [])), ["rejected no-signature at found"]);
  });

  test("leave layers of another type unfetched, and tell of them", async () => {
    const strange = attestationLayer({ image: image.digest, key: ours, log, mediaType: "text/plain" });
    const good = attestationLayer({ image: image.digest, key: ours, log });
    const artifact = attestationManifest(image.digest, [strange, good]);
    assert.deepEqual(await judged(artifact), ["verified", "rejected unsupported at found"]);
  });

  test("too large to read are not taken for nothing", async () => {
    const good = attestationLayer({ image: image.digest, key: ours, log });
    const huge = { ...good, descriptor: { ...good.descriptor, digest: digestOf("huge"), size: 128 * 1024 * 1024 + 1 } };
    const images = new MemoryImages().put(attestationManifest(image.digest, [huge]));
    const [found] = await attestAll(images, targetOf(image.digest), spec);
    assert.equal(verdictOf(found?.opinion), "undetermined too-large at fetched");
    assert.ok(!images.asked.some((each) => each.includes(digestOf("huge"))));
  });

  test("of more bytes than are read or held for one image are an error, and not the first of them", async () => {
    const good = attestationLayer({ image: image.digest, key: ours, log });
    const listing = (count: number, size: number): Artifact => {
      const sized = (at: number) => ({ ...good.descriptor, digest: digestOf(`${at}`), size });
      return attestationManifest(
        image.digest,
        Array.from({ length: count }, (_, at) => ({ ...good, descriptor: sized(at) })),
      );
    };
    const refused = { name: "PortError", code: "too-large" };
    const large = judged(listing(5, 120 * 1024 * 1024));
    await assert.rejects(large, { ...refused, message: /more than the 536870912 allowed: remove old ones/ });
    const small = judged(listing(257, 256 * 1024));
    await assert.rejects(small, { ...refused, message: /more than the 67108864 of small ones allowed/ });
  });

  test("of more than a thousand are an error, and a thousand are not", async () => {
    const layer = attestationLayer({ image: image.digest, key: ours, log });
    const listing = (count: number): Artifact =>
      attestationManifest(
        image.digest,
        Array.from({ length: count }, () => layer),
      );
    assert.equal((await judged(listing(1000))).length, 1000);
    await assert.rejects(judged(listing(1001)), { name: "PortError", code: "too-many" });
  });

  test("under a manifest that cannot be read say so", async () => {
    const manifest = Buffer.from('{"schemaVersion":2,"layers":[],"LAYERS":[]}');
    const artifact = { ...artifactWith("small", {}), manifest, digest: digestOf(manifest) };
    assert.deepEqual(await judged(artifact), ["rejected malformed at parsed"]);
  });

  test("are not looked for where the authority discovers referrers only", async () => {
    const authority = { ...spec, discover: ["referrers"] as const };
    assert.deepEqual(await judged(artifactWith("small", {}), authority), []);
  });

  test("logged by a body that holds the older hash of the newer kind do not count", async () => {
    const change: Change = { body: (parts) => dsseBody({ ...parts, content: paeOf(parts.content) }) };
    assert.deepEqual(await judged(artifactWith("small", change)), ["rejected log-mismatch at log"]);
  });
});
