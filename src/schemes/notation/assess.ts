import { nameOfCertificate } from "../../crypto/certificate-name.ts";
import { formatDistinguishedName } from "../../domain/distinguished-name.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import { InputError } from "../../domain/errors.ts";
import type { Signer } from "../../domain/facts.ts";
import { quoted } from "../../domain/quoted.ts";
import { formatRepository } from "../../domain/reference.ts";
import type { Document } from "../../domain/subject.ts";
import type { NotationAuthority } from "../../domain/trust.ts";
import { guarded, rejected, type Rejection } from "../opinion.ts";
import type { Assess, Target } from "../scheme.ts";
import { opinionOf } from "./check-result.ts";
import { partsOf, type EvidenceParts } from "./evidence-parts.ts";
import { parsePayload } from "./payload.ts";
import { checkPolicy } from "./policy-checks.ts";
import { proveEnvelope, type ProvedEnvelope } from "./proved-envelope.ts";
import type { Revocation } from "./revocation-port.ts";
import { compileStatements, statementFor, storeOf, type Statement, type TrustStore } from "./statement.ts";

/** Judges one signature under an authority's trust policy. Throws `InputError` for a policy that cannot be read. */
export function assessNotation(authority: NotationAuthority, judge: Revocation["judge"]): Assess {
  const statements = compileStatements(authority);
  return guarded((evidence, target) => {
    const statement = statementFor(statements, target.repository);
    const refusal = refuseStatement(statement, target);
    if (statement === undefined || refusal !== undefined) return refusal ?? noPolicy(target);
    const parts = partsOf(evidence, target.digest);
    if (parts.kind === "rejected") return parts;
    const envelope = proveEnvelope(parts.envelope, parts.thumbprints);
    if (envelope.kind === "rejected") return envelope;
    const store = storeOf(envelope.chain, envelope.attributes.scheme, statement);
    const answers = { documents: parts.answers, gaps: evidence.gaps, judge };
    const checks = checkPolicy(envelope, statement, store, answers);
    const opinion = opinionOf(checks, statement, [signerOf(envelope, store)]);
    return opinion.kind === "rejected" ? opinion : (refuseClaim(envelope, parts, authority, store) ?? opinion);
  });
}

/** An authority that verifies nothing cannot vouch for anything. */
function refuseStatement(statement: Statement | undefined, target: Target): Rejection | undefined {
  if (statement === undefined) return noPolicy(target);
  if (statement.level !== "skip") return undefined;
  const detail = `the trust policy statement "${statement.name}" skips verification, and what is not verified vouches for nothing`;
  return rejected("found", "verification-skipped", detail);
}

function noPolicy({ repository }: Target): Rejection {
  const detail = `no statement of the trust policy has ${formatRepository(repository)} or * among its registryScopes`;
  return rejected("found", "no-trust-policy", detail);
}

/** A signer whose chain leads into no store is nobody's: the name of such a store has a colon. */
function signerOf({ leaf }: ProvedEnvelope, store: TrustStore | undefined): Signer {
  return {
    kind: "x509",
    trustStore: store === undefined ? "untrusted" : `${store.type}:${store.name}`,
    dn: formatDistinguishedName(nameOfCertificate(leaf.subject)),
    spki: leaf.key.spki,
  };
}

/** What was signed must be this image and carry the metadata that is asked for, whatever the level. */
function refuseClaim(
  envelope: ProvedEnvelope,
  { target }: EvidenceParts,
  { metadata }: NotationAuthority,
  store: TrustStore | undefined,
): Rejection | undefined {
  const signer = signerOf(envelope, store);
  const signed = readPayload(envelope);
  if (signed instanceof InputError) {
    return rejected("subject", "malformed", `the signature is good, but its ${signed.message}`, signer);
  }
  if (!isSameContent(signed, target)) {
    const { digest, mediaType, size } = target.descriptor;
    const detail = `the signature is good, but for ${shown(signed)}, not for ${shown({ digest, mediaType, size })}`;
    return rejected("subject", "wrong-subject", detail, signer);
  }
  const wrong = Object.entries(metadata).find(([name, value]) => signed.annotations[name] !== value);
  if (wrong === undefined) return undefined;
  const found = signed.annotations[wrong[0]];
  const seen = found === undefined ? "nothing" : quoted(found, 80);
  const detail = `the signature says ${seen} for "${wrong[0]}", not "${wrong[1]}"`;
  return rejected("predicate", "annotation-mismatch", detail, signer);
}

function readPayload({ payload }: ProvedEnvelope): Descriptor | InputError {
  try {
    return parsePayload(payload);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

function isSameContent(signed: Descriptor, { descriptor, bytes }: Document): boolean {
  return (
    signed.digest === descriptor.digest && signed.mediaType === descriptor.mediaType && signed.size === bytes.length
  );
}

function shown({ digest, mediaType, size }: Pick<Descriptor, "digest" | "mediaType" | "size">): string {
  return `${digest} (${quoted(mediaType, 120)}, ${size} bytes)`;
}
