import { InputError } from "../domain/errors.ts";
import type { Instant } from "../domain/instant.ts";
import { readExtensionList, type Extension } from "./certificate-extensions.ts";
import { hexOfBytes, type Certificate } from "./certificate.ts";
import {
  childrenOf,
  derError,
  elementsOf,
  expected,
  integerBytes,
  octetsOfBits,
  onlyChild,
  readDer,
  smallInteger,
  TAG,
  timeOf,
  type DerValue,
} from "./der.ts";
import { readScope, type CrlScope } from "./crl-scope.ts";
import { FRESHEST_CRL, readDistributionPoints, type RevocationPoint } from "./revocation-points.ts";
import { refuseCritical, revocationOf, type Revocation } from "./revocation.ts";
import { isSignedWith } from "./signature-algorithm.ts";

/** What a list of revoked certificates says of one certificate. */
export type RevocationList = {
  readonly thisUpdate: Instant;
  /** When the next one is out; a list that does not say so is good for nothing. */
  readonly nextUpdate: Instant;
  readonly number: bigint | undefined;
  /** Set for a list of changes since the list of this number (delta CRL). */
  readonly changesSince: bigint | undefined;
  /** Which certificates it speaks of; `undefined` if of all that the authority gave. */
  readonly scope: CrlScope | undefined;
  /** Where the changes since this list are to be had; then it must not be relied upon without them. */
  readonly freshest: readonly RevocationPoint[];
  /** Every entry with the certificate's serial number. */
  readonly revocations: readonly Revocation[];
};

export type CrlCheck =
  | { readonly kind: "proved"; readonly list: RevocationList }
  | { readonly kind: "invalid"; readonly detail: string };

/** Large public lists have some MiB. */
export const MAX_CRL = 8 * 1024 * 1024;

const CRL_NUMBER = "2.5.29.20";
const DELTA_INDICATOR = "2.5.29.27";
const ISSUING_POINT = "2.5.29.28";
const UNDERSTOOD = [CRL_NUMBER, DELTA_INDICATOR, ISSUING_POINT, FRESHEST_CRL];
const VERSION_2 = 1;

/**
 * What a version 2 list (RFC 5280 section 5), signed by the certificate's own issuer, says of the certificate. Compares no
 * time with now. Never throws.
 */
export function checkCrl(bytes: Uint8Array, certificate: Certificate, issuer: Certificate): CrlCheck {
  try {
    if (bytes.length > MAX_CRL)
      throw new InputError("signature", `the revocation list is larger than ${MAX_CRL} bytes`);
    return { kind: "proved", list: readList(signedBody(bytes, issuer), certificate) };
  } catch (error) {
    if (error instanceof InputError) return { kind: "invalid", detail: error.message };
    throw error;
  }
}

/** The TBSCertList without its version and algorithm, once its signature is known to be the issuer's. */
function signedBody(bytes: Uint8Array, issuer: Certificate): readonly DerValue[] {
  const [tbs, outer, signature, ...more] = childrenOf(readDer(bytes), TAG.sequence);
  if (more.length > 0) throw derError("no revocation list");
  const [signed, algorithm] = [expected(tbs, TAG.sequence), expected(outer, TAG.sequence)];
  const { keyUsage, isAuthority } = issuer.extensions;
  if (!isAuthority || (keyUsage !== undefined && !keyUsage.allowed.includes("cRLSign"))) {
    throw new InputError("signature", "the issuer's certificate may not sign revocation lists (cRLSign)");
  }
  if (!isSignedWith(algorithm, issuer.key, { message: signed.bytes, signature: octetsOfBits(signature) })) {
    throw new InputError("signature", "the revocation list's signature is not that of the certificate's issuer");
  }
  const [version, inner, ...body] = childrenOf(signed, TAG.sequence);
  if (smallInteger(version) !== VERSION_2) throw derError("a revocation list not of version 2");
  if (hexOfBytes(expected(inner, TAG.sequence).bytes) !== hexOfBytes(algorithm.bytes)) {
    throw derError("a revocation list of two algorithms");
  }
  if (hexOfBytes(expected(body[0], TAG.sequence).bytes) !== issuer.subject) {
    throw new InputError("signature", "the revocation list is of another issuer");
  }
  return body.slice(1);
}

