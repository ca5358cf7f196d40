import { parseStrictJson } from "../../crypto/strict-json.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import { InputError, PortError } from "../../domain/errors.ts";
import { readStruct, requiredString, type JsonPlace } from "../../domain/json.ts";
import { MAX_LAYERS, MAX_REFERRERS, parseManifest, type Index } from "../../domain/manifest.ts";
import { OCI_INDEX } from "../../domain/media-types.ts";
import { readLimited } from "../../net/limited-body.ts";
import type { LayoutFiles } from "./layout-files.ts";

/** OCI image-spec, image-layout.md "index.json file": the tag of an entry. */
const REF_NAME = "org.opencontainers.image.ref.name";
/** As a registry's manifests are bounded. */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;

/**
 * `index.json` is no image's index: clients list there whatever a layout holds, all signatures and attestations of its images
 * too. Each entry is read when the layout is opened.
 */
const MAX_LAYOUT_ENTRIES = 2 * MAX_REFERRERS;

export function tagOf(entry: Descriptor): string | undefined {
  return entry.annotations[REF_NAME];
}

/** The layout's `index.json`, once its `oci-layout` says a version that is known. Throws `InputError` (`layout`), `PortError`. */
export async function readLayoutIndex(files: LayoutFiles): Promise<Index> {
  const marker = await readWhole(files, "oci-layout");
  const place: JsonPlace = { code: "layout", path: `${files.place} oci-layout` };
  const value = parseStrictJson(marker, { code: "layout", name: place.path, maxBytes: MAX_DOCUMENT_BYTES });
  const version = requiredString(readStruct(value, ["imageLayoutVersion"], place), "imageLayoutVersion", place);
  if (version !== "1.0.0")
    throw new InputError("layout", `${files.place} has the layout version "${version.slice(0, 40)}", not 1.0.0`);
  return parseIndex(await readWhole(files, "index.json"), `${files.place} index.json`);
}

async function readWhole(files: LayoutFiles, name: string): Promise<Uint8Array> {
  const file = await files.find(name);
  if (file === undefined)
    throw new InputError("layout", `${files.place} holds no ${name}: it is not an OCI image layout`);
  return readLimited(file.read(), MAX_DOCUMENT_BYTES, `${files.place} ${name}`);
}

function parseIndex(bytes: Uint8Array, name: string): Index {
  const value = parseStrictJson(bytes, { code: "layout", name, maxBytes: MAX_DOCUMENT_BYTES });
  const index = parseManifest(value, OCI_INDEX, MAX_LAYERS, MAX_LAYOUT_ENTRIES);
  if (index.kind !== "index") throw new InputError("layout", `${name} is not an image index`);
  return index;
}

/** The entry by this tag. The same tag on two digests throws `PortError`: two readers would take two images. */
export function findTag(index: Index, tag: string, place: string): Descriptor | undefined {
  const [found, ...others] = index.manifests.filter((entry) => tagOf(entry) === tag);
  if (found !== undefined && others.some((other) => other.digest !== found.digest)) {
    throw new PortError("malformed", place, `the tag ${tag} stands on more than one digest`);
  }
  return found;
}
