import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import type { Digest } from "../../../src/domain/digest.ts";
import type { Opinion } from "../../../src/domain/facts.ts";
import { parseInstant } from "../../../src/domain/instant.ts";
import type { JsonValue } from "../../../src/domain/json.ts";
import type { StatementNeed } from "../../../src/domain/needs.ts";
import { ATTESTATION_EXTRACT } from "../../../src/domain/media-types.ts";
import type { AuthorityName } from "../../../src/domain/trust.ts";
import { extractDocument } from "../../../src/schemes/attestation/extract.ts";
import { SCHEMES } from "../../../src/schemes/index.ts";
import { imageOf, type Artifact } from "../../support/signing/artifact.ts";
import {
  attest,
  attestationLayer,
  attestationManifest,
  attestationText,
  buildkitIndex,
  VULN_PREDICATE,
  type BuildkitOptions,
  type Envelope,
} from "../../support/signing/attestation.ts";
import { BUNDLE_TYPE, signBundle, type BundleOptions } from "../../support/signing/bundle.ts";
import { attestAll, authorityOf, judgeAll, targetOf, verdictOf, type Attested } from "../../support/signing/judging.ts";
import { makeKey } from "../../support/signing/keys.ts";
import { VirtualLog } from "../../support/signing/virtual-log.ts";
import { MemoryImages } from "../../support/memory-images.ts";

const ours = makeKey();
const stranger = makeKey();
const log = new VirtualLog();
const image = imageOf("attested");
const other = imageOf("another");
const spec = authorityOf([ours], log.trust);
const PADDING = "p".repeat(3_400_000);
const [scheme] = SCHEMES.attestations;

function verdicts(found: readonly Attested[]): readonly string[] {
  return found.map(({ opinion }) => verdictOf(opinion));
}

function bundle(size: "small" | "large", change: Partial<BundleOptions> = {}): Artifact {
  const options = { image: image.digest, key: ours, log, predicateType: VULN_PREDICATE };
  const statement = (proper: string): string =>
    size === "large" ? proper.replace('"predicate":{}', `"predicate":{"padding":"${PADDING}"}`) : proper;
  return signBundle({ ...options, statement, ...change });
}

function referring(artifact: Artifact, type: string | undefined = BUNDLE_TYPE, about = image.digest): MemoryImages {
  return new MemoryImages().refer(about, artifact, type);
}

async function judgedBundle(artifact: Artifact, about = image.digest): Promise<readonly string[]> {
  return verdicts(await attestAll(referring(artifact, BUNDLE_TYPE, about), targetOf(about), spec));
}

const oldVersion =
  (version: string, promise: boolean) => (proper: Parameters<NonNullable<BundleOptions["bundle"]>>[0]) => {
    const entries = proper.verificationMaterial.tlogEntries?.map((entry) => {
      const { inclusionProof: _, ...rest } = entry;
      return promise ? rest : entry;
    });
    return {
      ...proper,
      mediaType: `application/vnd.dev.sigstore.bundle+json;version=${version}`,
      verificationMaterial: { ...proper.verificationMaterial, tlogEntries: entries },
    };
  };

