/** What every version of the format begins with (Sigstore protobuf-specs, trustroot). */
const MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot";

/** Whether a text is a Sigstore trusted root, by what it calls itself; that it is a sound one is for the scheme to say. */
export function isTrustedRoot(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value !== "object" || value === null || !("mediaType" in value)) return false;
    return typeof value.mediaType === "string" && value.mediaType.startsWith(MEDIA_TYPE);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
