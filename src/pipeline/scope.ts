import type { Encodable } from "../crypto/canonical-json.ts";
import { addressOf } from "../crypto/digest-of.ts";
import type { Digest } from "../domain/digest.ts";
import type { Policy, PolicySet } from "../domain/policy.ts";
import { INSPECTIONS_VERSION } from "../inspections/index.ts";
import { JUDGE_VERSION } from "../policy/judge.ts";
import type { Schemes } from "../schemes/scheme.ts";
import { schemeVersions } from "./scheme-versions.ts";
import { compileTrust, type Trust } from "./trust.ts";

/** What becomes of an image that no policy matches. */
export type Unmatched = "deny" | "unsafe-allow" | "unsafe-warn";

/** Everything in force at once, under one name: policies, trust, code and configuration. Another name finds no older answer. */
export type Scope = { readonly id: Digest; readonly set: PolicySet; readonly trust: Trust };

type ScopeParts = { readonly schemes: Schemes; readonly unmatched: Unmatched };

/** Throws `InputError` for key material that no scheme can read. */
export function scopeOf(set: PolicySet, { schemes, unmatched }: ScopeParts): Scope {
  const trust = compileTrust(set.authorities, schemes);
  const policies = set.policies.map(policyId);
  const code = {
    judge: JUDGE_VERSION,
    inspections: INSPECTIONS_VERSION,
    schemes: schemeVersions(schemes),
  };
  return { id: addressOf("scope", { trust: trust.id, policies, unmatched, code }), set, trust };
}

const ids = new WeakMap<Policy, Digest>();

/** Names what a policy says, not where it was written: a comment added above a rule moves its line and changes nothing. */
export function policyId(policy: Policy): Digest {
  const id = ids.get(policy) ?? addressOf("policy", withoutPlaces(policy));
  ids.set(policy, id);
  return id;
}

function withoutPlaces({ at, ...policy }: Policy): Encodable {
  const rules = policy.rules.map(({ at: place, ...rule }) => rule);
  return { ...policy, rules };
}
