import { systemClock } from "../src/adapters/system-clock/clock.ts";
import { newSealKeyLine, parseSealKeys } from "../src/crypto/seal-keys.ts";
import { PortError } from "../src/domain/errors.ts";
import type { PolicySet } from "../src/domain/policy.ts";
import { parseReference } from "../src/domain/reference.ts";
import { Layers } from "../src/pipeline/layers.ts";
import { Verifier, type VerifierParts } from "../src/pipeline/verifier.ts";
import { parsePolicyFiles } from "../src/policy/parse.ts";
import type { ImageSource } from "../src/ports/image-source.ts";
import type { RecordStore } from "../src/ports/record-store.ts";
import { createRecords } from "../src/records/records.ts";
import { SCHEMES } from "../src/schemes/index.ts";

const HOUR_MS = 3_600_000;

/** Nothing is looked for outside the registry here. */
async function refuse(): Promise<never> {
  return await Promise.reject(new PortError("unreachable", "the bench", "there is no network"));
}

/** Records in a map, so that what is measured is our own work and no database's. */
export function memoryStore(): RecordStore {
  const kept = new Map<string, Uint8Array>();
  return {
    get: async (space, key) => kept.get(`${space} ${key}`),
    getMany: async (space, keys) => keys.map((key) => kept.get(`${space} ${key}`)),
    replace: async (space, key, expected, bytes) => {
      if (kept.get(`${space} ${key}`) !== expected) return false;
      kept.set(`${space} ${key}`, bytes);
      return true;
    },
    put: async (space, key, bytes) => void kept.set(`${space} ${key}`, bytes),
    delete: async (space, key) => void kept.delete(`${space} ${key}`),
    list: async () => ({ records: [], next: undefined }),
    trim: async () => undefined,
    ping: async () => undefined,
    close: async () => undefined,
  };
}

/** Policies as an operator would write them; `files` are the keys and roots that they name. */
export function policiesOf(text: string, files: Readonly<Record<string, string | Uint8Array>>): PolicySet {
  const read = (_from: string, path: string): Uint8Array => {
    const content = files[path] ?? "";
    return typeof content === "string" ? Buffer.from(content) : content;
  };
  const parse = parsePolicyFiles([{ name: "bench.yaml", text }], read);
  if (parse.kind === "parsed") return parse.set;
  throw new Error(parse.problems.map(({ message }) => message).join("; "));
}

/** The whole line from reference to remembered verdict over a registry in memory; `more` opens it to other servers. */
export function verifierOf(images: ImageSource, set: PolicySet, more: Partial<VerifierParts> = {}): Verifier {
  const keyring = parseSealKeys(newSealKeyLine("bench"), "bench");
  const records = createRecords({ store: memoryStore(), keyring, clock: systemClock, onRefused: () => undefined }, 1);
  const reader = { read: refuse, close: async () => undefined };
  return new Verifier({
    images,
    fetch: refuse,
    notary: { metadata: refuse },
    memory: { get: refuse, replace: refuse },
    layers: new Layers({ images, reader, records: records.layers }),
    bases: records.bases,
    feed: { learn: () => undefined },
    schemes: SCHEMES,
    clock: systemClock,
    ages: { signaturesMs: HOUR_MS, absenceMs: HOUR_MS },
    records,
    policies: {
      current: () => set,
      onChange: () => () => undefined,
      problem: () => undefined,
      close: async () => undefined,
    },
    unmatched: "deny",
    observer: { verdictDecided: () => undefined, gapSeen: () => undefined },
    ...more,
  });
}

/** Verifies one image; it must be allowed, or the bench measures something else than it says. */
export async function allow(verifier: Verifier, image: string): Promise<void> {
  const answer = await verifier.verify(parseReference(image), new AbortController().signal);
  if (answer.kind !== "judged" || answer.verdict.decision !== "allow") {
    throw new Error(
      answer.kind === "judged" ? answer.verdict.findings.map(({ message }) => message).join() : answer.message,
    );
  }
}
