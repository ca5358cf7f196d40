import { verifierOf, policiesOf } from "../../bench/memory-assay.ts";
import { openDatabase } from "../../src/adapters/embedded/database.ts";
import { embeddedRecordStore } from "../../src/adapters/embedded/record-store.ts";
import { createLayerReader } from "../../src/adapters/layers/layer-reader.ts";
import type { Dossier } from "../../src/domain/evidence.ts";
import type { Gap } from "../../src/domain/gap.ts";
import { parseReference } from "../../src/domain/reference.ts";
import { EXTRACTOR_VERSION } from "../../src/inspections/layer-collector.ts";
import { BaseFeed } from "../../src/pipeline/base-feed.ts";
import { Layers } from "../../src/pipeline/layers.ts";
import type { Verifier, VerifierParts } from "../../src/pipeline/verifier.ts";
import { DEFAULT_RETENTION } from "../../src/ports/retention.ts";
import type { ImageSource } from "../../src/ports/image-source.ts";
import { createRecords, type Records } from "../../src/records/records.ts";
import { SAMPLE_TIME } from "./evidence-samples.ts";
import { freshKeyring } from "./keyring.ts";
import { SteppedClock } from "./system-clock.ts";

const NEVER = new AbortController().signal;

/** The line from reference to verdict over these images, with layers really read and records really kept. */
export class BaseWorld {
  readonly clock = new SteppedClock(SAMPLE_TIME);
  readonly records: Records;
  readonly layers: Layers;
  readonly feed: BaseFeed;
  readonly gaps: Gap[] = [];
  readonly #images: ImageSource;

  constructor(images: ImageSource) {
    const { clock } = this;
    const store = embeddedRecordStore(openDatabase(":memory:"), { retention: DEFAULT_RETENTION, clock });
    const onRefused = (space: string, _key: string, why: string): never => {
      throw new Error(`${space}: ${why}`);
    };
    this.#images = images;
    this.records = createRecords({ store, keyring: freshKeyring(), clock, onRefused }, EXTRACTOR_VERSION);
    this.layers = new Layers({ images, reader: createLayerReader(), records: this.records.layers });
    const onGap = (gap: Gap): void => void this.gaps.push(gap);
    this.feed = new BaseFeed({ add: (sighting) => this.records.bases.add(sighting), onGap });
  }

  /** One that judges every image by this rule. */
  verifier(rule: string, more: Partial<VerifierParts> = {}): Verifier {
    const text = `apiVersion: assay.dev/v1alpha1
kind: Policy
metadata: { name: all }
spec: { match: { images: ["**"] }, rules: [${rule}] }
`;
    const { clock, records, layers, feed } = this;
    const ages = { signaturesMs: 3_600_000, absenceMs: 30_000 };
    const parts = { clock, records, layers, feed, bases: records.bases, ages, ...more };
    return verifierOf(this.#images, policiesOf(text, {}), parts);
  }

  /** Everything that can be known of an image, as it is kept. */
  async dossier(image: string, more: Partial<VerifierParts> = {}): Promise<Dossier> {
    const { facts } = await this.verifier("{ absent: [shell] }", more).inspect(parseReference(image), NEVER);
    const loaded = await this.records.dossiers.load(facts.repository, facts.digest);
    if (loaded.kind !== "whole") throw new Error(`the dossier of ${image} is ${loaded.kind}`);
    return loaded.dossier;
  }

  /** Has an image verified, and what was seen of it written down. */
  async verify(image: string, rule = "{ absent: [shell] }", more: Partial<VerifierParts> = {}): Promise<string> {
    const answer = await this.verifier(rule, more).verify(parseReference(image), NEVER);
    await this.feed.settle();
    return answer.kind === "judged" ? answer.verdict.decision : answer.message;
  }
}