for (const size of ["small", "large"] as const) {
  describe(`a ${size} attestation that refers to an image`, () => {
    test("counts", async () => {
      assert.deepEqual(await judgedBundle(bundle(size)), ["verified"]);
    });

    test("counts in bundles of the older versions", async () => {
      assert.deepEqual(await judgedBundle(bundle(size, { bundle: oldVersion("0.1", true) })), ["verified"]);
      assert.deepEqual(await judgedBundle(bundle(size, { bundle: oldVersion("0.2", false) })), ["verified"]);
    });

    test("counts though its listing names no type, and its manifest no predicate", async () => {
      const silent = bundle(size, { manifest: (proper) => ({ ...proper, annotations: {} }) });
      const found = await attestAll(
        referring(silent, "application/vnd.oci.empty.v1+json"),
        targetOf(image.digest),
        spec,
      );
      assert.deepEqual(verdicts(found), ["verified"]);
    });

    test("never counts as a signature of the image", async () => {
      const opinions = await judgeAll(referring(bundle(size)), targetOf(image.digest), spec);
      assert.deepEqual(opinions.map(verdictOf), ["rejected wrong-predicate at found"]);
    });

    test("does not count by a stranger, without a log entry, or with another's", async () => {
      assert.deepEqual(await judgedBundle(bundle(size, { key: stranger })), ["rejected unknown-key at signature"]);
      assert.deepEqual(await judgedBundle(bundle(size, { log: undefined })), ["rejected log-missing at log"]);
      const swapped = bundle(size, { logged: (parts) => ({ ...parts, content: Buffer.from("{}") }) });
      assert.deepEqual(await judgedBundle(swapped), ["rejected log-mismatch at log"]);
    });

    test("does not count for an image that its manifest does not refer to, or that it does not name", async () => {
      const artifact = bundle(size);
      assert.deepEqual(await judgedBundle(artifact, other.digest), ["rejected wrong-subject at found"]);
      const claimed = bundle(size, {
        manifest: (proper) => ({ ...proper, subject: { ...proper.subject, digest: other.digest } }),
      });
      assert.deepEqual(await judgedBundle(claimed, other.digest), ["rejected wrong-subject at subject"]);
    });

    test("of an image signature is none, whatever its manifest says", async () => {
      assert.deepEqual(await judgedBundle(bundle(size, { predicateType: "https://sigstore.dev/cosign/sign/v1" })), []);
      const silent = bundle(size, {
        predicateType: "https://sigstore.dev/cosign/sign/v1",
        manifest: (proper) => ({ ...proper, annotations: {} }),
      });
      assert.deepEqual(await judgedBundle(silent), []);
    });

    test("does not count where what is long is not the payload", async () => {
      const moved = bundle(size, {
        bundle: (proper) => {
          const { payload } = proper.dsseEnvelope;
          const [signature] = proper.dsseEnvelope.signatures;
          const dsseEnvelope = {
            ...proper.dsseEnvelope,
            payload: "e30=",
            signatures: [{ ...signature, keyid: payload }],
          };
          return { ...proper, dsseEnvelope };
        },
      });
      const expected = size === "large" ? "rejected malformed at parsed" : "rejected bad-signature at signature";
      assert.deepEqual(await judgedBundle(moved), [expected]);
    });

    test("that is lost is missed, and so is its manifest", async () => {
      const artifact = bundle(size);
      const lost = referring(artifact).forget(digestOf(artifact.blobs[1] ?? Buffer.alloc(0)));
      assert.deepEqual(verdicts(await attestAll(lost, targetOf(image.digest), spec)), [
        "rejected missing-document at fetched",
      ]);
      const gone = referring(artifact).forget(artifact.digest);
      assert.deepEqual(verdicts(await attestAll(gone, targetOf(image.digest), spec)), [
        "rejected missing-document at fetched",
      ]);
    });
  });
}

const VOUCHED: Opinion & { readonly kind: "verified" } = {
  kind: "verified",
  signers: [{ kind: "key", spki: ours.public.spki }],
  notBefore: undefined,
  notAfter: undefined,
  signedAt: [],
  notes: ["as signed"],
};

