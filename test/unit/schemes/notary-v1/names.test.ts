import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { digestOf } from "../../../../src/crypto/digest-of.ts";
import type { Digest } from "../../../../src/domain/digest.ts";
import { PortError } from "../../../../src/domain/errors.ts";
import type { SignatureEvidence } from "../../../../src/domain/evidence.ts";
import type { Opinion } from "../../../../src/domain/facts.ts";
import { parseReference } from "../../../../src/domain/reference.ts";
import type { NotaryAuthority } from "../../../../src/domain/trust.ts";
import type { NotaryServer } from "../../../../src/ports/notary-server.ts";
import { notaryV1 } from "../../../../src/schemes/notary-v1/scheme.ts";
import type { TagReference } from "../../../../src/schemes/scheme.ts";
import { base64Of, GUN, TestCollection } from "../../../support/signing/notary/collection.ts";
import {
  collectTrust,
  MemoryNotary,
  notaryAuthority,
  notarySources,
  opinionOf,
  outcomeOf,
  targetFor,
  TestMemory,
  type World,
} from "../../../support/signing/notary/judging.ts";
import { makeSigner, pinnedCertificate, pinnedKey } from "../../../support/signing/notary/signer.ts";

const [A, B, C] = ["a", "b", "c"].map((letter) => `sha256:${letter.repeat(64)}`) as [Digest, Digest, Digest];

function worldOf(collection: TestCollection): World {
  return { notary: new MemoryNotary(collection.publish()), memory: new TestMemory() };
}

async function judge(
  collection: TestCollection,
  digest: Digest,
  how: { readonly requested?: string; readonly change?: Partial<NotaryAuthority> } = {},
): Promise<Opinion | "unsigned"> {
  return opinionOf(notaryAuthority(collection, how.change), worldOf(collection), targetFor(digest, how.requested));
}

function notesOf(opinion: Opinion | "unsigned"): string {
  return opinion !== "unsigned" && opinion.kind === "verified" ? opinion.notes.join("; ") : outcomeOf(opinion);
}

function detailOf(opinion: Opinion | "unsigned"): string {
  return opinion !== "unsigned" && opinion.kind === "rejected" ? opinion.detail : outcomeOf(opinion);
}

function signersOf(opinion: Opinion | "unsigned"): readonly string[] {
  assert.ok(opinion !== "unsigned" && opinion.kind === "verified", detailOf(opinion));
  return opinion.signers.map((signer) => (signer.kind === "key" ? signer.spki : "")).sort();
}

