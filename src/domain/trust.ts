import type { Brand } from "./brand.ts";
import type { Enforcement, SourceLocation } from "./policy.ts";

export type AuthorityName = Brand<string, "AuthorityName">;

/** A public key as PEM text, and where the operator wrote it. */
export type PublicKeyMaterial = { readonly pem: string; readonly from: string };

/** Which transparency log entries count, with its public keys. */
export type LogTrust = { readonly kind: "required"; readonly root: TrustRoot } | { readonly kind: "unsafe-ignored" };

export type TrustRoot =
  | { readonly kind: "public-good" }
  | { readonly kind: "trusted-root"; readonly json: string; readonly from: string }
  | { readonly kind: "rekor-keys"; readonly keys: readonly PublicKeyMaterial[] };

/** Which name a signature must carry; absent, as cosign, only the digest counts. Kinds as containers-policy.json(5). */
export type SignedIdentity =
  | { readonly kind: "matchExact" }
  | { readonly kind: "matchRepoDigestOrExact" }
  | { readonly kind: "matchRepository" }
  | { readonly kind: "exactReference"; readonly reference: string }
  | { readonly kind: "exactRepository"; readonly repository: string }
  | { readonly kind: "remapIdentity"; readonly prefix: string; readonly signedPrefix: string };

export type Discovery = "tag" | "referrers";

export type CosignAuthority = {
  readonly kind: "cosign";
  readonly keys: readonly PublicKeyMaterial[];
  readonly discover: readonly Discovery[];
  readonly transparencyLog: LogTrust;
  readonly timestamp: "optional" | "required";
  readonly annotations: Readonly<Record<string, string>>;
  readonly signedIdentity: SignedIdentity | undefined;
};

/** Who may vouch, by which scheme. One kind a scheme family; adding a family adds a member. */
export type AuthoritySpec = CosignAuthority;

export type Authority = {
  readonly name: AuthorityName;
  readonly spec: AuthoritySpec;
  readonly enforcement: Enforcement;
  /** Options that lower security, as the operator spelled them. */
  readonly unsafe: readonly string[];
  readonly at: SourceLocation;
};