describe("BuildKit's attestations", () => {
  const statement = attestationText({ image: image.digest });

  function pushed(options: Partial<BuildkitOptions> = {}): { images: MemoryImages; index: Digest; manifest: Digest } {
    const { index, manifests } = buildkitIndex([{ image, statements: [statement], ...options }, { image: other }]);
    const images = new MemoryImages().put(image).put(other).put(index);
    for (const each of manifests) images.put(each);
    return { images, index: index.digest, manifest: manifests[0]?.digest ?? index.digest };
  }

  async function judged(
    { images, index }: ReturnType<typeof pushed>,
    vouched: (digest: Digest) => Exclude<Opinion, { kind: "rejected" }> | undefined,
    about = image.digest,
  ): Promise<readonly Attested[]> {
    const target = { ...targetOf(about), indexes: [index] };
    const buildkit = { ...spec, discover: [] };
    return attestAll(images, target, buildkit, { vouched });
  }

  test("count by a signature on their index, and say so", async () => {
    const world = pushed();
    const [found, ...more] = await judged(world, (digest) => (digest === world.index ? VOUCHED : undefined));
    assert.ok(found?.opinion.kind === "verified");
    assert.deepEqual(more, []);
    assert.equal(found.opinion.statement.digest, digestOf(statement));
    assert.deepEqual(found.opinion.signers, VOUCHED.signers);
    assert.equal(found.opinion.notes[0], "as signed");
    assert.match(
      found.opinion.notes[1] ?? "",
      /not signed itself: the signature on sha256:[0-9a-f]{64} vouches for it/,
    );
  });

  test("count by a signature on their own manifest", async () => {
    const world = pushed();
    const found = await judged(world, (digest) => (digest === world.manifest ? VOUCHED : undefined));
    assert.deepEqual(verdicts(found), ["verified"]);
  });

  test("count by whichever signature counts longest", async () => {
    const world = pushed();
    const ended = { ...VOUCHED, notAfter: parseInstant("2024-01-01T00:00:00Z") };
    for (const short of [world.manifest, world.index]) {
      const [found] = await judged(world, (digest) => (digest === short ? ended : VOUCHED));
      assert.ok(found?.opinion.kind === "verified");
      assert.equal(found.opinion.notAfter, undefined);
    }
  });

  test("do not count by a signature on the image alone, or by none", async () => {
    const found = await judged(pushed(), (digest) => (digest === image.digest ? VOUCHED : undefined));
    assert.deepEqual(verdicts(found), ["rejected no-signature at signature"]);
  });

  test("are not told where the index's signature is not", async () => {
    const gap = { code: "timeout", what: "x", detail: "y" } as const;
    const found = await judged(pushed(), () => ({ kind: "undetermined", gap, step: "found", signer: undefined }));
    assert.deepEqual(verdicts(found), ["undetermined timeout at found"]);
  });

  test("do not count for another image than their statement's", async () => {
    const wrong = pushed({ statements: [attestationText({ image: other.digest })] });
    assert.deepEqual(verdicts(await judged(wrong, () => VOUCHED)), ["rejected wrong-subject at subject"]);
    assert.deepEqual(await judged(pushed(), () => VOUCHED, other.digest), []);
  });

  const UNMARKED: Readonly<Record<string, Partial<BuildkitOptions>>> = {
    "of a platform": { entry: (proper) => ({ ...proper, platform: { os: "linux", architecture: "amd64" } }) },
    "without the mark": {
      entry: (proper) => ({ ...proper, annotations: { "vnd.docker.reference.digest": image.digest } }),
    },
    "without statements": { manifest: (proper) => ({ ...proper, layers: [] }) },
    "with a layer of another type": {
      manifest: (proper) => {
        const layers = proper["layers"] as { readonly mediaType: string }[];
        return { ...proper, layers: [...layers, { ...layers[0], mediaType: "text/plain" }] };
      },
    },
  };
  for (const [what, options] of Object.entries(UNMARKED)) {
    test(`do not count in a manifest ${what}`, async () => {
      const found = await judged(pushed(options), () => VOUCHED);
      assert.ok(found.length > 0);
      for (const each of verdicts(found)) assert.equal(each, "rejected malformed at found");
    });
  }

  test("do not count in an index in the place of their manifest", async () => {
    const { index } = buildkitIndex([{ image: other }]);
    const instead = { mediaType: index.mediaType, digest: index.digest, size: index.manifest.length };
    const world = pushed({ entry: (proper) => ({ ...proper, ...instead }) });
    world.images.put(index);
    assert.deepEqual(verdicts(await judged(world, () => VOUCHED)), ["rejected malformed at found"]);
  });

  test("count for their image in a manifest that the index names for another one too", async () => {
    const both = [other, image].map((each) => ({ image: each, statements: [statement] }));
    const { index, manifests } = buildkitIndex(both);
    const [manifest = index, same] = manifests;
    assert.equal(manifest.digest, same?.digest);
    const images = new MemoryImages().put(index).put(manifest);
    const world = { images, index: index.digest, manifest: manifest.digest };
    assert.deepEqual(verdicts(await judged(world, () => VOUCHED)), ["verified"]);
    const elsewhere = await judged(world, () => VOUCHED, other.digest);
    assert.deepEqual(verdicts(elsewhere), ["rejected wrong-subject at subject"]);
  });

  test("are not looked for in what is no index, or cannot be read, or was lost", async () => {
    const broken = Buffer.from('{"schemaVersion":2,"manifests":[],"MANIFESTS":[]}');
    const { index } = buildkitIndex([{ image }]);
    const unreadable = { ...index, manifest: broken, digest: digestOf(broken) };
    const images = new MemoryImages().put(image).put(unreadable);
    for (const digest of [image.digest, unreadable.digest, index.digest]) {
      assert.deepEqual(await judged({ images, index: digest, manifest: digest }, () => VOUCHED), []);
    }
  });

  test("do not count where the evidence holds another statement in their place, whole or in parts", async () => {
    const failed = attestationText({ image: image.digest, predicate: { scanner: { result: "failed" } } });
    const large = attestationText({ image: image.digest, predicate: { padding: PADDING + PADDING } });
    const [, ...others] = await judged(pushed({ statements: [statement, failed, large] }), () => VOUCHED);
    assert.deepEqual(verdicts(others), ["verified", "verified"]);
    const attest = scheme?.attestor(spec);
    const vouched = (): typeof VOUCHED => VOUCHED;
    for (const { evidence } of others) {
      const swapped = { ...evidence, part: 0 };
      const opinion = await attest?.(swapped, targetOf(image.digest), vouched);
      assert.equal(verdictOf(opinion), "rejected missing-document at fetched");
    }
  });

  test("too large to read are not taken for nothing", async () => {
    const manifest = (proper: Record<string, unknown>): object => {
      const [layer] = proper["layers"] as readonly object[];
      return { ...proper, layers: [{ ...layer, size: 128 * 1024 * 1024 + 1 }] };
    };
    const world = pushed({ manifest });
    assert.deepEqual(verdicts(await judged(world, () => VOUCHED)), ["undetermined too-large at fetched"]);
    assert.ok(!world.images.asked.some((each) => each.includes(digestOf(statement))));
  });

  test("that are lost are missed by name", async () => {
    const world = pushed();
    world.images.forget(digestOf(statement));
    const [found] = await judged(world, () => VOUCHED);
    assert.equal(found?.evidence.missing, digestOf(statement));
    assert.equal(verdictOf(found?.opinion), "rejected missing-document at fetched");
  });

  test("do not count with a name twice in the statement", async () => {
    const twice = pushed({ statements: [statement.replace('"result"', '"result":"failed","result"')] });
    assert.deepEqual(verdicts(await judged(twice, () => VOUCHED)), ["rejected malformed at subject"]);
  });

  test("are judged by their parts where they are large", async () => {
    const large = attestationText({ image: image.digest, predicate: { padding: PADDING + PADDING, result: "passed" } });
    const world = pushed({ statements: [statement, large] });
    const found = await judged(world, () => VOUCHED);
    assert.deepEqual(verdicts(found), ["verified", "verified"]);
    const types = found.map(({ evidence }) => evidence.documents.at(-1)?.descriptor.mediaType);
    assert.deepEqual(types, ["application/vnd.in-toto+json", ATTESTATION_EXTRACT]);
    assert.ok(found[1]?.opinion.kind === "verified");
    assert.equal(found[1].opinion.statement.digest, digestOf(large));
  });

  test("are found in an index within an index, by a signature on either", async () => {
    const { index, manifests } = buildkitIndex([{ image, statements: [statement] }]);
    const entry = { mediaType: index.mediaType, digest: index.digest, size: index.manifest.length };
    const outer = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: index.mediaType, manifests: [entry] }));
    const whole = { mediaType: index.mediaType, manifest: outer, digest: digestOf(outer), blobs: [], tag: undefined };
    const images = new MemoryImages().put(image).put(index).put(whole);
    for (const each of manifests) images.put(each);
    const world = { images, index: whole.digest, manifest: whole.digest };
    for (const signed of [whole.digest, index.digest]) {
      const found = await judged(world, (digest) => (digest === signed ? VOUCHED : undefined));
      assert.deepEqual(verdicts(found), ["verified"]);
    }
  });

  test("count for authorities of every kind, whose signature on the index is theirs", () => {
    const notation = { kind: "notation", statements: [], metadata: {} } as const;
    assert.deepEqual(
      scheme?.placesOf(notation).map(({ key }) => key),
      ["attestation:buildkit"],
    );
  });
});

