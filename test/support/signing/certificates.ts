import { sign } from "node:crypto";

import { bits, der, generalizedTime, integer, octets, oid, sequence, set, utcTime } from "./der.ts";
import { makeKey, type SigningKey } from "./keys.ts";

export const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
export const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";

/** A certificate with its key. */
export type Issued = {
  readonly der: Buffer;
  readonly pem: string;
  readonly key: SigningKey;
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly serial: number;
};

export type CertificateOptions = {
  readonly name: string;
  /** Absent: signs itself. */
  readonly issuer?: Issued;
  readonly key?: SigningKey;
  /** Another name than `name` alone. */
  readonly subject?: Buffer;
  /** The DER of a public key whose private key is somebody else's. */
  readonly spki?: Buffer;
  readonly serial?: number;
  readonly notBefore?: string;
  readonly notAfter?: string;
  /** Signed with SHA-1, and saying so. */
  readonly sha1?: boolean;
  /** All its extensions. */
  readonly extensions: readonly Buffer[];
};

let serials = 1;

const ECDSA_SHA1 = sequence(oid("1.2.840.10045.4.1"));
const RSA_SHA256 = sequence(oid("1.2.840.113549.1.1.11"), der(0x05));
export const ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));

export function nameOf(text: string): Buffer {
  return subjectOf(["2.5.4.3", text]);
}

/** A name of these attributes by their object identifiers, in this order. */
export function subjectOf(...attributes: readonly (readonly [string, string])[]): Buffer {
  return sequence(...attributes.map(([type, text]) => set(sequence(oid(type), der(0x0c, Buffer.from(text))))));
}

export function extension(name: string, value: Buffer, critical = true): Buffer {
  return sequence(oid(name), ...(critical ? [der(0x01, Buffer.of(0xff))] : []), octets(value));
}

export function basicConstraints(pathLength?: number): Buffer {
  const limit = pathLength === undefined ? [] : [integer(pathLength)];
  return extension("2.5.29.19", sequence(der(0x01, Buffer.of(0xff)), ...limit));
}

export function keyUsage(byte: number, unused: number): Buffer {
  return extension("2.5.29.15", bits(Buffer.of(byte), unused));
}

export function purposes(critical: boolean, ...oids: readonly string[]): Buffer {
  return extension("2.5.29.37", sequence(...oids.map(oid)), critical);
}

export const CA_EXTENSIONS = [basicConstraints(), keyUsage(0x06, 1)];
export const TSA_EXTENSIONS = [keyUsage(0x80, 7), purposes(true, TIME_STAMPING)];

export function issue(options: CertificateOptions): Issued {
  const key = options.key ?? makeKey("p256");
  const subject = options.subject ?? nameOf(options.name);
  const issuer = options.issuer?.subject ?? subject;
  const serial = options.serial ?? (serials += 1);
  const signer = options.issuer?.key ?? key;
  const algorithm = options.sha1 === true ? ECDSA_SHA1 : signer.kind.startsWith("rsa") ? RSA_SHA256 : ECDSA_SHA256;
  const tbs = sequence(
    der(0xa0, integer(2)),
    integer(serial),
    algorithm,
    issuer,
    sequence(time(options.notBefore ?? "2020-01-01T00:00:00Z"), time(options.notAfter ?? "2040-01-01T00:00:00Z")),
    subject,
    options.spki ?? key.der,
    ...(options.extensions.length === 0 ? [] : [der(0xa3, sequence(...options.extensions))]),
  );
  const signature = options.sha1 === true ? sign("sha1", tbs, signer.privateKey) : signer.sign(tbs);
  const certificate = sequence(tbs, algorithm, bits(signature));
  const pem = `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64").replaceAll(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
  return { der: certificate, pem, key, subject, issuer, serial };
}

/** RFC 5280 section 4.1.2.5. */
function time(at: string): Buffer {
  return at < "2050" ? utcTime(at) : generalizedTime(at);
}
