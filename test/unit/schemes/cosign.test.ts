import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import type { Opinion } from "../../../src/domain/facts.ts";
import { instantOf } from "../../../src/domain/instant.ts";
import { cosign } from "../../../src/schemes/cosign/scheme.ts";
import type { CosignAuthority } from "../../../src/domain/trust.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { artifactOf, imageOf } from "../../support/signing/artifact.ts";
import {
  cosignLayer,
  cosignManifest,
  signCosignLegacy,
  type CosignOptions,
} from "../../support/signing/cosign-signature.ts";
import { authorityOf, collectAll, judgeAll, targetOf, verdictOf } from "../../support/signing/judging.ts";
import { makeKey, type KeyKind } from "../../support/signing/keys.ts";
import { logBreakages } from "../../support/signing/log-breakages.ts";
import { VirtualLog } from "../../support/signing/virtual-log.ts";

const log = new VirtualLog();
const otherLog = new VirtualLog();
const stranger = makeKey();
const image = imageOf("web");
const other = imageOf("another image");
const KINDS: readonly KeyKind[] = ["p256", "p384", "p521", "rsa2048", "rsa4096", "ed25519"];
const KEYS = new Map(KINDS.map((kind) => [kind, makeKey(kind)]));
const ours = KEYS.get("p256")!;

type Case = {
  readonly sign?: Partial<CosignOptions>;
  readonly trust?: Partial<CosignAuthority>;
  readonly requested?: string;
};

async function judge({ sign = {}, trust = {}, requested }: Case, key = ours): Promise<Opinion | undefined> {
  const signed = signCosignLegacy({ image: image.digest, key, log, ...sign });
  const images = new MemoryImages().put(image).put(signed);
  const opinions = await judgeAll(images, targetOf(image.digest, requested), authorityOf([key], log.trust, trust));
  assert.equal(opinions.length, 1);
  return opinions[0];
}

describe("a cosign signature under a tag", () => {
  for (const [kind, key] of KEYS) {
    test(`verifies by a ${kind} key, with the signer and the log's time`, async () => {
      const opinion = await judge({}, key);
      assert.deepEqual(opinion, {
        kind: "verified",
        signers: [{ kind: "key", spki: digestOf(key.der) }],
        notBefore: instantOf(1_700_000_000_000),
        notAfter: undefined,
        signedAt: [instantOf(1_700_000_000_000)],
        notes: [],
      });
    });
  }

  const hashes = [
    ["p384", "sha384"],
    ["p521", "sha512"],
    ["rsa2048", "pss"],
  ] as const;
  for (const [kind, how] of hashes) {
    test(`verifies by a ${kind} key that signs with ${how}`, async () => {
      const key = KEYS.get(kind)!;
      assert.equal(
        verdictOf(await judge({ sign: { signature: (_, payload) => key.sign(payload, how) } }, key)),
        "verified",
      );
    });
  }

  test("costs two requests, one after the other", async () => {
    const images = new MemoryImages().put(image).put(signCosignLegacy({ image: image.digest, key: ours, log }));
    await judgeAll(images, targetOf(image.digest), authorityOf([ours], log.trust, { discover: ["tag"] }));
    assert.equal(images.asked.length, 2);
    assert.equal(images.asked[0], `manifest ${image.digest.replace(":", "-")}.sig`);
  });

  test("verifies without an entry where the operator ignores the log, and then proves no time", async () => {
    const opinion = await judge({ sign: { log: undefined }, trust: { transparencyLog: { kind: "unsafe-ignored" } } });
    assert.deepEqual(opinion?.kind === "verified" && opinion.signedAt, []);
  });

  test("verifies by any key of the authority", async () => {
    const keys = [stranger, ours].map(({ pem }) => ({ pem, from: "key" }));
    assert.equal(verdictOf(await judge({ trust: { keys } })), "verified");
  });

  test("verifies with the annotations that the authority asks for", async () => {
    const annotations = { env: "prod", team: "shop" };
    assert.equal(
      verdictOf(await judge({ sign: { annotations }, trust: { annotations: { env: "prod" } } })),
      "verified",
    );
  });

  test("verifies with the type of a GPG payload, whose members mean the same", async () => {
    const payload = (text: string): string =>
      text.replace("cosign container image signature", "atomic container signature");
    assert.equal(verdictOf(await judge({ sign: { payload } })), "verified");
  });
});

