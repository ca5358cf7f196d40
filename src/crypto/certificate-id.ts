import { hash } from "node:crypto";

import { hexOfBytes, type Certificate } from "./certificate.ts";
import { childrenOf, derError, expected, integerBytes, octetsOfBits, readDer, TAG, type DerValue } from "./der.ts";
import { algorithmOid } from "./signature-algorithm.ts";

/** SHA-1 only names here, and most authorities prepare answers under it alone (RFC 5019 section 2.1.1). */
const HASHES: ReadonlyMap<string, string> = new Map([
  ["1.3.14.3.2.26", "sha1"],
  ["2.16.840.1.101.3.4.2.1", "sha256"],
  ["2.16.840.1.101.3.4.2.2", "sha384"],
  ["2.16.840.1.101.3.4.2.3", "sha512"],
]);

/** The bits of a certificate's public key, as names made of keys hash them (RFC 6960 section 4.1.1). */
export function publicKeyBits({ tbs }: Certificate): Uint8Array {
  const [, , , , , , spki] = childrenOf(readDer(tbs), TAG.sequence);
  return octetsOfBits(childrenOf(spki, TAG.sequence)[1]);
}

/** Whether a CertID names this certificate of this issuer. False, too, for a hash that is not known. Throws `InputError`. */
export function isIdOf(id: DerValue | undefined, certificate: Certificate, issuer: Certificate): boolean {
  const [algorithm, nameHash, keyHash, serial, ...more] = childrenOf(id, TAG.sequence);
  if (more.length > 0) throw derError("a certificate's name of another form");
  const name = HASHES.get(algorithmOid(algorithm));
  if (hexOfBytes(integerBytes(serial)) !== certificate.serial || name === undefined) return false;
  return (
    isHash(nameHash, hash(name, Buffer.from(certificate.issuer, "hex"), "hex")) &&
    isHash(keyHash, hash(name, publicKeyBits(issuer), "hex"))
  );
}

function isHash(value: DerValue | undefined, hex: string): boolean {
  return hexOfBytes(expected(value, TAG.octetString).content) === hex;
}
