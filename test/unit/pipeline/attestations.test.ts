import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { digestOf } from "../../../src/crypto/digest-of.ts";
import { ATTESTATION_EXTRACT } from "../../../src/domain/media-types.ts";
import { openDatabase } from "../../../src/adapters/embedded/database.ts";
import { embeddedRecordStore } from "../../../src/adapters/embedded/record-store.ts";
import type { Dossier } from "../../../src/domain/evidence.ts";
import type { StatementNeed } from "../../../src/domain/needs.ts";
import { parseReference } from "../../../src/domain/reference.ts";
import type { Authority, AuthorityName, AuthoritySpec } from "../../../src/domain/trust.ts";
import { collect } from "../../../src/pipeline/collect.ts";
import { NOTHING_EARLIER, type CollectParts, type Earlier } from "../../../src/pipeline/collection.ts";
import { isCovered } from "../../../src/pipeline/coverage.ts";
import { examine } from "../../../src/pipeline/examine.ts";
import type { Layers } from "../../../src/pipeline/layers.ts";
import { loadDossier } from "../../../src/pipeline/load-dossier.ts";
import type { Plan } from "../../../src/pipeline/plan.ts";
import { resolveSubject } from "../../../src/pipeline/resolve.ts";
import { loadStatements } from "../../../src/pipeline/statements.ts";
import { compileTrust } from "../../../src/pipeline/trust.ts";
import type { RecordStore } from "../../../src/ports/record-store.ts";
import { DEFAULT_RETENTION } from "../../../src/ports/retention.ts";
import { createRecords } from "../../../src/records/records.ts";
import { SCHEMES } from "../../../src/schemes/index.ts";
import { COSIGN_TAG } from "../../../src/schemes/cosign/source.ts";
import { freshKeyring } from "../../support/keyring.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { SAMPLE_TIME } from "../../support/evidence-samples.ts";
import { artifactOf, describe as layerOf, imageOf, type Artifact } from "../../support/signing/artifact.ts";
import { attest, attestationText, buildkitIndex, VULN_PREDICATE } from "../../support/signing/attestation.ts";
import { signCosignLegacy } from "../../support/signing/cosign-signature.ts";
import { authorityOf, REPOSITORY, sourcesOf } from "../../support/signing/judging.ts";
import { makeKey } from "../../support/signing/keys.ts";
import { VirtualLog } from "../../support/signing/virtual-log.ts";
import { SteppedClock } from "../../support/system-clock.ts";

const key = makeKey();
const log = new VirtualLog();
const image = imageOf("attested");
const NAME = "ci" as AuthorityName;
const AGES = { signaturesMs: 3_600_000, absenceMs: 30_000 };
const never = new AbortController().signal;

function named(spec: AuthoritySpec): Authority {
  return { name: NAME, spec, enforcement: "deny", unsafe: [], at: { file: "p.yaml", line: 1, column: 1 } };
}

const AUTHORITY = named(authorityOf([key], log.trust));
const TRUST = compileTrust([AUTHORITY], SCHEMES);
const [scheme] = SCHEMES.attestations;

function planOf(...paths: readonly string[]): Plan {
  const statements: readonly StatementNeed[] = [{ attesters: [NAME], predicateType: VULN_PREDICATE, paths }];
  const vouchers = SCHEMES.signatures.flatMap(({ placesOf }) => placesOf(AUTHORITY.spec));
  return {
    places: scheme?.placesOf(AUTHORITY.spec) ?? [],
    vouchers,
    statements,
    layers: "never",
    platforms: [],
    bases: false,
  };
}

/** No catalogue of base images is asked. */
const REST = { bases: { find: () => assert.fail() }, schemes: SCHEMES, ages: AGES };

/** One image's way through the pipeline, again and again. */
class Line {
  readonly images = new MemoryImages();
  readonly clock = new SteppedClock(SAMPLE_TIME);
  readonly root: Artifact;

  constructor(root: Artifact, ...more: readonly Artifact[]) {
    this.root = root;
    for (const artifact of [root, ...more]) this.images.put(artifact);
  }

