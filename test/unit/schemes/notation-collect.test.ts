import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import { plainDescriptor } from "../../../src/domain/descriptor.ts";
import { PortError } from "../../../src/domain/errors.ts";
import type { SignatureEvidence } from "../../../src/domain/evidence.ts";
import { DOCKER_MANIFEST, OCI_MANIFEST } from "../../../src/domain/media-types.ts";
import type { Document } from "../../../src/domain/subject.ts";
import type { NotationAuthority } from "../../../src/domain/trust.ts";
import { MAX_SIGNATURES } from "../../../src/schemes/limits.ts";
import type { RevocationEvidence } from "../../../src/schemes/notation/revocation-port.ts";
import { notationScheme } from "../../../src/schemes/notation/scheme.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { artifactOf } from "../../support/signing/artifact.ts";
import { sourcesOf, targetOf, verdictOf } from "../../support/signing/judging.ts";
import { chain, image, root } from "../../support/signing/notation-judging.ts";
import {
  actions,
  chainOf,
  notationAuthority,
  NOTATION_SIGNATURE,
  signNotation,
  type NotationOptions,
} from "../../support/signing/notation.ts";
import { TestTimestampAuthority } from "../../support/signing/timestamp-authority.ts";

const trust = notationAuthority({ ca: [root] });
const tsa = new TestTimestampAuthority();

/** Looks as an authority does, and tells for which leaves revocation was looked up. */
async function collect(
  images: MemoryImages,
  authority: NotationAuthority,
  found: RevocationEvidence = { documents: [], gaps: [] },
): Promise<{ readonly evidence: readonly SignatureEvidence[]; readonly looked: readonly string[] }> {
  const looked: string[] = [];
  const scheme = notationScheme({
    collect: async ([leaf]) => {
      looked.push(digestOf(leaf?.der ?? new Uint8Array()));
      return await Promise.resolve(found);
    },
    judge: () => ({ kind: "good", until: undefined, notes: [] }),
  });
  const answers = new Map<string, Promise<unknown>>();
  const once = async <T>(key: string, look: () => Promise<T>): Promise<T> => {
    const answer = answers.get(key) ?? look();
    answers.set(key, answer);
    return (await answer) as T;
  };
  const evidence: SignatureEvidence[] = [];
  for (const place of scheme.placesOf(authority)) {
    evidence.push(
      ...(await place.collect(targetOf(image.digest), { ...sourcesOf(images), once }, new AbortController().signal)),
    );
  }
  return { evidence, looked };
}

function signed(...signatures: readonly Partial<NotationOptions>[]): MemoryImages {
  return signatures.reduce<MemoryImages>(
    (images, options) => images.refer(image.digest, signNotation({ image, chain, ...options }), NOTATION_SIGNATURE),
    new MemoryImages().put(image),
  );
}

const opinionsOf = async (evidence: readonly SignatureEvidence[]): Promise<readonly string[]> => {
  const assess = notationScheme({
    collect: async () => await Promise.resolve({ documents: [], gaps: [] }),
    judge: () => ({ kind: "good", until: undefined, notes: [] }),
  }).authority(trust);
  return await Promise.all(evidence.map(async (each) => verdictOf(await assess?.(each, targetOf(image.digest)))));
};

