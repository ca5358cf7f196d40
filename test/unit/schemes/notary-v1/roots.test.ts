import assert from "node:assert/strict";
import { suite, test } from "node:test";

import type { Digest } from "../../../../src/domain/digest.ts";
import { InputError } from "../../../../src/domain/errors.ts";
import type { Opinion } from "../../../../src/domain/facts.ts";
import type { NotaryAuthority, NotaryPins } from "../../../../src/domain/trust.ts";
import { notaryV1 } from "../../../../src/schemes/notary-v1/scheme.ts";
import { basicConstraints, issue, keyUsage, purposes } from "../../../support/signing/certificates.ts";
import { GUN, TestCollection } from "../../../support/signing/notary/collection.ts";
import {
  MemoryNotary,
  notaryAuthority,
  opinionOf,
  outcomeOf,
  targetFor,
  TestMemory,
} from "../../../support/signing/notary/judging.ts";
import { makeSigner, pinnedCertificate, pinnedKey, type NotarySigner } from "../../../support/signing/notary/signer.ts";

const IMAGE = `sha256:${"1".repeat(64)}` as Digest;

function collectionOf(root?: NotarySigner): TestCollection {
  return new TestCollection(GUN, root).sign("1.0", IMAGE);
}

async function judge(
  collection: TestCollection,
  pins: NotaryPins,
  memory: TestMemory = new TestMemory(),
): Promise<Opinion | "unsigned"> {
  const world = { notary: new MemoryNotary(collection.publish()), memory };
  return opinionOf(notaryAuthority(collection, { pins }), world, targetFor(IMAGE));
}

const pinned = (...signers: readonly NotarySigner[]): NotaryPins => ({
  kind: "root-keys",
  keys: signers.map(pinnedCertificate),
});
const FIRST_USE: NotaryPins = { kind: "unsafe-first-use" };

function detailOf(opinion: Opinion | "unsigned"): string {
  return opinion !== "unsigned" && opinion.kind === "rejected" ? opinion.detail : "";
}

function windowOf(opinion: Opinion | "unsigned"): readonly (string | undefined)[] {
  assert.ok(opinion !== "unsigned" && opinion.kind === "verified", outcomeOf(opinion));
  return [opinion.notBefore, opinion.notAfter];
}

