import type { Digest } from "../../../src/domain/digest.ts";
import type { KeylessAuthority } from "../../../src/domain/trust.ts";
import type { Artifact } from "./artifact.ts";
import { attest, type AttestationOptions } from "./attestation.ts";
import { keylessSpec } from "./authority-spec.ts";
import { signBundle, type BundleOptions } from "./bundle.ts";
import type { Issued } from "./certificates.ts";
import { signCosignLegacy, type CosignOptions } from "./cosign-signature.ts";
import { TestTimestampAuthority } from "./timestamp-authority.ts";
import { ISSUER, VirtualFulcio, WORKFLOW, type LeafOptions, type TrustedRootJson } from "./virtual-fulcio.ts";
import { VirtualLog } from "./virtual-log.ts";

type Keyless<T> = Partial<T> & { readonly leaf?: LeafOptions; readonly issued?: Issued };

/** A whole Sigstore instance, and how its users sign. Each hook breaks one thing of an otherwise valid signature. */
export class KeylessChain {
  readonly fulcio: VirtualFulcio;
  readonly log = new VirtualLog();
  readonly tsa = new TestTimestampAuthority();

  constructor(fulcio = new VirtualFulcio()) {
    this.fulcio = fulcio;
  }

  /** A `trusted_root.json` of it. */
  rootJson(): TrustedRootJson {
    return this.fulcio.rootJson(this.log, this.tsa);
  }

  /** What trusts this instance and the release workflow alone. */
  authority(change: Partial<KeylessAuthority> = {}, root?: (proper: TrustedRootJson) => object): KeylessAuthority {
    return keylessSpec({
      identities: [{ issuer: { kind: "exact", text: ISSUER }, subject: { kind: "exact", text: WORKFLOW } }],
      root: this.fulcio.trustedRoot(this.log, this.tsa, root),
      ...change,
    });
  }

  /** As cosign 2 does, under the `.sig` tag. */
  legacy(image: Digest, { leaf, issued = this.fulcio.issue(leaf), ...options }: Keyless<CosignOptions> = {}): Artifact {
    const certificate = { pem: issued.pem, chain: this.fulcio.intermediate.pem + this.fulcio.root.pem };
    return signCosignLegacy({ image, key: issued.key, certificate, log: this.log, ...options });
  }

  /** An attestation as cosign 2 makes it, under the `.att` tag. */
  attestation(
    image: Digest,
    { leaf, issued = this.fulcio.issue(leaf), ...options }: Keyless<AttestationOptions> = {},
  ): Artifact {
    const certificate = { pem: issued.pem, chain: this.fulcio.intermediate.pem + this.fulcio.root.pem };
    return attest({ image, key: issued.key, certificate, log: this.log, ...options });
  }

  /** As cosign 3 does, as a referrer. */
  bundle(image: Digest, { leaf, issued = this.fulcio.issue(leaf), ...options }: Keyless<BundleOptions> = {}): Artifact {
    return signBundle({ image, key: issued.key, certificate: issued, log: this.log, ...options });
  }

  /** A token of the instance's timestamp authority from the time at which the certificates are valid. */
  stamp(signature: Buffer, at = "2023-11-14T22:14:00Z"): Buffer {
    return this.tsa.stamp(signature, { at });
  }
}