suite("a tag", () => {
  test("is verified for the digest that is signed under it, by the keys of the role that signed", async () => {
    const collection = new TestCollection().sign("1.0", A);
    const opinion = await judge(collection, A);
    assert.deepEqual(signersOf(opinion), [digestOf(collection.keys.targets.signers[0]!.key.der)]);
    assert.match(notesOf(opinion), /^signed as registry\.example\.com\/shop\/web:1\.0 by targets$/);
  });

  test("that is signed for another digest is a wrong subject, also for a digest signed under another tag", async () => {
    const collection = new TestCollection().sign("1.0", A).sign("2.0", B);
    const opinion = await judge(collection, B);
    assert.equal(outcomeOf(opinion), "wrong-subject");
    assert.match(detailOf(opinion), /web:1\.0 is signed for sha256:aaaa.*, not for sha256:bbbb/);
  });

  test("that nobody signed is unsigned, and a collection that does not exist is too", async () => {
    assert.equal(await judge(new TestCollection().sign("2.0", A), A), "unsigned");
    const collection = new TestCollection().sign("1.0", A);
    const world = { notary: new MemoryNotary(), memory: new TestMemory() };
    assert.deepEqual(await collectTrust(notaryAuthority(collection), world, targetFor(A)), []);
  });

  test("is compared by the digest's own algorithm", async () => {
    const digest = digestOf("manifest", "sha512");
    const collection = new TestCollection();
    collection.targets["targets"] = {
      "1.0": {
        length: 1,
        hashes: { sha256: base64Of(A), sha512: Buffer.from(digest.slice(7), "hex").toString("base64") },
      },
    };
    assert.equal(outcomeOf(await judge(collection, digest)), "verified");
    assert.equal(outcomeOf(await judge(collection, A)), "verified");
    assert.equal(outcomeOf(await judge(collection, B)), "wrong-subject");
  });

  test("named like a member of every object is only a name", async () => {
    const collection = new TestCollection().sign("1.0", A);
    for (const tag of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
      assert.equal(await judge(collection, A, { requested: `${GUN}:${tag}` }), "unsigned", tag);
    }
  });

  test("under files whose other hash is wrong is not believed, and without another hash it is", async () => {
    const collection = new TestCollection().sign("1.0", A);
    type Meta = { meta: { targets: { hashes: Record<string, string> } } };
    const outcome = async (sha512: string | undefined): Promise<string> => {
      const edit = (signed: object): Record<string, unknown> => {
        const { meta } = signed as Meta;
        const { sha256 } = meta.targets.hashes;
        const hashes = { sha256, ...(sha512 && { sha512 }) };
        return { ...signed, meta: { ...meta, targets: { ...meta.targets, hashes } } };
      };
      const world = {
        notary: new MemoryNotary(collection.publish({ edit: { snapshot: edit } })),
        memory: new TestMemory(),
      };
      return outcomeOf(await opinionOf(notaryAuthority(collection), world, targetFor(A)));
    };
    assert.equal(await outcome(undefined), "verified");
    assert.equal(await outcome(Buffer.alloc(64, 7).toString("base64")), "metadata-mismatch");
  });

  test("whose hash is of another length spoils the collection", async () => {
    const collection = new TestCollection().sign("1.0", A);
    collection.targets["targets"]!["odd"] = { length: 1, hashes: { sha256: Buffer.from("short").toString("base64") } };
    assert.equal(outcomeOf(await judge(collection, A)), "malformed");
  });
});

suite("a digest without a tag", () => {
  test("is verified by any signed name with it, which the answer tells", async () => {
    const collection = new TestCollection().sign("0.9", B).sign("1.0", A);
    assert.match(notesOf(await judge(collection, A, { requested: `${GUN}@${A}` })), /signed as .*:1\.0 by targets/);
    assert.equal(await judge(collection, C, { requested: `${GUN}@${C}` }), "unsigned");
  });

  test("is not verified by a name that a role of more weight gives to another digest", async () => {
    const collection = new TestCollection().sign("1.0", A);
    collection.delegate("targets/releases");
    collection.sign("1.0", B, "targets/releases");
    assert.equal(await judge(collection, B, { requested: `${GUN}@${B}` }), "unsigned");
  });

  test("is verified under the tag beside it, if that is signed for it too", async () => {
    const collection = new TestCollection().sign("0.9", A).sign("1.0", A).sign("2.0", A);
    assert.match(
      notesOf(await judge(collection, A, { requested: `${GUN}:1.0@${A}` })),
      /^signed as .*:1\.0 by targets$/,
    );
  });

  test("beside a tag that is refused is still signed by nobody", async () => {
    const collection = new TestCollection().sign("1.0", A);
    const change = { delegations: [{ role: "targets/absent", keys: [pinnedKey(makeSigner())] }] };
    assert.equal(outcomeOf(await judge(collection, A, { change })), "missing-role");
    assert.equal(await judge(collection, C, { change, requested: `${GUN}:1.0@${C}` }), "unsigned");
  });

  test("beside a tag wins over the tag, whose own digest is told", async () => {
    const collection = new TestCollection().sign("1.0", A).sign("2.0", B);
    const requested = `${GUN}:2.0@${A}`;
    assert.match(
      notesOf(await judge(collection, A, { requested })),
      /:1\.0 by targets; the tag 2\.0 .* is signed for sha256:bbbb/,
    );
    assert.match(notesOf(await judge(collection, A, { requested: `${GUN}:1.0@${A}` })), /:1\.0 by targets$/);
    assert.match(notesOf(await judge(collection, A, { requested: `${GUN}:3@${A}` })), /the tag 3 .* is not signed/);
  });
});