suite("a root key that is pinned", () => {
  for (const kind of ["ecdsa-x509", "rsa-x509"] as const) {
    test(`by its certificate (${kind}) is trusted between the certificate's dates`, async () => {
      const root = makeSigner(kind, { name: GUN, notBefore: "2026-01-01T00:00:00Z", notAfter: "2027-01-01T00:00:00Z" });
      const opinion = await judge(collectionOf(root), pinned(root));
      assert.deepEqual(windowOf(opinion), ["2026-01-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"]);
    });
  }

  for (const kind of ["ecdsa", "ecdsa-p384", "ecdsa-p521", "rsa", "ed25519", "ecdsa-x509"] as const) {
    test(`as a bare key (${kind}) is trusted whatever its certificate says, and the answer tells so`, async () => {
      const root = makeSigner(kind, { name: "another/name", notAfter: "2021-01-01T00:00:00Z" });
      const opinion = await judge(collectionOf(root), { kind: "root-keys", keys: [pinnedKey(root)] });
      assert.deepEqual(windowOf(opinion), [undefined, "2036-01-02T03:04:05.123Z"]);
      assert.match(JSON.stringify(opinion), /bare public key, so the dates and the name/);
    });
  }

  test("may sign with PKCS #1 v1.5 too, since the key decides and not the signature's method", async () => {
    const root = makeSigner("rsa", { pkcs1: true });
    const pins: NotaryPins = { kind: "root-keys", keys: [pinnedKey(root)] };
    assert.equal(outcomeOf(await judge(collectionOf(root), pins)), "verified");
  });

  test("by another certificate of the same key is not trusted", async () => {
    const root = makeSigner("ecdsa-x509", { name: GUN });
    const renewed = makeSigner("ecdsa-x509", { name: GUN, key: root.key });
    assert.equal(outcomeOf(await judge(collectionOf(root), pinned(renewed))), "root-untrusted");
  });

  test("and is another than the collection's is not trusted", async () => {
    const opinion = await judge(collectionOf(), pinned(makeSigner("ecdsa-x509", { name: GUN })));
    assert.equal(outcomeOf(opinion), "root-untrusted");
    assert.match(detailOf(opinion), /signed by 0 pinned keys and needs 1.*pin the new ones/);
  });

  test("must be as many as the root asks for", async () => {
    const signers = [1, 2, 3].map(() => makeSigner("ecdsa-x509", { name: GUN }));
    const collection = collectionOf();
    collection.keys.root = { signers, threshold: 2 };
    const [a, b] = signers as [NotarySigner, NotarySigner];
    assert.equal(outcomeOf(await judge(collection, pinned(a))), "root-untrusted");
    assert.equal(outcomeOf(await judge(collection, pinned(a, b))), "verified");
  });

  test("counts as long as the longest of as many as the root asks for", async () => {
    const [short, middle, long] = ["2025", "2027", "2029"].map((year) =>
      makeSigner("ecdsa-x509", { name: GUN, notAfter: `${year}-01-01T00:00:00Z` }),
    ) as [NotarySigner, NotarySigner, NotarySigner];
    for (const signers of [
      [short, middle, long],
      [long, middle, short],
      [middle, long, short],
    ]) {
      const collection = collectionOf();
      for (const [threshold, end] of [
        [1, "2029"],
        [2, "2027"],
        [3, "2025"],
      ] as const) {
        collection.keys.root = { signers, threshold };
        assert.equal(windowOf(await judge(collection, pinned(...signers)))[1], `${end}-01-01T00:00:00.000Z`);
      }
    }
  });

  test("as a bare key beside one by its certificate is told", async () => {
    const signers = [makeSigner("ecdsa-x509", { name: GUN }), makeSigner("ecdsa")] as const;
    const collection = collectionOf();
    collection.keys.root = { signers: [...signers], threshold: 2 };
    const pins: NotaryPins = { kind: "root-keys", keys: [pinnedCertificate(signers[0]), pinnedKey(signers[1])] };
    assert.match(JSON.stringify(await judge(collection, pins)), /bare public key/);
  });

  test("that is believed at first use is held to its certificate, if it has one", async () => {
    assert.deepEqual(windowOf(await judge(collectionOf(makeSigner("ecdsa")), FIRST_USE)), [
      undefined,
      "2036-01-02T03:04:05.123Z",
    ]);
    const ended = makeSigner("ecdsa-x509", { name: GUN, notAfter: "2027-01-01T00:00:00Z" });
    assert.equal(windowOf(await judge(collectionOf(ended), FIRST_USE))[1], "2027-01-01T00:00:00.000Z");
    const misnamed = makeSigner("ecdsa-x509", { name: "registry.example.com/shop/api" });
    assert.equal(outcomeOf(await judge(collectionOf(misnamed), FIRST_USE)), "wrong-identity");
  });

  test("is for the collection of that name, or of all names below it", async () => {
    const ROWS = [
      [GUN, "verified"],
      ["registry.example.com/shop/*", "verified"],
      ["registry.example.com/*", "verified"],
      ["registry.example.com/shop/web2", "wrong-identity"],
      ["registry.example.com/shop", "wrong-identity"],
      ["registry.example.com/sh*", "wrong-identity"],
      ["registry.example.com/shop/we*", "wrong-identity"],
      ["*", "wrong-identity"],
      ["/*", "wrong-identity"],
    ] as const;
    for (const [name, outcome] of ROWS) {
      const root = makeSigner("ecdsa-x509", { name });
      assert.equal(outcomeOf(await judge(collectionOf(root), pinned(root))), outcome, name);
    }
  });
});

