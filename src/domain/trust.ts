import type { Brand } from "./brand.ts";
import type { Enforcement, SourceLocation } from "./policy.ts";

export type AuthorityName = Brand<string, "AuthorityName">;

/** A public key as PEM text, and where the operator wrote it. */
export type PublicKeyMaterial = { readonly pem: string; readonly from: string };

/** One or more certificates as PEM text, and where the operator wrote them. */
export type CertificateMaterial = { readonly pem: string; readonly from: string };

/** Which transparency log entries count, with its public keys. */
export type LogTrust = { readonly kind: "required"; readonly root: TrustRoot } | { readonly kind: "unsafe-ignored" };

/** A whole Sigstore trusted root: certificate authorities, logs and timestamp authorities. */
export type SigstoreRoot =
  | { readonly kind: "public-good" }
  | { readonly kind: "trusted-root"; readonly json: string; readonly from: string }
  /** Read from a TUF repository that starts from this `root.json`; replaced by what it holds before anything is judged. */
  | { readonly kind: "tuf-mirror"; readonly mirror: string; readonly rootJson: string; readonly from: string };

export type TrustRoot = SigstoreRoot | { readonly kind: "rekor-keys"; readonly keys: readonly PublicKeyMaterial[] };

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

/** A text to be found in a certificate: the whole text, a glob, or a regular expression that must match all of it. */
export type TextMatch =
  | { readonly kind: "exact"; readonly text: string }
  | { readonly kind: "glob"; readonly pattern: string }
  | { readonly kind: "re2"; readonly pattern: string };

/** Who a short-lived certificate must be for. The issuer may be left out only under a certificate authority of one's own. */
export type KeylessIdentity = { readonly issuer: TextMatch | undefined; readonly subject: TextMatch };

export type KeylessAuthority = {
  readonly kind: "keyless";
  readonly identities: readonly KeylessIdentity[];
  readonly discover: readonly Discovery[];
  /** Whose certificates, logs and timestamps count. */
  readonly root: SigstoreRoot;
  /** One's own PKI in the place of the root's certificate authorities. */
  readonly certificateAuthority:
    | { readonly roots: readonly CertificateMaterial[]; readonly intermediates: readonly CertificateMaterial[] }
    | undefined;
  readonly transparencyLog: "required" | "unsafe-ignored";
  readonly sct: "required" | "unsafe-ignored";
  readonly timestamp: "optional" | "required";
  /** Fulcio extensions by their documented names, compared exactly. */
  readonly extensions: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly signedIdentity: SignedIdentity | undefined;
};

/** A bare public key, or a certificate whose key counts. */
export type PinnedKey =
  | ({ readonly kind: "key" } & PublicKeyMaterial)
  | ({ readonly kind: "certificate" } & CertificateMaterial);

/** Where trust in a Notary v1 collection begins. */
export type NotaryPins =
  | { readonly kind: "root-keys"; readonly keys: readonly PinnedKey[] }
  /** The root certificate must lead to one of these, and its common name be the collection's. */
  | { readonly kind: "certificate-authorities"; readonly certificates: readonly CertificateMaterial[] }
  | { readonly kind: "unsafe-first-use" };

export type NotaryDelegation = { readonly role: string; readonly keys: readonly PinnedKey[] };

export type NotaryAuthority = {
  readonly kind: "notary";
  /** Origin and perhaps a path, without a trailing slash. */
  readonly server: string;
  readonly serverCa: CertificateMaterial | undefined;
  /** The collection's name, with `{registry}` and `{repository}` to be filled in. */
  readonly gun: string;
  readonly pins: NotaryPins;
  /** All must have signed, and agree; empty means the targets role itself or any delegation it trusts. */
  readonly delegations: readonly NotaryDelegation[];
  /** Whether a tag is what the registry says, and must be what was signed, or is what was signed. */
  readonly resolve: "registry" | "signed-digest";
};

/** What becomes of a failed check (Notary Project, trust-store-trust-policy specification, "Signature verification details"). */
export type NotationAction = "enforce" | "log" | "skip";

export const NOTATION_CHECKS = ["integrity", "authenticity", "authenticTimestamp", "expiry", "revocation"] as const;
export type NotationCheck = (typeof NOTATION_CHECKS)[number];

export const NOTATION_STORES = ["ca", "signingAuthority", "tsa"] as const;

/** A named store of certificates, as `ca:acme-rockets`. */
export type NotationStore = {
  readonly type: (typeof NOTATION_STORES)[number];
  readonly name: string;
  readonly certificates: readonly CertificateMaterial[];
};

/** One statement of a trust policy, with what it names read. */
export type NotationStatement = {
  readonly name: string;
  /** Repositories, or `*` alone. */
  readonly scopes: readonly string[];
  /** `skip` is a level of its own: nothing is verified, and so nothing is vouched for. */
  readonly level: "strict" | "permissive" | "audit" | "skip";
  readonly actions: Readonly<Record<NotationCheck, NotationAction>>;
  readonly verifyTimestamp: "always" | "afterCertExpiry";
  readonly stores: readonly NotationStore[];
  /** `*` alone, or `x509.subject: …` each. */
  readonly identities: readonly string[];
};

export type NotationAuthority = {
  readonly kind: "notation";
  readonly statements: readonly NotationStatement[];
  readonly metadata: Readonly<Record<string, string>>;
};

export type SimpleSigningAuthority = {
  readonly kind: "simpleSigning";
  /** Public keys as GnuPG exports them, binary or armoured, in hex. */
  readonly keyrings: readonly { readonly hex: string; readonly from: string }[];
  /** The URL has no slash at its end. */
  readonly place: { readonly kind: "lookaside"; readonly url: string } | { readonly kind: "registry-extension" };
  readonly signedIdentity: SignedIdentity;
};

/** Who may vouch, by which scheme. One kind a scheme family; adding a family adds a member. */
export type AuthoritySpec =
  | CosignAuthority
  | KeylessAuthority
  | NotaryAuthority
  | NotationAuthority
  | SimpleSigningAuthority;

export type Authority = {
  readonly name: AuthorityName;
  readonly spec: AuthoritySpec;
  readonly enforcement: Enforcement;
  /** Options that lower security, as the operator spelled them. */
  readonly unsafe: readonly string[];
  readonly at: SourceLocation;
};
