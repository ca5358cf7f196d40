import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { memoryStore } from "../../../bench/memory-assay.ts";
import { newSealKeyLine, parseSealKeys } from "../../../src/crypto/seal-keys.ts";
import type { BaseFact } from "../../../src/domain/base-image.ts";
import type { Digest } from "../../../src/domain/digest.ts";
import { PortError } from "../../../src/domain/errors.ts";
import type { ImageFacts } from "../../../src/domain/facts.ts";
import { known } from "../../../src/domain/gap.ts";
import { parseInstant, plus, type Instant } from "../../../src/domain/instant.ts";
import { parseReference } from "../../../src/domain/reference.ts";
import type { Judged } from "../../../src/pipeline/assay.ts";
import { withCalls } from "../../../src/pipeline/once-by-digest.ts";
import type { Verifier } from "../../../src/pipeline/verifier.ts";
import type { FoundCandidate } from "../../../src/policy/base-candidate.ts";
import { FactsRecords } from "../../../src/records/facts.ts";
import { createRecords } from "../../../src/records/records.ts";
import { baseCandidate, foundBase } from "../../support/base-facts.ts";
import { countingVerifier } from "../../support/counted-verification.ts";
import { MemoryImages } from "../../support/memory-images.ts";
import { answer, repository } from "../../support/policy-facts.ts";
import { imageOf } from "../../support/signing/artifact.ts";
import { signCosignLegacy } from "../../support/signing/cosign-signature.ts";
import { REPOSITORY } from "../../support/signing/judging.ts";
import { makeKey } from "../../support/signing/keys.ts";

const key = makeKey();
const other = makeKey();
const AUTHORITIES = {
  base: "{ cosign: { keys: [{ file: key.pub }], transparencyLog: unsafeIgnored, discover: [tag] } }",
};
const FILES = { "key.pub": key.pem };
const signal = new AbortController().signal;
const image = imageOf("web", "1");
const base = imageOf("debian");
const REFERENCE = parseReference(`${REPOSITORY}@${image.digest}`);
const START = parseInstant("2026-11-21T12:00:00Z");
const HOUR = 3_600_000;
const RULE = "{ base: { oneOf: ['base.example/**'], signedBy: base } }";

/** Facts in which the image stands on these bases, as if the catalogue had said so when it was collected. */
class FactsOnBases extends FactsRecords {
  bases: readonly Partial<FoundCandidate>[] = [];

  override async get(id: Digest): Promise<ImageFacts | undefined> {
    const facts = await super.get(id);
    if (facts?.digest !== image.digest) return facts;
    const fact: BaseFact = foundBase(...this.bases);
    return { ...facts, platforms: facts.platforms.map((platform) => ({ ...platform, base: known(fact) })) };
  }
}

type World = {
  readonly images: MemoryImages;
  readonly verifier: Verifier;
  readonly facts: FactsOnBases;
  readonly asked: (work: () => Promise<unknown>) => Promise<readonly string[]>;
  now: Instant;
  /** Whether the registry of base images answers. */
  reachable: boolean;
};

/** A verifier that has examined the image, whose layers were never looked at, and that knows its bases since. */
async function worldOf(bases: readonly Partial<FoundCandidate>[], rule = RULE): Promise<World> {
  const images = new MemoryImages().put(image).put(base);
  const keyring = parseSealKeys(newSealKeyLine("test"), "test");
  const clock = { now: () => world.now };
  const context = { store: memoryStore(), keyring, clock, onRefused: () => undefined };
  const facts = new FactsOnBases(context);
  const source = withCalls(images, {
    manifest: async (from, digest) => {
      refuseUnreachable(from.registry);
      return await images.manifest(from, digest);
    },
    resolve: async (reference) => {
      refuseUnreachable(reference.repository.registry);
      return await images.resolve(reference);
    },
  });
  const refuseUnreachable = (registry: string): void => {
    if (!world.reachable && registry === "base.example") throw new PortError("unreachable", registry, "refused");
  };
  const policies = { authorities: AUTHORITIES, files: FILES, rules: () => [rule], match: REPOSITORY };
  const verifier = countingVerifier(source, policies, { clock, records: { ...createRecords(context, 1), facts } });
  const asked = async (work: () => Promise<unknown>) => {
    const from = images.asked.length;
    await work();
    return images.asked.slice(from);
  };
  const world: World = { images, verifier, facts, asked, now: START, reachable: true };
  await verifier.verify(REFERENCE, signal);
  facts.bases = bases;
  return world;
}

async function judged(world: World): Promise<Judged> {
  const found = await world.verifier.verify(REFERENCE, signal);
  assert.ok(found.kind === "judged", JSON.stringify(found));
  return found;
}

const DEBIAN = { digest: base.digest };

function signed(digest: Digest, by = key) {
  return signCosignLegacy({ image: digest, key: by });
}