describe("Notary Project signatures are collected", () => {
  test("one piece of evidence each, with manifest, image and envelope", async () => {
    const { evidence } = await collect(signed({}, { format: "cose" }), trust);
    assert.deepEqual(
      evidence.map(({ documents }) => documents.length),
      [3, 3],
    );
    assert.deepEqual(await opinionsOf(evidence), ["verified", "verified"]);
  });

  test("none of an image without referrers", async () => {
    assert.deepEqual((await collect(signed(), trust)).evidence, []);
  });

  const LOST: readonly (readonly [string, (artifact: ReturnType<typeof signNotation>) => MemoryImages])[] = [
    ["manifest", (artifact) => signedBy(artifact).forget(artifact.digest)],
    ["envelope", (artifact) => signedBy(artifact).forget(digestOf(artifact.blobs[1] ?? Buffer.alloc(0)))],
    ["image", (artifact) => signedBy(artifact).forget(image.digest)],
  ];
  const signedBy = (artifact: ReturnType<typeof signNotation>): MemoryImages =>
    new MemoryImages().put(image).refer(image.digest, artifact, NOTATION_SIGNATURE);
  for (const [what, images] of LOST) {
    test(`and say so where the registry has lost the ${what}`, async () => {
      const { evidence } = await collect(images(signNotation({ image, chain })), trust);
      assert.deepEqual(await opinionsOf(evidence), ["rejected missing-document at fetched"]);
    });
  }

  for (const [what, at] of [
    ["image", 1],
    ["envelope", 2],
  ] as const) {
    test(`and do not count where a store has lost the ${what}`, async () => {
      const { evidence } = await collect(signed({}), trust);
      const partly = evidence.map((each) => ({ ...each, documents: each.documents.toSpliced(at, 1) }));
      assert.deepEqual(await opinionsOf(partly), ["rejected missing-document at fetched"]);
    });
  }

  test("never in part: one more than the limit is an error", async () => {
    const images = new MemoryImages().put(image);
    for (let at = 0; at <= MAX_SIGNATURES; at++) {
      images.refer(
        image.digest,
        artifactOf({ config: plainDescriptor("a/b", digestOf(Buffer.from(String(at))), 1), layers: [] }, []),
        NOTATION_SIGNATURE,
      );
    }
    await assert.rejects(collect(images, trust), (error) => error instanceof PortError && error.code === "too-many");
  });

  test("never beyond what may be held at once", async () => {
    const images = new MemoryImages().put(image);
    for (let at = 0; at < 20; at++) {
      const large = { image, chain, metadata: { at: String(at) } };
      images.refer(
        image.digest,
        signNotation({
          ...large,
          manifest: (proper) => ({
            ...proper,
            layers: proper.layers.map((each) => ({ ...each, size: 4 * 1024 * 1024 })),
          }),
        }),
        NOTATION_SIGNATURE,
      );
    }
    await assert.rejects(collect(images, trust), (error) => error instanceof PortError && error.code === "too-large");
  });
});

test("a signature manifest of Docker's type is refused", async () => {
  const { manifest, ...rest } = signNotation({ image, chain });
  const text = manifest.toString().replace(OCI_MANIFEST, DOCKER_MANIFEST);
  const docker = {
    ...rest,
    mediaType: DOCKER_MANIFEST,
    manifest: Buffer.from(text),
    digest: digestOf(Buffer.from(text)),
  };
  const { evidence } = await collect(
    new MemoryImages().put(image).refer(image.digest, docker, NOTATION_SIGNATURE),
    trust,
  );
  assert.deepEqual(await opinionsOf(evidence), ["rejected malformed at parsed"]);
});

describe("revocation is looked up", () => {
  const [leaf] = chain;
  const stamped: Partial<NotationOptions> = { timestamp: (signature) => tsa.stamp(signature) };
  const withTsa = notationAuthority({ ca: [root], tsa: [tsa.root] });
  const leafOf = (issued: { readonly der: Buffer }): string => digestOf(issued.der);

  const ROWS: readonly (readonly [string, Partial<NotationOptions>, NotationAuthority, readonly string[]])[] = [
    ["for a chain that ends in a store", {}, trust, [leafOf(leaf)]],
    ["for its timestamp's chain too", stamped, withTsa, [leafOf(leaf), leafOf(tsa.leaf)]],
    [
      "for the timestamp's alone where the signer's is skipped",
      stamped,
      notationAuthority({ ca: [root], tsa: [tsa.root] }, { actions: actions({ revocation: "skip" }) }),
      [leafOf(tsa.leaf)],
    ],
    ["for no chain that nobody configured", { chain: chainOf() }, trust, []],
    [
      "for no timestamp that nobody configured",
      { timestamp: (signature) => new TestTimestampAuthority().stamp(signature) },
      withTsa,
      [leafOf(leaf)],
    ],
    [
      "for no timestamp of a signing authority, whose word is enough",
      { ...stamped, scheme: "notary.x509.signingAuthority" },
      notationAuthority({ signingAuthority: [root], tsa: [tsa.root] }),
      [leafOf(leaf)],
    ],
    ["for no signature that does not hold", { signature: () => Buffer.alloc(64) }, trust, []],
    ["for no envelope that cannot be read", { envelope: () => Buffer.from("{") }, trust, []],
    ["for no store of another type", {}, notationAuthority({ signingAuthority: [root] }), []],
    [
      "for nothing where the policy skips it",
      {},
      notationAuthority({ ca: [root] }, { actions: actions({ revocation: "skip" }) }),
      [],
    ],
    ["for nothing where the statement skips all", {}, notationAuthority({ ca: [root] }, { level: "skip" }), []],
    [
      "for nothing where no statement is for the repository",
      {},
      notationAuthority({ ca: [root] }, { scopes: ["other.example.com/shop/web"] }),
      [],
    ],
  ];
  for (const [name, options, authority, expected] of ROWS) {
    test(name, async () => assert.deepEqual((await collect(signed(options), authority)).looked, expected));
  }

  test("once for several signatures of one chain", async () => {
    assert.equal((await collect(signed({}, { format: "cose" }, { metadata: { a: "1" } }), trust)).looked.length, 1);
  });

  test("and its answers and gaps are part of the evidence", async () => {
    const bytes = Buffer.from("answer");
    const document = { descriptor: plainDescriptor("application/ocsp-response", digestOf(bytes), bytes.length), bytes };
    const gap = { code: "timeout", what: "http://crl.example.com", detail: "no answer" } as const;
    const { evidence } = await collect(signed({}), trust, { documents: [document], gaps: [gap] });
    assert.deepEqual([evidence[0]?.documents.at(-1), evidence[0]?.gaps], [document, [gap]]);
    assert.deepEqual(await opinionsOf(evidence), ["verified"]);
    const read: (readonly Document[])[] = [];
    const assess = notationScheme({
      collect: async () => await Promise.resolve({ documents: [], gaps: [] }),
      judge: (_, documents) => {
        read.push(documents);
        return { kind: "good", until: undefined, notes: [] };
      },
    }).authority(trust);
    await assess?.(evidence[0]!, targetOf(image.digest));
    assert.deepEqual(read, [[document]]);
  });
});

