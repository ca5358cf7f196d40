/** What every version of the format begins with (Sigstore protobuf-specs, trustroot). */
const MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot";

/** Whether a text is a Sigstore trusted root, by what it calls itself; that it is a sound one is for the scheme to say. */
export function isTrustedRoot(json: string): boolean {
  const mediaType = memberOf(parse(json), "mediaType");
  return typeof mediaType === "string" && mediaType.startsWith(MEDIA_TYPE);
}

/** Whether a text calls itself the root role's metadata (The Update Framework specification, section 4.3). */
export function isTufRoot(json: string): boolean {
  const value = parse(json);
  return memberOf(memberOf(value, "signed"), "_type") === "root" && Array.isArray(memberOf(value, "signatures"));
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