suite("a root key that is certified by a pinned authority", () => {
  const CA = [basicConstraints(), keyUsage(0x06, 1)];
  const authority = issue({ name: "corp", extensions: CA, notBefore: "2022-01-01T00:00:00Z" });
  const between = issue({
    name: "teams",
    issuer: authority,
    extensions: CA,
    notBefore: "2023-01-01T00:00:00Z",
    notAfter: "2030-01-01T00:00:00Z",
  });
  const pins: NotaryPins = { kind: "certificate-authorities", certificates: [{ pem: authority.pem, from: "ca.crt" }] };
  const judged = (root: NotarySigner): Promise<Opinion | "unsigned"> => judge(collectionOf(root), pins);

  test("is trusted while its whole chain is valid", async () => {
    assert.deepEqual(windowOf(await judged(makeSigner("ecdsa-x509", { name: GUN, issuer: authority }))), [
      "2022-01-01T00:00:00.000Z",
      "2036-01-02T03:04:05.123Z",
    ]);
    const deep = makeSigner("ecdsa-x509", { name: GUN, issuer: between, above: [between] });
    assert.deepEqual(windowOf(await judged(deep)), ["2023-01-01T00:00:00.000Z", "2030-01-01T00:00:00.000Z"]);
  });

  const ROWS: readonly (readonly [string, () => NotarySigner, string, RegExp])[] = [
    [
      "under another authority of the same name",
      () => makeSigner("ecdsa-x509", { name: GUN, issuer: issue({ name: "corp", extensions: CA }) }),
      "root-untrusted",
      /no chain leads to/,
    ],
    [
      "without the certificate in between",
      () => makeSigner("ecdsa-x509", { name: GUN, issuer: between }),
      "root-untrusted",
      /no chain leads to/,
    ],
    [
      "by one who may certify nobody",
      () => {
        const leaf = issue({ name: "leaf", issuer: authority, extensions: [] });
        return makeSigner("ecdsa-x509", { name: GUN, issuer: leaf, above: [leaf] });
      },
      "root-untrusted",
      /of no authority/,
    ],
    [
      "through one who is for servers alone",
      () => {
        const extensions = [...CA, purposes(false, "1.3.6.1.5.5.7.3.1")];
        const servers = issue({ name: "servers", issuer: authority, extensions });
        return makeSigner("ecdsa-x509", { name: GUN, issuer: servers, above: [servers] });
      },
      "root-untrusted",
      /other purposes/,
    ],
    [
      "after its issuer ended",
      () => {
        const ended = issue({ name: "ended", issuer: authority, extensions: CA, notAfter: "2023-06-01T00:00:00Z" });
        const notBefore = "2024-01-01T00:00:00Z";
        return makeSigner("ecdsa-x509", { name: GUN, issuer: ended, above: [ended], notBefore });
      },
      "root-untrusted",
      /valid until/,
    ],
    [
      "for another name, though it begins alike",
      () => makeSigner("ecdsa-x509", { name: `${GUN}-evil`, issuer: authority }),
      "wrong-identity",
      /is for "registry\.example\.com\/shop\/web-evil"/,
    ],
    ["as a bare key", () => makeSigner("ecdsa"), "root-untrusted", /0 keys certified by a pinned authority/],
    [
      "as an authority itself",
      () => makeSigner("ecdsa-x509", { name: GUN, issuer: authority, extensions: CA }),
      "root-untrusted",
      /an authority itself/,
    ],
  ];
  for (const [how, root, outcome, detail] of ROWS) {
    test(`${how} is not trusted`, async () => {
      const opinion = await judged(root());
      assert.equal(outcomeOf(opinion), outcome);
      assert.match(detailOf(opinion), detail);
    });
  }
});