function readList([from, next, ...parts]: readonly DerValue[], certificate: Certificate): RevocationList {
  if (next?.tag !== TAG.utcTime && next?.tag !== TAG.generalizedTime) {
    throw new InputError("signature", "the revocation list does not say when the next one is out");
  }
  const entries = parts[0]?.tag === TAG.sequence ? parts[0] : undefined;
  const [extensions, ...more] = entries === undefined ? parts : parts.slice(1);
  if (more.length > 0) throw derError("a revocation list of another form");
  const [thisUpdate, nextUpdate] = [timeOf(from), timeOf(next)];
  if (nextUpdate < thisUpdate) throw derError("a revocation list that ends before it begins");
  const found =
    extensions === undefined ? new Map<string, Extension>() : readExtensionList(onlyChild(extensions, 0xa0));
  const about = readListExtensions(found);
  const revocations = entries === undefined ? [] : revocationsOf(entries, certificate);
  // RFC 5280 section 5.3.1: only a list of changes takes an entry back.
  if (about.changesSince === undefined && revocations.some(({ reason }) => reason === "removeFromCRL")) {
    throw derError("a whole revocation list that takes an entry back");
  }
  return { thisUpdate, nextUpdate, ...about, revocations };
}

function readListExtensions(
  found: ReadonlyMap<string, Extension>,
): Pick<RevocationList, "number" | "changesSince" | "scope" | "freshest"> {
  refuseCritical(found, UNDERSTOOD);
  const [freshest, scope] = [found.get(FRESHEST_CRL), found.get(ISSUING_POINT)];
  return {
    number: numberOf(found.get(CRL_NUMBER)),
    changesSince: numberOf(found.get(DELTA_INDICATOR)),
    scope: scope && readScope(scope.value),
    freshest: freshest === undefined ? [] : readDistributionPoints(freshest.value),
  };
}

/** Up to 20 bytes (RFC 5280 section 5.2.3), and never negative. */
function numberOf(extension: Extension | undefined): bigint | undefined {
  if (extension === undefined) return undefined;
  const bytes = integerBytes(readDer(extension.value));
  if (bytes.length > 21 || (bytes[0] ?? 0) >= 0x80) throw derError("a revocation list's number out of range");
  return BigInt(`0x${hexOfBytes(bytes)}`);
}

/** How a critical extension is marked. */
const CRITICAL = Buffer.from("0101ff", "hex");

/**
 * An entry with a critical extension that is not known spoils the whole list (RFC 5280 section 5.3), so every entry must be
 * read to its end if one of them may have any; else only those of this certificate.
 */
function revocationsOf(entries: DerValue, { serial }: Certificate): readonly Revocation[] {
  const wanted = Buffer.from(serial, "hex");
  const mayHaveCritical = Buffer.from(entries.content).includes(CRITICAL);
  const found: Revocation[] = [];
  for (const entry of elementsOf(entries, TAG.sequence)) {
    const { value: first } = elementsOf(entry, TAG.sequence).next();
    const isWanted = Buffer.compare(integerBytes(first ?? undefined), wanted) === 0;
    if (!isWanted && !mayHaveCritical) continue;
    const revocation = readEntry(entry);
    if (isWanted) found.push(revocation);
  }
  return found;
}

function readEntry(entry: DerValue): Revocation {
  const [, at, extensions, ...more] = childrenOf(entry, TAG.sequence);
  if (more.length > 0) throw derError("an entry of a revocation list of another form");
  return revocationOf(timeOf(at), extensions === undefined ? new Map() : readExtensionList(extensions));
}
