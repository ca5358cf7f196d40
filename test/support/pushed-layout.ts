import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { Digest } from "../../src/domain/digest.ts";
import type { ImageTarget } from "./image-builder.ts";

type Entry = {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly annotations?: Readonly<Record<string, string>>;
};
type Manifest = { readonly config?: Entry; readonly layers?: readonly Entry[]; readonly manifests?: readonly Entry[] };

/** Pushes everything of a layout whose entries are called `repository:tag`, unchanged. */
export async function pushLayout(folder: string, target: ImageTarget): Promise<void> {
  const index = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as Manifest;
  for (const entry of index.manifests ?? []) {
    const [repository = "", tag = ""] = (entry.annotations?.["org.opencontainers.image.ref.name"] ?? "").split(":");
    await pushManifest(entry, { folder, repository, target }, [tag]);
  }
}

type Push = { readonly folder: string; readonly repository: string; readonly target: ImageTarget };

/** What it names first: registries refuse a manifest whose parts they do not have. */
async function pushManifest({ digest, mediaType }: Entry, push: Push, tags: readonly string[]): Promise<void> {
  const bytes = await blobOf(digest, push);
  const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString("utf8")) as Manifest;
  const blobs = new Set([...(config === undefined ? [] : [config]), ...layers].map((entry) => entry.digest));
  for (const blob of blobs) await push.target.putBlob(push.repository, await blobOf(blob, push));
  for (const entry of manifests) await pushManifest(entry, push, []);
  await push.target.putManifest(push.repository, bytes, mediaType, tags);
}

function blobOf(digest: Digest, { folder }: Push): Promise<Buffer> {
  return readFile(join(folder, "blobs", digest.replace(":", "/")));
}
