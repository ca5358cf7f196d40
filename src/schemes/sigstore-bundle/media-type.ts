/** What every version of the bundle's media type begins with, known to us or not. */
const FAMILY = "application/vnd.dev.sigstore.bundle";

const VERSIONS: ReadonlyMap<string, BundleVersion> = new Map([
  [`${FAMILY}+json;version=0.1`, "0.1"],
  [`${FAMILY}+json;version=0.2`, "0.2"],
  [`${FAMILY}+json;version=0.3`, "0.3"],
  [`${FAMILY}.v0.3+json`, "0.3"],
]);

export type BundleVersion = "0.1" | "0.2" | "0.3";

/** `undefined` for a version that Assay does not read. */
export function bundleVersion(mediaType: string): BundleVersion | undefined {
  return VERSIONS.get(mediaType);
}

export function isBundleType(mediaType: string): boolean {
  return mediaType.startsWith(FAMILY);
}
