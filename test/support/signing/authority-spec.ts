import type { CosignAuthority, KeylessAuthority } from "../../../src/domain/trust.ts";

/** An authority of keys as the policy's defaults make it. */
export function cosignSpec(
  said: Pick<CosignAuthority, "keys" | "transparencyLog"> & Partial<CosignAuthority>,
): CosignAuthority {
  return {
    kind: "cosign",
    discover: ["tag", "referrers"],
    timestamp: "optional",
    annotations: {},
    signedIdentity: undefined,
    ...said,
  };
}

/** An authority of identities as the policy's defaults make it. */
export function keylessSpec(
  said: Pick<KeylessAuthority, "identities" | "root"> & Partial<KeylessAuthority>,
): KeylessAuthority {
  return {
    kind: "keyless",
    discover: ["tag", "referrers"],
    certificateAuthority: undefined,
    transparencyLog: "required",
    sct: "required",
    timestamp: "optional",
    extensions: {},
    annotations: {},
    signedIdentity: undefined,
    ...said,
  };
}
