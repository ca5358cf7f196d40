import assert from "node:assert/strict";
import { suite, test } from "node:test";

import * as fc from "fast-check";

import type { Digest } from "../../../../src/domain/digest.ts";
import { TestCollection, type Spoil } from "../../../support/signing/notary/collection.ts";
import {
  MemoryNotary,
  notaryAuthority,
  opinionOf,
  outcomeOf,
  targetFor,
  TestMemory,
} from "../../../support/signing/notary/judging.ts";
import { makeSigner, type NotarySigner } from "../../../support/signing/notary/signer.ts";

const IMAGE = `sha256:${"1".repeat(64)}` as Digest;
const ROLES = ["root", "timestamp", "snapshot", "targets", "targets/releases"] as const;
type RoleName = (typeof ROLES)[number];

/** The name is signed by targets/releases only, so that every role is needed. Version 7, so that there is an older one. */
function makeCollection(): TestCollection {
  const collection = new TestCollection();
  collection.delegate("targets/releases");
  collection.sign("1.0", IMAGE, "targets/releases");
  for (const role of ROLES) collection.versions[role] = 7;
  return collection;
}

function signersOf(collection: TestCollection, role: RoleName): NotarySigner[] {
  return role === "targets/releases" ? collection.delegations[0]!.signers : collection.keys[role].signers;
}

/** What a role needs stands in the root or in targets, so that one is of its next version then. */
function needs(collection: TestCollection, role: RoleName, threshold: number): void {
  const isDelegation = role === "targets/releases";
  (isDelegation ? collection.delegations[0]! : collection.keys[role]).threshold = threshold;
  collection.raise(isDelegation ? "targets" : "root");
}

type Mutation = {
  readonly name: string;
  readonly spoil: (role: RoleName, collection: TestCollection) => Spoil;
  /** By role; the rest is as `otherwise`. */
  readonly expected: Partial<Record<RoleName, string>> & { readonly otherwise: string };
  /** Where memory makes a difference. */
  readonly remembered?: Partial<Record<RoleName, string>> & { readonly otherwise?: string };
};

/** A delegation without enough signatures has no say, so the name is then signed by nobody. */
const UNSIGNED = { otherwise: "bad-signature", "targets/releases": "unsigned" } as const;
const MALFORMED = { otherwise: "malformed" } as const;

const reserialised = (bytes: Buffer): Buffer => Buffer.from(JSON.stringify(JSON.parse(bytes.toString()), undefined, 1));

const MUTATIONS: readonly Mutation[] = [
  { name: "nothing is changed", spoil: () => ({}), expected: { otherwise: "verified" } },
  {
    name: "another key signs it under the right key's name",
    spoil: (role) => ({
      signatures: { [role]: (proper, text) => proper.map(({ keyid }) => ({ ...makeSigner().sign(text), keyid })) },
    }),
    expected: UNSIGNED,
  },
  {
    name: "another key signs it under its own name",
    spoil: (role) => ({ signatures: { [role]: (_, text) => [makeSigner().sign(text)] } }),
    expected: UNSIGNED,
  },
  {
    name: "nobody signs it",
    spoil: (role) => ({ signatures: { [role]: () => [] } }),
    expected: UNSIGNED,
  },
  {
    name: "it is changed after it is signed",
    spoil: (role) => ({
      bytes: { [role]: (bytes) => Buffer.from(bytes.toString().replace('"version":7', '"version":8')) },
    }),
    expected: UNSIGNED,
  },
  {
    name: "one key signs it twice where two keys are needed",
    spoil: (role, collection) => {
      needs(collection, role, 2);
      return { signatures: { [role]: (proper) => [...proper, ...proper] } };
    },
    expected: UNSIGNED,
  },
  {
    name: "one key signs it under two ids where two keys are needed",
    spoil: (role, collection) => {
      const signers = signersOf(collection, role);
      const again = makeSigner("ecdsa-x509", { name: "again", key: signers[0]!.key });
      if (again.key.kind !== "ed25519") signers.push(again);
      needs(collection, role, 2);
      return {};
    },
    expected: UNSIGNED,
  },
  {
    name: "its threshold is 0",
    spoil: (role, collection) => {
      needs(collection, role, 0);
      return { signatures: { [role]: () => [] } };
    },
    expected: MALFORMED,
  },
  {
    name: "its threshold is negative",
    spoil: (role, collection) => {
      needs(collection, role, -1);
      return {};
    },
    expected: MALFORMED,
  },
  {
    name: "the signature's method is another key type's",
    spoil: (role) => ({ signatures: { [role]: (proper) => proper.map((one) => ({ ...one, method: "rsapkcs1v15" })) } }),
    expected: { otherwise: "verified" },
  },
  {
    name: "its version is 0",
    spoil: (role) => ({ edit: { [role]: (signed) => ({ ...signed, version: 0 }) } }),
    expected: MALFORMED,
  },
  {
    name: "its version is no whole number",
    spoil: (role) => ({ edit: { [role]: (signed) => ({ ...signed, version: 7.5 }) } }),
    expected: MALFORMED,
  },
  {
    name: "its version is so high that no higher one could follow",
    spoil: (role) => ({
      bytes: { [role]: (bytes) => Buffer.from(bytes.toString().replace('"version":7', '"version":9007199254740993')) },
    }),
    expected: MALFORMED,
  },
  {
    name: "it is of another type",
    spoil: (role) => ({ edit: { [role]: (signed) => ({ ...signed, _type: "Mirrors" }) } }),
    expected: MALFORMED,
  },
  {
    name: "it is cut off",
    spoil: (role) => ({ bytes: { [role]: (bytes) => bytes.subarray(0, -2) } }),
    expected: MALFORMED,
  },
  {
    name: "it says something twice",
    spoil: (role) => ({
      bytes: { [role]: (bytes) => Buffer.from(bytes.toString().replace('"version":7', '"version":7,"version":7')) },
    }),
    expected: MALFORMED,
  },
  {
    name: "it is written otherwise, which keeps its signatures",
    spoil: (role) => ({ served: { [role]: reserialised } }),
    expected: { otherwise: "metadata-mismatch", timestamp: "verified" },
  },
  {
    name: "the server lacks it",
    spoil: (role) => ({ missing: [role] }),
    expected: { otherwise: "missing-document", root: "unsigned" },
  },
  {
    name: "it is of the version before",
    spoil: (role, collection) => {
      collection.versions[role] = 6;
      return {};
    },
    expected: { otherwise: "verified" },
    remembered: { otherwise: "metadata-rollback" },
  },
  {
    name: "it is of the next version",
    spoil: (role, collection) => {
      collection.versions[role] = 8;
      return {};
    },
    expected: { otherwise: "verified" },
  },
];

