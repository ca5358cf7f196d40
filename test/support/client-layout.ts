import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { parseDigest, type Digest } from "../../src/domain/digest.ts";
import { MemoryImages } from "./memory-images.ts";
import type { Artifact } from "./signing/artifact.ts";

type Entry = {
  readonly mediaType: string;
  readonly digest: string;
  readonly artifactType?: string;
  readonly annotations: Readonly<Record<string, string>>;
};
type Manifest = { readonly config?: Entry; readonly layers?: readonly Entry[]; readonly manifests?: readonly Entry[] };

/** What a repository of a kept layout holds, and the image under its tag `1`. */
export type Kept = { readonly images: MemoryImages; readonly digest: Digest };

const FALLBACK_TAG = /^sha256-[0-9a-f]{64}$/;

/** An OCI image layout that real clients wrote into, whose references are `repository:tag`. */
export class ClientLayout {
  readonly folder: string;
  /** Every repository, in order of name. */
  readonly repositories: readonly string[];
  readonly #entries: readonly { readonly repository: string; readonly tag: string; readonly entry: Entry }[];

  /** `name` of a folder of fixtures. */
  constructor(name: string) {
    this.folder = resolve(import.meta.dirname, "../fixtures", name);
    const index = JSON.parse(readFileSync(join(this.folder, "index.json"), "utf8")) as { manifests: Entry[] };
    this.#entries = index.manifests.map((entry) => {
      const [repository = "", tag = ""] = (entry.annotations["org.opencontainers.image.ref.name"] ?? "").split(":");
      return { repository, tag, entry };
    });
    this.repositories = [...new Set(this.#entries.map(({ repository }) => repository))].toSorted();
  }

  /** The text of a file beside the layout, such as a key. */
  text(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  /** One repository, its fallback tags read as lists of referrers. */
  load(repository: string): Kept {
    const images = new MemoryImages();
    let digest: Digest | undefined;
    for (const { tag, entry } of this.#entries.filter((each) => each.repository === repository)) {
      const { manifests = [] } = this.#manifest(entry);
      images.put(this.#artifact(entry, tag));
      if (tag === "1") digest = parseDigest(entry.digest);
      const subject = FALLBACK_TAG.test(tag) ? parseDigest(tag.replace("-", ":")) : undefined;
      for (const listed of manifests) {
        if (subject === undefined) images.put(this.#artifact(listed));
        else images.refer(subject, this.#artifact(listed), listed.artifactType);
      }
    }
    if (digest === undefined) throw new Error(`${repository} has no image under the tag 1`);
    return { images, digest };
  }

  #blob(digest: string): Buffer {
    return readFileSync(join(this.folder, "blobs", digest.replace(":", "/")));
  }

  #manifest({ digest }: Entry): Manifest {
    return JSON.parse(this.#blob(digest).toString()) as Manifest;
  }

  #artifact(entry: Entry, tag?: string): Artifact {
    const { config, layers = [] } = this.#manifest(entry);
    const blobs = config === undefined ? [] : [config, ...layers].map((each) => this.#blob(each.digest));
    const { mediaType, digest } = entry;
    return { mediaType, manifest: this.#blob(digest), digest: parseDigest(digest), blobs, tag };
  }
}
