import {
  booleanOf,
  childrenOf,
  derError,
  expected,
  oidOf,
  onlyChild,
  readDer,
  smallInteger,
  TAG,
  type DerValue,
} from "./der.ts";

/** What the extensions of a certificate say (RFC 5280 section 4.2). */
export type Extensions = {
  readonly isAuthority: boolean;
  /** How many certificates of authorities may stand between it and a leaf. */
  readonly pathLength: number | undefined;
  /** `undefined` if the certificate does not limit what its key is for. */
  readonly keyUsage:
    | {
        readonly critical: boolean;
        /** The names of RFC 5280 section 4.2.1.3. */
        readonly allowed: readonly KeyUsage[];
        readonly digitalSignature: boolean;
        readonly certificateSigning: boolean;
      }
    | undefined;
  readonly purposes: { readonly critical: boolean; readonly oids: readonly string[] } | undefined;
  /** Hex. */
  readonly subjectKeyId: string | undefined;
  /** All of them by name, for those who know more kinds. */
  readonly all: ReadonlyMap<string, Extension>;
  /** An extension that must be understood and is not: the certificate may not be used. */
  readonly refused: string | undefined;
};

const SUBJECT_KEY_ID = "2.5.29.14";
const KEY_USAGE = "2.5.29.15";
const BASIC_CONSTRAINTS = "2.5.29.19";
const NAME_CONSTRAINTS = "2.5.29.30";
const EXTENDED_KEY_USAGE = "2.5.29.37";

/** Alternative names, policies and the authority's key id limit nothing that is relied upon here. */
const HARMLESS = ["2.5.29.17", "2.5.29.18", "2.5.29.32", "2.5.29.35"];
const UNDERSTOOD = [SUBJECT_KEY_ID, KEY_USAGE, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, ...HARMLESS];

/** What stands in one extension: `value` is the DER inside the octet string. */
export type Extension = { readonly critical: boolean; readonly value: Uint8Array };

/** In the order of their bits. */
const KEY_USAGES = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;
export type KeyUsage = (typeof KEY_USAGES)[number];

/** Reads the part `[3]`, which may be absent. Throws `InputError`. */
export function readExtensions(part: DerValue | undefined): Extensions {
  const found = part === undefined ? new Map<string, Extension>() : readExtensionList(onlyChild(part, 0xa3));
  const refused = [...found].find(
    ([oid, { critical }]) => oid === NAME_CONSTRAINTS || (critical && !UNDERSTOOD.includes(oid)),
  );
  const keyId = found.get(SUBJECT_KEY_ID);
  return {
    ...readBasicConstraints(found.get(BASIC_CONSTRAINTS)),
    keyUsage: readKeyUsage(found.get(KEY_USAGE)),
    purposes: readPurposes(found.get(EXTENDED_KEY_USAGE)),
    subjectKeyId: keyId && Buffer.from(expected(readDer(keyId.value), TAG.octetString).content).toString("hex"),
    all: found,
    refused: refused?.[0],
  };
}

/** An `Extensions` sequence, of a certificate or of whatever else has one. Throws `InputError`. */
export function readExtensionList(list: DerValue | undefined): ReadonlyMap<string, Extension> {
  const found = new Map<string, Extension>();
  for (const each of childrenOf(list, TAG.sequence)) {
    const [id, ...rest] = childrenOf(each, TAG.sequence);
    const oid = oidOf(id);
    // RFC 5280 section 4.2: of two with one name, two readers may obey different ones.
    if (found.has(oid)) throw derError(`the extension ${oid} twice`);
    const critical = rest.length === 2 && booleanOf(rest[0]);
    if (rest.length > 2) throw derError("an extension of another form");
    found.set(oid, { critical, value: expected(rest.at(-1), TAG.octetString).content });
  }
  return found;
}

function readBasicConstraints(extension: Extension | undefined): Pick<Extensions, "isAuthority" | "pathLength"> {
  if (extension === undefined) return { isAuthority: false, pathLength: undefined };
  const parts = childrenOf(readDer(extension.value), TAG.sequence);
  const isAuthority = parts[0]?.tag === TAG.boolean && booleanOf(parts[0]);
  const rest = parts[0]?.tag === TAG.boolean ? parts.slice(1) : parts;
  if (rest.length > 1) throw derError("basic constraints of another form");
  return { isAuthority, pathLength: rest.length === 0 ? undefined : smallInteger(rest[0]) };
}

/** Bits are counted from the left (RFC 5280 section 4.2.1.3). */
function readKeyUsage(extension: Extension | undefined): Extensions["keyUsage"] {
  if (extension === undefined) return undefined;
  const { content } = expected(readDer(extension.value), TAG.bitString);
  const [unused = 8, first = 0, second = 0] = content;
  if (unused > 7 || content.length > 3) throw derError("a key usage of another form");
  const bits = first * 256 + second;
  const allowed = KEY_USAGES.filter((_, bit) => (bits & (0x8000 >> bit)) !== 0);
  return {
    critical: extension.critical,
    allowed,
    digitalSignature: allowed.includes("digitalSignature"),
    certificateSigning: allowed.includes("keyCertSign"),
  };
}

function readPurposes(extension: Extension | undefined): Extensions["purposes"] {
  if (extension === undefined) return undefined;
  const oids = childrenOf(readDer(extension.value), TAG.sequence).map(oidOf);
  if (oids.length === 0) throw derError("no extended key usage in the extension of that name");
  return { critical: extension.critical, oids };
}