const renamed = (from: string, to: string) => (text: string) => text.replace(from, to);
const asEntry = (change: object) => ({ entry: (entry: object) => ({ ...entry, ...change }) }) as Partial<CosignOptions>;
const digestMember = `"docker-manifest-digest":"${image.digest}"`;

/** What one change makes of an otherwise valid signature. */
const BROKEN: Readonly<Record<string, readonly [expected: string, broken: Case]>> = {
  ...logBreakages({ ours, stranger, log, otherLog }),
  "one bit of the signature": [
    "rejected bad-signature at signature",
    {
      sign: {
        signature: (made) => Buffer.from(made.map((byte, at) => (at === made.length - 1 ? byte ^ 1 : byte))),
        log: undefined,
      },
    },
  ],
  "an empty signature": ["rejected no-signature at parsed", { sign: { signature: () => Buffer.alloc(0) } }],
  "the payload after signing": [
    "rejected bad-signature at signature",
    { sign: { tamper: renamed("shop/web", "shop/wob") } },
  ],
  "the payload's digest after signing": [
    "rejected bad-signature at signature",
    { sign: { tamper: renamed(image.digest, other.digest) } },
  ],
  "an entry without a promise": ["rejected log-missing at log", { sign: asEntry({ set: Buffer.alloc(0) }) }],
  "the entry's time": ["rejected log-invalid at log", { sign: asEntry({ integratedTime: 1_600_000_000 }) }],
  "the entry's index": ["rejected log-invalid at log", { sign: asEntry({ logIndex: 7 }) }],
  "a timestamp annotation of another form": [
    "rejected malformed at parsed",
    { sign: { layer: (proper) => ({ ...proper, "dev.sigstore.cosign/rfc3161timestamp": "{}" }) } },
  ],
  "a timestamp that is required where nobody's counts": [
    "rejected timestamp-missing at timestamp",
    { sign: { timestamp: () => Buffer.of(0x30, 0) }, trust: { timestamp: "required" } },
  ],
  "the signed digest": [
    "rejected wrong-subject at subject",
    { sign: { payload: renamed(image.digest, other.digest) } },
  ],
  "the case of the digest's member": [
    "rejected malformed at subject",
    { sign: { payload: renamed("docker-manifest-digest", "Docker-manifest-digest") } },
  ],
  "a second digest under another case": [
    "rejected malformed at subject",
    { sign: { payload: renamed(digestMember, `${digestMember},"Docker-Manifest-Digest":"${other.digest}"`) } },
  ],
  "a second digest under a long s": [
    "rejected malformed at subject",
    { sign: { payload: renamed(digestMember, `${digestMember},"docker-manife\u017ft-digest":"${other.digest}"`) } },
  ],
  "a duplicate digest": [
    "rejected malformed at subject",
    { sign: { payload: renamed(digestMember, `"docker-manifest-digest":"${other.digest}",${digestMember}`) } },
  ],
  "data after the payload": ["rejected malformed at subject", { sign: { payload: (text) => `${text} {}` } }],
  "a payload that is no JSON": ["rejected malformed at subject", { sign: { payload: () => "signed" } }],
  "the payload's type": [
    "rejected malformed at subject",
    { sign: { payload: renamed("cosign container", "some container") } },
  ],
  "no identity in the payload": [
    "rejected malformed at subject",
    { sign: { payload: renamed('"identity"', '"name"') } },
  ],
  "an annotation's value": [
    "rejected annotation-mismatch at predicate",
    { sign: { annotations: { env: "test" } }, trust: { annotations: { env: "prod" } } },
  ],
  "an annotation that is not there": [
    "rejected annotation-mismatch at predicate",
    { trust: { annotations: { env: "prod" } } },
  ],
  "an annotation that is no text": [
    "rejected annotation-mismatch at predicate",
    { sign: { annotations: { env: ["prod"] } }, trust: { annotations: { env: "prod" } } },
  ],
  "the signed name": [
    "rejected wrong-identity at identity",
    { sign: { name: "registry.example.com/shop/api" }, trust: { signedIdentity: { kind: "matchRepository" } } },
  ],
  "the layer's type": ["rejected unsupported at found", { sign: { mediaType: "text/plain" } }],
  "no signature on the layer": ["rejected no-signature at parsed", { sign: { layer: () => ({}) } }],
  "a signature that is no base64": [
    "rejected malformed at parsed",
    { sign: { layer: (proper) => ({ ...proper, "dev.cosignproject.cosign/signature": "{not base64}" }) } },
  ],
  "a log bundle that is no JSON": [
    "rejected malformed at parsed",
    { sign: { layer: (proper) => ({ ...proper, "dev.sigstore.cosign/bundle": "{" }) } },
  ],
  "a log bundle with a member twice": [
    "rejected malformed at parsed",
    {
      sign: {
        layer: (proper) => ({
          ...proper,
          "dev.sigstore.cosign/bundle": proper["dev.sigstore.cosign/bundle"]!.replace(
            "{",
            '{"SignedEntryTimestamp":"AAAA",',
          ),
        }),
      },
    },
  ],
};