function plain(value: JsonValue): unknown {
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([name, member]) => [name, plain(member as JsonValue)]));
  return Array.isArray(value) ? value.map((item) => plain(item as JsonValue)) : value;
}

describe("the text of a verified statement", () => {
  const asking = (...paths: readonly string[]): readonly StatementNeed[] => [
    { attesters: ["a" as AuthorityName], predicateType: VULN_PREDICATE, paths },
  ];
  const predicate = { scanner: { result: "passed", tool: "x" }, findings: [{ id: 1 }], padding: PADDING };
  const large = attest({ image: image.digest, key: ours, log, predicate });
  const target = targetOf(image.digest);

  test("is not read out of what was taken from the same bytes as something else", async () => {
    const blob = large.blobs[1] ?? Buffer.alloc(0);
    const { index, manifests } = buildkitIndex([{ image, statements: [blob.toString("latin1")] }]);
    const images = new MemoryImages().put(image).put(index).put(large);
    for (const each of manifests) images.put(each);
    const beside = await attestAll(images, { ...target, indexes: [index.digest] }, { ...spec, discover: [] });
    const derived = beside
      .flatMap(({ evidence }) => evidence.documents)
      .filter(({ descriptor }) => descriptor.mediaType === ATTESTATION_EXTRACT);
    assert.equal(derived.length, 1);
    const found = await attestAll(images, target, { ...spec, discover: ["tag"] }, { sources: { derived } });
    assert.deepEqual(verdicts(found), ["verified"]);
  });

  async function one(artifact: Artifact, statements: readonly StatementNeed[]): Promise<Attested> {
    const [found] = await attestAll(new MemoryImages().put(artifact), target, spec, { sources: { statements } });
    assert.ok(found);
    return found;
  }

  function textOf({ evidence, opinion }: Attested, ...paths: readonly string[]): unknown {
    assert.ok(opinion.kind === "verified");
    const view = scheme?.statementIn(evidence, opinion.statement, paths);
    return view?.kind === "known" ? plain(view.value) : view;
  }

  test("is whole where it was kept whole", async () => {
    const small = attest({ image: image.digest, key: ours, log });
    const found = await one(small, []);
    assert.equal(scheme?.places[0]?.isAtHand?.(found.evidence, asking("predicate.scanner")), true);
    assert.deepEqual(textOf(found, "predicate.scanner"), JSON.parse(attestationText({ image: image.digest })));
  });

  test("of a large one is what was asked for", async () => {
    const found = await one(large, asking("predicate.scanner.result", "predicate.findings"));
    const { _type, subject, predicateType } = JSON.parse(attestationText({ image: image.digest })) as Record<
      string,
      unknown
    >;
    assert.deepEqual(textOf(found, "predicate.scanner.result"), {
      _type,
      subject,
      predicateType,
      predicate: { scanner: { result: "passed" }, findings: [{ id: 1 }] },
    });
    assert.deepEqual(Object.keys(textOf(found, "predicate.findings.id") as object).length, 4);
  });

  test("beside an image is what was asked for, too, and is read once where nothing is", async () => {
    const text = attestationText({ image: image.digest, predicate: { ...predicate, more: PADDING } });
    const { index, manifests } = buildkitIndex([{ image, statements: [text] }]);
    const images = new MemoryImages().put(image).put(index);
    for (const each of manifests) images.put(each);
    const read = async (statements: readonly StatementNeed[]): Promise<Attested> => {
      const beside = { ...target, indexes: [index.digest] };
      const more = { vouched: () => VOUCHED, sources: { statements } };
      const [found] = await attestAll(images, beside, { ...spec, discover: [] }, more);
      return found ?? assert.fail();
    };
    assert.deepEqual(textOf(await read([]), "predicate.scanner.result"), { kind: "not-collected" });
    assert.equal(images.asked.filter((each) => each.startsWith("stream")).length, 1);
    const found = textOf(await read(asking("predicate.scanner.result")), "predicate.scanner.result");
    assert.deepEqual((found as { predicate: object }).predicate, { scanner: { result: "passed" } });
  });

  test("in a bundle is whole where it was kept whole", async () => {
    const [found] = await attestAll(referring(bundle("small")), target, spec);
    const whole = textOf(found ?? assert.fail(), "predicate") as { predicateType: string; predicate: object };
    assert.deepEqual([whole.predicateType, whole.predicate], [VULN_PREDICATE, {}]);
  });

  test("is kept up to 64 MiB of all statements of one place", async () => {
    const layer = attestationLayer({ image: image.digest, key: ours, log, predicate });
    const blob = digestOf("another attestation");
    const earlier = { ...layer, descriptor: { ...layer.descriptor, digest: blob } };
    const artifact = attestationManifest(image.digest, [earlier, layer]);
    const textAfter = async (kept: number): Promise<unknown> => {
      const statement = { kind: "read", header: "{}", kept: " ".repeat(kept) } as const;
      const payload = { kind: "hashed", size: kept, hashes: {} } as const;
      const content = { kind: "read", wrapper: "", payload, message: undefined, held: undefined, statement } as const;
      const extract = extractDocument({ blob, size: kept, form: "envelope", paths: [], content }, {});
      const sources = { statements: asking("predicate.scanner.result"), derived: [extract] };
      const found = await attestAll(new MemoryImages().put(artifact), target, spec, { sources });
      return textOf(found[1] ?? assert.fail(), "predicate.scanner.result");
    };
    const all = 64 * 1024 * 1024;
    const kept = (await textAfter(all - 100)) as { predicate: object };
    assert.deepEqual(kept.predicate, { scanner: { result: "passed" } });
    assert.equal(((await textAfter(all)) as { kind: string }).kind, "gap");
  });

  test("of a large one is not collected where something else is asked", async () => {
    const found = await one(large, asking("predicate.scanner.result"));
    for (const path of ["predicate", "predicate.scanner", "predicate.scanner.tool", "predicate.scanner.resultant"]) {
      assert.deepEqual(textOf(found, path), { kind: "not-collected" });
    }
  });

  test("asked of another predicate type is not kept", async () => {
    const needs = [{ attesters: [], predicateType: "https://example.com/other", paths: ["predicate.scanner"] }];
    assert.deepEqual(textOf(await one(large, needs), "predicate.scanner"), { kind: "not-collected" });
  });

  test("asked for as a whole is a gap where it is too much", async () => {
    const huge = attest({
      image: image.digest,
      key: ours,
      log,
      predicate: { padding: PADDING.repeat(6), result: "passed" },
    });
    const found = await one(huge, asking("predicate"));
    const view = textOf(found, "predicate") as { kind: string; gap: { code: string; detail: string } };
    assert.equal(view.kind, "gap");
    assert.equal(view.gap.code, "too-large");
    assert.match(view.gap.detail, /ask for less of it/);
    assert.deepEqual(
      (textOf(await one(huge, asking("predicate.result")), "predicate.result") as { predicate: object }).predicate,
      {
        result: "passed",
      },
    );
  });

  test("of more values than may be held is read in part, or is a gap", async () => {
    const values = Array.from({ length: 500_000 }, () => 0);
    const many = attest({ image: image.digest, key: ours, log, predicate: { values, result: "passed" } });
    const found = await one(many, []);
    assert.deepEqual((textOf(found, "predicate.result") as { predicate: object }).predicate, { result: "passed" });
    assert.equal((textOf(found, "predicate.values") as { kind: string }).kind, "gap");
  });

  test("is not that of another statement", async () => {
    const found = await one(large, asking("predicate.scanner"));
    assert.ok(found.opinion.kind === "verified");
    const another = { ...found.opinion.statement, digest: digestOf("another") };
    assert.deepEqual(scheme?.statementIn(found.evidence, another, []), { kind: "not-collected" });
  });

  test("is not taken out again while what was kept of it will do", async () => {
    const first = await one(large, asking("predicate.scanner"));
    const derived = first.evidence.documents;
    const again = async (statements: readonly StatementNeed[]): Promise<readonly [Attested, MemoryImages]> => {
      const images = new MemoryImages().put(large);
      const [found] = await attestAll(images, target, spec, { sources: { statements, derived } });
      assert.ok(found);
      return [found, images];
    };
    const streams = ({ asked }: MemoryImages): number => asked.filter((each) => each.startsWith("stream")).length;
    const place = scheme?.places[0];
    for (const needs of [[], asking("predicate.scanner.result"), asking("predicate.scanner")]) {
      assert.equal(place?.isAtHand?.(first.evidence, needs), true);
      const [found, images] = await again(needs);
      assert.equal(streams(images), 0);
      assert.equal(found.evidence.id, first.evidence.id);
    }
    const more = asking("predicate.findings");
    assert.equal(place?.isAtHand?.(first.evidence, more), false);
    const [found, images] = await again(more);
    assert.equal(streams(images), 2);
    // What was asked for before is still there.
    assert.deepEqual((textOf(found, "predicate.findings", "predicate.scanner") as { predicate: object }).predicate, {
      scanner: predicate.scanner,
      findings: predicate.findings,
    });
  });

  test("that cannot be read is not sought again, and one of which there is but a manifest neither", async () => {
    const envelope = (proper: Envelope): object => ({ ...proper, payload: `${proper.payload.slice(0, -4)}????` });
    const broken = attest({ image: image.digest, key: ours, log, predicate, envelope });
    const first = await one(broken, []);
    assert.equal(verdictOf(first.opinion), "rejected malformed at parsed");
    const empty = await one(attestationManifest(image.digest, []), []);
    for (const { evidence } of [first, empty]) {
      assert.equal(scheme?.places[0]?.isAtHand?.(evidence, asking("predicate.scanner")), true);
    }
    const images = new MemoryImages().put(broken);
    const sources = { statements: asking("predicate.scanner"), derived: first.evidence.documents };
    const [again] = await attestAll(images, target, spec, { sources });
    assert.deepEqual(again, first);
    assert.ok(!images.asked.some((each) => each.startsWith("stream")));
  });

  test("kept by another version is taken out anew", async () => {
    const first = await one(large, []);
    const [document] = first.evidence.documents;
    assert.ok(document);
    const old = {
      ...document,
      bytes: Buffer.from(String(Buffer.from(document.bytes)).replace('"version":3', '"version":1')),
    };
    const images = new MemoryImages().put(large);
    const [found] = await attestAll(images, target, spec, { sources: { derived: [old] } });
    assert.equal(found?.evidence.id, first.evidence.id);
    assert.equal(scheme?.places[0]?.isAtHand?.({ ...first.evidence, documents: [old] }, []), false);
    assert.deepEqual(
      scheme?.statementIn(
        { ...first.evidence, documents: [old] },
        { digest: digestOf("x"), size: 1, predicateType: "x" },
        [],
      ),
      {
        kind: "not-collected",
      },
    );
  });
});
