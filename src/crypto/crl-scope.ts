import type { Certificate } from "./certificate.ts";
import { hexOfBytes } from "./certificate.ts";
import { childrenOf, derError, readDer, TAG, type DerValue } from "./der.ts";
import { readFullName, urisOf, type RevocationPoint } from "./revocation-points.ts";

/** Of which certificates a revocation list speaks (RFC 5280 section 5.2.5, issuing distribution point). */
export type CrlScope = {
  /** The addresses under which certificates name the list; `undefined` if it is not divided by them. */
  readonly names: readonly string[] | undefined;
  readonly only: "users" | "authorities" | undefined;
  /** The extension's bytes in hex: a list and its changes have the same scope. */
  readonly id: string;
};

const NAME = 0xa0;
const ONLY_USERS = 0x81;
const ONLY_AUTHORITIES = 0x82;
const KNOWN: readonly number[] = [NAME, ONLY_USERS, ONLY_AUTHORITIES];
const REFUSED: ReadonlyMap<number, string> = new Map([
  [0x83, "tells of some reasons only"],
  [0x84, "is of several authorities (indirect CRL)"],
  [0x85, "is of attribute certificates"],
]);

/** Throws `InputError`, for lists of some reasons, of several authorities and of attributes too. */
export function readScope(value: Uint8Array): CrlScope {
  const parts = childrenOf(readDer(value), TAG.sequence);
  const odd = parts.find(({ tag }) => !KNOWN.includes(tag));
  if (odd !== undefined) throw derError(`a revocation list that ${REFUSED.get(odd.tag) ?? "has an unknown scope"}`);
  const byTag = new Map(parts.map((part) => [part.tag, part]));
  if (byTag.size !== parts.length) throw derError("a revocation list's scope with a part twice");
  const name = byTag.get(NAME);
  const [users, authorities] = [isSet(byTag.get(ONLY_USERS)), isSet(byTag.get(ONLY_AUTHORITIES))];
  if (users && authorities) throw derError("a revocation list of nothing");
  return {
    names: name && urisOf(readFullName(name) ?? []),
    only: users ? "users" : authorities ? "authorities" : undefined,
    id: hexOfBytes(value),
  };
}

/** FALSE is the default and so left out in DER; any content but TRUE is refused. */
function isSet(flag: DerValue | undefined): boolean {
  if (flag === undefined) return false;
  if (hexOfBytes(flag.content) !== "ff") throw derError("a revocation list's scope of another form");
  return true;
}

/** RFC 5280 section 6.3.3 (b) (2): whether a list found at a point speaks of the certificate. */
export function isInScope(certificate: Certificate, point: RevocationPoint, scope: CrlScope | undefined): boolean {
  if (scope === undefined) return true;
  const { isAuthority } = certificate.extensions;
  if (scope.only !== undefined && (scope.only === "authorities") !== isAuthority) return false;
  return scope.names === undefined || scope.names.some((name) => point.names.includes(name));
}
