import type { Signer } from "../domain/facts.ts";

/** Everything by which a signer can be known again, whatever the format of the signature; one text each. */
function aliasesOf(signer: Signer): readonly string[] {
  switch (signer.kind) {
    case "key":
      return [keyAlias(signer.spki)];
    case "identity":
      return [alias("identity", signer.issuer, signer.subject), ...keyAliases(signer.spki)];
    case "x509":
      return [alias("x509", signer.trustStore, signer.dn), ...keyAliases(signer.spki)];
    case "pgp":
      return [alias("pgp", signer.fingerprint.toUpperCase()), ...keyAliases(signer.spki)];
  }
}

function alias(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

function keyAlias(spki: string): string {
  return alias("key", spki);
}

function keyAliases(spki: string | undefined): readonly string[] {
  return spki === undefined ? [] : [keyAlias(spki)];
}

/**
 * Gives each signer a text that only the same signer has: two are the same who share a key, an identity, a name within a
 * trust store or a fingerprint, or who are both the same as a third. What was not seen cannot make two signers one.
 */
export function identitiesOf(signers: readonly Signer[]): (signer: Signer) => string {
  const parents = new Map<string, string>();
  for (const signer of signers) {
    const [first = "", ...others] = aliasesOf(signer);
    for (const other of others) join(parents, first, other);
  }
  return (signer) => rootOf(parents, aliasesOf(signer)[0] ?? "");
}

function rootOf(parents: ReadonlyMap<string, string>, alias: string): string {
  let root = alias;
  for (let next = parents.get(root); next !== undefined; next = parents.get(root)) root = next;
  return root;
}

function join(parents: Map<string, string>, one: string, other: string): void {
  const [a, b] = [rootOf(parents, one), rootOf(parents, other)];
  if (a !== b) parents.set(a, b);
}
