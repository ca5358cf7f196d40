import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";

import {
  refreshTrustRoots,
  type RefreshedPolicies,
  type RefreshParts,
} from "../../../src/compose/trust-root-refresh.ts";
import { dueAt } from "../../../src/compose/trusted-roots.ts";
import { InputError, PortError } from "../../../src/domain/errors.ts";
import { millisOf, parseInstant, plus, type Instant } from "../../../src/domain/instant.ts";
import type { PolicySet } from "../../../src/domain/policy.ts";
import type { Authority, AuthorityName, AuthoritySpec, SigstoreRoot } from "../../../src/domain/trust.ts";
import type { PolicySource } from "../../../src/ports/policy-source.ts";
import type { ReadTrustRoot, TrustRootSource, TufRepository } from "../../../src/ports/trust-root-source.ts";
import { cosignSpec, keylessSpec } from "../../support/signing/authority-spec.ts";

const START = parseInstant("2026-01-01T00:00:00Z");
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const PUBLIC_GOOD: TufRepository = {
  mirror: "https://tuf.example.org",
  rootJson: "{}",
  from: "public-good",
  isOwn: false,
};
const MIRROR = { kind: "tuf-mirror", mirror: "https://tuf.example.com", rootJson: "{}", from: "root.json" } as const;
const FILE = { kind: "trusted-root", json: "{file}", from: "root.json" } as const;

function authority(spec: AuthoritySpec): Authority {
  const at = { file: "policy.yaml", line: 1, column: 1 };
  return { name: "somebody" as AuthorityName, spec, enforcement: "deny", unsafe: [], at };
}

function keyless(root: SigstoreRoot): Authority {
  return authority(keylessSpec({ identities: [], root }));
}

function key(root: SigstoreRoot | "ignored"): Authority {
  const transparencyLog =
    root === "ignored" ? { kind: "unsafe-ignored" as const } : { kind: "required" as const, root };
  return authority(cosignSpec({ keys: [], transparencyLog }));
}

/** Repositories that hold what they are told, and count who asks. */
class FakeSource implements TrustRootSource {
  readonly asked: string[] = [];
  readonly held = new Map<string, { readonly json: string; readonly lasts: number } | PortError>();
  readonly kept = new Map<string, ReadTrustRoot>();
  isClosed = false;
  readonly #now: () => Instant;

  constructor(now: () => Instant) {
    this.#now = now;
  }

  known({ mirror }: TufRepository): ReadTrustRoot | undefined {
    return this.kept.get(mirror);
  }

