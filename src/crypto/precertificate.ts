import type { Certificate } from "./certificate.ts";
import { childrenOf, derOf, oidOf, onlyChild, readDer, TAG, type DerValue } from "./der.ts";

/** RFC 6962 section 3.3. */
const TIMESTAMP_LIST = "1.3.6.1.4.1.11129.2.4.2";
/** RFC 6962 section 3.1: marks a precertificate, which nobody accepts as a certificate, for it is critical and unknown. */
const POISON = "1.3.6.1.4.1.11129.2.4.3";
const EXTENSIONS = 0xa3;

/** What the extension with the timestamps of certificate transparency logs holds. */
export function certificateTimestamps({ extensions }: Certificate): Uint8Array | undefined {
  return extensions.all.get(TIMESTAMP_LIST)?.value;
}

/** The signed part of the certificate as the logs saw it, before their timestamps were put in (RFC 6962 section 3.2). */
export function withoutTimestamps({ tbs }: Certificate): Uint8Array {
  const parts = childrenOf(readDer(tbs), TAG.sequence);
  return derOf(
    TAG.sequence,
    parts.map((part) => (part.tag === EXTENSIONS ? keptExtensions(part) : part.bytes)),
  );
}

function keptExtensions(part: DerValue): Uint8Array {
  const kept = childrenOf(onlyChild(part, EXTENSIONS), TAG.sequence).filter((extension) => {
    const oid = oidOf(childrenOf(extension, TAG.sequence)[0]);
    return oid !== TIMESTAMP_LIST && oid !== POISON;
  });
  const list = derOf(
    TAG.sequence,
    kept.map(({ bytes }) => bytes),
  );
  return kept.length === 0 ? new Uint8Array() : derOf(EXTENSIONS, [list]);
}
