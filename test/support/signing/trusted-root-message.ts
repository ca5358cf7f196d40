import type { toTrustMaterial } from "@sigstore/verify";

/** A trusted root's JSON as the message that the sigstore project's library takes. */
export function trustedRootMessage(json: unknown): Parameters<typeof toTrustMaterial>[0] {
  return asMessage(json) as Parameters<typeof toTrustMaterial>[0];
}

/** Protobuf's message from its JSON form, as far as trusted roots go. */
function asMessage(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((each) => asMessage(each));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asMessage(each, key)]));
  }
  const text = String(value);
  if (name === "rawBytes" || name === "keyId") return Buffer.from(text, "base64");
  if (name === "start" || name === "end") return new Date(text);
  // The numbers of SHA2_256 and PKIX_ECDSA_P256_SHA_256 (sigstore_common.proto).
  if (name === "hashAlgorithm") return 1;
  return name === "keyDetails" ? 5 : value;
}
