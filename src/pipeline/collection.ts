import type { Dossier } from "../domain/evidence.ts";
import type { Subject } from "../domain/subject.ts";
import type { Clock } from "../ports/clock.ts";
import type { ImageSource } from "../ports/image-source.ts";
import type { NotaryServer } from "../ports/notary-server.ts";
import type { SafeFetch } from "../ports/safe-fetch.ts";
import type { TrustMemory } from "../ports/trust-memory.ts";
import type { Schemes, Sources } from "../schemes/scheme.ts";
import type { BaseFinder } from "./collect-bases.ts";
import type { MaxAges } from "./freshness.ts";
import type { Layers } from "./layers.ts";
import type { Plan } from "./plan.ts";

export type CollectParts = {
  readonly images: ImageSource;
  readonly fetch: SafeFetch;
  readonly layers: Layers;
  readonly bases: BaseFinder;
  readonly notary: NotaryServer;
  readonly memory: TrustMemory;
  readonly schemes: Schemes;
  readonly clock: Clock;
  readonly ages: MaxAges;
};

/** What an earlier collection saw of the same subject; whatever of it is fresh is not looked at again. */
export type Earlier = Pick<Dossier, "signatures" | "leaves">;

export const NOTHING_EARLIER: Earlier = { signatures: [], leaves: [] };

/** A subject, what is to be known of it, and what already is. */
export type Collection = {
  readonly subject: Subject;
  readonly plan: Plan;
  readonly earlier: Earlier;
  /** All of it unless given: of a base image only signatures are asked. */
  readonly part?: "signatures" | undefined;
  /** Shares what was looked at before the subject was known. */
  readonly once?: Sources["once"] | undefined;
};
