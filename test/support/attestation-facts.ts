import type { Digest } from "../../src/domain/digest.ts";
import type { SourceKey } from "../../src/domain/evidence.ts";
import type { AttestationFact, Opinion } from "../../src/domain/facts.ts";
import { known, type Known } from "../../src/domain/gap.ts";
import type { Instant } from "../../src/domain/instant.ts";
import type { JsonValue } from "../../src/domain/json.ts";
import type { Statements } from "../../src/domain/statement.ts";
import { jsonValue } from "./json-value.ts";
import { digestFor, keySigner, ROOT, signature, SOURCE, verified } from "./policy-facts.ts";

export const SLSA = "https://slsa.dev/provenance/v1";

/** One attestation and the statement it carries. */
export type Attested = { readonly fact: AttestationFact; readonly value: Known<JsonValue> };

export type Attesting = {
  readonly by?: string;
  readonly signer?: string;
  readonly type?: string;
  readonly predicate?: unknown;
  readonly signedAt?: readonly Instant[];
  readonly notAfter?: Instant;
  readonly about?: Digest;
  readonly source?: SourceKey;
  /** What is at hand of the statement; all of it, if not told. */
  readonly value?: Known<JsonValue>;
};

let count = 0;

/** A verified attestation by `by`, signed by a key of the same name, with a statement of its own. */
export function attestation(one: Attesting = {}): Attested {
  const { by = "ci", type = SLSA, predicate = {}, about = ROOT, source = SOURCE } = one;
  const statement = { _type: "https://in-toto.io/Statement/v1", subject: [], predicateType: type, predicate };
  const digest = digestFor(`statement ${count++} of ${by}`);
  const opinion = {
    ...verified([keySigner(one.signer ?? by)], undefined, one.notAfter),
    signedAt: one.signedAt ?? [],
    statement: { digest, size: 1, predicateType: type },
  };
  return {
    fact: { ...signature(by, opinion, about, source), opinion },
    value: one.value ?? known(jsonValue(statement)),
  };
}

/** An attestation that does not count. */
export function unverified(by: string, opinion: Exclude<Opinion, { kind: "verified" }>): Attested {
  return { fact: { ...signature(by, opinion), opinion }, value: { kind: "not-collected" } };
}

export function factsOf(attested: readonly Attested[]): readonly AttestationFact[] {
  return attested.map(({ fact }) => fact);
}

export function statementsOf(attested: readonly Attested[]): Statements {
  return new Map(
    attested.flatMap(({ fact: { opinion }, value }) =>
      opinion.kind === "verified"
        ? [
            [
              opinion.statement.digest,
              { digest: opinion.statement.digest, predicateType: opinion.statement.predicateType, value },
            ],
          ]
        : [],
    ),
  );
}
