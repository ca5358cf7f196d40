import { InputError } from "../../domain/errors.ts";
import { earliest, latest } from "../../domain/instant.ts";
import type { KeyPacket } from "./key-packet.ts";
import type { OpenPgpText } from "./octets.ts";
import { claims, hashedKeys, newest, ownSignatures } from "./own-signatures.ts";
import { keyEnd, maySign, revoked, type KeyProblem, type Standing } from "./primary-standing.ts";
import { parseSignaturePacket, SIGNATURE, type SignaturePacket } from "./signature-packet.ts";
import { SUBPACKET } from "./subpackets.ts";
import type { Subkey } from "./transferable-key.ts";
import { isMadeBy, isStrongHash } from "./verification.ts";

/**
 * What the primary key says of a subkey. It ends with its primary key at the latest, and is revoked with it. Throws
 * `InputError` if the primary key's word is broken.
 */
export function subkeyStanding(subkey: Subkey, primary: KeyPacket, above: Standing, text: OpenPgpText): Standing {
  const { key, signatures } = subkey;
  const about = { content: hashedKeys(primary, key), text };
  const binding = newest(ownSignatures(primary, signatures, { ...about, types: [SIGNATURE.subkeyBinding] }));
  const [revocation] = ownSignatures(primary, signatures, { ...about, types: [SIGNATURE.subkeyRevocation] });
  const ends = binding === undefined ? [] : [binding.expires, keyEnd(key, binding, text)];
  const fromAbove = above.problem?.kind === "unfit" ? undefined : above.problem;
  const own = revocation === undefined ? fitness(key, binding, about) : revoked(key, revocation);
  return {
    notBefore: latest(above.notBefore, key.created) ?? key.created,
    notAfter: earliest(above.notAfter, ...ends),
    problem: fromAbove ?? own,
  };
}

/**
 * A subkey signs for its primary key only if that says so with a hash that is beyond doubt, and if the subkey agrees: else
 * anybody could take another's signing key for a subkey of their own (RFC 9580 section 5.2.1.8).
 */
function fitness(
  key: KeyPacket,
  binding: SignaturePacket | undefined,
  about: { readonly content: Uint8Array; readonly text: OpenPgpText },
): KeyProblem | undefined {
  const unfit = (why: string): KeyProblem => ({ kind: "unfit", detail: `the subkey ${key.fingerprint} ${why}` });
  if (binding === undefined) return unfit("is not bound to its primary key");
  if (maySign(binding) !== true) return unfit("is not for signing, by its owner's word");
  if (!isStrongHash(binding)) return unfit("is bound to its primary key by a weak hash: its owner can bind it anew");
  const agrees = (back: SignaturePacket): boolean =>
    claims(key, back) === true && isStrongHash(back) && isMadeBy(back, key, about.content);
  if (!agreements(binding, about.text).some(agrees)) {
    return unfit("does not confirm that it belongs to its primary key (back signature)");
  }
  return undefined;
}

/** Embedded signatures prove themselves, so it does not matter in which part of the binding they stand. */
function agreements({ hashed, unhashed }: SignaturePacket, text: OpenPgpText): readonly SignaturePacket[] {
  return [...hashed, ...unhashed]
    .filter(({ type }) => type === SUBPACKET.embedded)
    .flatMap(({ data }) => tryParsing(data, text))
    .filter(({ type }) => type === SIGNATURE.primaryBinding);
}

function tryParsing(data: Uint8Array, text: OpenPgpText): readonly SignaturePacket[] {
  try {
    return [parseSignaturePacket(data, text)];
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}