suite("a collection of which", () => {
  for (const mutation of MUTATIONS) {
    for (const role of ROLES) {
      for (const known of [false, true]) {
        const { expected, remembered } = mutation;
        const plain = expected[role] ?? expected.otherwise;
        const outcome = known ? (remembered?.[role] ?? remembered?.otherwise ?? plain) : plain;
        const memory = known ? "a good state is remembered" : "nothing is remembered";
        test(`the ${role} is one where ${mutation.name} is ${outcome} while ${memory}`, async () => {
          const collection = makeCollection();
          const spec = notaryAuthority(collection);
          const world = { notary: new MemoryNotary(collection.publish()), memory: new TestMemory() };
          if (known) assert.equal(outcomeOf(await opinionOf(spec, world, targetFor(IMAGE))), "verified");
          const before = [...world.memory.records.values()][0];
          world.notary.files = collection.publish(mutation.spoil(role, collection));
          assert.equal(outcomeOf(await opinionOf(spec, world, targetFor(IMAGE))), outcome);
          const after = [...world.memory.records.values()][0];
          // A delegation without a say is no flaw of the collection, which moves on.
          if (outcome !== "verified" && role !== "targets/releases") {
            assert.equal(after, before, "only verified metadata is remembered");
          }
        });
      }
    }
  }
});

suite("no byte of a collection", () => {
  const collection = makeCollection();
  const spec = notaryAuthority(collection);
  const files = collection.publish();
  const names = [...files.keys()];

  async function judged(name: string, bytes: Buffer): Promise<string> {
    const world = { notary: new MemoryNotary(new Map([...files, [name, bytes]])), memory: new TestMemory() };
    return outcomeOf(await opinionOf(spec, world, targetFor(IMAGE)));
  }

  test("that a hash covers can be another", async () => {
    const covered = names.filter((name) => name !== "timestamp.json");
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...covered),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (name, at, change) => {
          const bytes = Buffer.from(files.get(name)!);
          const index = at % bytes.length;
          bytes[index] = (bytes[index] ?? 0) ^ change;
          assert.notEqual(await judged(name, bytes), "verified");
        },
      ),
      { numRuns: 120 },
    );
  });

  test("that is signed in the timestamp can be another", async () => {
    const good = files.get("timestamp.json")!;
    const end = good.indexOf(',"signatures"');
    await fc.assert(
      fc.asyncProperty(fc.nat(end - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(good);
        bytes[at] = (bytes[at] ?? 0) ^ change;
        assert.notEqual(await judged("timestamp.json", bytes), "verified");
      }),
      { numRuns: 80 },
    );
  });
});
