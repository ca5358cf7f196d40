import { hashOfContent, type Content, type HashedBytes } from "../../crypto/hashed-bytes.ts";
import { parseStatement, type Statement } from "../../crypto/in-toto.ts";
import { parseDigest, type Digest } from "../../domain/digest.ts";
import { InputError } from "../../domain/errors.ts";
import type { AttestationOpinion, Signer, StatementFact } from "../../domain/facts.ts";
import { judgeClaim, type ClaimRules } from "../claim.ts";
import { rejected } from "../opinion.ts";
import type { Target } from "../scheme.ts";
import { SIGN_PREDICATE } from "../sigstore-bundle/bundle-manifest.ts";
import { claimOf } from "../sigstore-bundle/statement-claim.ts";
import { MAX_HEADER_BYTES } from "./limits.ts";
import type { StatementText } from "./statement-text.ts";

/** A statement that is proved to be somebody's, and its text as far as it was read. */
export type CarriedStatement = { readonly bytes: Content; readonly text: StatementText };

/** The statement as facts name it, or a refusal; `undefined` for cosign's statement of an image signature. */
export type JudgedStatement =
  | { readonly kind: "stands"; readonly statement: StatementFact }
  | Extract<AttestationOpinion, { readonly kind: "rejected" }>
  | undefined;

/** Steps `identity`, `subject` and `predicate` of a statement whose signature is good. */
export function judgeStatement(
  { bytes, text }: CarriedStatement,
  target: Target,
  rules: ClaimRules,
  signer: Signer | undefined,
): JudgedStatement {
  const statement = readHeader(text);
  if (statement instanceof InputError) {
    return rejected("subject", "malformed", `the signature is good, but its ${statement.message}`, signer);
  }
  const { predicateType } = statement;
  if (predicateType === SIGN_PREDICATE) return undefined;
  const refusal = judgeClaim(claimOf(statement, target.digest), target, rules, signer);
  return (
    refusal ?? { kind: "stands", statement: { digest: digestOfStatement(bytes), size: sizeOf(bytes), predicateType } }
  );
}

function readHeader(text: StatementText): Statement | InputError {
  if (text.kind === "malformed") return new InputError("signature", text.detail);
  try {
    return parseStatement(Buffer.from(text.header), MAX_HEADER_BYTES);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

export function digestOfStatement(bytes: Content): Digest {
  return parseDigest(`sha256:${hashOfContent(bytes, "sha256") ?? ""}`);
}

function sizeOf(bytes: Uint8Array | HashedBytes): number {
  return bytes instanceof Uint8Array ? bytes.length : bytes.size;
}
