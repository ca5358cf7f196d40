import type { Certificate } from "./certificate.ts";
import { childrenOf, derError, oidOf, onlyChild, readDer, TAG, type DerValue } from "./der.ts";

/** One place that must be asked: any of its addresses will do. */
export type RevocationPoint = {
  readonly urls: readonly string[];
  /** Every address by which it is named, those too that are never asked. */
  readonly names: readonly string[];
  /** Why it cannot be used, whatever it would answer. */
  readonly refused: string | undefined;
};

/** Where a certificate says that its revocation is told. With neither of the first two it says nothing of it. */
export type RevocationPoints = {
  readonly ocsp: RevocationPoint | undefined;
  /** All of them must be asked, since each may tell of a part of the certificates or of the reasons. */
  readonly crls: readonly RevocationPoint[];
  /** Whether it names lists of changes itself (freshest CRL), not only its lists do. */
  readonly namesDelta: boolean;
};

const AUTHORITY_INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.1";
const OCSP = "1.3.6.1.5.5.7.48.1";
const DISTRIBUTION_POINTS = "2.5.29.31";
export const FRESHEST_CRL = "2.5.29.46";

/** Real certificates name one or two. All are asked or none is, so that nobody hides the one that would tell. */
const MAX_URLS = 5;
const URI = 0x86;

/** RFC 5280 sections 4.2.1.13, 4.2.1.15 and 4.2.2.1. Throws `InputError`. */
export function revocationPointsOf({ extensions }: Certificate): RevocationPoints {
  const access = extensions.all.get(AUTHORITY_INFORMATION_ACCESS);
  const lists = extensions.all.get(DISTRIBUTION_POINTS);
  return {
    ocsp: access && readAccess(access.value),
    crls: lists === undefined ? [] : readDistributionPoints(lists.value),
    namesDelta: extensions.all.has(FRESHEST_CRL),
  };
}

function readAccess(value: Uint8Array): RevocationPoint | undefined {
  const locations = childrenOf(readDer(value), TAG.sequence).flatMap((each) => {
    const [method, location] = childrenOf(each, TAG.sequence);
    return oidOf(method) === OCSP && location !== undefined ? [location] : [];
  });
  return locations.length === 0 ? undefined : pointAt(locations);
}

/** CRLDistributionPoints, which a list's freshest CRL is too. Throws `InputError`. */
export function readDistributionPoints(value: Uint8Array): readonly RevocationPoint[] {
  const points = childrenOf(readDer(value), TAG.sequence).map(readPoint);
  if (points.length === 0) throw derError("no distribution point in the extension of that name");
  if (points.flatMap(({ urls }) => urls).length <= MAX_URLS) return points;
  return [refusedPoint(`more than ${MAX_URLS} addresses of revocation lists are named`)];
}

function readPoint(point: DerValue): RevocationPoint {
  const parts = new Map(childrenOf(point, TAG.sequence).map((part) => [part.tag, part]));
  if (parts.has(0xa2)) return refusedPoint("its revocation list is another authority's (indirect CRL)");
  if (parts.has(0x81)) return refusedPoint("its revocation list tells of some reasons only");
  const names = parts.get(0xa0);
  return names === undefined ? refusedPoint("its revocation list has no address") : pointAt(readFullName(names) ?? []);
}

/** The names of a DistributionPointName; `undefined` for one relative to the issuer's. */
export function readFullName(value: DerValue): readonly DerValue[] | undefined {
  const choice = onlyChild(value, 0xa0);
  return choice.tag === 0xa0 ? childrenOf(choice, 0xa0) : undefined;
}

/** The text of those names that are URIs. */
export function urisOf(names: readonly DerValue[]): readonly string[] {
  return names.filter(({ tag }) => tag === URI).map(({ content }) => Buffer.from(content).toString("latin1"));
}

/** Directory names and LDAP are passed over where HTTP is named beside them, as the same list is found by each. */
function pointAt(locations: readonly DerValue[]): RevocationPoint {
  const names = urisOf(locations);
  const urls = names.filter((uri) => /^https?:$/.test(URL.parse(uri)?.protocol ?? ""));
  if (urls.length === 0) return refusedPoint("no address of http or https is named");
  if (urls.length > MAX_URLS) return refusedPoint(`more than ${MAX_URLS} addresses are named`);
  return { urls, names, refused: undefined };
}

function refusedPoint(refused: string): RevocationPoint {
  return { urls: [], names: [], refused };
}
