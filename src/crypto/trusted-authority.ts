import { InputError } from "../domain/errors.ts";
import { parseInstant, type Instant } from "../domain/instant.ts";
import {
  inside,
  optionalArray,
  optionalString,
  readStruct,
  requiredString,
  type JsonPlace,
  type JsonValue,
} from "../domain/json.ts";
import { decodeBase64 } from "./base64.ts";
import { parseCertificate, type Certificate } from "./certificate.ts";
import type { TimestampAuthority } from "./timestamp.ts";

/** Whose certificates say who signed. */
export type CertificateAuthority = {
  readonly intermediates: readonly Certificate[];
  readonly root: Certificate;
  /** The times at which it may have issued, both inclusive. */
  readonly notBefore: Instant;
  readonly notAfter: Instant | undefined;
};

const AUTHORITY_FIELDS = ["subject", "uri", "certChain", "validFor", "operator"];
const MAX_CHAIN = 10;

/** The chain goes from the leaf, which may be left out, to the root (sigstore_trustroot.proto, `cert_chain`). Throws `InputError`. */
export function parseTimestampAuthority(value: JsonValue, place: JsonPlace): TimestampAuthority {
  const { certificates, window } = parseAuthority(value, place);
  const authorities = certificates.filter((each, index) => index > 0 || each.extensions.isAuthority);
  return {
    leaf: certificates.length > authorities.length ? certificates[0] : undefined,
    ...issuersOf(authorities, place),
    ...window,
  };
}

/** The chain goes from the authority that issues to the root. Throws `InputError`. */
export function parseCertificateAuthority(value: JsonValue, place: JsonPlace): CertificateAuthority {
  const { certificates, window } = parseAuthority(value, place);
  return { ...issuersOf(certificates, place), ...window };
}

/** The last of a chain is its root. */
function issuersOf(
  chain: readonly Certificate[],
  place: JsonPlace,
): { readonly intermediates: readonly Certificate[]; readonly root: Certificate } {
  const root = chain.at(-1);
  if (root === undefined || !chain.every(({ extensions }) => extensions.isAuthority))
    throw new InputError("key", `${place.path}.certChain.certificates has no certificate of an authority`);
  return { intermediates: chain.slice(0, -1), root };
}

type Authority = { readonly certificates: readonly Certificate[]; readonly window: Window };

function parseAuthority(value: JsonValue, place: JsonPlace): Authority {
  const authority = readStruct(value, AUTHORITY_FIELDS, place);
  const at = inside(inside(place, "certChain"), "certificates");
  const chain = readStruct(authority.get("certChain"), ["certificates"], inside(place, "certChain"));
  const items = optionalArray(chain, "certificates", inside(place, "certChain")) ?? [];
  if (items.length > MAX_CHAIN) throw new InputError("key", `${at.path} has more than the ${MAX_CHAIN} allowed`);
  const certificates = items.map((item, index) => parseChainCertificate(item, inside(at, index)));
  return { certificates, window: parseWindow(authority.get("validFor"), inside(place, "validFor")) };
}

function parseChainCertificate(value: JsonValue, place: JsonPlace): Certificate {
  const item = readStruct(value, ["rawBytes"], place);
  const der = decodeBase64(requiredString(item, "rawBytes", place), `${place.path}.rawBytes`);
  try {
    return parseCertificate(der);
  } catch (cause) {
    if (!(cause instanceof InputError)) throw cause;
    throw new InputError("key", `${place.path} is not a certificate that can be used: ${cause.message}`, { cause });
  }
}

type Window = { readonly notBefore: Instant; readonly notAfter: Instant | undefined };

/** From when, and perhaps until when, both inclusive. Throws `InputError`, also where the beginning is not said. */
export function parseWindow(value: JsonValue | undefined, place: JsonPlace): Window {
  const window = readStruct(value, ["start", "end"], place);
  const end = optionalString(window, "end", place);
  return {
    notBefore: parseInstant(requiredString(window, "start", place)),
    notAfter: end === undefined ? undefined : parseInstant(end),
  };
}