suite("a root that changes", () => {
  const next = (): NotarySigner => makeSigner("ecdsa-x509", { name: GUN });

  test("by a rotation that the old keys consent to is followed once the new key is pinned", async () => {
    const [old, fresh] = [next(), next()];
    const collection = collectionOf(old);
    const memory = new TestMemory();
    const pins = pinned(old, fresh);
    assert.equal(outcomeOf(await judge(collection, pins, memory)), "verified");
    collection.rotateRoot([fresh]);
    assert.equal(outcomeOf(await judge(collection, pins, memory)), "verified");
  });

  test("is held against the pins in its newest form only, as Notary's clients do", async () => {
    const old = next();
    const collection = collectionOf(old).rotateRoot([next()]);
    const opinion = await judge(collection, pinned(old));
    assert.equal(outcomeOf(opinion), "root-untrusted");
  });

  test("is followed over many rotations, each file asked for once", async () => {
    const collection = collectionOf();
    const memory = new TestMemory();
    assert.equal(outcomeOf(await judge(collection, FIRST_USE, memory)), "verified");
    for (let at = 0; at < 5; at += 1) collection.rotateRoot([next()]);
    const notary = new MemoryNotary(collection.publish());
    const spec = notaryAuthority(collection, { pins: FIRST_USE });
    assert.equal(outcomeOf(await opinionOf(spec, { notary, memory }, targetFor(IMAGE))), "verified");
    assert.deepEqual(notary.asked.slice(0, 5), ["root.json", ...[2, 3, 4, 5].map((at) => `${at}.root.json`)]);
  });

  test("without the consent of the keys seen first is refused for what it is, and first use is told", async () => {
    const collection = collectionOf();
    const memory = new TestMemory();
    const first = await judge(collection, FIRST_USE, memory);
    assert.match(JSON.stringify(first), /nothing is pinned: .* the first seen, just now/);
    const second = await judge(collection, FIRST_USE, memory);
    assert.match(JSON.stringify(second), /the first seen, at 2026-11-21T12:00:00\.000Z/);
    collection.rotateRoot([next()], false);
    const opinion = await judge(collection, FIRST_USE, memory);
    assert.equal(outcomeOf(opinion), "root-changed");
    assert.match(detailOf(opinion), /version 2 is not signed by the keys of version 1.*ask its owner/);
  });

  test("to another of the same version is refused", async () => {
    const memory = new TestMemory();
    assert.equal(outcomeOf(await judge(collectionOf(), FIRST_USE, memory)), "verified");
    assert.equal(outcomeOf(await judge(collectionOf(), FIRST_USE, memory)), "root-changed");
  });

  test("to one in the middle that nobody signed is refused, and so is one whose middle is missing", async () => {
    const collection = collectionOf();
    const memory = new TestMemory();
    await judge(collection, FIRST_USE, memory);
    collection.rotateRoot([next()]).rotateRoot([next()]);
    const spec = notaryAuthority(collection, { pins: FIRST_USE });
    const files = collection.publish();
    files.set("2.root.json", collection.history[0]!);
    const misnumbered = { notary: new MemoryNotary(files), memory };
    assert.equal(outcomeOf(await opinionOf(spec, misnumbered, targetFor(IMAGE))), "root-changed");
    files.delete("2.root.json");
    const without = { notary: new MemoryNotary(files), memory };
    assert.equal(outcomeOf(await opinionOf(spec, without, targetFor(IMAGE))), "missing-document");
  });

  test("by more rotations than are followed is refused after one request", async () => {
    const collection = collectionOf();
    const memory = new TestMemory();
    await judge(collection, FIRST_USE, memory);
    collection.versions["root"] = 300;
    const notary = new MemoryNotary(collection.publish());
    const spec = notaryAuthority(collection, { pins: FIRST_USE });
    assert.equal(outcomeOf(await opinionOf(spec, { notary, memory }, targetFor(IMAGE))), "unsupported");
    assert.deepEqual(notary.asked, ["root.json"]);
  });

  test("lets a role recover whose versions were raised by whoever had its old key", async () => {
    const root = next();
    const collection = collectionOf(root);
    const memory = new TestMemory();
    for (const role of ["timestamp", "snapshot", "targets"] as const) {
      collection.versions[role] = Number.MAX_SAFE_INTEGER;
    }
    assert.equal(outcomeOf(await judge(collection, pinned(root), memory)), "verified");
    for (const role of ["timestamp", "snapshot", "targets"] as const) {
      collection.versions[role] = 3;
      assert.equal(outcomeOf(await judge(collection, pinned(root), memory)), "metadata-rollback", role);
      collection.keys[role] = { signers: [makeSigner()], threshold: 1 };
      collection.rotateRoot([root]);
    }
    assert.equal(outcomeOf(await judge(collection, pinned(root), memory)), "verified");
  });

  test("lets no role recover while the key that raised its version is still trusted beside a new one", async () => {
    const root = next();
    const collection = collectionOf(root);
    const memory = new TestMemory();
    collection.versions["timestamp"] = 9;
    await judge(collection, pinned(root), memory);
    collection.keys.timestamp.signers.push(makeSigner());
    collection.rotateRoot([root]).versions["timestamp"] = 3;
    assert.equal(outcomeOf(await judge(collection, pinned(root), memory)), "metadata-rollback");
  });
});

suite("what is remembered of a collection", () => {
  test("under one pin is not held against it under another", async () => {
    const [a, b] = [collectionOf(), collectionOf()];
    const memory = new TestMemory();
    assert.equal(outcomeOf(await judge(a, pinned(a.root), memory)), "verified");
    assert.equal(outcomeOf(await judge(b, pinned(b.root), memory)), "verified");
    assert.equal(memory.records.size, 2);
  });

  test("has a key without the names of servers and collections", async () => {
    const collection = collectionOf();
    const memory = new TestMemory();
    await judge(collection, pinned(collection.root), memory);
    assert.match([...memory.records.keys()][0] ?? "", /^notary-v1 [0-9a-f]{64}$/);
  });
});

suite("an authority", () => {
  const ROWS: readonly (readonly [string, Partial<NotaryAuthority>, RegExp])[] = [
    ["without pins", { pins: { kind: "root-keys", keys: [] } }, /pins\.rootKeys is empty/],
    ["without authorities", { pins: { kind: "certificate-authorities", certificates: [] } }, /pins\.ca is empty/],
    [
      "with a leaf among its authorities",
      {
        pins: {
          kind: "certificate-authorities",
          certificates: [{ pem: issue({ name: "leaf", extensions: [] }).pem, from: "ca.crt" }],
        },
      },
      /certificate of no authority/,
    ],
    [
      "with a delegation twice",
      {
        delegations: [
          { role: "targets/a", keys: [] },
          { role: "targets/a", keys: [] },
        ],
      },
      /role twice/,
    ],
  ];
  for (const [how, change, message] of ROWS) {
    test(`${how} is refused before anything is judged`, () => {
      const spec = notaryAuthority(collectionOf(), change);
      assert.throws(
        () => notaryV1.authority(spec),
        (error) => error instanceof InputError && message.test(error.message),
      );
    });
  }
});
