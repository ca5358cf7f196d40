import { KeylessChain } from "../test/support/signing/keyless-chain.ts";
import { makeKey, type SigningKey } from "../test/support/signing/keys.ts";
import { chainOf } from "../test/support/signing/notation.ts";
import { makeSigner, type NotarySigner } from "../test/support/signing/notary/signer.ts";
import { PgpKey } from "../test/support/signing/openpgp.ts";
import type { Issued } from "../test/support/signing/certificates.ts";
import { timestampOf, VirtualFulcio, type LeafOptions } from "../test/support/signing/virtual-fulcio.ts";
import { VirtualLog, type VirtualEntry } from "../test/support/signing/virtual-log.ts";

const MINUTE_MS = 60_000;

/** A transparency log that records at the time it is told. */
class LiveLog extends VirtualLog {
  override append(body: Buffer): VirtualEntry {
    return super.append(body, Math.floor(Date.now() / 1000));
  }
}

/** A certificate authority whose certificates are valid for ten minutes around the time they are asked for. */
class LiveFulcio extends VirtualFulcio {
  override issue(leaf: LeafOptions = {}): Issued {
    const [notBefore, notAfter] = [minutesFromNow(-1), minutesFromNow(9)];
    return super.issue({
      notBefore,
      notAfter,
      timestamps: (proper) => [timestampOf({ ...proper, at: notBefore })],
      ...leaf,
    });
  }
}

/** A Sigstore instance of the present. */
class LiveSigstore extends KeylessChain {
  override readonly log = new LiveLog();

  constructor() {
    super(new LiveFulcio());
  }
}

/** As certificates state times: in whole seconds. */
function minutesFromNow(minutes: number): string {
  return new Date(Date.now() + minutes * MINUTE_MS).toISOString().replace(/\.\d+/, "");
}

/** Everything the demonstration signs with, made for one run. */
export type Keys = {
  readonly release: SigningKey;
  readonly security: SigningKey;
  /** A key that no policy knows. */
  readonly stranger: SigningKey;
  readonly sigstore: KeylessChain;
  /** Certificates for signing code, leaf first, and others of the same names below another root. */
  readonly notation: { readonly ours: readonly Issued[]; readonly others: readonly Issued[] };
  /** Collections have certificates of their own for the root key. */
  readonly notary: { readonly root: SigningKey; readonly releases: NotarySigner };
  /** The vendor's key, one that no keyring has, and the release key in OpenPGP's form. */
  readonly gpg: { readonly vendor: PgpKey; readonly stranger: PgpKey; readonly release: PgpKey };
};

export function makeKeys(): Keys {
  const release = makeKey("p256");
  return {
    release,
    security: makeKey(),
    stranger: makeKey(),
    sigstore: new LiveSigstore(),
    notation: { ours: chainOf(), others: chainOf() },
    notary: { root: makeKey(), releases: makeSigner("ecdsa-x509") },
    gpg: { vendor: new PgpKey(), stranger: new PgpKey(), release: new PgpKey("P-256", release.privateKey) },
  };
}
