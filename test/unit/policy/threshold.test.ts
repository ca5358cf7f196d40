import assert from "node:assert/strict";
import { suite, test } from "node:test";

import * as fc from "fast-check";

import type { Signatories } from "../../../src/domain/policy.ts";
import type { AuthorityName } from "../../../src/domain/trust.ts";
import { membersOf } from "../../../src/policy/signatories.ts";
import type { Signer } from "../../../src/domain/facts.ts";
import { identitiesOf } from "../../../src/policy/signer-identity.ts";
import { isSatisfiable as isSatisfiableBy } from "../../../src/policy/signer-matching.ts";
import { digestFor, keySigner } from "../../support/policy-facts.ts";

const NAMES = ["a", "b", "c", "d"] as readonly string[] as readonly AuthorityName[];
const PEOPLE = ["p", "q", "r", "s"] as const;

const member: fc.Arbitrary<Signatories> = fc.constantFrom(...NAMES).map((name) => ({ kind: "authority", name }));
const { tree } = fc.letrec<{ tree: Signatories }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    member,
    fc
      .tuple(fc.array(tie("tree"), { minLength: 1, maxLength: 3 }), fc.nat())
      .map(([of, count]): Signatories => ({ kind: "at-least", count: 1 + (count % of.length), of })),
  ),
}));

type Seats = ReadonlyMap<AuthorityName, readonly string[]>;

/** By people, each with one key. */
function isSatisfiable(
  tree: Signatories,
  peopleOf: (name: AuthorityName) => readonly string[],
  isUnseen: (name: AuthorityName) => boolean,
): boolean {
  return isSatisfiableBy(tree, (name) => peopleOf(name).map(keySigner), isUnseen);
}

/** Tries every way to give each seat nobody or one of its signers, each signer once, and sees whether one way suffices. */
function bruteForce(tree: Signatories, seats: Seats): boolean {
  const leaves = membersOf(tree);
  const assign = (at: number, used: readonly string[], filled: readonly boolean[]): boolean => {
    const name = leaves[at];
    if (name === undefined) return holds(tree, [...filled]);
    if (assign(at + 1, used, [...filled, false])) return true;
    return (seats.get(name) ?? []).some(
      (one) => !used.includes(one) && assign(at + 1, [...used, one], [...filled, true]),
    );
  };
  return assign(0, [], []);
}

function holds(tree: Signatories, filled: boolean[]): boolean {
  if (tree.kind === "authority") return filled.shift() ?? false;
  return tree.of.map((child) => holds(child, filled)).filter(Boolean).length >= tree.count;
}

const seats: fc.Arbitrary<Seats> = fc
  .tuple(...NAMES.map(() => fc.subarray([...PEOPLE])))
  .map((lists) => new Map(NAMES.map((name, at) => [name, lists[at] ?? []])));

suite("distinct signers for distinct members", () => {
  test("agree with trying every possibility", () => {
    let satisfied = 0;
    fc.assert(
      fc.property(
        tree.filter((one) => membersOf(one).length <= 6),
        seats,
        (tree, seats) => {
          const answer = isSatisfiable(
            tree,
            (name) => seats.get(name) ?? [],
            () => false,
          );
          if (answer) satisfied++;
          assert.equal(answer, bruteForce(tree, seats));
        },
      ),
      { numRuns: 3000 },
    );
    assert.ok(satisfied > 300, "the trees are not all impossible");
  });

  test("never hold for fewer signatures where they do not hold for more", () => {
    fc.assert(
      fc.property(tree, seats, fc.constantFrom(...NAMES), (tree, seats, dropped) => {
        const with_ = isSatisfiable(
          tree,
          (name) => seats.get(name) ?? [],
          () => false,
        );
        const without = isSatisfiable(
          tree,
          (name) => (name === dropped ? [] : (seats.get(name) ?? [])),
          () => false,
        );
        assert.ok(with_ || !without);
      }),
      { numRuns: 1000 },
    );
  });

  test("an unseen member is as good as any signer for it would be", () => {
    fc.assert(
      fc.property(tree, seats, fc.subarray([...NAMES]), (tree, seats, unseen) => {
        const optimistic = isSatisfiable(
          tree,
          (name) => seats.get(name) ?? [],
          (name) => unseen.includes(name),
        );
        const anybody = (name: AuthorityName) => [
          ...(seats.get(name) ?? []),
          ...(unseen.includes(name) ? [`new ${name}`] : []),
        ];
        assert.ok(optimistic || !isSatisfiable(tree, anybody, () => false));
      }),
      { numRuns: 1000 },
    );
  });

  test("the largest allowed tree is answered at once, satisfiable or not", () => {
    const of = Array.from({ length: 16 }, (_, at): Signatories => ({
      kind: "authority",
      name: `m${at}` as AuthorityName,
    }));
    const nested: Signatories = {
      kind: "at-least",
      count: 8,
      of: Array.from({ length: 8 }, (_, at) => ({ kind: "at-least", count: 2, of: of.slice(at * 2, at * 2 + 2) })),
    };
    const began = performance.now();
    // As often as for the parts of a large index; a search without bounds takes a tenth of a second each time.
    const seven = Array.from({ length: 7 }, (_, at) => `person ${at}`);
    for (let i = 0; i < 40; i++) {
      assert.equal(
        isSatisfiable(
          { kind: "at-least", count: 8, of },
          () => seven,
          () => false,
        ),
        false,
      );
    }
    const fifteen = Array.from({ length: 15 }, (_, at) => `person ${at}`);
    assert.equal(
      isSatisfiable(
        { kind: "at-least", count: 16, of },
        () => fifteen,
        () => false,
      ),
      false,
    );
    assert.equal(
      isSatisfiable(
        { kind: "at-least", count: 15, of },
        () => fifteen,
        () => false,
      ),
      true,
    );
    assert.equal(
      isSatisfiable(
        nested,
        () => fifteen,
        () => false,
      ),
      false,
    );
    assert.equal(
      isSatisfiable(
        { ...nested, count: 7 },
        () => fifteen,
        () => false,
      ),
      true,
    );
    assert.ok(performance.now() - began < 1500);
  });
});

