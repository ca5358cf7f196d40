import { hash } from "node:crypto";

import { type Certificate } from "../../crypto/certificate.ts";
import { InputError } from "../../domain/errors.ts";
import type { SourceKey } from "../../domain/evidence.ts";
import type { Document } from "../../domain/subject.ts";
import type { NotationAuthority, NotationStatement } from "../../domain/trust.ts";
import type { Place, Target } from "../scheme.ts";
import { collectSignatures, type RevocationLook } from "./collect.ts";
import { checkCountersignature } from "./countersignature.ts";
import { proveEnvelope } from "./proved-envelope.ts";
import type { Revocation } from "./revocation-port.ts";
import { NOTATION_REFERRERS } from "./source.ts";
import { compileStatements, statementFor, storeOf, type Statement } from "./statement.ts";

/** The referrers alone; nobody's certificates are trusted, so nothing is looked up for them. */
export const REFERRERS: Place = {
  key: NOTATION_REFERRERS,
  collect: (target, sources, signal) => collectSignatures(target, sources, signal, undefined),
};

/**
 * Where an authority's signatures are. What is looked up about revocation depends on its stores, so these are in the key;
 * an authority that looks nothing up shares the plain place.
 */
export function placeOf(authority: NotationAuthority, revocation: Revocation): Place {
  if (!authority.statements.some(looksUp)) return REFERRERS;
  const lookups = authority.statements.map(lookupOf);
  const key = `${NOTATION_REFERRERS}+revocation-${hash("sha256", JSON.stringify(lookups)).slice(0, 16)}` as SourceKey;
  return {
    key,
    collect: (target, sources, signal) => {
      const statements = compileStatements(authority);
      const look: RevocationLook = {
        chains: (envelope, thumbprints, about) => chainsOf(statements, envelope, thumbprints, about),
        collect: revocation.collect,
      };
      return collectSignatures(target, sources, signal, look);
    },
  };
}

function looksUp({ level, actions, stores }: NotationStatement): boolean {
  return level !== "skip" && stores.some(({ type }) => type === "tsa" || actions.revocation !== "skip");
}

/** What of a statement makes a difference to what is looked up; one that looks nothing up hides those for all images. */
function lookupOf({ scopes, level, actions, stores }: NotationStatement): object {
  const certificates = stores.map((store) => ({ type: store.type, pem: store.certificates.map(({ pem }) => pem) }));
  return { scopes, skipped: level === "skip", revocation: actions.revocation !== "skip", stores: certificates };
}

/**
 * The chains of a signature that end in a store of the statement for its repository. Nothing is looked up on the word of an
 * envelope that does not hold or of certificates that nobody configured.
 */
function chainsOf(
  statements: readonly Statement[],
  document: Document,
  thumbprints: readonly string[],
  target: Target,
): readonly (readonly Certificate[])[] {
  const statement = statementFor(statements, target.repository);
  if (statement === undefined || statement.level === "skip") return [];
  try {
    const envelope = proveEnvelope(document, thumbprints);
    if (envelope.kind === "rejected") return [];
    const { chain, attributes } = envelope;
    const store = storeOf(chain, attributes.scheme, statement);
    if (store === undefined) return [];
    const stamp =
      attributes.scheme === "notary.x509" && statement.timestampAuthorities.length > 0
        ? checkCountersignature(envelope, statement.timestampAuthorities)
        : undefined;
    const own = statement.actions.revocation === "skip" ? [] : [chain];
    return stamp?.kind === "proved" ? [...own, stamp.chain] : own;
  } catch (error) {
    // What cannot be read is rejected when it is judged.
    if (error instanceof InputError) return [];
    throw error;
  }
}
