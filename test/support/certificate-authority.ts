import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { isIPv4 } from "node:net";

import type { ServerCertificate } from "./certificates.ts";

const DAY_MS = 86_400_000;

/** A certificate authority made on the spot, in a few lines of DER (RFC 5280), for machines without `openssl`. */
export class CertificateAuthority {
  /** Its own certificate. */
  readonly pem: string;
  readonly #privateKey: KeyObject = newKey();
  readonly #name: Buffer;

  constructor(commonName: string) {
    this.#name = distinguishedName(commonName);
    const extensions = [
      extension("2.5.29.19", sequence(BOOLEAN_TRUE), "critical"),
      extension("2.5.29.15", bits(0x06, 1), "critical"),
      extension("2.5.29.14", tlv(0x04, keyId(this.#privateKey))),
    ];
    this.pem = this.#certificate(this.#name, this.#privateKey, extensions);
  }

  /** A server's certificate for host names and IPv4 addresses, valid for two days, with its new key; all PEM. */
  issue(hosts: readonly string[]): ServerCertificate {
    const key = newKey();
    const extensions = [
      extension("2.5.29.19", sequence(), "critical"),
      extension("2.5.29.15", bits(0x80, 7), "critical"),
      extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.1"))),
      extension("2.5.29.17", sequence(...hosts.map(alternativeName))),
      extension("2.5.29.35", sequence(tlv(0x80, keyId(this.#privateKey)))),
    ];
    const cert = this.#certificate(distinguishedName(hosts[0] ?? "server"), key, extensions);
    return { cert, key: key.export({ type: "pkcs8", format: "pem" }).toString(), ca: this.pem };
  }

  /** RFC 5280 section 4.1. */
  #certificate(subject: Buffer, key: KeyObject, extensions: readonly Buffer[]): string {
    const body = sequence(
      tlv(0xa0, integer(Buffer.of(2))),
      integer(Buffer.concat([Buffer.of(0x01), randomBytes(15)])),
      ECDSA_WITH_SHA256,
      this.#name,
      sequence(time(Date.now() - DAY_MS), time(Date.now() + 2 * DAY_MS)),
      subject,
      spki(key),
      tlv(0xa3, sequence(...extensions)),
    );
    const signature = sign("sha256", body, this.#privateKey);
    const der = sequence(body, ECDSA_WITH_SHA256, tlv(0x03, Buffer.of(0), signature));
    const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
    return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  }
}

function newKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

function spki(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: "spki", format: "der" });
}

function keyId(key: KeyObject): Buffer {
  return createHash("sha1").update(spki(key)).digest();
}

function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tlv(0x30, ...parts);
}

/** Big-endian and positive: the first byte is below 0x80. */
function integer(bytes: Uint8Array): Buffer {
  return tlv(0x02, bytes);
}

function bits(byte: number, unused: number): Buffer {
  return tlv(0x03, Buffer.of(unused, byte));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(arc: number): readonly number[] {
  return arc < 0x80 ? [arc] : [...base128(arc >> 7).map((byte) => byte | 0x80), arc & 0x7f];
}

/** Years before 2050 are written with two digits (RFC 5280 section 4.1.2.5). */
function time(millis: number): Buffer {
  const digits = new Date(millis).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return tlv(0x17, Buffer.from(digits.slice(2), "latin1"));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(oid("2.5.4.3"), tlv(0x0c, Buffer.from(commonName)))));
}

function extension(id: string, value: Buffer, weight?: "critical"): Buffer {
  return sequence(oid(id), ...(weight === undefined ? [] : [BOOLEAN_TRUE]), tlv(0x04, value));
}

function alternativeName(host: string): Buffer {
  return isIPv4(host) ? tlv(0x87, Buffer.from(host.split(".").map(Number))) : tlv(0x82, Buffer.from(host, "latin1"));
}

const BOOLEAN_TRUE = tlv(0x01, Buffer.of(0xff));
const ECDSA_WITH_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));
