import { hash } from "node:crypto";

import { hexOfBytes, type Certificate } from "./certificate.ts";
import { childrenOf, expected, integerBytes, onlyChild, TAG, type DerValue } from "./der.ts";
import { hashAlgorithmOf } from "./signature-algorithm.ts";

const VERSION_1 = "1.2.840.113549.1.9.16.2.12";
const VERSION_2 = "1.2.840.113549.1.9.16.2.47";
const DIRECTORY_NAME = 0xa4;

/**
 * Whether the signed attributes name this certificate as the signer's (RFC 2634 section 5.4, RFC 5035, RFC 5816): at least
 * one of the two versions, and each that is there. Throws `InputError` for broken DER.
 */
export function namesSigner(attributes: ReadonlyMap<string, DerValue>, signer: Certificate): boolean {
  const [first, second] = [attributes.get(VERSION_1), attributes.get(VERSION_2)];
  if (first === undefined && second === undefined) return false;
  return (
    (first === undefined || namesByFirst(first, signer)) && (second === undefined || namesBySecond(second, signer))
  );
}

/** Whether the second version is there, by which the signer is named with a hash that is still safe. */
export function namesSignerByVersion2(attributes: ReadonlyMap<string, DerValue>): boolean {
  return attributes.has(VERSION_2);
}

/** The signer's is the first of the certificates that are named. */
function firstNamed(attribute: DerValue): readonly DerValue[] {
  const [list] = childrenOf(attribute, TAG.sequence);
  const [named] = childrenOf(list, TAG.sequence);
  return childrenOf(named, TAG.sequence);
}

/** Version 1 knows SHA-1 alone; a second certificate of one SHA-1 would need the authority's signature as well. */
function namesByFirst(attribute: DerValue, signer: Certificate): boolean {
  const [hashed, serial, ...more] = firstNamed(attribute);
  return more.length === 0 && isHash(hashed, hash("sha1", signer.der, "hex")) && isSerial(serial, signer);
}

/** SHA-256 is the default and then left out. */
function namesBySecond(attribute: DerValue, signer: Certificate): boolean {
  const parts = firstNamed(attribute);
  const named = parts[0]?.tag === TAG.sequence;
  const algorithm = named ? hashAlgorithmOf(parts[0]) : "sha256";
  const [hashed, serial, ...more] = named ? parts.slice(1) : parts;
  if (algorithm === undefined || more.length > 0) return false;
  return isHash(hashed, hash(algorithm, signer.der, "hex")) && isSerial(serial, signer);
}

function isHash(value: DerValue | undefined, hex: string): boolean {
  return hexOfBytes(expected(value, TAG.octetString).content) === hex;
}

function isSerial(value: DerValue | undefined, signer: Certificate): boolean {
  if (value === undefined) return true;
  const [names, serial] = childrenOf(value, TAG.sequence);
  const name = onlyChild(onlyChild(names, TAG.sequence), DIRECTORY_NAME);
  return hexOfBytes(name.bytes) === signer.issuer && hexOfBytes(integerBytes(serial)) === signer.serial;
}
