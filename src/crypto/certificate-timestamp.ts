import { hash } from "node:crypto";

import { instantOf, type Instant } from "../domain/instant.ts";
import type { Certificate } from "./certificate.ts";
import { derError, expected, readDer, TAG } from "./der.ts";
import { certificateTimestamps, withoutTimestamps } from "./precertificate.ts";
import { isSignedBy } from "./public-key.ts";
import { TlsReader } from "./tls-reader.ts";
import type { LogRoot, TransparencyLog } from "./transparency-log.ts";

export type CertificateLogCheck =
  | { readonly kind: "proved" }
  | { readonly kind: "missing"; readonly detail: string }
  | { readonly kind: "invalid"; readonly detail: string };

/** A log's promise to publish a certificate (RFC 6962 section 3.2). */
type Promised = {
  /** Hex. */
  readonly logId: string;
  readonly at: Instant;
  /** Version and type to extensions: what is not the certificate's in the signed bytes. */
  readonly head: Uint8Array;
  readonly extensions: Uint8Array;
  readonly signature: Uint8Array;
};

/** Real certificates have one or two. */
const MAX_TIMESTAMPS = 16;
/** Version, log, time. */
const HEAD = 1 + 32 + 8;
/** As far as `Date` goes. */
const MAX_TIME = 253_402_300_799_999n;

/**
 * Whether a certificate transparency log that is trusted at that time has promised to publish the certificate, in a timestamp
 * embedded in it. One that holds suffices: others may be of logs that nobody here knows. `issuer` is the certificate above
 * it in the chain that was verified. Throws `InputError` for timestamps that cannot be read.
 */
export function checkCertificateLog(leaf: Certificate, issuer: Certificate, logs: LogRoot): CertificateLogCheck {
  const extension = certificateTimestamps(leaf);
  if (extension === undefined) {
    return { kind: "missing", detail: "no timestamp of a certificate transparency log (SCT) is in the certificate" };
  }
  const promises = readList(expected(readDer(extension), TAG.octetString).content);
  const known = promises.flatMap((promise) =>
    logs.filter(({ id }) => id === promise.logId).map((log): [Promised, TransparencyLog] => [promise, log]),
  );
  if (known.length === 0) {
    return { kind: "invalid", detail: "its SCTs are of no certificate transparency log in the trust root" };
  }
  const entry = entryOf(leaf, issuer);
  if (known.some(([promise, log]) => inWindow(promise, log) && isPromisedBy(promise, entry, log))) {
    return { kind: "proved" };
  }
  const detail = known.every(([promise, log]) => !inWindow(promise, log))
    ? "its SCT is of a time at which the trust root does not trust the log"
    : "its SCT is not the log's word for this certificate";
  return { kind: "invalid", detail };
}

function inWindow({ at }: Promised, { notBefore, notAfter }: TransparencyLog): boolean {
  return (notBefore === undefined || at >= notBefore) && (notAfter === undefined || at <= notAfter);
}

/** `entry_type` precert_entry, the issuer's key and the certificate without its timestamps (RFC 6962 section 3.2). */
function entryOf(leaf: Certificate, issuer: Certificate): Uint8Array {
  const certificate = withoutTimestamps(leaf);
  const header = Buffer.alloc(2 + 32 + 3);
  header.writeUInt16BE(1, 0);
  header.set(hash("sha256", issuer.key.der, "buffer"), 2);
  header.writeUIntBE(certificate.length, 2 + 32, 3);
  return Buffer.concat([header, certificate]);
}

function isPromisedBy({ head, extensions, signature }: Promised, entry: Uint8Array, log: TransparencyLog): boolean {
  return isSignedBy(log.key, Buffer.concat([head, entry, extensions]), signature);
}

/** `SignedCertificateTimestampList` (RFC 6962 section 3.3): lengths of two bytes before the list and each of its members. */
function readList(bytes: Uint8Array): readonly Promised[] {
  const list = new TlsReader(bytes);
  const items = new TlsReader(list.vector());
  list.end();
  const promises: Promised[] = [];
  while (!items.isAtEnd()) {
    if (promises.length === MAX_TIMESTAMPS) throw derError(`more than ${MAX_TIMESTAMPS} SCTs in one certificate`);
    promises.push(readTimestamp(items.vector()));
  }
  if (promises.length === 0) throw derError("an empty list of SCTs");
  return promises;
}

function readTimestamp(bytes: Uint8Array): Promised {
  const reader = new TlsReader(bytes);
  const fixed = Buffer.from(reader.bytes(HEAD));
  const extensions = reader.vector();
  // The hash and signature algorithms that it names: the log's key says which it can be.
  reader.bytes(2);
  const signature = reader.vector();
  reader.end();
  if (fixed[0] !== 0) throw derError("an SCT not of version 1");
  const time = fixed.readBigUInt64BE(33);
  if (time > MAX_TIME) throw derError("an SCT of an impossible time");
  const length = Buffer.alloc(2);
  length.writeUInt16BE(extensions.length);
  return {
    logId: fixed.subarray(1, 33).toString("hex"),
    at: instantOf(Number(time)),
    // `signature_type` certificate_timestamp stands between the version and the time.
    head: Buffer.concat([Buffer.of(0, 0), fixed.subarray(33)]),
    extensions: Buffer.concat([length, extensions]),
    signature,
  };
}
