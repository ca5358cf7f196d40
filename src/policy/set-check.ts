import { askedOf } from "../domain/needs.ts";
import type { Policy, PolicyWarning, Rule } from "../domain/policy.ts";
import type { Authority, AuthorityName, AuthoritySpec, PublicKeyMaterial } from "../domain/trust.ts";
import type { PolicyDocument } from "./document.ts";
import { problemAt, type PolicyProblem } from "./problem.ts";
import { needsOfRule } from "./rules/index.ts";
import { suggestion } from "./suggestion.ts";

export type ReadAuthority = { readonly authority: Authority; readonly document: PolicyDocument };
export type ReadPolicy = { readonly policy: Policy; readonly document: PolicyDocument };

/** What is wrong between documents that are right by themselves: names given twice, and names given to nothing. */
export function checkSet(
  authorities: readonly ReadAuthority[],
  policies: readonly ReadPolicy[],
  declared: readonly string[],
): readonly PolicyProblem[] {
  return [
    ...duplicates(
      "authority",
      authorities.map(({ authority }) => authority),
    ),
    ...duplicates(
      "policy",
      policies.map(({ policy }) => policy),
    ),
    ...policies.flatMap((read) => unknownAuthorities(read, declared)),
    ...policies.flatMap((read) => cannotAttest(read, authorities)),
  ];
}

type Named = Pick<Policy, "name" | "at">;

function duplicates(what: string, named: readonly Named[]): readonly PolicyProblem[] {
  return named.flatMap(({ name, at }, position) => {
    const first = named.findIndex((other) => other.name === name);
    const before = named[first];
    if (first === position || before === undefined) return [];
    const message = `the ${what} "${name}" is already defined at ${before.at.file}:${before.at.line}: rename one`;
    return [{ message, at }];
  });
}

function unknownAuthorities({ policy, document }: ReadPolicy, declared: readonly string[]): readonly PolicyProblem[] {
  return policy.rules.flatMap(({ rule }, at) =>
    authoritiesOf(rule)
      .filter((name) => !declared.includes(name))
      .map((name) => {
        const near = declared.length === 0 ? "; no Authority is defined" : suggestion(name, declared);
        return problemAt(document, placeOf(document, at, name), `no authority is named "${name}"${near}`);
      }),
  );
}

/** Everybody whose word a rule asks for, be it a signature or an attestation. */
function authoritiesOf(rule: Rule): readonly AuthorityName[] {
  return askedOf(needsOfRule(rule));
}

/** Kinds whose signatures name an image and nothing else. */
const SIGNING_ONLY: readonly AuthoritySpec["kind"][] = ["notary", "notation", "simpleSigning"];

function cannotAttest(
  { policy, document }: ReadPolicy,
  authorities: readonly ReadAuthority[],
): readonly PolicyProblem[] {
  const kinds = new Map(authorities.map(({ authority }) => [authority.name, authority.spec.kind]));
  return policy.rules.flatMap(({ rule }, at) =>
    needsOfRule(rule).attesters.flatMap((name) => {
      const kind = kinds.get(name);
      if (kind === undefined || !SIGNING_ONLY.includes(kind)) return [];
      const message = `the authority "${name}" is of the kind ${kind}, which signs images and makes no attestations: name one of cosign or keyless`;
      return [problemAt(document, placeOf(document, at, name), message)];
    }),
  );
}

/** Where a rule names an authority. */
function placeOf(document: PolicyDocument, at: number, name: AuthorityName): readonly PropertyKey[] {
  return ["spec", "rules", at, ...(pathOf(ruleAt(document, at), name) ?? [])];
}

function ruleAt(document: PolicyDocument, at: number): unknown {
  const { spec } = document.value as { readonly spec: { readonly rules: readonly unknown[] } };
  return spec.rules[at];
}

/** Where a text stands in a value as it was written. */
function pathOf(value: unknown, text: string): readonly PropertyKey[] | undefined {
  if (value === text) return [];
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, child] of Object.entries(value)) {
    const below = pathOf(child, text);
    if (below !== undefined) return [Array.isArray(value) ? Number(key) : key, ...below];
  }
  return undefined;
}

/** Authorities that vouch for nothing, or whose key another one has: two names for one key never make two signers. */
export function setWarnings(authorities: readonly Authority[], policies: readonly Policy[]): readonly PolicyWarning[] {
  const used = new Set(policies.flatMap(({ rules }) => rules.flatMap(({ rule }) => authoritiesOf(rule))));
  return [...authorities.flatMap((authority) => unused(authority, used)), ...sharedKeys(authorities)];
}

function unused({ name, at }: Authority, used: ReadonlySet<AuthorityName>): readonly PolicyWarning[] {
  return used.has(name) ? [] : [{ message: `the authority "${name}" is named by no rule`, at }];
}

/** Bare public keys that an authority believes, for comparing them with others'. */
function keysOf(spec: AuthoritySpec): readonly PublicKeyMaterial[] {
  return spec.kind === "cosign" ? spec.keys : [];
}

function sharedKeys(authorities: readonly Authority[]): readonly PolicyWarning[] {
  const owners = new Map<string, AuthorityName>();
  return authorities.flatMap(({ name, spec, at }) =>
    keysOf(spec).flatMap(({ pem, from }) => {
      const key = pem.replaceAll(/\s/g, "");
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, name);
      if (owner === undefined || owner === name) return [];
      const message = `the authority "${name}" has the key of "${owner}" (${from}): a signature by it counts for one of them`;
      return [{ message, at }];
    }),
  );
}