suite("delegations", () => {
  test("are asked after targets, in their order, each before those below the next", async () => {
    const collection = new TestCollection();
    for (const name of ["targets/a", "targets/a/x", "targets/b"]) collection.delegate(name);
    collection.sign("ab", A, "targets/a").sign("ab", B, "targets/b");
    collection.sign("xb", A, "targets/a/x").sign("xb", B, "targets/b");
    collection.sign("ta", A).sign("ta", B, "targets/a");
    for (const tag of ["ab", "xb", "ta"]) {
      assert.equal(outcomeOf(await judge(collection, A, { requested: `${GUN}:${tag}` })), "verified", tag);
      assert.equal(outcomeOf(await judge(collection, B, { requested: `${GUN}:${tag}` })), "wrong-subject", tag);
    }
  });

  test("sign only the names that their paths and those above them allow", async () => {
    const collection = new TestCollection();
    collection.delegate("targets/a", { paths: ["1."] });
    collection.delegate("targets/a/x", { paths: ["1.0", "2."] });
    collection.delegate("targets/none", { paths: [] });
    collection.sign("2.0", A, "targets/a").sign("3.0", A, "targets/none");
    collection.sign("1.0", A, "targets/a/x").sign("1.1", A, "targets/a/x").sign("2.1", A, "targets/a/x");
    const signed = async (tag: string): Promise<string> =>
      outcomeOf(await judge(collection, A, { requested: `${GUN}:${tag}` }));
    assert.deepEqual(await Promise.all(["1.0", "1.1", "2.0", "2.1", "3.0"].map(signed)), [
      "verified",
      "unsigned",
      "unsigned",
      "unsigned",
      "unsigned",
    ]);
  });

  test("that end the search keep those after them from saying anything of their names", async () => {
    const collection = new TestCollection();
    collection.delegate("targets/a", { paths: ["1."], terminating: true });
    collection.delegate("targets/b");
    collection.sign("1.0", A, "targets/b").sign("2.0", A, "targets/b");
    assert.equal(await judge(collection, A), "unsigned");
    assert.equal(outcomeOf(await judge(collection, A, { requested: `${GUN}:2.0` })), "verified");
  });

  test("that end the search do so even if nothing of theirs may be used", async () => {
    for (const broken of [{ unpublished: true }, { signedBy: [makeSigner()] }]) {
      const collection = new TestCollection();
      collection.delegate("targets/a", { paths: ["1."], terminating: true, ...broken });
      collection.delegate("targets/b");
      collection.sign("1.0", A, "targets/b");
      assert.equal(await judge(collection, A), "unsigned");
    }
  });

  test("count under the keys that their own parent gives them, and no others", async () => {
    const collection = new TestCollection();
    const a = collection.delegate("targets/a");
    collection.delegate("targets/b");
    collection.delegate("targets/b/x", { signedBy: a.signers });
    collection.sign("1.0", A, "targets/b/x");
    assert.equal(await judge(collection, A), "unsigned");
  });

  const NAMES = [
    "targets/../root",
    "targets/a/../../b",
    "targets//a",
    "targets/",
    "targets/.*",
    "targets/(a+)+$",
    "targets/A",
    "snapshot",
    "releases",
    "targets/a/b",
    `targets/${"a".repeat(300)}`,
    "targets/a\n",
    "targets/%2e%2e",
  ];
  for (const name of NAMES) {
    test(`of the name ${JSON.stringify(name.slice(0, 40))} spoil the collection, and nothing is asked under it`, async () => {
      const collection = new TestCollection().sign("1.0", A);
      const edit = {
        targets: (signed: Record<string, unknown>) => ({
          ...signed,
          delegations: { keys: {}, roles: [{ name, keyids: [], threshold: 1, paths: [""] }] },
        }),
      };
      const notary = new MemoryNotary(collection.publish({ edit }));
      const started = performance.now();
      const opinion = await opinionOf(notaryAuthority(collection), { notary, memory: new TestMemory() }, targetFor(A));
      assert.equal(outcomeOf(opinion), "malformed");
      assert.ok(performance.now() - started < 1000);
      assert.equal(notary.asked.length, 4);
    });
  }

  test("named twice by one parent spoil the collection", async () => {
    const collection = new TestCollection().sign("1.0", A);
    collection.delegate("targets/a");
    collection.delegate("targets/a");
    assert.equal(outcomeOf(await judge(collection, A)), "malformed");
  });

  test("of more than 32 are refused, and 32 are not", async () => {
    const collection = new TestCollection().sign("1.0", A);
    for (let at = 0; at < 32; at += 1) collection.delegate(`targets/d${at}`);
    assert.equal(outcomeOf(await judge(collection, A)), "verified");
    collection.delegate("targets/one-more");
    assert.equal(outcomeOf(await judge(collection, A)), "unsupported");
  });

  test("that were seen before may not disappear while they are still named", async () => {
    const collection = new TestCollection().sign("1.0", A);
    const releases = collection.delegate("targets/releases");
    const world = { notary: new MemoryNotary(collection.publish()), memory: new TestMemory() };
    const spec = notaryAuthority(collection);
    await opinionOf(spec, world, targetFor(A));
    releases.unpublished = true;
    world.notary.files = collection.publish();
    assert.equal(outcomeOf(await opinionOf(spec, world, targetFor(A))), "metadata-rollback");
    collection.delegations.length = 0;
    world.notary.files = collection.publish();
    assert.equal(outcomeOf(await opinionOf(spec, world, targetFor(A))), "verified");
  });

  test("that are new and not published yet spoil nothing of a collection that was seen before", async () => {
    const collection = new TestCollection().sign("1.0", A);
    collection.delegate("targets/releases");
    const world = { notary: new MemoryNotary(collection.publish()), memory: new TestMemory() };
    const spec = notaryAuthority(collection);
    await opinionOf(spec, world, targetFor(A));
    collection.delegate("targets/next", { unpublished: true });
    world.notary.files = collection.publish();
    assert.equal(outcomeOf(await opinionOf(spec, world, targetFor(A))), "verified");
  });

  test("that come back after they were gone may not be older than they were", async () => {
    const collection = new TestCollection().sign("1.0", A);
    const releases = collection.delegate("targets/releases");
    const world = { notary: new MemoryNotary(), memory: new TestMemory() };
    const spec = notaryAuthority(collection);
    const look = async (): Promise<string> => {
      world.notary.files = collection.publish();
      return outcomeOf(await opinionOf(spec, world, targetFor(A)));
    };
    collection.raise("targets/releases");
    assert.equal(await look(), "verified");
    collection.delegations.length = 0;
    assert.equal(await look(), "verified");
    collection.delegations.push(releases);
    assert.equal(await look(), "verified");
    collection.versions["targets/releases"] = 1;
    collection.delegations.length = 0;
    assert.equal(await look(), "verified");
    collection.delegations.push(releases);
    assert.equal(await look(), "metadata-rollback");
  });

  test("sign what is in any of the paths above them", async () => {
    const collection = new TestCollection();
    collection.delegate("targets/a", { paths: ["1.", "2."] });
    collection.delegate("targets/a/x", { paths: ["1.0", "2.0"] });
    collection.sign("1.0", A, "targets/a/x").sign("2.0", A, "targets/a/x");
    for (const tag of ["1.0", "2.0"]) {
      assert.equal(outcomeOf(await judge(collection, A, { requested: `${GUN}:${tag}` })), "verified", tag);
    }
  });

  test("that expire limit only the names that come from them", async () => {
    const collection = new TestCollection().sign("1.0", A);
    collection.delegate("targets/a");
    collection.delegate("targets/a/x");
    collection.sign("2.0", A, "targets/a/x");
    collection.expires["targets/a"] = "2026-01-01T00:00:00Z";
    const end = async (tag: string): Promise<string | undefined> => {
      const opinion = await judge(collection, A, { requested: `${GUN}:${tag}` });
      return opinion !== "unsigned" && opinion.kind === "verified" ? opinion.notAfter : outcomeOf(opinion);
    };
    assert.equal(await end("1.0"), "2036-01-02T03:04:05.123Z");
    assert.equal(await end("2.0"), "2026-01-01T00:00:00.000Z", "its parent vouches for its keys");
  });
});

