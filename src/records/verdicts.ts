import { digestOf } from "../crypto/digest-of.ts";
import type { Digest } from "../domain/digest.ts";
import type { Instant } from "../domain/instant.ts";
import type { Verdict } from "../domain/verdict.ts";
import { digest } from "./basic-codecs.ts";
import { struct } from "./codec.ts";
import { SealedSpace, type Page, type RecordContext, type RecordKind } from "./sealed-space.ts";
import { verdict } from "./verdict-codec.ts";

const KIND: RecordKind<Verdict> = {
  space: "verdict",
  version: 1,
  codec: verdict,
  length: ({ findings, signatures, platforms }) => findings.length + signatures.length + platforms.length,
};

type Pointer = { readonly verdict: Digest };
const POINTER: RecordKind<Pointer> = { space: "verdict-latest", version: 1, codec: struct({ verdict: digest }) };

/**
 * Verdicts by id, each until its seal expires. The latest of an image is found only within the `scope` it was judged in, a
 * text that names everything in force (policies, trust, code): when that changes, no former verdict is found.
 */
export class VerdictRecords {
  readonly #space: SealedSpace<Verdict>;
  readonly #latest: SealedSpace<Pointer>;

  constructor(context: RecordContext) {
    this.#space = new SealedSpace(context, KIND);
    this.#latest = new SealedSpace(context, POINTER);
  }

  async get(id: Digest): Promise<Verdict | undefined> {
    return this.#space.get(id);
  }

  /** Makes it the latest of its image too, until `expiresAt`; by its id it is found until `keptUntil`. */
  async put(verdict: Verdict, scope: string, expiresAt: Instant, keptUntil: Instant = expiresAt): Promise<void> {
    await this.#space.put(verdict.id, verdict, keptUntil);
    await this.#latest.put(keyOf(verdict.image, scope), { verdict: verdict.id }, expiresAt);
  }

  /** `image` is the canonical reference, as verdicts have it. */
  async latest(image: string, scope: string): Promise<Verdict | undefined> {
    const [found] = await this.latestOf([image], scope);
    return found;
  }

  async latestOf(images: readonly string[], scope: string): Promise<readonly (Verdict | undefined)[]> {
    const pointers = await this.#latest.getMany(images.map((image) => keyOf(image, scope)));
    const ids = [...new Set(pointers.flatMap((pointer) => pointer?.verdict ?? []))];
    const found = await this.#space.getMany(ids);
    const byId = new Map(ids.map((id, index) => [id, found[index]]));
    return images.map((image, index) => {
      const pointer = pointers[index];
      const verdict = pointer === undefined ? undefined : byId.get(pointer.verdict);
      return verdict?.image === image ? verdict : undefined;
    });
  }

  /** Newest first, of every scope; `next` is given as `after` for the page that follows. */
  async list(page: Page): Promise<{ readonly verdicts: readonly Verdict[]; readonly next: string | undefined }> {
    const { values, next } = await this.#space.list(page);
    return { verdicts: values, next };
  }
}

/** A line feed is in no reference, so no image and scope run together into another pair's. */
function keyOf(image: string, scope: string): string {
  return digestOf(`${image}\n${scope}`);
}
