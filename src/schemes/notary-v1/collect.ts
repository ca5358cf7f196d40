import { plainDescriptor } from "../../domain/descriptor.ts";
import { canonicalJson } from "../../crypto/canonical-json.ts";
import { digestOf } from "../../crypto/digest-of.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import type { SignatureEvidence } from "../../domain/evidence.ts";
import type { Instant } from "../../domain/instant.ts";
import type { Repository } from "../../domain/reference.ts";
import type { NotaryAuthority } from "../../domain/trust.ts";
import type { NotaryCollection } from "../../ports/notary-server.ts";
import { signatureEvidence } from "../evidence.ts";
import { MAX_TOTAL_BYTES } from "../limits.ts";
import type { Sources, Target } from "../scheme.ts";
import type { CollectionFiles, CollectionOutcome, TrustedCollection } from "./collection.ts";
import type { Pins } from "./pins.ts";
import { collectionOf, memoryKeyOf, placeKeyOf } from "./place.ts";
import { decodeRemembered, encodeRemembered, type Remembered } from "./remembered.ts";
import { NOTARY_V1 } from "./source.ts";
import { documentsOf, type TrustData } from "./trust-data.ts";
import { verifySteps } from "./verify-steps.ts";

/** A collection as it was seen, verified against what was known of it. */
export type Seen = { readonly data: TrustData; readonly outcome: CollectionOutcome };

/** An authority with its pins read. */
export type Keeper = { readonly spec: NotaryAuthority; readonly pins: Pins };

/** Fetched once for all who ask during one collection, such as for each platform of an image. Throws `PortError`. */
export async function seeCollection(
  keeper: Keeper,
  repository: Repository,
  sources: Sources,
  signal: AbortSignal,
): Promise<Seen> {
  const collection = collectionOf(keeper.spec, repository);
  const key = `${placeKeyOf(keeper.spec)} ${collection.gun}`;
  return sources.once(key, () => look({ keeper, collection, sources, signal }));
}

/** The whole collection as one piece of evidence, the same for every digest; none if the server does not know it. */
export async function collectTrustData(
  keeper: Keeper,
  target: Target,
  sources: Sources,
  signal: AbortSignal,
): Promise<readonly SignatureEvidence[]> {
  const { data } = await seeCollection(keeper, target.repository, sources, signal);
  const root = data.files.get("root.json");
  if (root === undefined) return [];
  const evidence = signatureEvidence({
    scheme: NOTARY_V1,
    source: placeKeyOf(keeper.spec),
    about: target.digest,
    artifact: plainDescriptor("application/json", digestOf(root), root.length),
    part: 0,
    via: "notary",
    documents: documentsOf(data),
    missing: undefined,
    gaps: [],
  });
  return [evidence];
}

type Look = {
  readonly keeper: Keeper;
  readonly collection: NotaryCollection;
  readonly sources: Sources;
  readonly signal: AbortSignal;
};

/** Between two files of one look the owner may publish, and other replicas may see it: then it is looked at again. */
const MAX_LOOKS = 3;

async function look(work: Look): Promise<Seen> {
  const { keeper, collection, sources } = work;
  const key = memoryKeyOf(keeper.spec, collection.gun);
  for (let looks = 1; ; looks += 1) {
    const before = await sources.memory.get(key);
    const remembered = before === undefined ? undefined : readMemory(before, collection);
    const files = new Map<string, Uint8Array | undefined>();
    const outcome = await fetchCollection({ ...work, looks, remembered }, files);
    const seen: Seen = { data: { gun: collection.gun, files, remembered: before }, outcome };
    if (outcome.kind === "refused" && mayBeOfTwoStates(outcome.reason) && looks < MAX_LOOKS) continue;
    if (outcome.kind !== "trusted") return seen;
    const next = memoryOf(outcome, remembered?.firstSeen ?? sources.clock.now());
    if (before !== undefined && Buffer.compare(before, next) === 0) return seen;
    if (await sources.memory.replace(key, before, next)) return seen;
    if (looks >= MAX_LOOKS) {
      throw new PortError("store-unavailable", what(collection), "others keep changing what is remembered of it");
    }
  }
}

function mayBeOfTwoStates(reason: string): boolean {
  return reason === "metadata-mismatch" || reason === "missing-document";
}

function memoryOf({ root, roles }: TrustedCollection, firstSeen: Instant): Uint8Array {
  return encodeRemembered({ firstSeen, root, roles });
}

/** Ours by its seal, so what cannot be read was written by another version: not being able to tell, and not nothing seen. */
function readMemory(bytes: Uint8Array, collection: NotaryCollection): Remembered {
  try {
    return decodeRemembered(bytes);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new PortError("store-unavailable", what(collection), error.message, { cause: error });
  }
}

/** Which of the looks at a collection this is, from 1, and what was known of it before. */
type Attempt = Look & { readonly looks: number; readonly remembered: Remembered | undefined };

/** Fills `files` with whatever the verification asked for. */
async function fetchCollection(
  attempt: Attempt,
  files: Map<string, Uint8Array | undefined> & CollectionFiles,
): Promise<CollectionOutcome> {
  const { keeper, collection, remembered } = attempt;
  const steps = verifySteps({ gun: collection.gun, pins: keeper.pins, remembered });
  let total = 0;
  let turn = steps.next();
  while (turn.done !== true) {
    const { file, limit } = turn.value;
    const bytes = await fetchFile(attempt, file, limit);
    total += bytes?.length ?? 0;
    if (total > MAX_TOTAL_BYTES) {
      throw new PortError("too-large", what(collection), `more than the ${MAX_TOTAL_BYTES} bytes allowed together`);
    }
    files.set(file, bytes);
    turn = steps.next(bytes);
  }
  return turn.value;
}

/**
 * One request for all authorities that name the same collection, whatever they pin: what is believed differs, what the server
 * gives does not. Whoever looks again shares with others that look again, and never with a former look.
 */
async function fetchFile(
  { collection, looks, sources, signal }: Attempt,
  file: string,
  limit: number,
): Promise<Uint8Array | undefined> {
  const { server, ca = "", gun } = collection;
  const key = `notary ${looks} ${canonicalJson([server, ca, gun, file, limit])}`;
  return await sources.once(key, () => sources.notary.metadata(collection, file, limit, signal));
}

function what({ server, gun }: NotaryCollection): string {
  return `${server} trust data of ${gun}`;
}
