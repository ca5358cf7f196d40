import type { Certificate } from "../crypto/certificate.ts";
import { certificatesOfPem } from "../crypto/certificate-pem.ts";
import { rememberIssuing } from "../crypto/issuing-memory.ts";
import type { LogRoot } from "../crypto/transparency-log.ts";
import type { TrustedRoot } from "../crypto/trusted-root.ts";
import { MAX_INTERMEDIATES, type Issued } from "../crypto/x509.ts";
import { InputError } from "../domain/errors.ts";
import { isFulcioExtension, type FulcioExtension } from "../domain/fulcio-extensions.ts";
import type { Gap } from "../domain/gap.ts";
import type { Instant } from "../domain/instant.ts";
import { quoted } from "../domain/quoted.ts";
import { compileTextMatch, type MatchText } from "../domain/text-match.ts";
import type { CertificateMaterial, KeylessAuthority as KeylessSpec, KeylessIdentity } from "../domain/trust.ts";
import type { ClaimRules } from "./claim.ts";
import { logsOf, type WitnessRules } from "./key-authority.ts";
import { compileSignedIdentity } from "./signed-identity.ts";
import { readRoot } from "./sigstore-root.ts";

/** A keyless authority with its texts read: what both storage forms of signatures by certificates are judged by. */
export type KeylessAuthority = ClaimRules &
  WitnessRules & {
    readonly issuers: readonly CertificateIssuer[];
    /** Whether the issuers are a PKI of one's own, whose certificates may be long-lived and say less than Fulcio's. */
    readonly ownPki: boolean;
    /** What remembers the signatures among the issuers' certificates. */
    readonly issued: Issued;
    /** Where certificates must have been published; `undefined` only where the operator wrote that it is to be ignored. */
    readonly certificateLogs: LogRoot | undefined;
    readonly identities: readonly CompiledIdentity[];
    readonly extensions: readonly (readonly [FulcioExtension, string])[];
    /** Why there is no trust root, where it has not been read. */
    readonly unread: Gap | undefined;
  };

/** Certificates that lead to one or several roots, and the times at which they may have issued. */
export type CertificateIssuer = {
  readonly roots: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
  readonly notBefore: Instant | undefined;
  readonly notAfter: Instant | undefined;
};

/** An issuer that is not given may be any, or none. */
export type CompiledIdentity = { readonly issuer: MatchText | undefined; readonly subject: MatchText };

type Rooted = Pick<
  KeylessAuthority,
  "issuers" | "issued" | "logs" | "timestampAuthorities" | "certificateLogs" | "unread"
>;

/** Throws `InputError` for what cannot be read, and for an authority by which nothing could ever count. */
export function compileKeylessAuthority(spec: KeylessSpec): KeylessAuthority {
  const ownPki = spec.certificateAuthority !== undefined;
  if (spec.identities.length === 0) {
    throw new InputError("policy", "a keyless authority has no identities: name at least one");
  }
  return {
    ...rootedIn(spec),
    ownPki,
    identities: spec.identities.map((identity) => compileIdentity(identity, ownPki)),
    extensions: Object.entries(spec.extensions).map(([name, value]) => [fulcioName(name), value]),
    timestampRequired: spec.timestamp === "required",
    annotations: spec.annotations,
    identityProblem: spec.signedIdentity === undefined ? undefined : compileSignedIdentity(spec.signedIdentity),
  };
}

/** Certificates say who signed only together with who vouched for the name. */
function compileIdentity({ issuer, subject }: KeylessIdentity, ownPki: boolean): CompiledIdentity {
  if (issuer === undefined && !ownPki) {
    throw new InputError("policy", "a keyless identity names no issuer: write who must have vouched for the subject");
  }
  return {
    issuer: issuer === undefined ? undefined : compileTextMatch(issuer),
    subject: compileTextMatch(subject),
  };
}

function fulcioName(name: string): FulcioExtension {
  if (isFulcioExtension(name)) return name;
  throw new InputError("policy", `${quoted(name, 80)} is no extension of Fulcio's certificates`);
}

function rootedIn(spec: KeylessSpec): Rooted {
  const reading = readRoot(spec.root);
  if (reading.kind === "unread") {
    const nothing = { issuers: [], issued: () => false, logs: [], timestampAuthorities: [], certificateLogs: [] };
    return { ...nothing, unread: reading.gap };
  }
  const { root } = reading;
  const issuers = issuersOf(spec, root);
  return {
    issuers,
    issued: rememberIssuing(issuers.flatMap(({ roots, intermediates }) => [...roots, ...intermediates])),
    logs: spec.transparencyLog === "required" ? logsOf(root) : undefined,
    timestampAuthorities: root.timestampAuthorities,
    certificateLogs: spec.sct === "required" ? certificateLogsOf(root) : undefined,
    unread: undefined,
  };
}

function issuersOf({ certificateAuthority: own }: KeylessSpec, root: TrustedRoot): readonly CertificateIssuer[] {
  if (own !== undefined) {
    const roots = own.roots.flatMap(readAuthorities);
    if (roots.length === 0) throw new InputError("key", "certificateAuthority has no roots: name at least one");
    const intermediates = own.intermediates.flatMap(readAuthorities);
    if (intermediates.length > MAX_INTERMEDIATES) {
      throw new InputError("key", `certificateAuthority has more than the ${MAX_INTERMEDIATES} intermediates allowed`);
    }
    return [{ roots, intermediates, notBefore: undefined, notAfter: undefined }];
  }
  if (root.certificateAuthorities.length === 0) {
    throw new InputError("key", 'the trusted root names no authority for certificates ("certificateAuthorities")');
  }
  return root.certificateAuthorities.map(({ root: top, ...rest }) => ({ ...rest, roots: [top] }));
}

function readAuthorities({ pem, from }: CertificateMaterial): readonly Certificate[] {
  const certificates = certificatesOfPem(pem, from);
  if (certificates.every(({ extensions }) => extensions.isAuthority)) return certificates;
  throw new InputError("key", `${from} holds a certificate that is of no authority (basic constraints)`);
}

function certificateLogsOf({ certificateLogs }: TrustedRoot): LogRoot {
  if (certificateLogs.length > 0) return certificateLogs;
  throw new InputError("key", 'the trusted root names no certificate transparency log ("ctlogs"), and one is required');
}
