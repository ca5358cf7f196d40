import { isIssuedBy, type Certificate } from "../../crypto/certificate.ts";
import type { KeyUsage } from "../../crypto/certificate-extensions.ts";
import { envelopeAlgorithmOf } from "../../crypto/envelope-algorithm.ts";
import { subjectOf } from "./certificate-subject.ts";

/** What a chain's leaf is for. */
export type ChainPurpose = "code-signing" | "timestamping";

const KEY_USAGE = "2.5.29.15";
const BASIC_CONSTRAINTS = "2.5.29.19";
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";

const FORBIDDEN_USAGES: readonly KeyUsage[] = [
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
];

/** Purposes beside which a key must not sign code. */
const FORBIDDEN_PURPOSES: ReadonlyMap<string, string> = new Map([
  ["2.5.29.37.0", "any purpose"],
  ["1.3.6.1.5.5.7.3.1", "servers"],
  ["1.3.6.1.5.5.7.3.2", "clients"],
  ["1.3.6.1.5.5.7.3.4", "mail"],
  [TIME_STAMPING, "timestamps"],
  ["1.3.6.1.5.5.7.3.9", "OCSP"],
]);

/** A leaf, ten intermediates and a root; more is a way to make a verifier work. */
const MAX_CHAIN = 12;

/**
 * Why a chain does not keep the rules for it (signature specification, "Certificate Requirements"): in order from the signer
 * to a root that signs itself, each issued by the next, with the usages it needs and no others. Whom it leads to is not asked,
 * and neither is the time. `undefined` if it keeps them. Other extensions are not honoured, as that specification demands.
 * Throws `InputError` for broken DER.
 */
export function chainProblem(chain: readonly Certificate[], purpose: ChainPurpose): string | undefined {
  const [leaf, ...authorities] = chain;
  if (leaf === undefined) return "no certificate comes with the signature";
  if (chain.length > MAX_CHAIN) return `more than ${MAX_CHAIN} certificates come with the signature`;
  return (
    orderProblem(chain) ??
    named(leaf, leafProblem(leaf, purpose)) ??
    firstProblem(authorities, (authority, below) => named(authority, authorityProblem(authority, below, purpose)))
  );
}

function firstProblem<T>(
  items: readonly T[],
  problem: (item: T, at: number) => string | undefined,
): string | undefined {
  for (const [at, item] of items.entries()) {
    const found = problem(item, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

function named(certificate: Certificate, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `the certificate of ${subjectOf(certificate)} ${problem}`;
}

function orderProblem(chain: readonly Certificate[]): string | undefined {
  return firstProblem(chain, (certificate, at) => {
    const next = chain[at + 1];
    const signsItself = isIssuedBy(certificate, certificate);
    if (next === undefined) {
      return signsItself
        ? undefined
        : named(certificate, "is the last and no root: the chain must end in one that signs itself");
    }
    if (signsItself) return named(certificate, "signs itself and is not the last: a chain has one root, at its end");
    if (isIssuedBy(certificate, next)) return undefined;
    return named(
      certificate,
      `is not issued by the next one, ${subjectOf(next)} (or by a signature of a weak kind, such as SHA-1)`,
    );
  });
}

function leafProblem({ key, extensions }: Certificate, purpose: ChainPurpose): string | undefined {
  const { isAuthority, keyUsage } = extensions;
  if (isAuthority) return "is one of an authority (basic constraints), which must not sign by itself";
  if (keyUsage === undefined) return "has no key usage, which must be there";
  if (purpose === "code-signing" && !keyUsage.critical) return "has a key usage that is not critical";
  if (!keyUsage.digitalSignature) return "may not sign (key usage has no digitalSignature)";
  const more = FORBIDDEN_USAGES.filter((usage) => keyUsage.allowed.includes(usage));
  if (more.length > 0) return `has a key for ${more.join(" and ")} too (key usage): it must be for signatures alone`;
  if (envelopeAlgorithmOf(key) === undefined) {
    return "has a key of a kind that may not sign: use RSA of 2048, 3072 or 4096 bits, or ECDSA on P-256, P-384 or P-521";
  }
  return purpose === "code-signing" ? codePurposeProblem(extensions) : timePurposeProblem(extensions);
}

function codePurposeProblem({ purposes }: Certificate["extensions"]): string | undefined {
  const forbidden = purposes?.oids.find((oid) => FORBIDDEN_PURPOSES.has(oid));
  if (forbidden === undefined) return undefined;
  return `is for ${FORBIDDEN_PURPOSES.get(forbidden) ?? forbidden} too (extended key usage): it must be for signing code`;
}

/** RFC 3161 section 2.3. */
function timePurposeProblem({ purposes }: Certificate["extensions"]): string | undefined {
  const sole = purposes?.oids.length === 1 && purposes.oids[0] === TIME_STAMPING;
  return sole && purposes.critical ? undefined : "is not for timestamps alone (critical extended key usage)";
}

/** `below` counts the authorities between it and the leaf. */
function authorityProblem({ extensions }: Certificate, below: number, purpose: ChainPurpose): string | undefined {
  const { isAuthority, pathLength, keyUsage, all } = extensions;
  if (!isAuthority || all.get(BASIC_CONSTRAINTS)?.critical !== true) {
    return "is of no authority (basic constraints, critical)";
  }
  if (pathLength !== undefined && below > pathLength) return `allows ${pathLength} authorities below it, not ${below}`;
  if (keyUsage === undefined || (purpose === "code-signing" && all.get(KEY_USAGE)?.critical !== true)) {
    return "has no key usage, or one that is not critical";
  }
  return keyUsage.certificateSigning ? undefined : "may not sign certificates (key usage)";
}