suite("delegations that must have signed", () => {
  function two(): TestCollection {
    const collection = new TestCollection();
    collection.delegate("targets/a");
    collection.delegate("targets/b");
    return collection.sign("1.0", A, "targets/a").sign("1.0", A, "targets/b");
  }

  function requiring(collection: TestCollection, ...roles: readonly string[]): Partial<NotaryAuthority> {
    return {
      delegations: roles.map((role) => {
        const signers = collection.delegations.find(({ name }) => name === role)?.signers ?? [];
        return { role, keys: signers.map(pinnedCertificate) };
      }),
    };
  }

  test("are several signers of one opinion when they agree", async () => {
    const collection = two();
    const opinion = await judge(collection, A, { change: requiring(collection, "targets/a", "targets/b") });
    assert.deepEqual(
      signersOf(opinion),
      collection.delegations.map(({ signers }) => digestOf(signers[0]!.key.der)).sort(),
    );
    assert.match(notesOf(opinion), /by targets\/a and targets\/b/);
  });

  test("must name one digest", async () => {
    const collection = two().sign("1.0", B, "targets/b");
    const change = requiring(collection, "targets/a", "targets/b");
    for (const digest of [A, B]) {
      const opinion = await judge(collection, digest, { change });
      assert.equal(outcomeOf(opinion), "conflicting-digests");
      assert.match(
        detailOf(opinion),
        /expected 1 digest, found 2 for "1\.0": targets\/a says sha256:a.*, targets\/b says/,
      );
    }
    assert.equal(outcomeOf(await judge(collection, A)), "verified", "without named roles the first decides");
    const requested = `${GUN}@${A}`;
    assert.equal(outcomeOf(await judge(collection, A, { change, requested })), "conflicting-digests");
  });

  test("must agree by every algorithm that both name a digest by", async () => {
    const collection = two();
    const signing = (role: string, fill: number): void => {
      const sha512 = Buffer.alloc(64, fill).toString("base64");
      collection.targets[role]!["1.0"] = { length: 1, hashes: { sha256: base64Of(A), sha512 } };
    };
    signing("targets/a", 1);
    signing("targets/b", 1);
    const outcome = async (): Promise<string> =>
      outcomeOf(await judge(collection, A, { change: requiring(collection, "targets/a", "targets/b") }));
    assert.equal(await outcome(), "verified");
    signing("targets/b", 2);
    assert.equal(await outcome(), "conflicting-digests");
  });

  test("must have signed this very name", async () => {
    const collection = two();
    delete collection.targets["targets/b"]!["1.0"];
    const opinion = await judge(collection, A, { change: requiring(collection, "targets/a", "targets/b") });
    assert.equal(outcomeOf(opinion), "missing-role");
    assert.match(detailOf(opinion), /"1\.0" must be signed by targets\/b, and is signed by targets\/a only/);
    const other = await judge(collection, A, {
      change: requiring(collection, "targets/a", "targets/b"),
      requested: `${GUN}:9`,
    });
    assert.equal(other, "unsigned", "nobody signed that name");
  });

  test("must exist, be published and be signed", async () => {
    const collection = two();
    const gone = await judge(collection, A, { change: requiring(collection, "targets/c") });
    assert.match(detailOf(gone), /targets\/c must have signed, and the collection has no such role/);
    collection.delegations[1]!.unpublished = true;
    const silent = await judge(collection, A, { change: requiring(collection, "targets/b") });
    assert.match(detailOf(silent), /targets\/b must have signed, and nothing was published in it yet/);
    delete collection.delegations[1]!.unpublished;
    Object.assign(collection.delegations[1]!, { signedBy: [makeSigner()] });
    const forged = await judge(collection, A, { change: requiring(collection, "targets/b") });
    assert.equal(outcomeOf(forged), "bad-signature");
  });

  test("count by the keys that the policy names, whoever else the collection trusts", async () => {
    const collection = two();
    const stranger = { role: "targets/a", keys: [pinnedKey(makeSigner())] };
    const opinion = await judge(collection, A, { change: { delegations: [stranger] } });
    assert.equal(outcomeOf(opinion), "unknown-key");
    assert.match(detailOf(opinion), /targets\/a is signed by 0 of the keys named for it, and needs 1/);
    const any = { delegations: [{ role: "targets/a", keys: [] }] };
    assert.equal(outcomeOf(await judge(collection, A, { change: any })), "verified");
    const bare = { role: "targets/a", keys: [pinnedKey(collection.delegations[0]!.signers[0]!)] };
    assert.equal(outcomeOf(await judge(collection, A, { change: { delegations: [bare] } })), "verified");
  });

  test("may be the targets role itself", async () => {
    const collection = two().sign("2.0", A);
    const change = { delegations: [{ role: "targets", keys: [] }] };
    assert.equal(outcomeOf(await judge(collection, A, { change, requested: `${GUN}:2.0` })), "verified");
    assert.equal(outcomeOf(await judge(collection, A, { change })), "missing-role");
  });
});