describe("an otherwise valid cosign signature is refused for", () => {
  for (const [what, [expected, broken]] of Object.entries(BROKEN)) {
    test(what, async () => assert.equal(verdictOf(await judge(broken)), expected));
  }

  for (const kind of ["p384", "rsa2048", "ed25519"] as const) {
    const key = KEYS.get(kind)!;
    test(`${kind}: the payload after signing`, async () => {
      assert.equal(
        verdictOf(await judge({ sign: { tamper: renamed("shop", "shap") } }, key)),
        "rejected bad-signature at signature",
      );
    });
    test(`${kind}: the signed digest`, async () => {
      const opinion = await judge({ sign: { payload: renamed(image.digest, other.digest) } }, key);
      assert.equal(verdictOf(opinion), "rejected wrong-subject at subject");
    });
    test(`${kind}: an entry of another key`, async () => {
      const logged: CosignOptions["logged"] = (parts) => ({ ...parts, pem: stranger.pem });
      assert.equal(verdictOf(await judge({ sign: { logged } }, key)), "rejected log-mismatch at log");
    });
  }
});

describe("a refusal says", () => {
  test("which stranger signed", async () => {
    const opinion = await judge({ sign: { key: stranger } });
    assert.ok(opinion?.kind === "rejected");
    assert.deepEqual(opinion.signer, { kind: "key", spki: stranger.public.spki });
    assert.match(opinion.detail, new RegExp(stranger.public.spki.slice(7, 19)));
    assert.match(opinion.detail, new RegExp(ours.public.spki.slice(7, 19)));
  });

  test("no signer where none is proved", async () => {
    const opinion = await judge({ sign: { tamper: renamed("shop", "shap") } });
    assert.ok(opinion?.kind === "rejected");
    assert.equal(opinion.signer, undefined);
  });

  test("what a good signature is for", async () => {
    const opinion = await judge({ sign: { payload: renamed(image.digest, other.digest) } });
    assert.match(
      opinion?.kind === "rejected" ? opinion.detail : "",
      new RegExp(`for "${other.digest}", not for ${image.digest}`),
    );
  });

  const SAID = {
    "what it says": ["test", '"test"'],
    "that it says nothing": [undefined, "nothing"],
    "that it says no text": [7, "no string"],
  } as const;
  for (const [what, [env, words]] of Object.entries(SAID)) {
    test(`${what} for an annotation that the authority asks for`, async () => {
      const annotations = env === undefined ? {} : { env };
      const opinion = await judge({ sign: { annotations }, trust: { annotations: { env: "prod" } } });
      const detail = `the signature says ${words} for "env", not "prod"`;
      assert.equal(opinion?.kind === "rejected" && opinion.detail, detail);
    });
  }
});

