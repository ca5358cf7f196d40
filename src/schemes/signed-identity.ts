import { InputError } from "../domain/errors.ts";
import {
  formatRepository,
  formatWholeReference,
  parseReference,
  parseRepository,
  type ImageReference,
} from "../domain/reference.ts";
import type { SignedIdentity } from "../domain/trust.ts";
import { quoted } from "../domain/quoted.ts";

/** Why the name in a signature does not speak for the image asked about, or `undefined` if it does. */
export type IdentityProblem = (signed: string, requested: ImageReference) => string | undefined;

type Match = (signed: SignedName, requested: ImageReference) => boolean;

/** A reference as somebody wrote it: `tag` and `digest` are absent where the text has none. */
type SignedName = { readonly reference: ImageReference; readonly nameOnly: boolean };

/**
 * Rules of containers-policy.json(5), "signedIdentity". Unlike a reference to pull, a name in a signature gets no default
 * tag: `shop/web` and `shop/web:latest` are different claims. Throws `InputError` for a rule that cannot be read.
 */
export function compileSignedIdentity(rule: SignedIdentity): IdentityProblem {
  const matches = compileMatch(rule);
  return (signed, requested) => {
    const name = readName(signed);
    if (name === undefined) return `the signature names ${quoted(signed, 120)}, which is no image reference`;
    if (matches(name, requested)) return undefined;
    return `the signature names ${quoted(signed, 200)}, which ${rule.kind} does not accept for "${formatWholeReference(requested)}"`;
  };
}

function compileMatch(rule: SignedIdentity): Match {
  switch (rule.kind) {
    case "matchExact":
      return (signed, requested) => sameReference(signed, requested);
    case "matchRepoDigestOrExact":
      return repoDigestOrExact;
    case "matchRepository":
      return (signed, requested) => repositoryOf(signed.reference) === repositoryOf(requested);
    case "exactReference": {
      const exact = parseExactReference(rule.reference);
      return (signed) => sameReference(signed, exact);
    }
    case "exactRepository": {
      const exact = formatRepository(parseRepository(rule.repository));
      return (signed) => repositoryOf(signed.reference) === exact;
    }
    case "remapIdentity":
      return compileRemap(rule.prefix, rule.signedPrefix);
  }
}

function repoDigestOrExact(signed: SignedName, requested: ImageReference): boolean {
  if (requested.tag !== undefined) return sameReference(signed, requested);
  return !signed.nameOnly && repositoryOf(signed.reference) === repositoryOf(requested);
}

function parseExactReference(text: string): ImageReference {
  const name = readName(text);
  if (name === undefined || name.nameOnly) {
    throw new InputError("policy", `exactReference ${quoted(text, 120)} must name an image with its tag or digest`);
  }
  return name.reference;
}

/** The prefix must end where a path component or the whole name does, and is replaced before matchRepoDigestOrExact. */
function compileRemap(prefix: string, signedPrefix: string): Match {
  for (const text of [prefix, signedPrefix]) {
    if (text === "" || text.endsWith("/") || /[@\s]/.test(text)) {
      throw new InputError(
        "policy",
        `remapIdentity prefix ${quoted(text, 120)} must be a host or repository without a trailing slash`,
      );
    }
  }
  return (signed, requested) => {
    const name = formatRepository(requested.repository);
    if (name !== prefix && !name.startsWith(`${prefix}/`)) return repoDigestOrExact(signed, requested);
    const remapped = readName(signedPrefix + formatWholeReference(requested).slice(prefix.length));
    return remapped !== undefined && repoDigestOrExact(signed, remapped.reference);
  };
}

function readName(text: string): SignedName | undefined {
  try {
    const lastPart = text.slice(text.lastIndexOf("/") + 1);
    return { reference: parseReference(text), nameOnly: !text.includes("@") && !lastPart.includes(":") };
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function sameReference(signed: SignedName, other: ImageReference): boolean {
  return !signed.nameOnly && formatWholeReference(signed.reference) === formatWholeReference(other);
}

function repositoryOf(reference: ImageReference): string {
  return formatRepository(reference.repository);
}
