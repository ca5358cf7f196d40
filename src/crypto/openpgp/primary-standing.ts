import { earliest, type Instant } from "../../domain/instant.ts";
import type { KeyPacket } from "./key-packet.ts";
import { hexOfOctets, type OpenPgpText } from "./octets.ts";
import { hashedKeys, newest, ownSignatures } from "./own-signatures.ts";
import { after, SIGNATURE, type SignaturePacket } from "./signature-packet.ts";
import { secondsIn, SUBPACKET } from "./subpackets.ts";
import type { TransferableKey, UserId } from "./transferable-key.ts";

/** Why a key's signatures do not count at any time. */
export type KeyProblem = {
  /** `unfit` is a key that is not for signing, which says nothing of those below it. */
  readonly kind: "revoked" | "unproved" | "unfit";
  readonly detail: string;
};

/** What its owner says of a key. */
export type Standing = {
  readonly notBefore: Instant;
  readonly notAfter: Instant | undefined;
  readonly problem: KeyProblem | undefined;
};

const MAY_SIGN = 0x02;

/** Why a key was revoked (RFC 9580 section 5.2.3.31). Whichever it is, the key's signatures count no more, as for GnuPG. */
const REASONS: Readonly<Record<number, string>> = {
  1: "superseded by another",
  2: "compromised",
  3: "retired",
};

/**
 * What a primary key's newest signature about itself and about each of its user ids say together: the earliest end, and
 * whether it is for signing. Throws `InputError` if one is broken.
 */
export function primaryStanding(key: TransferableKey, text: OpenPgpText): Standing {
  const { primary } = key;
  const parts = [...key.userIds.values(), ...key.subkeys.values()];
  const everywhere = [...key.direct, ...parts.flatMap(({ signatures }) => signatures)];
  const about = { content: hashedKeys(primary), text };
  const direct = ownSignatures(primary, everywhere, { ...about, types: [SIGNATURE.directKey] });
  const certified = [...key.userIds.values()].map((userId) => userIdStatement(primary, userId, text));
  const statements = [newest(direct), ...certified].filter((statement) => statement !== undefined);
  const [revocation] = [
    ...ownSignatures(primary, everywhere, { ...about, types: [SIGNATURE.keyRevocation] }),
    ...revokersWord(everywhere, [...direct, ...statements]),
  ];
  return {
    notBefore: primary.created,
    notAfter: earliest(...statements.flatMap((statement) => [statement.expires, keyEnd(primary, statement, text)])),
    problem: revocation === undefined ? fitness(primary, statements) : revoked(primary, revocation),
  };
}

/** The newest certification of a user id, unless it was revoked since. */
function userIdStatement(
  primary: KeyPacket,
  { hashed, signatures }: UserId,
  text: OpenPgpText,
): SignaturePacket | undefined {
  const about = { content: Buffer.concat([hashedKeys(primary), hashed]), text };
  const certified = newest(ownSignatures(primary, signatures, { ...about, types: SIGNATURE.certifications }));
  const types = [SIGNATURE.certificationRevocation];
  const revocation = newest(ownSignatures(primary, signatures, { ...about, types }));
  const isRevoked = certified !== undefined && revocation !== undefined && revocation.created >= certified.created;
  return isRevoked ? undefined : certified;
}

/** When a statement lets the key end, counted from the key's making (RFC 9580 section 5.2.3.13). */
export function keyEnd(key: KeyPacket, statement: SignaturePacket, text: OpenPgpText): Instant | undefined {
  return after(key.created, secondsIn(statement.hashed, SUBPACKET.keyExpires, text));
}

/** Key flags (RFC 9580 section 5.2.3.29); `undefined` where none are stated. */
export function maySign({ hashed }: SignaturePacket): boolean | undefined {
  const flags = hashed.find(({ type }) => type === SUBPACKET.keyFlags);
  return flags === undefined ? undefined : ((flags.data[0] ?? 0) & MAY_SIGN) !== 0;
}

/**
 * Revocations by keys that the owner named for that. They are believed without being checked, since the other key need not
 * be at hand and a wrong belief only denies.
 */
function revokersWord(
  everywhere: readonly SignaturePacket[],
  statements: readonly SignaturePacket[],
): readonly SignaturePacket[] {
  const named = statements
    .flatMap(({ hashed }) => hashed.filter(({ type }) => type === SUBPACKET.revoker))
    .map(({ data }) => hexOfOctets(data.subarray(2)).slice(-16));
  return everywhere.filter(
    ({ type, issuer, issuerFingerprint }) =>
      type === SIGNATURE.keyRevocation && named.includes(issuer ?? issuerFingerprint?.slice(-16) ?? ""),
  );
}

export function revoked(key: KeyPacket, revocation: SignaturePacket): KeyProblem {
  const reason = revocation.hashed.find(({ type }) => type === SUBPACKET.revocationReason)?.data[0] ?? 0;
  const because = REASONS[reason] === undefined ? "" : ` as ${REASONS[reason]}`;
  return { kind: "revoked", detail: `${key.fingerprint} was revoked on ${revocation.created.slice(0, 10)}${because}` };
}

/** Where a key says nothing of itself that holds. */
export function unproved({ created, fingerprint }: KeyPacket): Standing {
  const detail = `${fingerprint} has no valid signature about itself: export the key anew`;
  return { notBefore: created, notAfter: undefined, problem: { kind: "unproved", detail } };
}

function fitness(primary: KeyPacket, statements: readonly SignaturePacket[]): KeyProblem | undefined {
  if (statements.length === 0) return unproved(primary).problem;
  if (statements.every((statement) => maySign(statement) !== false)) return undefined;
  return { kind: "unfit", detail: `${primary.fingerprint} is not for signing, by its owner's word` };
}