  async collect(plan: Plan, earlier: Earlier = NOTHING_EARLIER): Promise<Dossier> {
    const { images, clock } = this;
    const requested = parseReference(`${REPOSITORY}@${this.root.digest}`);
    const root = await images.resolve(requested);
    assert.ok(root);
    const subject = await resolveSubject(requested, root, { images, clock }, never);
    const { fetch, notary, memory } = sourcesOf(images);
    const layers = undefined as unknown as Layers;
    const parts: CollectParts = { images, fetch, notary, memory, layers, clock, ...REST };
    images.asked.length = 0;
    return collect({ subject, plan, earlier }, parts, never);
  }

  get streams(): number {
    return this.images.asked.filter((each) => each.startsWith("stream")).length;
  }
}

async function read(dossier: Dossier, plan: Plan): Promise<readonly unknown[]> {
  const facts = await examine(dossier, TRUST, SCHEMES);
  const views = await loadStatements({ dossier, facts, needs: plan.statements, schemes: SCHEMES });
  return [...views.values()].map(({ value }) =>
    value.kind === "known" ? Object.keys(Object.fromEntries(value.value as Map<string, never>)) : value.kind,
  );
}

const KEYRING = freshKeyring("new");

function storeOf(clock: SteppedClock): RecordStore {
  return embeddedRecordStore(openDatabase(":memory:"), { retention: DEFAULT_RETENTION, clock });
}

const WHOLE = ["_type", "predicateType", "subject", "predicate"];
const PREDICATE = { scanner: { result: "passed", tool: "t" }, padding: "p".repeat(3_400_000) };
const large = attest({ image: image.digest, key, log, predicate: PREDICATE });

describe("attestations on their way to the judge", () => {
  test("are looked for, examined and read", async () => {
    const line = new Line(image, attest({ image: image.digest, key, log }));
    const plan = planOf("predicate.scanner");
    const dossier = await line.collect(plan);
    const facts = await examine(dossier, TRUST, SCHEMES);
    assert.deepEqual(
      facts.attestations.map(({ authority, source, opinion }) => [authority, source, opinion.kind]),
      [[NAME, "attestation:tag", "verified"]],
    );
    assert.deepEqual(facts.signatures, []);
    assert.deepEqual(
      facts.sources.map(({ source, state }) => [source, state.kind]),
      [
        ["attestation:tag", "observed"],
        ["attestation:referrers", "observed"],
        ["attestation:buildkit", "observed"],
      ],
    );
    assert.deepEqual(await read(dossier, plan), [WHOLE]);
    assert.ok(isCovered(dossier, plan, AGES, line.clock.now()));
  });

  test("of another predicate, or of nobody who is asked, are not read", async () => {
    const line = new Line(image, attest({ image: image.digest, key, log, predicateType: "https://example.com/other" }));
    const plan = planOf("predicate");
    const dossier = await line.collect(plan);
    assert.deepEqual(await read(dossier, plan), []);
    const [need] = plan.statements;
    const others = { ...plan, statements: [{ ...need!, attesters: [], predicateType: "https://example.com/other" }] };
    assert.deepEqual(await read(dossier, others), []);
  });

  test("that are large are taken out once, and again only when more is asked", async () => {
    const line = new Line(image, large);
    const first = await line.collect(planOf("predicate.scanner"));
    assert.equal(line.streams, 2);
    assert.deepEqual(await read(first, planOf("predicate.scanner.result")), [
      ["_type", "predicateType", "subject", "predicate"],
    ]);

    const more = planOf("predicate.scanner", "predicate.findings");
    assert.ok(!isCovered(first, more, AGES, line.clock.now()));
    assert.deepEqual(await read(first, more), ["not-collected"]);
    const second = await line.collect(more, first);
    assert.equal(line.streams, 2);
    assert.ok(isCovered(second, more, AGES, line.clock.now()));
    assert.deepEqual(await read(second, more), [WHOLE]);

    // The list has gone stale, and the bytes that it names have not.
    line.clock.advance(2 * AGES.signaturesMs);
    assert.ok(!isCovered(second, more, AGES, line.clock.now()));
    const third = await line.collect(planOf(), second);
    assert.equal(line.streams, 0);
    assert.deepEqual(await read(third, more), [WHOLE]);
  });

  test("come back from the store without a request, large ones too", async () => {
    const line = new Line(image, large);
    const plan = planOf("predicate.scanner");
    const dossier = await line.collect(plan);
    const { clock } = line;
    const records = createRecords({ store: storeOf(clock), keyring: KEYRING, clock, onRefused: assert.fail }, 1);
    await records.dossiers.save(dossier);
    const loaded = await records.dossiers.load(dossier.subject.repository, image.digest);
    assert.ok(loaded.kind === "whole");
    assert.deepEqual(await read(loaded.dossier, plan), [WHOLE]);
    assert.deepEqual((await examine(loaded.dossier, TRUST, SCHEMES)).id, (await examine(dossier, TRUST, SCHEMES)).id);
  });

  test("of which the store lost what was taken out are looked at anew", async () => {
    const line = new Line(image, large);
    const dossier = await line.collect(planOf());
    const store = storeOf(line.clock);
    const records = createRecords({ store, keyring: KEYRING, clock: line.clock, onRefused: assert.fail }, 1);
    await records.dossiers.save(dossier);
    const found = dossier.signatures.flatMap(({ content }) => (content.kind === "observed" ? content.value : []));
    await store.delete("document", found[0]?.documents[0]?.descriptor.digest ?? "");
    const place = { repository: dossier.subject.repository, digest: image.digest };
    const layers = undefined as unknown as Layers;
    assert.equal(await loadDossier(place, { images: line.images, layers, records }, never), undefined);
  });

  test("make facts of another name than those of the image without them", async () => {
    const without = await examine(await new Line(image).collect(planOf()), TRUST, SCHEMES);
    const withOne = await examine(await new Line(image, large).collect(planOf()), TRUST, SCHEMES);
    assert.notEqual(without.id, withOne.id);
  });
});

