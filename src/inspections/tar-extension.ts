import { ambiguous, fault, malformed, quoted, type Fault } from "./fault.ts";
import { MAX_XATTR } from "./layer-limits.ts";
import type { PaxRecords } from "./pax-records.ts";
import type { TarHeader } from "./tar-header.ts";
import { isPaxTime, parseDecimal } from "./tar-numbers.ts";

/** What came before a header to amend it: PAX `x`, GNU `L` and `K`. */
export type Extension = {
  readonly pax: PaxRecords | undefined;
  readonly longName: string | undefined;
  readonly longLink: string | undefined;
};

export const NO_EXTENSION: Extension = { pax: undefined, longName: undefined, longLink: undefined };

const NUMBERS = ["uid", "gid", "size"] as const;
const TIMES = ["atime", "mtime", "ctime"] as const;

/** A PAX number already found readable; an empty one leaves the header's own. */
export function paxNumber(pax: PaxRecords, key: (typeof NUMBERS)[number]): number | undefined {
  const text = pax.get(key) ?? "";
  return text === "" ? undefined : parseDecimal(text);
}

/** Why an extension is refused: Go gives up on it, or readers disagree about it. */
export function refuseExtension(extension: Extension, pax: PaxRecords): Fault | undefined {
  return refuseMixture(extension, pax) ?? refuseValues(pax) ?? refuseKeys(pax);
}

/** Which of two counts depends on the reader (reference: inspection, 1.6). */
function refuseMixture(extension: Extension, pax: PaxRecords): Fault | undefined {
  const { longLink, longName } = extension;
  if (longName !== undefined && pax.has("path")) return ambiguous("an entry has both a GNU long name and a PAX path");
  if (longLink !== undefined && pax.has("linkpath")) {
    return ambiguous("an entry has both a GNU long link and a PAX linkpath");
  }
  // A PAX size was taken for the long name's own (CVE-2026-53655).
  if (pax.has("size") && (longName ?? longLink) !== undefined) {
    return ambiguous("an entry has both a GNU long name and a PAX size");
  }
  return /^[0-9]*$/.test(pax.get("size") ?? "") ? undefined : ambiguous("the PAX size has a sign or is no number");
}

/** Go's `mergePAX` fails on these. */
function refuseValues(pax: PaxRecords): Fault | undefined {
  for (const key of NUMBERS) {
    const text = pax.get(key) ?? "";
    if (text !== "" && parseDecimal(text) === undefined) return malformed(`the PAX ${key} is not a number`);
  }
  for (const key of TIMES) {
    const text = pax.get(key) ?? "";
    if (text !== "" && !isPaxTime(text)) return malformed(`the PAX ${key} is not a time`);
  }
  return undefined;
}

const OVERLAY_XATTR = /^SCHILY\.xattr\.(?:user|trusted)\.overlay\./;

function refuseKeys(pax: PaxRecords): Fault | undefined {
  for (const [key, value] of pax) {
    if (key.startsWith("GNU.sparse.")) return ambiguous("an entry is sparse");
    // containerd drops trusted.* where Docker sets it, and with it whole directories appear or vanish under overlayfs.
    if (OVERLAY_XATTR.test(key)) return ambiguous(`an entry has the overlay attribute ${quoted(key)}`);
    if (key.startsWith("SCHILY.xattr.") && value.length > MAX_XATTR)
      return fault("limit", `${quoted(key)} is too large`);
  }
  return undefined;
}

/** Keys of a global header that some readers apply to every later entry and Go to none. */
const GLOBAL_HARM = /^(?:path|linkpath|size|uid|gid|uname|gname|hdrcharset|GNU\.|SCHILY\.|LIBARCHIVE\.)/;
/** containerd removes what stands under the name of a global header, so only the names that real writers use may pass. */
const GLOBAL_NAME = /^(?:\.?\/)*(?:tmp\/)?(?:pax_global_header|GlobalHead\.[0-9]+\.[0-9]+)$/;

/** A PAX `g` header: ignored by Go, and harmless only if nobody else could make something of it. */
export function refuseGlobal(header: TarHeader, pax: PaxRecords): Fault | undefined {
  const harmful = [...pax.keys()].find((key) => GLOBAL_HARM.test(key));
  if (harmful !== undefined) return ambiguous(`a global PAX header sets ${quoted(harmful)}`);
  return GLOBAL_NAME.test(header.name) ? undefined : ambiguous(`a global PAX header is named ${quoted(header.name)}`);
}
