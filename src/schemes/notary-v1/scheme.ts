import { InputError } from "../../domain/errors.ts";
import type { Digest } from "../../domain/digest.ts";
import type { AuthoritySpec, NotaryAuthority } from "../../domain/trust.ts";
import type { Place, SignatureScheme, SignedDigest } from "../scheme.ts";
import { assessTrustData, type NotaryJudge } from "./assess.ts";
import { collectTrustData, seeCollection } from "./collect.ts";
import { compileKeys, compilePins } from "./pins.ts";
import { placeKeyOf } from "./place.ts";
import { findName } from "./signed-name.ts";
import { NOTARY_V1 } from "./source.ts";

/** Docker Content Trust: names signed in a collection on a Notary v1 server (a profile of TUF). */
export const notaryV1: SignatureScheme = {
  id: NOTARY_V1,
  version: 1,
  places: [],
  placesOf: (authority) => (authority.kind === "notary" ? [placeOf(authority)] : []),
  authority: (authority) => (authority.kind === "notary" ? assessTrustData(compile(authority)) : undefined),
  signedDigest,
};

/** Throws `InputError`. */
function compile(spec: NotaryAuthority): NotaryJudge {
  const required = spec.delegations.map(({ role, keys }) => {
    return { name: role, keys: keys.length === 0 ? undefined : compileKeys(keys, `the keys of ${role}`) };
  });
  const names = required.map(({ name }) => name);
  if (new Set(names).size < names.length) throw new InputError("policy", "delegations name a role twice");
  return { spec, pins: compilePins(spec.pins), required };
}

function placeOf(spec: NotaryAuthority): Place {
  return {
    key: placeKeyOf(spec),
    collect: (target, sources, signal) => collectTrustData(compile(spec), target, sources, signal),
  };
}

/** Only where the operator wants what is signed to be what runs. What is not believed names no digest. */
function signedDigest(authority: AuthoritySpec): SignedDigest | undefined {
  if (authority.kind !== "notary" || authority.resolve !== "signed-digest") return undefined;
  const digestOf = async (
    ...[{ repository, tag }, sources, signal]: Parameters<SignedDigest["digestOf"]>
  ): Promise<Digest | undefined> => {
    const judge = compile(authority);
    const { outcome } = await seeCollection(judge, repository, sources, signal);
    if (outcome.kind !== "trusted") return undefined;
    const found = findName(outcome.targets, tag, judge.required);
    return found.kind === "signed" ? found.digests[0] : undefined;
  };
  return { place: placeKeyOf(authority), digestOf };
}
