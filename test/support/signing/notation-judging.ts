import assert from "node:assert/strict";

import type { Opinion } from "../../../src/domain/facts.ts";
import type { NotationAuthority } from "../../../src/domain/trust.ts";
import { MemoryImages } from "../memory-images.ts";
import { imageOf } from "./artifact.ts";
import { judgeAll, targetOf, verdictOf } from "./judging.ts";
import { chainOf, notationAuthority, NOTATION_SIGNATURE, signNotation, type NotationOptions } from "./notation.ts";

export const image = imageOf("web");
export const other = imageOf("another image");
/** A chain for all tests that break something else. */
export const chain = chainOf();
export const [leaf, intermediate, root] = chain;

export type Case = {
  readonly sign?: Partial<NotationOptions>;
  readonly trust?: NotationAuthority;
  readonly listed?: string;
};

/** The opinion of one signature of one image, by default a good one under an authority that trusts its root. */
export async function judge({ sign = {}, trust, listed = NOTATION_SIGNATURE }: Case): Promise<Opinion | undefined> {
  const signed = signNotation({ image, chain, ...sign });
  const images = new MemoryImages().put(image).refer(image.digest, signed, listed);
  const opinions = await judgeAll(images, targetOf(image.digest), trust ?? notationAuthority({ ca: [root] }));
  assert.ok(opinions.length <= 1);
  return opinions[0];
}

/** `rejected malformed at parsed`. */
export async function verdict(of: Case): Promise<string> {
  return verdictOf(await judge(of));
}

export async function detail(of: Case): Promise<string> {
  const opinion = await judge(of);
  assert.equal(opinion?.kind, "rejected");
  return opinion.detail;
}