describe("a rule that asks who signed the base image", () => {
  test("is satisfied by a signature that is looked for in the base's repository, at the price of that alone", async () => {
    const world = await worldOf([DEBIAN]);
    const signature = signed(base.digest);
    world.images.put(signature);
    const asked = await world.asked(async () => {
      const { verdict } = await judged(world);
      assert.equal(answer(verdict), "allow", JSON.stringify(verdict.findings));
    });
    // The manifest of the base, its signature tag and the payload: neither its configuration nor its layers.
    assert.deepEqual([asked[0], asked.length], [`manifest ${base.digest}`, 3]);
    assert.ok(asked.every((one) => !one.includes("stream")));
  });

  test("is not satisfied by what is unsigned, signed by another, or signed for another digest", async () => {
    const world = await worldOf([DEBIAN]);
    world.images.put(signed(image.digest));
    assert.equal(answer((await judged(world)).verdict), "deny base-unsigned");
    const wrong = await worldOf([DEBIAN]);
    wrong.images.put(signed(base.digest, other));
    const { verdict } = await judged(wrong);
    assert.equal(answer(verdict), "deny base-unsigned");
    assert.match(
      verdict.findings[0]?.message ?? "",
      /base\.example\/debian@\S+ is not signed by base: a signature was found/,
    );
    const moved = await worldOf([DEBIAN]);
    moved.images.put({ ...signed(image.digest), tag: signed(base.digest).tag });
    assert.match((await judged(moved)).verdict.findings[0]?.message ?? "", /wrong-subject/);
  });

  test("is satisfied by a signature on the index that the base was reached through", async () => {
    const index = imageOf("the index").digest;
    const world = await worldOf([{ ...DEBIAN, index }]);
    assert.equal(answer((await judged(world)).verdict), "deny base-unsigned");
    const again = await worldOf([{ ...DEBIAN, index }]);
    again.images.put(signed(index));
    assert.equal(answer((await judged(again)).verdict), "allow");
  });

  test("looks at no base that could not satisfy it", async () => {
    const elsewhere = { ...DEBIAN, repository: repository("other.example", "debian") };
    const world = await worldOf([elsewhere]);
    assert.deepEqual(await world.asked(() => judged(world)), []);
    assert.equal(answer((await judged(world)).verdict), "deny wrong-base");
  });

  test("looks at none where nobody's signature is asked for", async () => {
    const world = await worldOf([DEBIAN], "{ base: { oneOf: ['base.example/**'] } }");
    assert.deepEqual(await world.asked(() => judged(world)), []);
    assert.equal(answer((await judged(world)).verdict), "allow");
  });

  test("never asks what the base itself was built on", async () => {
    const world = await worldOf([{ ...DEBIAN, digest: image.digest, isWhole: true }]);
    world.images.put(signed(image.digest));
    const { verdict } = await judged(world);
    assert.equal(answer(verdict), "allow");
  });

  test("is undetermined where the base's registry does not answer, for as long as a gap is believed", async () => {
    const world = await worldOf([DEBIAN]);
    world.reachable = false;
    const { freshUntil, verdict } = await judged(world);
    assert.equal(answer(verdict), "deny gap?");
    assert.deepEqual(
      verdict.gaps.map(({ code, what }) => [code, what]),
      [["unreachable", `signatures of the base image base.example/debian@${base.digest}`]],
    );
    assert.equal(freshUntil, plus(START, 5000));
    world.reachable = true;
    world.images.put(signed(base.digest));
    assert.equal(answer((await judged(world)).verdict), "allow");
  });

  test("is undetermined where the registry no longer has the base", async () => {
    const world = await worldOf([DEBIAN]);
    world.images.forget(base.digest);
    const { verdict } = await judged(world);
    assert.equal(answer(verdict), "deny gap?");
    assert.equal(verdict.gaps[0]?.code, "not-found");
  });
});

describe("what was seen of a base image's signatures", () => {
  const recall = (world: World) => world.verifier.recall(REFERENCE, HOUR, signal);

  test("answers again without a request, and is part of the verdict's name", async () => {
    const world = await worldOf([DEBIAN]);
    assert.equal(await recall(world), undefined);
    world.images.put(signed(base.digest));
    const first = await judged(world);
    const asked = await world.asked(async () => {
      const again = await recall(world);
      assert.ok(again?.kind === "judged");
      assert.equal(again.verdict.id, first.verdict.id);
      assert.equal((await judged(world)).verdict.id, first.verdict.id);
    });
    assert.deepEqual(asked, []);
    const unsigned = await worldOf([DEBIAN]);
    assert.notEqual((await judged(unsigned)).verdict.id, first.verdict.id);
  });

  test("grows old like every list: it limits the answer, and is looked at again", async () => {
    const world = await worldOf([DEBIAN]);
    const unsigned = await judged(world);
    assert.equal(answer(unsigned.verdict), "deny base-unsigned");
    assert.equal(unsigned.freshUntil, plus(START, HOUR));
    world.images.put(signed(base.digest));
    assert.equal(answer((await judged(world)).verdict), "deny base-unsigned");
    world.now = plus(START, HOUR);
    assert.equal(await recall(world), undefined);
    assert.equal(answer((await judged(world)).verdict), "allow");
  });

  test("leaves the base whole for whoever verifies that itself", async () => {
    const world = await worldOf([DEBIAN]);
    world.images.put(signed(base.digest));
    await judged(world);
    const reference = parseReference(`base.example/debian@${baseCandidate(DEBIAN).digest}`);
    const { facts } = await world.verifier.inspect(reference, signal);
    assert.equal(facts.platforms[0]?.config.kind, "known");
  });
});
