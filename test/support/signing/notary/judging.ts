import type { Digest } from "../../../../src/domain/digest.ts";
import type { SignatureEvidence } from "../../../../src/domain/evidence.ts";
import type { Opinion } from "../../../../src/domain/facts.ts";
import { parseInstant } from "../../../../src/domain/instant.ts";
import { parseReference } from "../../../../src/domain/reference.ts";
import type { NotaryAuthority } from "../../../../src/domain/trust.ts";
import type { NotaryServer } from "../../../../src/ports/notary-server.ts";
import type { TrustMemory } from "../../../../src/ports/trust-memory.ts";
import { notaryV1 } from "../../../../src/schemes/notary-v1/scheme.ts";
import type { Sources, Target } from "../../../../src/schemes/scheme.ts";
import { MemoryImages } from "../../memory-images.ts";
import { sourcesOf } from "../judging.ts";
import { GUN, type TestCollection } from "./collection.ts";
import { pinnedCertificate } from "./signer.ts";

export const SERVER = "https://notary.example.com";

export function notaryAuthority(collection: TestCollection, change: Partial<NotaryAuthority> = {}): NotaryAuthority {
  return {
    kind: "notary",
    server: SERVER,
    serverCa: undefined,
    gun: "{registry}/{repository}",
    pins: { kind: "root-keys", keys: [pinnedCertificate(collection.root)] },
    delegations: [],
    resolve: "registry",
    ...change,
  };
}

/** A Notary server out of files, which counts what it is asked for. */
export class MemoryNotary implements NotaryServer {
  readonly asked: string[] = [];
  files: ReadonlyMap<string, Uint8Array>;

  constructor(files: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.files = files;
  }

  async metadata({ gun }: { readonly gun: string }, file: string): Promise<Uint8Array | undefined> {
    this.asked.push(file);
    return gun === GUN ? this.files.get(file) : undefined;
  }
}

/** A memory for the length of a test, with the one rule that matters: who comes too late has lost. */
export class TestMemory implements TrustMemory {
  readonly records = new Map<string, Uint8Array>();
  writes = 0;

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.records.get(key);
  }

  async replace(key: string, before: Uint8Array | undefined, next: Uint8Array): Promise<boolean> {
    const now = this.records.get(key);
    if (now === undefined ? before !== undefined : before === undefined || Buffer.compare(now, before) !== 0)
      return false;
    this.records.set(key, next);
    this.writes += 1;
    return true;
  }
}

export type World = { readonly notary: NotaryServer; readonly memory: TrustMemory };

export function notarySources({ notary, memory }: World): Sources {
  const clock = { now: () => parseInstant("2026-11-21T12:00:00Z") };
  return { ...sourcesOf(new MemoryImages()), notary, memory, clock };
}

/** The requested name is the repository's with `tag`, or whatever is given. */
export function targetFor(digest: Digest, requested = `${GUN}:1.0`): Target {
  const reference = parseReference(requested);
  return { repository: reference.repository, digest, requested: reference };
}

export async function collectTrust(
  spec: NotaryAuthority,
  world: World,
  target: Target,
): Promise<readonly SignatureEvidence[]> {
  const places = notaryV1
    .placesOf(spec)
    .map((place) => place.collect(target, notarySources(world), AbortSignal.timeout(10_000)));
  return (await Promise.all(places)).flat();
}

/** What the authority says of a digest, after a look at the server; `unsigned` if nothing. */
export async function opinionOf(spec: NotaryAuthority, world: World, target: Target): Promise<Opinion | "unsigned"> {
  const [evidence] = await collectTrust(spec, world, target);
  if (evidence === undefined) return "unsigned";
  return (await notaryV1.authority(spec)?.(evidence, target)) ?? "unsigned";
}

/** `verified`, `unsigned`, or the reason of a rejection. */
export function outcomeOf(opinion: Opinion | "unsigned"): string {
  if (opinion === "unsigned") return opinion;
  return opinion.kind === "rejected" ? opinion.reason : opinion.kind;
}
