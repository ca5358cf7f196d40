import { NOT_ASKED } from "../../src/domain/gap.ts";
import type { LayerFind } from "../../src/domain/layer-facts.ts";
import type { Flaw, Lint } from "../../src/domain/lint.ts";
import type { Tag } from "../../src/domain/reference.ts";
import { inspectImage } from "../../src/inspections/index.ts";

import { walked } from "./layer-facts.ts";
import { imageConfig, type ConfigSpec, type LayerSpec } from "./tar.ts";

/** An image to be linted: layers with what was found in each, lowest first. */
export type Linted = ConfigSpec & {
  readonly layers?: readonly LayerSpec[];
  readonly finds?: readonly (readonly LayerFind[])[];
  readonly tag?: string;
};

/** Everything a lint finds in an image whose layers were all seen. Fails the test where it does not know. */
export function flawsOf(lint: Lint, { layers = [], finds = [], tag, ...config }: Linted): readonly Flaw[] {
  const all = layers.map(walked);
  const evidence = all.map((one, index) => {
    const { content } = one.evidence;
    if (content.kind !== "observed" || content.value.kind !== "walked") throw new Error("the layer was not walked");
    const facts = { ...content.value.facts, finds: finds[index] ?? [] };
    return { ...one.evidence, content: { ...content, value: { kind: "walked" as const, facts } } };
  });
  const parsed = imageConfig(
    config,
    all.map(({ built }) => built),
  );
  const answer = inspectImage(parsed, evidence, { bases: NOT_ASKED, annotations: {}, tag: tag as Tag | undefined })
    .lints[lint];
  if (answer.kind !== "known") throw new Error(`${lint} is ${answer.kind}`);
  return answer.value;
}

/** The texts of what a lint finds. */
export function found(lint: Lint, image: Linted): readonly string[] {
  return flawsOf(lint, image).map(({ what }) => what);
}
