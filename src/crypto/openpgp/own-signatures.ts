import { keyHeader, type KeyPacket } from "./key-packet.ts";
import { refuse, type OpenPgpText } from "./octets.ts";
import { SIGNATURE, type SignaturePacket } from "./signature-packet.ts";
import { SUBPACKET, type Subpacket } from "./subpackets.ts";
import { isCheckable, isMadeBy } from "./verification.ts";

/** Subpackets whose meaning for a key is known here, or that limit nothing that is relied upon. */
const UNDERSTOOD: readonly number[] = Object.values(SUBPACKET).filter((type) => type !== SUBPACKET.notation);
const REVOCATIONS: readonly number[] = [
  SIGNATURE.keyRevocation,
  SIGNATURE.subkeyRevocation,
  SIGNATURE.certificationRevocation,
];

/** A subpacket that says it must be understood, and is not. */
export function unknownCritical(signature: SignaturePacket, understood: readonly number[]): Subpacket | undefined {
  const all = [...signature.hashed, ...signature.unhashed];
  return all.find(({ type, critical }) => critical && !understood.includes(type));
}

/** The bytes of keys as they are hashed, one behind the other (RFC 9580 section 5.2.4). */
export function hashedKeys(...keys: readonly KeyPacket[]): Uint8Array {
  return Buffer.concat(keys.flatMap(({ body }) => [keyHeader(body), body]));
}

/**
 * Whether a signature says that the key made it. GnuPG goes by the key id; one that names its maker in another way alone, or
 * two makers, or none, would be a limit to one reader and nothing to the next.
 */
export function claims({ fingerprint, keyId }: KeyPacket, signature: SignaturePacket): boolean | "ambiguously" {
  const { issuer, issuerFingerprint } = signature;
  const byFingerprint = issuerFingerprint === undefined ? undefined : issuerFingerprint === fingerprint;
  if (issuer === keyId) return byFingerprint === false ? "ambiguously" : true;
  return byFingerprint === true || (issuer ?? issuerFingerprint) === undefined ? "ambiguously" : false;
}

/**
 * The signatures of some types that a primary key made over `content`, as proved. Those of strangers say nothing here. One of
 * its own that is broken is refused with the keyring, since it could be the one that limits the key; a revocation that
 * cannot be computed is believed.
 */
export function ownSignatures(
  primary: KeyPacket,
  candidates: readonly SignaturePacket[],
  {
    types,
    content,
    text,
  }: { readonly types: readonly number[]; readonly content: Uint8Array; readonly text: OpenPgpText },
): readonly SignaturePacket[] {
  return candidates.filter((signature) => {
    const isClaimed = types.includes(signature.type) && claims(primary, signature);
    if (isClaimed === false) return false;
    if (!isCheckable(signature, primary)) return REVOCATIONS.includes(signature.type);
    if (isClaimed === "ambiguously" || !isMadeBy(signature, primary, content)) {
      refuse(text, `holds a broken signature of the key ${primary.fingerprint} about itself: export the key anew`);
    }
    const unknown = unknownCritical(signature, UNDERSTOOD);
    if (unknown !== undefined && !REVOCATIONS.includes(signature.type)) {
      refuse(
        text,
        `holds a limit of the key ${primary.fingerprint} that is not known here (subpacket ${unknown.type})`,
      );
    }
    return true;
  });
}

/** The last that was made; of several made in one second the last that stands there. */
export function newest(signatures: readonly SignaturePacket[]): SignaturePacket | undefined {
  return signatures.reduce<SignaturePacket | undefined>(
    (last, next) => (last === undefined || next.created >= last.created ? next : last),
    undefined,
  );
}
