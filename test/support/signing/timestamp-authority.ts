import { hash } from "node:crypto";

import { ECDSA_SHA256, CA_EXTENSIONS, issue, TSA_EXTENSIONS, type Issued } from "./certificates.ts";
import { der, generalizedTime, integer, octets, oid, sequence, set } from "./der.ts";

export const TST_INFO = "1.2.840.113549.1.9.16.1.4";
const SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"));

/** A token over a message. Each hook breaks one thing of an otherwise valid one. */
export type TokenOptions = {
  readonly at?: string;
  readonly status?: number;
  readonly signer?: Issued;
  /** The bag; by default the signer alone. */
  readonly bag?: readonly Buffer[];
  readonly imprint?: Buffer;
  readonly policy?: string;
  /** What follows the time in the TSTInfo. */
  readonly more?: readonly Buffer[];
  readonly contentType?: string;
  /** The content after the digest of it was signed. */
  readonly content?: (proper: Buffer) => Buffer;
  readonly attributes?: (proper: readonly Buffer[]) => readonly Buffer[];
  /** The attributes after they were signed. */
  readonly alteredAttributes?: (proper: readonly Buffer[]) => readonly Buffer[];
  readonly sid?: Buffer;
  readonly digestAlgorithm?: Buffer;
  readonly signers?: (proper: Buffer) => readonly Buffer[];
};

export function attribute(name: string, value: Buffer): Buffer {
  return sequence(oid(name), set(value));
}

/** Names the signer by its hash, and by an issuer and a serial number if they are given. */
export function signingCertificate(signer: Issued, issuer?: Buffer, serial = signer.serial): Buffer {
  const name = issuer === undefined ? [] : [sequence(sequence(der(0xa4, issuer)), integer(serial))];
  const named = sequence(octets(sha256(signer.der)), ...name);
  return attribute("1.2.840.113549.1.9.16.2.47", sequence(sequence(named)));
}

export function sha256(bytes: Uint8Array): Buffer {
  return hash("sha256", bytes, "buffer");
}

/** A timestamp authority: a root, and the certificate that signs, by default straight below it. */
export class TestTimestampAuthority {
  readonly root: Issued;
  readonly leaf: Issued;

  constructor(leaf?: (root: Issued) => Issued, root = issue({ name: "stamp root", extensions: CA_EXTENSIONS })) {
    this.root = root;
    this.leaf = leaf?.(this.root) ?? issue({ name: "stamp", issuer: this.root, extensions: TSA_EXTENSIONS });
  }

  /** A TimeStampResp. */
  stamp(message: Uint8Array, options: TokenOptions = {}): Buffer {
    const signer = options.signer ?? this.leaf;
    const info = sequence(
      integer(1),
      oid(options.policy ?? "1.2.3.4"),
      options.imprint ?? sequence(SHA256, octets(sha256(message))),
      integer(42),
      generalizedTime(options.at ?? "2024-05-01T12:00:00Z"),
      ...(options.more ?? []),
    );
    const bag = options.bag ?? [signer.der];
    const signed = sequence(
      integer(3),
      set(SHA256),
      sequence(oid(options.contentType ?? TST_INFO), der(0xa0, octets(options.content?.(info) ?? info))),
      ...(bag.length === 0 ? [] : [der(0xa0, ...bag)]),
      set(...signerInfos(info, signer, options)),
    );
    const token = sequence(oid("1.2.840.113549.1.7.2"), der(0xa0, signed));
    return sequence(sequence(integer(options.status ?? 0)), token);
  }

  /** As a member of `timestampAuthorities` of a trusted root. */
  trust(
    chain: readonly Issued[] = [this.leaf, this.root],
    validFor: object = { start: "2020-01-01T00:00:00Z" },
  ): object {
    const certificates = chain.map((each) => ({ rawBytes: each.der.toString("base64") }));
    return {
      subject: { commonName: "stamp" },
      uri: "https://stamp.example.com",
      certChain: { certificates },
      validFor,
    };
  }
}

function signerInfos(info: Buffer, signer: Issued, options: TokenOptions): readonly Buffer[] {
  const proper = [
    attribute("1.2.840.113549.1.9.3", oid(TST_INFO)),
    attribute("1.2.840.113549.1.9.4", octets(sha256(info))),
    signingCertificate(signer),
  ];
  const attributes = options.attributes?.(proper) ?? proper;
  const signature = signer.key.sign(set(...attributes));
  const one = sequence(
    integer(options.sid?.[0] === 0x80 ? 3 : 1),
    options.sid ?? sequence(signer.issuer, integer(signer.serial)),
    options.digestAlgorithm ?? SHA256,
    der(0xa0, ...(options.alteredAttributes?.(attributes) ?? attributes)),
    ECDSA_SHA256,
    octets(signature),
  );
  return options.signers?.(one) ?? [one];
}
