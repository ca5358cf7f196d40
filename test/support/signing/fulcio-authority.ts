import { hash } from "node:crypto";

import {
  basicConstraints,
  CODE_SIGNING,
  extension,
  issue,
  keyUsage,
  purposes,
  type CertificateOptions,
  type Issued,
} from "./certificates.ts";
import { der, octets, oid, sequence, set } from "./der.ts";
import type { VirtualCertificateLog } from "./certificate-log.ts";

const FULCIO = "1.3.6.1.4.1.57264.1";

/** Who a certificate is for, and what it says of how that was proved. */
export type Identity = {
  /** A mail address, or a URI. */
  readonly san: { readonly email: string } | { readonly uri: string };
  /** By the last arc below Fulcio's own: 1 to 6 are bare text, 8 and above DER UTF8Strings (docs/oid-info.md of Fulcio). */
  readonly claims: Readonly<Record<number, string>>;
};

export type LeafOptions = {
  readonly identity: Identity;
  /** The DER of the client's public key. Absent: a new key. */
  readonly spki?: Buffer;
  readonly key?: Issued["key"];
  readonly notBefore: string;
  readonly notAfter: string;
  /** Absent: no promise of a log. */
  readonly log?: VirtualCertificateLog | undefined;
};

/** A certificate authority as Fulcio is one: a root, an intermediate for signing code, and leaves that name an identity. */
export class FulcioAuthority {
  readonly root: Issued;
  readonly intermediate: Issued;

  constructor(name: string, notAfter = "2070-01-01T00:00:00Z") {
    const rootName = subjectOf(["2.5.4.10", name], ["2.5.4.3", `${name} root`]);
    this.root = issue({
      name,
      subject: rootName,
      notAfter,
      extensions: [keyUsage(0x06, 1), basicConstraints(1)],
    });
    this.intermediate = issue({
      name,
      subject: subjectOf(["2.5.4.10", name], ["2.5.4.3", `${name} intermediate`]),
      issuer: this.root,
      notAfter,
      extensions: [keyUsage(0x06, 1), purposes(false, CODE_SIGNING), basicConstraints(0), authorityKey(this.root)],
    });
  }

  /** Intermediate, then root; PEM. */
  get chain(): string {
    return this.intermediate.pem + this.root.pem;
  }

  issue({ identity, log, ...options }: LeafOptions): Issued {
    const settled: CertificateOptions & { readonly issuer: Issued } = {
      ...options,
      name: "",
      subject: sequence(),
      issuer: this.intermediate,
      extensions: [
        keyUsage(0x80, 7),
        purposes(false, CODE_SIGNING),
        authorityKey(this.intermediate),
        alternativeName(identity),
        ...Object.entries(identity.claims).map(([arc, text]) => claim(Number(arc), text)),
      ],
    };
    return log === undefined ? issue(settled) : log.issue(settled);
  }

  /** As a member of `certificateAuthorities` of a trusted root. */
  trust(): object {
    return {
      subject: { organization: "example.com", commonName: "fulcio" },
      uri: "https://fulcio.example.com",
      certChain: {
        certificates: [this.intermediate, this.root].map((each) => ({ rawBytes: each.der.toString("base64") })),
      },
      validFor: { start: "2020-01-01T00:00:00Z" },
    };
  }
}

/** A name of these attributes, in this order. */
export function subjectOf(...attributes: readonly (readonly [string, string])[]): Buffer {
  return sequence(...attributes.map(([id, text]) => set(sequence(oid(id), der(0x0c, Buffer.from(text))))));
}

/** RFC 5280 section 4.2.1.1, by the first method of section 4.2.1.2. */
function authorityKey({ key }: Issued): Buffer {
  const id = hash("sha1", key.der.subarray(-65), "buffer");
  return extension("2.5.29.35", sequence(der(0x80, id)), false);
}

/** Critical, because the subject is empty (RFC 5280 section 4.2.1.6). */
function alternativeName({ san }: Identity): Buffer {
  const name = "email" in san ? der(0x81, Buffer.from(san.email)) : der(0x86, Buffer.from(san.uri));
  return extension("2.5.29.17", sequence(name));
}

function claim(arc: number, text: string): Buffer {
  const value = Buffer.from(text);
  return sequence(oid(`${FULCIO}.${arc}`), octets(arc < 8 ? value : der(0x0c, value)));
}
