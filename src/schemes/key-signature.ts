import { isSignedBy, type PublicKey } from "../crypto/public-key.ts";
import { hexOf } from "../domain/digest.ts";
import type { Signer } from "../domain/facts.ts";
import { latest } from "../domain/instant.ts";
import { certificateOfMaker, claimedIdentity } from "./certificate-identity.ts";
import type { KeyAuthority } from "./key-authority.ts";
import type { MadeSignature } from "./made-signature.ts";
import { rejected, type Rejection } from "./opinion.ts";
import type { Proof, Refusal } from "./prover.ts";
import { isTimes, witness, type Maker } from "./witness.ts";

/** A signature that a key of the authority made, in the log and with a timestamp where that is asked for. */
export function proveSignature(made: MadeSignature, authority: KeyAuthority): Proof | Refusal {
  const keys = made.byKey ? authority.keys : [];
  const key = keys.find((candidate) => isSignedBy(candidate, made.message, made.signature));
  if (key === undefined) return refuseSignature(made, authority);
  if (authority.unread !== undefined) {
    return { kind: "undetermined", gap: authority.unread, step: "log", signer: signerOf(key) };
  }
  const { logged, stamped } = witness(made, makerOf(key), authority);
  if (!isTimes(logged)) return logged;
  if (!isTimes(stamped)) return stamped;
  const times = [...logged, ...stamped];
  const notBefore = latest(...times);
  return { kind: "proved", signer: signerOf(key), times, notBefore, notAfter: undefined, notes: [] };
}

function makerOf(key: PublicKey): Maker {
  return { key: key.der, certificate: undefined, name: nameOfKey(key), signer: signerOf(key) };
}

/** A stranger's good signature and a broken one are different news; only a key that verifies tells them apart. */
function refuseSignature(made: MadeSignature, authority: KeyAuthority): Rejection {
  const ours = authority.keys.map(nameOfKey).join(", ");
  const certificate = certificateOfMaker(made);
  if (certificate !== undefined) {
    const detail = `signed with a certificate that names ${claimedIdentity(certificate)} (keyless), and this authority trusts keys (${ours})`;
    return rejected("signature", "unknown-key", detail, signerOf(certificate.key));
  }
  const claimed = made.claimed();
  if (claimed !== undefined && isSignedBy(claimed, made.message, made.signature)) {
    return rejected(
      "signature",
      "unknown-key",
      `signed by ${nameOfKey(claimed)}, which is not a key of this authority (${ours})`,
      signerOf(claimed),
    );
  }
  return rejected(
    "signature",
    "bad-signature",
    `no key of this authority (${ours}) made this signature over these bytes`,
  );
}

export function signerOf(key: PublicKey): Signer {
  return { kind: "key", spki: key.spki };
}

/** `key 8a3f01c2…`, short enough for a message and long enough to find. */
export function nameOfKey(key: PublicKey): string {
  return `key ${hexOf(key.spki).slice(0, 12)}…`;
}
