import { parseStrictJson } from "../crypto/strict-json.ts";
import type { Descriptor } from "../domain/descriptor.ts";
import { InputError } from "../domain/errors.ts";
import type { LayerEvidence, LeafEvidence } from "../domain/evidence.ts";
import { NOT_ASKED, type Observation } from "../domain/gap.ts";
import { parseImageConfig, type ImageConfig } from "../domain/image-config.ts";
import { formatRepository } from "../domain/reference.ts";
import type { Document, Leaf, Subject } from "../domain/subject.ts";
import { isUserNameNeedingLayers } from "../inspections/user.ts";
import { collectBases } from "./collect-bases.ts";
import type { CollectParts } from "./collection.ts";
import { layerChainOf } from "./layer-chain.ts";
import type { Layers } from "./layers.ts";
import { notThere, observe } from "./observe.ts";
import { isPlanned, type Plan } from "./plan.ts";

/** Beyond this a configuration is refused; real ones are a few kilobytes (reference: inspection, limits). */
const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

export type LeafParts = Pick<CollectParts, "images" | "bases" | "clock" | "ages"> & {
  readonly layers: Pick<Layers, "content">;
};

type LeafLook = {
  readonly plan: Plan;
  readonly earlier: LeafEvidence | undefined;
  readonly parts: LeafParts;
  readonly signal: AbortSignal;
};

/** Parses a configuration document strictly. Throws `InputError`. */
export function readConfig(document: Document): ImageConfig {
  return parseImageConfig(
    parseStrictJson(document.bytes, { code: "config", name: "config", maxBytes: MAX_CONFIG_BYTES }),
  );
}

/** The configuration first, then the layers if the plan still needs them, then what is known of images built alike. */
export async function collectLeaf(subject: Subject, leaf: Leaf, look: LeafLook): Promise<LeafEvidence> {
  const common = { manifest: leaf.descriptor.digest, declared: leaf.declared };
  if (leaf.manifest.kind !== "observed") {
    return { ...common, config: leaf.manifest, layers: [], bases: look.plan.bases ? leaf.manifest : NOT_ASKED };
  }
  const { manifest } = leaf.manifest.value;
  const config = await collectConfig(subject, manifest.config, look);
  const wanted = wantsLayers(config, leaf, subject, look.plan);
  const layers = await Promise.all(manifest.layers.map((layer) => collectLayer(subject, layer, wanted, look)));
  return { ...common, config, layers, bases: await basesOf(subject, { ...common, config, layers }, look) };
}

/** Without a configuration there is nothing to look up. */
async function basesOf(
  { repository }: Subject,
  { manifest, config, layers }: Omit<LeafEvidence, "bases">,
  { plan, earlier, parts, signal }: LeafLook,
): Promise<LeafEvidence["bases"]> {
  if (config.kind !== "observed") return plan.bases ? config : NOT_ASKED;
  const parsed = readableConfig(config.value);
  if (parsed === undefined) return NOT_ASKED;
  const look = { isAsked: plan.bases, earlier, parts, signal };
  return collectBases({ repository, manifest, config: parsed, layers }, look);
}

/** Whether the catalogue is to be asked and was not. What can never be looked up is not what is missing. */
export function lacksBases({ config, layers, bases }: LeafEvidence, plan: Plan): boolean {
  if (!plan.bases || bases.kind !== "not-asked" || config.kind !== "observed") return false;
  const parsed = readableConfig(config.value);
  return parsed !== undefined && layerChainOf(parsed, layers).kind === "known";
}

async function collectConfig(
  subject: Subject,
  config: Descriptor,
  { earlier, parts, signal }: LeafLook,
): Promise<Observation<Document>> {
  if (earlier?.config.kind === "observed") return earlier.config;
  const what = `${formatRepository(subject.repository)} config ${config.digest}`;
  return observe(parts.clock, what, signal, async () => {
    const document = await parts.images.blob(subject.repository, config, MAX_CONFIG_BYTES, signal);
    if (document === undefined) throw notThere(what);
    return document;
  });
}

/** Layers of a platform nobody asks about, or of a system whose layers cannot be read, stay where they are. */
export function wantsLayers(
  observed: Observation<Document>,
  leaf: Leaf,
  { leaves }: Pick<Subject, "leaves">,
  plan: Plan,
): boolean {
  if (plan.layers === "never" || observed.kind !== "observed") return false;
  const config = readableConfig(observed.value);
  if (config === undefined || config.platform.os !== "linux") return false;
  const declared = leaves.map((one) => one.declared);
  if (!isPlanned(plan, leaf.declared, declared) && !isPlanned(plan, config.platform, declared)) return false;
  return plan.layers === "always" || isUserNameNeedingLayers(config);
}

/** `undefined` for what is no configuration, which no further look would change. */
export function readableConfig(document: Document): ImageConfig | undefined {
  try {
    return readConfig(document);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

async function collectLayer(
  subject: Subject,
  layer: Descriptor,
  wanted: boolean,
  look: LeafLook,
): Promise<LayerEvidence> {
  const { earlier, parts, signal } = look;
  const before = earlier?.layers.find((entry) => entry.descriptor.digest === layer.digest);
  if (before?.content.kind === "observed") return { descriptor: layer, content: before.content };
  // A gap of former days must not age an answer that no longer asks for layers.
  if (!wanted) return { descriptor: layer, content: NOT_ASKED };
  const what = `${formatRepository(subject.repository)} layer ${layer.digest}`;
  return {
    descriptor: layer,
    content: await observe(parts.clock, what, signal, () => parts.layers.content(subject.repository, layer, signal)),
  };
}
