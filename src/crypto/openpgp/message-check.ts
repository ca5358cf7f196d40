import { earliest, latest, type Instant } from "../../domain/instant.ts";
import type { Keyring, SigningKey } from "./keyring.ts";
import { unknownCritical } from "./own-signatures.ts";
import type { KeyProblem } from "./primary-standing.ts";
import { SIGNATURE, type SignaturePacket } from "./signature-packet.ts";
import type { SignedMessage } from "./signed-message.ts";
import { SUBPACKET } from "./subpackets.ts";
import { hashName, isMadeBy, isStrongHash } from "./verification.ts";

/** Whether a key of the keyring signed a message, and between which instants that counts. */
export type MessageCheck =
  | {
      readonly kind: "proved";
      readonly by: SigningKey;
      readonly notBefore: Instant | undefined;
      readonly notAfter: Instant | undefined;
    }
  | {
      readonly kind: "unproved";
      readonly reason: "unsupported" | "unknown-key" | "bad-signature" | "key-revoked" | "key-unfit";
      readonly detail: string;
      /** Who made the signature, where that much is proved. */
      readonly by: SigningKey | undefined;
    };

/** Critical subpackets that may stand in a signature of data. Notations have meanings that nobody here knows. */
const UNDERSTOOD: readonly number[] = [
  SUBPACKET.created,
  SUBPACKET.expires,
  SUBPACKET.issuer,
  SUBPACKET.policy,
  SUBPACKET.signerUserId,
  SUBPACKET.issuerFingerprint,
];

type Unproved = Extract<MessageCheck, { readonly kind: "unproved" }>;

/** A function of the message and the keyring alone: what time does to the signature is told as instants. */
export function checkMessage(
  { content, signature }: Extract<SignedMessage, { readonly kind: "signed" }>,
  keyring: Keyring,
): MessageCheck {
  const unsupported = unsupportedPart(signature);
  if (unsupported !== undefined) return unproved("unsupported", unsupported);
  const candidates = keyring.keys.filter(({ packet }) => isNamed(signature, packet.keyId, packet.fingerprint));
  if (candidates.length === 0) return stranger(signature, keyring);
  const makers = candidates.filter(({ packet }) => isMadeBy(signature, packet, content));
  const [by] = makers;
  if (by === undefined) {
    const named = candidates.map(({ packet }) => packet.fingerprint).join(", ");
    return unproved("bad-signature", `the key ${named} did not make this signature over these bytes`);
  }
  // One subkey can stand under two primary keys; then neither may have anything against it.
  return (
    makers.map((maker) => objection(signature, maker)).find((found) => found !== undefined) ?? proved(signature, by)
  );
}

function unproved(reason: Unproved["reason"], detail: string, by?: SigningKey): Unproved {
  return { kind: "unproved", reason, detail, by };
}

/** What of the signature itself is not accepted, whoever made it. */
function unsupportedPart(signature: SignaturePacket): string | undefined {
  if (signature.type !== SIGNATURE.binary) {
    return `its signature is of type 0x${signature.type.toString(16).padStart(2, "0")}, not over binary data`;
  }
  if (!isStrongHash(signature)) return `it is signed with ${hashName(signature)}; use SHA-256, SHA-384 or SHA-512`;
  const unknown = unknownCritical(signature, UNDERSTOOD);
  return unknown && `its signature has a condition that is not known here (critical subpacket ${unknown.type})`;
}

/** All that the signature says of its maker must fit. */
function isNamed({ issuer, issuerFingerprint }: SignaturePacket, keyId: string, fingerprint: string): boolean {
  return issuer === keyId && (issuerFingerprint === undefined || issuerFingerprint === fingerprint);
}

function stranger({ issuer = "", issuerFingerprint }: SignaturePacket, { unusable }: Keyring): Unproved {
  const why = unusable.get(issuer);
  if (why !== undefined) return unproved("unsupported", `it says it is signed by the key ${issuer}, which is ${why}`);
  const name = issuerFingerprint ?? issuer;
  return unproved("unknown-key", `it says it is signed by the key ${name}, which is in no keyring of this authority`);
}

const REASONS = { revoked: "key-revoked", unproved: "key-unfit", unfit: "key-unfit" } as const satisfies Readonly<
  Record<KeyProblem["kind"], Unproved["reason"]>
>;

function objection({ created }: SignaturePacket, maker: SigningKey): Unproved | undefined {
  const { problem, notBefore, notAfter, packet } = maker;
  if (problem !== undefined) {
    return unproved(REASONS[problem.kind], `the signature is good, but its key ${problem.detail}`, maker);
  }
  const unfit = (why: string): Unproved =>
    unproved(
      "key-unfit",
      `the signature says it was made on ${created}, ${why} of the key ${packet.fingerprint}`,
      maker,
    );
  if (created < notBefore) return unfit(`before the beginning (${notBefore})`);
  if (notAfter !== undefined && created >= notAfter) return unfit(`after the end (${notAfter})`);
  return undefined;
}

/** It counts from when it says it was made, until it or its key ends. */
function proved({ created, expires }: SignaturePacket, by: SigningKey): MessageCheck {
  return { kind: "proved", by, notBefore: latest(created, by.notBefore), notAfter: earliest(expires, by.notAfter) };
}