describe("the place of an authority's signatures", () => {
  const scheme = notationScheme({
    collect: async () => await Promise.resolve({ documents: [], gaps: [] }),
    judge: () => ({ kind: "good", until: undefined, notes: [] }),
  });
  const keyOf = (authority: NotationAuthority): string | undefined => scheme.placesOf(authority)[0]?.key;
  const skipped = { actions: actions({ revocation: "skip" }) };

  test("is the plain one where no revocation is looked up, whatever the stores", () => {
    const stranger = chainOf()[2];
    const keys = [[root], [stranger]].map((ca) => keyOf(notationAuthority({ ca }, skipped)));
    assert.deepEqual(keys, ["notation:referrers", "notation:referrers"]);
  });

  test("is one of its own for other stores, scopes and timestamp authorities", () => {
    const authorities = [
      trust,
      notationAuthority({ ca: [chainOf()[2]] }),
      notationAuthority({ ca: [root], tsa: [tsa.root] }),
      notationAuthority({ ca: [root], tsa: [tsa.root] }, skipped),
      notationAuthority({ ca: [root] }, { scopes: ["registry.example.com/shop/web"] }),
    ];
    const keys = authorities.map(keyOf);
    assert.equal(new Set(keys).size, authorities.length);
    assert.ok(keys.every((key) => /^notation:referrers\+revocation-[0-9a-f]{16}$/.test(key ?? "")));
  });

  test("is one of its own where one of several statements looks revocation up", () => {
    const statements = [...notationAuthority({ ca: [root] }, skipped).statements, ...trust.statements];
    assert.match(keyOf({ ...trust, statements }) ?? "", /^notation:referrers\+revocation-/);
  });

  test("is another for other signers' stores too where only their timestamps' authorities are looked up", async () => {
    const theirs = notationAuthority({ ca: [chainOf()[2]], tsa: [tsa.root] }, skipped);
    const ours = notationAuthority({ ca: [root], tsa: [tsa.root] }, skipped);
    const images = signed({ timestamp: (signature) => tsa.stamp(signature) });
    assert.deepEqual(
      [(await collect(images, theirs)).looked.length, (await collect(images, ours)).looked.length],
      [0, 1],
    );
    assert.notEqual(keyOf(theirs), keyOf(ours));
  });

  test("is another where a statement that skips hides the one for all repositories", async () => {
    const [general] = trust.statements;
    assert.ok(general);
    const hidden = { ...general, scopes: ["registry.example.com/shop/web"], level: "skip" } as const;
    const hiding: NotationAuthority = { ...trust, statements: [hidden, general] };
    assert.deepEqual(
      [(await collect(signed({}), hiding)).looked, (await collect(signed({}), trust)).looked.length],
      [[], 1],
    );
    assert.notEqual(keyOf(hiding), keyOf(trust));
  });

  test("is the same for authorities that differ in identities and metadata alone", () => {
    const other = notationAuthority(
      { ca: [root] },
      { identities: ["x509.subject: C=US, ST=WA, O=acme"], metadata: { a: "1" } },
    );
    assert.equal(keyOf(other), keyOf(trust));
  });
});