describe("the manifest of a digest's signatures", () => {
  const spec = authorityOf([ours], log.trust);

  test("never has a layer of another type judged as a signature, even out of a store", async () => {
    const images = new MemoryImages().put(signCosignLegacy({ image: image.digest, key: ours, log }));
    const [evidence] = await collectAll(images, targetOf(image.digest), spec);
    const [document] = evidence!.documents;
    const descriptor = { ...document!.descriptor, mediaType: "text/plain" };
    const changed = { ...evidence!, documents: [{ ...document!, descriptor }] };
    const opinion = await cosign.authority(spec)?.(changed, targetOf(image.digest));
    assert.equal(verdictOf(opinion), "rejected unsupported at found");
    assert.equal(
      verdictOf(await cosign.authority(spec)?.({ ...evidence!, documents: [] }, targetOf(image.digest))),
      "rejected malformed at found",
    );
  });

  test("may hold two keys' signatures, each judged on its own", async () => {
    const signed = signCosignLegacy(
      { image: image.digest, key: stranger, log },
      { image: image.digest, key: ours, log },
    );
    const opinions = await judgeAll(new MemoryImages().put(signed), targetOf(image.digest), spec);
    assert.deepEqual(opinions.map(verdictOf), ["rejected unknown-key at signature", "verified"]);
  });

  test("fetches a payload that two keys signed once", async () => {
    const images = new MemoryImages().put(
      signCosignLegacy({ image: image.digest, key: stranger, log }, { image: image.digest, key: ours, log }),
    );
    await judgeAll(images, targetOf(image.digest), { ...spec, discover: ["tag"] });
    assert.equal(images.asked.length, 2);
  });

  test("that is not there is an absence", async () => {
    assert.deepEqual(await judgeAll(new MemoryImages(), targetOf(image.digest), spec), []);
  });

  test("cannot exist for a sha512 digest, whose tag would be too long", async () => {
    const images = new MemoryImages();
    const digest = digestOf("image", "sha512");
    assert.deepEqual(await judgeAll(images, targetOf(digest), { ...spec, discover: ["tag"] }), []);
    assert.deepEqual(images.asked, []);
  });

  test("without layers is no signature", async () => {
    const opinions = await judgeAll(
      new MemoryImages().put(cosignManifest(image.digest, [])),
      targetOf(image.digest),
      spec,
    );
    assert.deepEqual(opinions.map(verdictOf), ["rejected no-signature at found"]);
  });

  test("whose payload is gone is a missing document", async () => {
    const signed = signCosignLegacy({ image: image.digest, key: ours, log });
    const images = new MemoryImages().put(signed).forget(digestOf(signed.blobs[1]!));
    const opinions = await judgeAll(images, targetOf(image.digest), spec);
    assert.deepEqual(opinions.map(verdictOf), ["rejected missing-document at fetched"]);
  });

  for (const [what, manifest] of [
    ["an index", { manifests: [], mediaType: "application/vnd.oci.image.index.v1+json" }],
    ["both manifest and index", { manifests: [], layers: [] }],
    ["without a configuration", { layers: [] }],
  ] as const) {
    test(`that is ${what} is malformed`, async () => {
      const bad = artifactOf(manifest, [], `${image.digest.replace(":", "-")}.sig`);
      const opinions = await judgeAll(new MemoryImages().put(bad), targetOf(image.digest), spec);
      assert.deepEqual(opinions.map(verdictOf), ["rejected malformed at parsed"]);
    });
  }

  test("with a layer too large for any payload refuses that layer unfetched, and judges the rest", async () => {
    const good = cosignLayer({ image: image.digest, key: ours, log });
    const big = { payload: good.payload, descriptor: { ...good.descriptor, digest: digestOf("big"), size: 5 << 20 } };
    const images = new MemoryImages().put(cosignManifest(image.digest, [big, good]));
    const opinions = await judgeAll(images, targetOf(image.digest), spec);
    assert.deepEqual(opinions.map(verdictOf), ["verified", "rejected unsupported at found"]);
    assert.ok(!images.asked.includes(`blob ${digestOf("big")}`));
  });

  test("may hold a thousand signatures", async () => {
    const layer = cosignLayer({ image: image.digest, key: ours, log });
    const images = new MemoryImages().put(
      cosignManifest(
        image.digest,
        Array.from({ length: 1000 }, () => layer),
      ),
    );
    const opinions = await judgeAll(images, targetOf(image.digest), spec);
    assert.equal(opinions.filter((opinion) => opinion.kind === "verified").length, 1000);
  });

  for (const count of [1001, 1500]) {
    test(`with ${count} signatures is an error, and not the first thousand`, async () => {
      const layer = cosignLayer({ image: image.digest, key: ours, log });
      const images = new MemoryImages().put(
        cosignManifest(
          image.digest,
          Array.from({ length: count }, () => layer),
        ),
      );
      const judged = judgeAll(images, targetOf(image.digest), spec);
      await assert.rejects(judged, { name: "PortError", code: "too-many" });
    });
  }

  test("is not looked for, and does not count, where the authority discovers referrers only", async () => {
    const images = new MemoryImages().put(signCosignLegacy({ image: image.digest, key: ours, log }));
    assert.deepEqual(await judgeAll(images, targetOf(image.digest), { ...spec, discover: ["referrers"] }), []);
  });
});