  async refresh({ mirror }: TufRepository): Promise<ReadTrustRoot> {
    this.asked.push(mirror);
    await Promise.resolve();
    const found = this.held.get(mirror) ?? new PortError("unreachable", mirror, "nobody there");
    if (found instanceof PortError) throw found;
    const read = { json: found.json, readAt: this.#now(), expires: plus(this.#now(), found.lasts) };
    this.kept.set(mirror, read);
    return read;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

class FakePolicies implements PolicySource {
  #set: PolicySet;
  #listener: (set: PolicySet) => void = () => {};

  constructor(...authorities: readonly Authority[]) {
    this.#set = { authorities, policies: [], warnings: [] };
  }

  current(): PolicySet {
    return this.#set;
  }

  change(...authorities: readonly Authority[]): void {
    this.#set = { ...this.#set, authorities };
    this.#listener(this.#set);
  }

  onChange(listener: (set: PolicySet) => void): () => void {
    this.#listener = listener;
    return () => (this.#listener = () => {});
  }

  problem(): undefined {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}

let source: FakeSource;
const open: RefreshedPolicies[] = [];
let events: string[];

function now(): Instant {
  return parseInstant(new Date().toISOString());
}

function follow(policies: FakePolicies, how: Partial<RefreshParts> = {}): RefreshedPolicies {
  const refreshed = refreshTrustRoots(policies, {
    source,
    clock: { now },
    publicGood: PUBLIC_GOOD,
    check: ([one]) => {
      if (rootOf(one) === "{unreadable}") throw new InputError("key", "no trusted root");
    },
    onRefreshed: ({ from }) => void events.push(`read ${from}`),
    onRefused: ({ from, detail }) => void events.push(`refused ${from}: ${detail}`),
    atStart: "always",
    ...how,
  });
  open.push(refreshed);
  return refreshed;
}

/** What an authority's root is now: its text, or its kind. */
function rootOf(one: Authority | undefined): string {
  const spec = one?.spec;
  const root =
    spec?.kind === "keyless"
      ? spec.root
      : spec?.kind === "cosign" && spec.transparencyLog.kind === "required"
        ? spec.transparencyLog.root
        : undefined;
  return root?.kind === "trusted-root" ? root.json : (root?.kind ?? "none");
}

const rootsOf = (policies: PolicySource): readonly string[] => policies.current().authorities.map(rootOf);

async function settle(ms = 0): Promise<void> {
  mock.timers.tick(ms);
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

const hold = (json: string, lasts = 30 * DAY, mirror: string = MIRROR.mirror): void =>
  void source.held.set(mirror, { json, lasts });

describe("trust roots of policies", () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout", "Date"], now: millisOf(START) });
    source = new FakeSource(now);
    events = [];
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
    mock.timers.reset();
  });

  test("are read at the start and once a day, never more often", async () => {
    hold("{one}");
    const policies = follow(new FakePolicies(keyless(MIRROR)));
    assert.deepEqual(rootsOf(policies), ["tuf-mirror"], "nobody waits");
    await settle();
    assert.deepEqual(rootsOf(policies), ["{one}"]);
    for (let look = 0; look < 100; look += 1) policies.current();
    await settle(DAY - 1);
    assert.equal(source.asked.length, 1);
    hold("{two}");
    await settle(1);
    assert.equal(source.asked.length, 2);
    assert.deepEqual(rootsOf(policies), ["{two}"]);
    assert.deepEqual(events, ["read root.json", "read root.json"]);
  });

  test("change nothing else, and the set only when one changed", async () => {
    hold("{one}");
    const plain = key("ignored");
    const policies = follow(new FakePolicies(keyless(MIRROR), plain));
    const unread = policies.current();
    await settle();
    const first = policies.current();
    assert.notEqual(first, unread);
    assert.equal(first.authorities[1], plain);
    await settle(DAY);
    assert.equal(policies.current(), first);
  });

  test("are told to whoever listens", async () => {
    hold("{one}");
    const policies = follow(new FakePolicies(keyless(MIRROR)));
    const told: string[] = [];
    const stop = policies.onChange(({ authorities }) => void told.push(rootOf(authorities[0])));
    await settle();
    stop();
    await settle(DAY);
    assert.deepEqual(told, ["{one}"]);
  });

  test("in files and of keys cost no request", async () => {
    follow(new FakePolicies(keyless(FILE), key("ignored"), key(FILE), key({ kind: "public-good" })));
    await settle(3 * DAY);
    assert.deepEqual(source.asked, []);
  });

  test("of keys may be a mirror", async () => {
    hold("{one}");
    const policies = follow(new FakePolicies(key(MIRROR)));
    await settle();
    assert.deepEqual(rootsOf(policies), ["{one}"]);
  });

  test("of the public-good instance are followed for keyless authorities, and else are the copy", async () => {
    const policies = follow(new FakePolicies(keyless({ kind: "public-good" }), key({ kind: "public-good" })));
    await settle();
    assert.deepEqual(rootsOf(policies), ["public-good", "public-good"]);
    hold("{newer}", 7 * DAY, PUBLIC_GOOD.mirror);
    await settle(HOUR);
    assert.deepEqual(rootsOf(policies), ["{newer}", "public-good"]);
    source.held.delete(PUBLIC_GOOD.mirror);
    await settle(30 * DAY);
    assert.deepEqual(rootsOf(policies), ["{newer}", "public-good"], "the copy is older still");
  });

  test("of the public-good instance are the copy where that is asked for", async () => {
    hold("{newer}", 7 * DAY, PUBLIC_GOOD.mirror);
    const policies = follow(new FakePolicies(keyless({ kind: "public-good" })), { publicGood: undefined });
    await settle(2 * DAY);
    assert.deepEqual(source.asked, []);
    assert.deepEqual(rootsOf(policies), ["public-good"]);
  });

  test("of a mirror count no longer once its metadata ended", async () => {
    hold("{one}", 2 * DAY);
    const policies = follow(new FakePolicies(keyless(MIRROR)));
    await settle();
    source.held.delete(MIRROR.mirror);
    await settle(2 * DAY - 1);
    assert.deepEqual(rootsOf(policies), ["{one}"]);
    await settle(1);
    assert.deepEqual(rootsOf(policies), ["tuf-mirror"]);
    hold("{two}");
    await settle(HOUR);
    assert.deepEqual(rootsOf(policies), ["{two}"]);
  });

  test("are asked for again after ten minutes when a repository does not answer", async () => {
    follow(new FakePolicies(keyless(MIRROR)));
    await settle();
    assert.deepEqual(events, ["refused root.json: https://tuf.example.com: nobody there"]);
    await settle(600_000 - 1);
    assert.equal(source.asked.length, 1);
    await settle(1);
    assert.equal(source.asked.length, 2);
  });

  test("that no scheme can read are refused once, and a mirror then vouches for nothing", async () => {
    hold("{one}");
    hold("{newer}", 7 * DAY, PUBLIC_GOOD.mirror);
    const policies = follow(new FakePolicies(keyless(MIRROR), keyless({ kind: "public-good" })));
    await settle();
    assert.deepEqual(rootsOf(policies), ["{one}", "{newer}"]);
    hold("{unreadable}");
    hold("{unreadable}", 7 * DAY, PUBLIC_GOOD.mirror);
    await settle(DAY);
    assert.deepEqual(rootsOf(policies), ["tuf-mirror", "{newer}"]);
    policies.current();
    assert.deepEqual(
      events.filter((event) => event.startsWith("refused")),
      ["refused root.json: no trusted root", "refused public-good: no trusted root"],
    );
  });

  test("follow policies as they change", async () => {
    hold("{one}");
    const files = new FakePolicies(key("ignored"));
    const policies = follow(files);
    await settle(DAY);
    assert.deepEqual(source.asked, []);
    files.change(keyless(MIRROR), keyless(MIRROR));
    await settle();
    assert.deepEqual(source.asked, [MIRROR.mirror]);
    assert.deepEqual(rootsOf(policies), ["{one}", "{one}"]);
    files.change(key("ignored"));
    await settle(3 * DAY);
    assert.equal(source.asked.length, 1);
  });

  test("that are kept are used at once, and not read before they are due by a command that asks once", async () => {
    source.kept.set(MIRROR.mirror, { json: "{kept}", readAt: plus(START, -HOUR), expires: plus(START, 30 * DAY) });
    const policies = follow(new FakePolicies(keyless(MIRROR)), { atStart: "if-due" });
    assert.deepEqual(rootsOf(policies), ["{kept}"]);
    await policies.ready();
    assert.deepEqual(source.asked, []);
    await settle(23 * HOUR);
    assert.equal(source.asked.length, 1);
  });

  test("without which nothing can be told are waited for by a command that asks once", async () => {
    hold("{one}");
    const refresh = source.refresh.bind(source);
    const never = new Promise<ReadTrustRoot>(() => {});
    source.refresh = (repository) => (repository.isOwn ? refresh(repository) : never);
    const policies = follow(new FakePolicies(keyless(MIRROR), keyless({ kind: "public-good" })), { atStart: "if-due" });
    await policies.ready();
    assert.deepEqual(rootsOf(policies), ["{one}", "public-good"]);
    const failing = follow(new FakePolicies(keyless({ ...MIRROR, mirror: "https://gone.example.com" })));
    await failing.ready();
    assert.deepEqual(rootsOf(failing), ["tuf-mirror"]);
  });

  test("are let go with the process", async () => {
    hold("{one}");
    const policies = follow(new FakePolicies(keyless(MIRROR)));
    await policies.close();
    await settle(3 * DAY);
    assert.equal(source.isClosed, true);
    assert.equal(source.asked.length, 1);
    const failing = follow(new FakePolicies(keyless({ ...MIRROR, mirror: "https://gone.example.com" })));
    await failing.close();
    await settle(3 * DAY);
    assert.equal(source.asked.length, 2);
    assert.deepEqual(events, []);
  });
});

test("a repository is due after a day, or half way to its end, but not every minute", () => {
  const due = (lasts: number): number =>
    millisOf(dueAt({ json: "", readAt: START, expires: plus(START, lasts) })) - millisOf(START);
  assert.equal(due(30 * DAY), DAY);
  assert.equal(due(DAY), DAY / 2);
  assert.equal(due(60_000), 600_000);
  assert.equal(due(-DAY), 600_000);
});
