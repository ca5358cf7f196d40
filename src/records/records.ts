import { BaseCatalogue } from "./base-catalogue.ts";
import { DocumentRecords } from "./documents.ts";
import { DossierRecords } from "./dossiers.ts";
import { FactsRecords } from "./facts.ts";
import { IndexEntryRecords } from "./index-entries.ts";
import { LayerRecords } from "./layers.ts";
import { ResolutionRecords } from "./resolutions.ts";
import type { RecordContext } from "./sealed-space.ts";
import { VerdictRecords } from "./verdicts.ts";

/** Everything that is remembered, by noun: sealed, typed, and the same above every store. */
export type Records = {
  readonly documents: DocumentRecords;
  readonly layers: LayerRecords;
  readonly dossiers: DossierRecords;
  readonly facts: FactsRecords;
  readonly verdicts: VerdictRecords;
  readonly resolutions: ResolutionRecords;
  readonly indexEntries: IndexEntryRecords;
  readonly bases: BaseCatalogue;
};

/** `extractor` is the version of the code that walks layers: what an older one found is not used. */
export function createRecords(context: RecordContext, extractor: number): Records {
  const documents = new DocumentRecords(context);
  const layers = new LayerRecords(context, extractor);
  return {
    documents,
    layers,
    dossiers: new DossierRecords(context, documents, layers),
    facts: new FactsRecords(context),
    verdicts: new VerdictRecords(context),
    resolutions: new ResolutionRecords(context),
    indexEntries: new IndexEntryRecords(context),
    bases: new BaseCatalogue(context),
  };
}