describe("what passes for a part of an attestation that was taken out earlier", () => {
  const failed = attest({ image: image.digest, key, log, predicate: { ...PREDICATE, scanner: { result: "failed" } } });
  const plan = planOf("predicate.scanner");

  async function resultOf(dossier: Dossier): Promise<readonly string[]> {
    const facts = await examine(dossier, TRUST, SCHEMES);
    const views = await loadStatements({ dossier, facts, needs: plan.statements, schemes: SCHEMES });
    return [...views.values()]
      .map(({ value }) =>
        JSON.stringify(value, (_, member: unknown): unknown =>
          member instanceof Map ? Object.fromEntries<unknown>(member) : member,
        ),
      )
      .map((text) => /"result":"([a-z]+)"/.exec(text)?.[1] ?? text);
  }

  /** What Assay itself takes out of the attestation, with another word for its result. */
  async function forged(): Promise<Buffer> {
    const dossier = await new Line(image, failed).collect(plan);
    const evidence = dossier.signatures.flatMap(({ content }) => (content.kind === "observed" ? content.value : []));
    const document = evidence
      .flatMap(({ documents }) => documents)
      .find(({ descriptor }) => descriptor.mediaType === ATTESTATION_EXTRACT);
    assert.ok(document);
    return Buffer.from(Buffer.from(document.bytes).toString("latin1").replace('"failed"', '"passed"'), "latin1");
  }

  test("is not believed from a layer that calls itself so", async () => {
    const planted = await forged();
    const { index, manifests } = buildkitIndex([
      { image, statements: [attestationText({ image: image.digest })] },
      { image, statements: [], manifest: (proper) => ({ ...proper, layers: [layerOf(ATTESTATION_EXTRACT, planted)] }) },
    ]);
    const beside = manifests.map((each) => ({ ...each, blobs: [...each.blobs, planted] }));
    const line = new Line(index, image, failed, ...beside);
    const first = await line.collect(plan);
    assert.deepEqual(await resultOf(first), ["failed"]);
    line.clock.advance(2 * AGES.signaturesMs);
    assert.deepEqual(await resultOf(await line.collect(plan, first)), ["failed"]);
  });

  test("is not believed from a manifest that is served as one", async () => {
    const planted = await forged();
    const served = {
      ...artifactOf({}, []),
      mediaType: ATTESTATION_EXTRACT,
      manifest: planted,
      digest: digestOf(planted),
    };
    const line = new Line(image, failed);
    line.images.refer(image.digest, served, undefined);
    const first = await line.collect(plan);
    const gaps = first.signatures.flatMap(({ content }) => (content.kind === "gap" ? [content.gap.detail] : []));
    assert.match(gaps.join("\n"), /serves it as application\/vnd\.assay\.attestation-extract/);
    line.clock.advance(2 * AGES.signaturesMs);
    assert.deepEqual(await resultOf(await line.collect(plan, first)), ["failed"]);
  });
});

