import type { Certificate } from "./certificate.ts";
import { childrenOf, derError, expected, oidOf, onlyChild, readDer, TAG, type DerValue } from "./der.ts";

const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
/** A name by which Fulcio's user name tokens go (sigstore/fulcio, docs/oid-info.md, 1.3.6.1.4.1.57264.1.7). */
const USER_NAME = "1.3.6.1.4.1.57264.1.7";

/** GeneralName's choices (RFC 5280 section 4.2.1.6). */
const OTHER_NAME = 0xa0;
const TEXT_NAMES: readonly number[] = [0x81, 0x82, 0x86];
const UTF8_STRING = 0x0c;

/** A service gives one name, a PKI of one's own a few. */
const MAX_NAMES = 32;

/**
 * Whom a certificate is for: the e-mail addresses, host names, URIs and Fulcio user names of its subject alternative name, as
 * they are written there. Names of other kinds are nobody's here. Throws `InputError`, also for a name with characters that
 * would show as something else.
 */
export function subjectNames({ extensions }: Certificate): readonly string[] {
  const extension = extensions.all.get(SUBJECT_ALTERNATIVE_NAME);
  if (extension === undefined) return [];
  const names = childrenOf(readDer(extension.value), TAG.sequence);
  if (names.length > MAX_NAMES) throw derError(`a certificate for more than ${MAX_NAMES} names`);
  return names.map(readName).filter((name) => name !== undefined);
}

function readName(value: DerValue): string | undefined {
  if (TEXT_NAMES.includes(value.tag)) return printable(value.content);
  if (value.tag !== OTHER_NAME) return undefined;
  const [type, wrapped, ...more] = childrenOf(value, OTHER_NAME);
  if (oidOf(type) !== USER_NAME || more.length > 0) return undefined;
  return utf8Of(onlyChild(wrapped, 0xa0));
}

/** IA5String without its control characters. */
function printable(bytes: Uint8Array): string {
  if (bytes.length === 0 || bytes.some((byte) => byte < 0x20 || byte > 0x7e)) {
    throw derError("a name with other characters than those of ASCII that print");
  }
  return Buffer.from(bytes).toString("latin1");
}

/** The text of a UTF8String. Throws `InputError` for another type, broken UTF-8 and control characters. */
export function utf8Of(value: DerValue | undefined): string {
  return readUtf8(expected(value, UTF8_STRING).content);
}

export function readUtf8(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("utf8");
  if (Buffer.compare(Buffer.from(text, "utf8"), bytes) !== 0) throw derError("a text that is no UTF-8");
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)) throw derError("a text with control characters");
  return text;
}
