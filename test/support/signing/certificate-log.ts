import { hash } from "node:crypto";

import { childrenOf, readDer, TAG } from "../../../src/crypto/der.ts";
import { extension, issue, type CertificateOptions, type Issued } from "./certificates.ts";
import { octets } from "./der.ts";
import { makeKey, type SigningKey } from "./keys.ts";

const SCT_LIST = "1.3.6.1.4.1.11129.2.4.2";

/** A certificate transparency log in memory: its key, and its promises that certificates carry (RFC 6962 section 3.2). */
export class VirtualCertificateLog {
  readonly key: SigningKey = makeKey("p256");
  readonly id: Buffer = hash("sha256", this.key.der, "buffer");

  /** Issues a certificate that carries this log's promise, made at a time in milliseconds. */
  issue(options: CertificateOptions & { readonly issuer: Issued }, at: number = Date.now()): Issued {
    const settled = { ...options, key: options.key ?? makeKey("p256"), serial: options.serial ?? nextSerial() };
    const sct = this.#sct(tbsOf(issue(settled)), options.issuer.key.der, at);
    const list = octets(prefixed(prefixed(sct, 2), 2));
    return issue({ ...settled, extensions: [...options.extensions, extension(SCT_LIST, list, false)] });
  }

  /** For a certificate to be, as the log sees it: without the promise. */
  #sct(tbs: Uint8Array, issuerKey: Uint8Array, at: number): Buffer {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(at));
    const entry = Buffer.concat([Buffer.of(0, 1), hash("sha256", issuerKey, "buffer"), prefixed(tbs, 3)]);
    const noExtensions = Buffer.of(0, 0);
    const signature = this.key.sign(Buffer.concat([Buffer.of(0, 0), time, entry, noExtensions]));
    const sha256WithEcdsa = Buffer.of(4, 3);
    return Buffer.concat([Buffer.of(0), this.id, time, noExtensions, sha256WithEcdsa, prefixed(signature, 2)]);
  }

  /** As a member of `ctlogs` of a trusted root. */
  trust(): object {
    return {
      baseUrl: "https://ct.example.com",
      hashAlgorithm: "SHA2_256",
      publicKey: {
        rawBytes: this.key.der.toString("base64"),
        keyDetails: "PKIX_ECDSA_P256_SHA_256",
        validFor: { start: "2020-01-01T00:00:00Z" },
      },
      logId: { keyId: this.id.toString("base64") },
    };
  }
}

let serials = 1_000_000;

function nextSerial(): number {
  return (serials += 1);
}

function tbsOf(issued: Issued): Uint8Array {
  return childrenOf(readDer(issued.der), TAG.sequence)[0]!.bytes;
}

/** Bytes behind their length in so many bytes (RFC 5246 section 4.3). */
function prefixed(bytes: Uint8Array, width: number): Buffer {
  const length = Buffer.alloc(width);
  length.writeUIntBE(bytes.length, 0, width);
  return Buffer.concat([length, bytes]);
}