/** Few names, so that signers of different kinds often share one. */
const anySigner: fc.Arbitrary<Signer> = fc
  .tuple(
    fc.constantFrom("key", "identity", "x509", "pgp"),
    fc.constantFrom("1", "2", "3"),
    fc.constantFrom("1", "2", "3"),
    fc.boolean(),
  )
  .map(([kind, name, key, told]): Signer => {
    const spki = told ? digestFor(`key ${key}`) : undefined;
    switch (kind) {
      case "key":
        return { kind, spki: digestFor(`key ${key}`) };
      case "identity":
        return { kind, issuer: "https://issuer.example", subject: name, spki };
      case "x509":
        return { kind, trustStore: key, dn: `CN=${name}`, spki };
      case "pgp":
        return { kind, fingerprint: told ? `abc${name}` : `ABC${name}`, spki };
    }
  });

/** Whether two signers share anything by themselves, written out by kind. */
function shares(a: Signer, b: Signer): boolean {
  const keyOf = (one: Signer) => ("spki" in one ? one.spki : undefined);
  if (keyOf(a) !== undefined && keyOf(a) === keyOf(b)) return true;
  if (a.kind === "identity" && b.kind === "identity") return a.issuer === b.issuer && a.subject === b.subject;
  if (a.kind === "x509" && b.kind === "x509") return a.trustStore === b.trustStore && a.dn === b.dn;
  return a.kind === "pgp" && b.kind === "pgp" && a.fingerprint.toLowerCase() === b.fingerprint.toLowerCase();
}

suite("one signer in several formats", () => {
  test("is one by every chain of things that are shared, and only by such", () => {
    fc.assert(
      fc.property(fc.array(anySigner, { minLength: 1, maxLength: 7 }), (signers) => {
        // Groups by brute force: whoever shares with any member belongs, until nothing changes.
        let groups = signers.map((one) => [one]);
        for (let merged = true; merged;) {
          merged = false;
          for (const [at, group] of groups.entries()) {
            const other = groups.findIndex(
              (each, where) => where > at && each.some((a) => group.some((b) => shares(a, b))),
            );
            if (other < 0) continue;
            groups = groups
              .filter((_, where) => where !== other)
              .map((each, where) => (where === at ? [...each, ...(groups[other] ?? [])] : each));
            merged = true;
            break;
          }
        }
        const identityOf = identitiesOf(signers);
        assert.equal(new Set(signers.map(identityOf)).size, groups.length);
        for (const group of groups) assert.equal(new Set(group.map(identityOf)).size, 1);
      }),
      { numRuns: 3000 },
    );
  });

  test("counts once towards a threshold", () => {
    const two: Signatories = {
      kind: "at-least",
      count: 2,
      of: NAMES.slice(0, 3).map((name) => ({ kind: "authority", name })),
    };
    const spki = digestFor("the key");
    const signers: Record<string, readonly Signer[]> = {
      a: [{ kind: "key", spki }],
      b: [{ kind: "x509", trustStore: "ca:acme", dn: "CN=release", spki }],
      c: [{ kind: "pgp", fingerprint: "AB12", spki: undefined }],
    };
    const by = (...names: readonly string[]) =>
      isSatisfiableBy(
        two,
        (name) => (names.includes(name) ? (signers[name] ?? []) : []),
        () => false,
      );
    assert.equal(by("a", "b"), false);
    assert.equal(by("a", "c"), true);
    const linked: readonly Signer[] = [{ kind: "pgp", fingerprint: "ab12", spki }];
    assert.equal(
      isSatisfiableBy(
        two,
        (name) => (name === "b" ? linked : (signers[name] ?? [])),
        () => false,
      ),
      false,
    );
    signers["c"] = [{ kind: "identity", issuer: "x509-root:acme", subject: "release@example.com", spki }];
    assert.equal(by("a", "c"), false);
    assert.equal(by("b", "c"), false);
    signers["c"] = [{ kind: "identity", issuer: "x509-root:acme", subject: "release@example.com" }];
    assert.equal(by("a", "c"), true);
  });
});
