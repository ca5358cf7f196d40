import { parseDigest, type Digest } from "../domain/digest.ts";
import type { SchemeId, SourceKey } from "../domain/evidence.ts";
import type { AttestationFact, Signer } from "../domain/facts.ts";
import { known, NOT_COLLECTED } from "../domain/gap.ts";
import { plus, type Instant } from "../domain/instant.ts";
import type { JsonValue } from "../domain/json.ts";
import type { StatementView, Statements } from "../domain/statement.ts";
import type { Given } from "./policy-test-document.ts";

/** The one place where attestations of images that do not exist are kept. */
export const GIVEN_ATTESTATIONS = "given:attestations" as SourceKey;

type GivenAttestation = NonNullable<Given["attested"]>[number];

const BECAUSE = "given by the policy test";

/** What is attested about an image that does not exist. */
export function syntheticAttestations(
  { attested = [] }: Given,
  about: Digest,
  at: Instant,
): readonly AttestationFact[] {
  return attested.map((one, position) => ({
    scheme: "given" as SchemeId,
    source: GIVEN_ATTESTATIONS,
    via: "given",
    authority: one.authority,
    about,
    artifact: addressAt(position),
    evidence: addressAt(position),
    opinion: opinionOf(one, addressAt(position), at),
  }));
}

function opinionOf(one: GivenAttestation, statement: Digest, at: Instant): AttestationFact["opinion"] {
  if (!one.counts) {
    return { kind: "rejected", reason: "bad-signature", step: "signature", detail: BECAUSE, signer: undefined };
  }
  const signer: Signer = { kind: "identity", issuer: BECAUSE, subject: one.signer };
  const time = one.age === undefined ? one.signedAt : plus(at, -one.age);
  return {
    kind: "verified",
    signers: [signer],
    notBefore: undefined,
    notAfter: undefined,
    signedAt: time === undefined ? [] : [time],
    notes: [],
    statement: { digest: statement, size: 0, predicateType: one.predicateType },
  };
}

/** The statements themselves; one whose predicate is not given was not collected. */
export function syntheticStatements({ attested = [] }: Given, about: Digest): Statements {
  return new Map(attested.map((one, position) => [addressAt(position), viewOf(one, addressAt(position), about)]));
}

function viewOf({ predicateType, predicate }: GivenAttestation, digest: Digest, about: Digest): StatementView {
  if (predicate === undefined) return { digest, predicateType, value: NOT_COLLECTED };
  const [algorithm = "", hex = ""] = about.split(":");
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name: "given", digest: { [algorithm]: hex } }],
    predicateType,
    predicate,
  };
  return { digest, predicateType, value: known(jsonOf(statement)) };
}

const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";

type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

/** What YAML gives, as JSON is read everywhere else. */
function jsonOf(value: Plain): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  if (isArray(value)) return value.map(jsonOf);
  return new Map(Object.entries(value).map(([key, inner]) => [key, jsonOf(inner)]));
}

function isArray(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}

/** Made up, and apart from those of the image's parts. */
function addressAt(position: number): Digest {
  return parseDigest(`sha256:a77e57${position.toString(16).padStart(58, "0")}`);
}