describe("BuildKit's attestations on their way to the judge", () => {
  const { index, manifests } = buildkitIndex([{ image, statements: [attestationText({ image: image.digest })] }]);
  const signatureOf = (digest: Artifact["digest"]): Artifact => signCosignLegacy({ image: digest, key, log });

  async function kinds(line: Line, plan = planOf("predicate")): Promise<readonly string[]> {
    const facts = await examine(await line.collect(plan), TRUST, SCHEMES);
    return facts.attestations.map(({ opinion }) => (opinion.kind === "rejected" ? opinion.reason : opinion.kind));
  }

  test("count by the index's signature, which is looked for because of them alone", async () => {
    const line = new Line(index, image, ...manifests, signatureOf(index.digest));
    assert.deepEqual(await kinds(line), ["verified"]);
    assert.ok(line.images.asked.includes(`manifest sha256-${index.digest.slice(7)}.sig`));
    const [manifest] = manifests;
    assert.ok(line.images.asked.includes(`manifest sha256-${manifest?.digest.slice(7)}.sig`));
    assert.ok(!line.images.asked.includes(`manifest ${index.digest}`), "the index is at hand");
    const plan = planOf("predicate");
    const dossier = await line.collect(plan);
    assert.deepEqual(await read(dossier, plan), [WHOLE]);
    assert.ok(isCovered(dossier, plan, AGES, line.clock.now()));
    const unseen = dossier.signatures.filter(({ source }) => source !== COSIGN_TAG);
    assert.ok(!isCovered({ ...dossier, signatures: unseen }, plan, AGES, line.clock.now()));
  });

  test("count by the signature of their manifest", async () => {
    const [manifest] = manifests;
    assert.ok(manifest);
    assert.deepEqual(await kinds(new Line(index, image, ...manifests, signatureOf(manifest.digest))), ["verified"]);
  });

  test("do not count without either, nor by the image's own", async () => {
    assert.deepEqual(await kinds(new Line(index, image, ...manifests)), ["no-signature"]);
    assert.deepEqual(await kinds(new Line(index, image, ...manifests, signatureOf(image.digest))), ["no-signature"]);
  });

  test("do not count by a signature of the index that does not", async () => {
    const stranger = signCosignLegacy({ image: index.digest, key: makeKey(), log });
    assert.deepEqual(await kinds(new Line(index, image, ...manifests, stranger)), ["no-signature"]);
  });

  test("cannot be told where the index's signatures could not be seen", async () => {
    const line = new Line(index, image, ...manifests);
    const dossier = await line.collect(planOf("predicate"));
    const gap = { code: "timeout", what: "x", detail: "y" } as const;
    const signatures = dossier.signatures.map((source) =>
      source.about === index.digest && source.source === COSIGN_TAG
        ? ({ ...source, content: { kind: "gap", at: line.clock.now(), gap } } as const)
        : source,
    );
    const facts = await examine({ ...dossier, signatures }, TRUST, SCHEMES);
    assert.deepEqual(
      facts.attestations.map(({ opinion }) => opinion.kind),
      ["undetermined"],
    );
  });

  test("cost an image without them no request for signatures", async () => {
    const line = new Line(image);
    await line.collect(planOf("predicate"));
    assert.ok(!line.images.asked.some((each) => each.endsWith(".sig")));
  });
});

test("an index within reach of another version of its list is looked into for BuildKit's attestations", async () => {
  // Its platform is asked for by digest; the index was seen earlier.
  const { index, manifests } = buildkitIndex([{ image, statements: [attestationText({ image: image.digest })] }]);
  const signature = signCosignLegacy({ image: index.digest, key, log });
  const line = new Line(image, index, ...manifests, signature);
  const plan = planOf("predicate");
  const dossier = await line.collect(plan);
  const subject = { ...dossier.subject, containedIn: [index.digest] };
  const { images, clock } = line;
  const { fetch, notary, memory } = sourcesOf(images);
  const parts: CollectParts = {
    images,
    fetch,
    notary,
    memory,
    layers: undefined as unknown as Layers,
    clock,
    ...REST,
  };
  const again = await collect({ subject, plan, earlier: NOTHING_EARLIER }, parts, never);
  const facts = await examine(again, TRUST, SCHEMES);
  assert.deepEqual(
    facts.attestations.map(({ about, opinion }) => [about, opinion.kind]),
    [[image.digest, "verified"]],
  );
});