suite("one look at a collection", () => {
  test("asks for each file once, by the hash that is signed", async () => {
    const collection = new TestCollection().sign("1.0", A);
    collection.delegate("targets/releases");
    const files = collection.publish();
    const notary = new MemoryNotary(files);
    await opinionOf(notaryAuthority(collection), { notary, memory: new TestMemory() }, targetFor(A));
    assert.deepEqual(
      notary.asked.map((name) => name.replace(/\.[0-9a-f]{64}\./, ".HASH.")),
      ["root.json", "timestamp.json", "snapshot.HASH.json", "targets.HASH.json", "targets/releases.HASH.json"],
    );
    assert.deepEqual([...notary.asked].sort(), [...files.keys()].sort());
  });

  test("is repeated if something is published in the middle of it", async () => {
    const before = new TestCollection().sign("1.0", A);
    const root = before.root;
    const old = before.publish().get("root.json");
    const files = before.rotateRoot([root]).publish();
    let looks = 0;
    const notary: NotaryServer = {
      metadata: async (_, file) => (file === "root.json" && (looks += 1) === 1 ? old : files.get(file)),
    };
    const opinion = await opinionOf(notaryAuthority(before), { notary, memory: new TestMemory() }, targetFor(A));
    assert.equal(outcomeOf(opinion), "verified");
    assert.equal(looks, 2);
  });

  test("that is overtaken by another replica's is decided again, and versions never go down", async () => {
    const collection = new TestCollection().sign("1.0", A);
    const older = collection.publish();
    const newer = collection.raise("timestamp", "snapshot", "targets").publish();
    const memory = new TestMemory();
    const spec = notaryAuthority(collection);
    const slow = new MemoryNotary(older);
    const get = slow.metadata.bind(slow);
    slow.metadata = async (asked, file) => {
      if (slow.asked.length === 1) await opinionOf(spec, { notary: new MemoryNotary(newer), memory }, targetFor(A));
      return get(asked, file);
    };
    const opinion = await opinionOf(spec, { notary: slow, memory }, targetFor(A));
    assert.equal(outcomeOf(opinion), "metadata-rollback");
    assert.match(
      Buffer.from([...memory.records.values()][0]!).toString(),
      /"name":"targets","threshold":1,"version":2/,
    );
  });

  test("by fifty at the same time is remembered once", async () => {
    const collection = new TestCollection().sign("1.0", A);
    const memory = new TestMemory();
    const world = { notary: new MemoryNotary(collection.publish()), memory };
    const spec = notaryAuthority(collection);
    const opinions = await Promise.all(Array.from({ length: 50 }, () => opinionOf(spec, world, targetFor(A))));
    assert.deepEqual(new Set(opinions.map(outcomeOf)), new Set(["verified"]));
    assert.equal(memory.writes, 1);
  });

  test("that cannot read what is remembered is no look, whatever the server says", async () => {
    const collection = new TestCollection().sign("1.0", A);
    const unavailable = new PortError("store-unavailable", "trust memory", "a record does not open");
    const closed = { get: async () => await Promise.reject(unavailable), replace: async () => false };
    const world = { notary: new MemoryNotary(collection.publish()), memory: closed };
    await assert.rejects(collectTrust(notaryAuthority(collection), world, targetFor(A)), unavailable);
    const garbled = { get: async () => Buffer.from("{}"), replace: async () => true };
    await assert.rejects(
      collectTrust(notaryAuthority(collection), { ...world, memory: garbled }, targetFor(A)),
      (error) => error instanceof PortError && error.code === "store-unavailable",
    );
  });

  test("gives evidence that is judged again without a server", async () => {
    const collection = new TestCollection().sign("1.0", A);
    const spec = notaryAuthority(collection);
    const world = worldOf(collection);
    await opinionOf(spec, world, targetFor(A));
    collection.rotateRoot([collection.root]).rotateRoot([collection.root]);
    const [evidence] = await collectTrust(
      spec,
      { ...world, notary: new MemoryNotary(collection.publish()) },
      targetFor(A),
    );
    assert.equal(evidence?.documents.length, 7, "a listing, what was known, and five files");
    const assess = notaryV1.authority(spec)!;
    assert.equal(outcomeOf((await assess(evidence, targetFor(A))) ?? "unsigned"), "verified");
    for (const at of evidence.documents.keys()) {
      const less: SignatureEvidence = {
        ...evidence,
        documents: evidence.documents.filter((_, index) => index !== at),
      };
      assert.equal(outcomeOf((await notaryV1.authority(spec)!(less, targetFor(A))) ?? "unsigned"), "malformed");
    }
  });

  test("is no other authority's evidence", async () => {
    const collection = new TestCollection().sign("1.0", A);
    const [evidence] = await collectTrust(notaryAuthority(collection), worldOf(collection), targetFor(A));
    const other = notaryAuthority(collection, { server: "https://other.example.com" });
    assert.equal(await notaryV1.authority(other)!(evidence!, targetFor(A)), undefined);
    const elsewhere = targetFor(A, "registry.example.com/shop/other:1.0");
    assert.equal(
      outcomeOf((await notaryV1.authority(notaryAuthority(collection))!(evidence!, elsewhere)) ?? "unsigned"),
      "malformed",
    );
  });
});

suite("the digest that is signed under a tag", () => {
  const REFERENCE = parseReference(`${GUN}:1.0`) as TagReference;

  async function signed(
    collection: TestCollection,
    change: Partial<NotaryAuthority> = {},
  ): Promise<Digest | undefined> {
    const spec = notaryAuthority(collection, { resolve: "signed-digest", ...change });
    const sources = notarySources(worldOf(collection));
    return notaryV1.signedDigest!(spec)!.digestOf(REFERENCE, sources, AbortSignal.timeout(5000));
  }

  test("is named only by an authority that is to name it, and only if it is believed", async () => {
    const collection = new TestCollection().sign("1.0", A);
    assert.equal(notaryV1.signedDigest!(notaryAuthority(collection)), undefined);
    assert.equal(await signed(collection), A);
    assert.equal(await signed(new TestCollection().sign("2.0", A)), undefined);
    const pins = { kind: "root-keys", keys: [pinnedCertificate(makeSigner("ecdsa-x509", { name: GUN }))] } as const;
    assert.equal(await signed(collection, { pins }), undefined);
    assert.equal(await signed(collection, { delegations: [{ role: "targets/releases", keys: [] }] }), undefined);
  });
});
