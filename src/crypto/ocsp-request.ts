import { hash } from "node:crypto";

import { publicKeyBits } from "./certificate-id.ts";
import type { Certificate } from "./certificate.ts";
import { derOf, TAG } from "./der.ts";

const SHA1 = Buffer.from("300906052b0e03021a0500", "hex");

/** The OCSPRequest for one certificate, unsigned and without extensions (RFC 6960 section 4.1.1, RFC 5019 section 2.1.1). */
export function ocspRequest(certificate: Certificate, issuer: Certificate): Uint8Array {
  const name = hash("sha1", Buffer.from(certificate.issuer, "hex"), "buffer");
  const key = hash("sha1", publicKeyBits(issuer), "buffer");
  const serial = Buffer.from(certificate.serial, "hex");
  const id = sequence(
    SHA1,
    derOf(TAG.octetString, [name]),
    derOf(TAG.octetString, [key]),
    derOf(TAG.integer, [serial]),
  );
  return sequence(sequence(sequence(sequence(id))));
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return derOf(TAG.sequence, parts);
}
