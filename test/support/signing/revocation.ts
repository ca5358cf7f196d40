import { createHash } from "node:crypto";

import { parseCertificate, type Certificate } from "../../../src/crypto/certificate.ts";
import {
  basicConstraints,
  CODE_SIGNING,
  ECDSA_SHA256,
  extension,
  issue,
  keyUsage,
  purposes,
  type CertificateOptions,
  type Issued,
} from "./certificates.ts";
import { bits, der, generalizedTime, integer, octets, oid, sequence, utcTime } from "./der.ts";

export const OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";
const SHA1 = sequence(oid("1.3.14.3.2.26"), der(0x05));
export const SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"));

/** keyCertSign and cRLSign. */
export const AUTHORITY_EXTENSIONS = [basicConstraints(), keyUsage(0x06, 1)];
export const LEAF_EXTENSIONS = [keyUsage(0x80, 7), purposes(false, CODE_SIGNING)];
export const NO_CHECK = extension("1.3.6.1.5.5.7.48.1.5", der(0x05), false);

/** GeneralNames that are URIs. */
function uris(urls: readonly string[]): Buffer[] {
  return urls.map((url) => der(0x86, Buffer.from(url, "latin1")));
}

/** Authority information access: where OCSP responders are. */
export function ocspAt(...urls: readonly string[]): Buffer {
  const places = uris(urls).map((name) => sequence(oid("1.3.6.1.5.5.7.48.1"), name));
  return extension("1.3.6.1.5.5.7.1.1", sequence(...places), false);
}

/** One point of several addresses. */
export function pointOf(urls: readonly string[], ...more: readonly Buffer[]): Buffer {
  return sequence(der(0xa0, der(0xa0, ...uris(urls))), ...more);
}

export function listsAt(...points: readonly Buffer[]): Buffer {
  return extension("2.5.29.31", sequence(...points), false);
}

export function changesAt(...urls: readonly string[]): Buffer {
  return extension("2.5.29.46", sequence(pointOf(urls)), false);
}

export type RevokedEntry = {
  readonly serial: number;
  readonly at?: string;
  readonly reason?: number;
  readonly invalidAt?: string;
  readonly extensions?: readonly Buffer[];
};

function entryExtensions({ reason, invalidAt, extensions = [] }: Partial<RevokedEntry>): Buffer[] {
  const all = [
    ...(reason === undefined ? [] : [extension("2.5.29.21", der(0x0a, Buffer.of(reason)), false)]),
    ...(invalidAt === undefined ? [] : [extension("2.5.29.24", generalizedTime(invalidAt), false)]),
    ...extensions,
  ];
  return all.length === 0 ? [] : [sequence(...all)];
}

/** A list. Each option breaks or changes one thing of a valid one. */
export type ListOptions = {
  readonly thisUpdate?: string;
  readonly nextUpdate?: string | null;
  readonly number?: number | null;
  readonly changesSince?: number;
  readonly entries?: readonly RevokedEntry[];
  readonly scope?: Buffer;
  readonly extensions?: readonly Buffer[];
  readonly issuer?: Buffer;
  readonly signer?: Issued;
  readonly version?: number;
  /** The algorithm beside the signature, where another was signed. */
  readonly outer?: Buffer;
  /** What follows the last part of what is signed, of the whole, and of each entry. */
  readonly tails?: { readonly signed?: Buffer; readonly whole?: Buffer; readonly entry?: Buffer };
};

export const FROM = "2024-05-01T00:00:00Z";
export const UNTIL = "2024-05-08T00:00:00Z";

export function listOf(authority: Issued, options: ListOptions = {}): Buffer {
  const { entries = [], scope, nextUpdate = UNTIL, number = 1, changesSince, tails = {} } = options;
  const revoked = entries.map((entry) =>
    sequence(
      integer(entry.serial),
      utcTime(entry.at ?? "2024-04-01T00:00:00Z"),
      ...entryExtensions(entry),
      ...one(tails.entry),
    ),
  );
  const extensions = [
    ...(number === null ? [] : [extension("2.5.29.20", integer(number), false)]),
    ...(changesSince === undefined ? [] : [extension("2.5.29.27", integer(changesSince))]),
    ...(scope === undefined ? [] : [extension("2.5.29.28", scope)]),
    ...(options.extensions ?? []),
  ];
  const tbs = sequence(
    integer(options.version ?? 1),
    ECDSA_SHA256,
    options.issuer ?? authority.subject,
    utcTime(options.thisUpdate ?? FROM),
    ...(nextUpdate === null ? [] : [utcTime(nextUpdate)]),
    ...(revoked.length === 0 ? [] : [sequence(Buffer.concat(revoked))]),
    ...(extensions.length === 0 ? [] : [der(0xa0, sequence(...extensions))]),
    ...one(tails.signed),
  );
  const signature = bits((options.signer ?? authority).key.sign(tbs));
  return sequence(tbs, options.outer ?? ECDSA_SHA256, signature, ...one(tails.whole));
}

function one(part: Buffer | undefined): Buffer[] {
  return part === undefined ? [] : [part];
}

/** An issuing distribution point of these addresses and flags. */
export function scopeOf(urls: readonly string[] | undefined, ...flags: readonly Buffer[]): Buffer {
  return sequence(...(urls === undefined ? [] : [der(0xa0, der(0xa0, ...uris(urls)))]), ...flags);
}

export const flag = (tag: number): Buffer => der(tag, Buffer.of(0xff));

/** An answer. Each option breaks or changes one thing of a valid one, which says that the certificate is good. */
export type AnswerOptions = {
  readonly status?: "good" | "unknown" | Omit<RevokedEntry, "serial">;
  readonly thisUpdate?: string;
  readonly nextUpdate?: string | null;
  readonly producedAt?: string;
  readonly hash?: "sha1" | "sha256";
  readonly responder?: "name" | "key";
  /** Who signs, if not the issuer. */
  readonly signer?: Issued;
  readonly bag?: readonly Buffer[];
  /** Another certificate's number. */
  readonly serial?: number;
  readonly about?: (proper: Buffer) => Buffer;
  /** Single responses, of the proper one. */
  readonly singles?: (proper: Buffer) => readonly Buffer[];
  readonly extensions?: readonly Buffer[];
  readonly version?: Buffer;
  readonly type?: string;
  /** What follows the last part of what is signed, of the signed whole, and of what wraps it. */
  readonly tails?: { readonly signed?: Buffer; readonly whole?: Buffer; readonly wrapper?: Buffer };
};

/** The CertID of a certificate by its issuer. */
export function idOf(issuer: Issued, serial: number, hash: "sha1" | "sha256" = "sha1"): Buffer {
  const digest = (bytes: Uint8Array): Buffer => octets(createHash(hash).update(bytes).digest());
  return sequence(hash === "sha1" ? SHA1 : SHA256, digest(issuer.subject), digest(keyBits(issuer)), integer(serial));
}

/** A P-256 key's point, which ends its SubjectPublicKeyInfo. */
function keyBits(issued: Issued): Buffer {
  return issued.key.der.subarray(-65);
}

function statusOf(status: AnswerOptions["status"]): Buffer {
  if (status === undefined || status === "good") return der(0x80);
  if (status === "unknown") return der(0x82);
  const reason = status.reason === undefined ? [] : [der(0xa0, der(0x0a, Buffer.of(status.reason)))];
  return der(0xa1, generalizedTime(status.at ?? "2024-04-01T00:00:00Z"), ...reason);
}

/** An answer says it in its status. */
function withoutReason({ reason: _, ...others }: Omit<RevokedEntry, "serial">): Partial<RevokedEntry> {
  return others;
}

export function answerOf(certificate: Issued, issuer: Issued, options: AnswerOptions = {}): Buffer {
  const { status, nextUpdate = UNTIL, signer = issuer, hash } = options;
  const revoked = typeof status === "object" ? entryExtensions(withoutReason(status)) : [];
  const id = idOf(issuer, options.serial ?? certificate.serial, hash);
  const single = sequence(
    options.about?.(id) ?? id,
    statusOf(status),
    generalizedTime(options.thisUpdate ?? FROM),
    ...(nextUpdate === null ? [] : [der(0xa0, generalizedTime(nextUpdate))]),
    ...revoked.map((list) => der(0xa1, list)),
  );
  const byKey = der(0xa2, octets(createHash("sha1").update(keyBits(signer)).digest()));
  const data = sequence(
    ...(options.version === undefined ? [] : [options.version]),
    options.responder === "key" ? byKey : der(0xa1, signer.subject),
    generalizedTime(options.producedAt ?? FROM),
    sequence(...(options.singles?.(single) ?? [single])),
    ...(options.extensions === undefined ? [] : [der(0xa1, sequence(...options.extensions))]),
    ...one(options.tails?.signed),
  );
  const bag = options.bag ?? (signer === issuer ? [] : [signer.der]);
  const basic = sequence(
    data,
    ECDSA_SHA256,
    bits(signer.key.sign(data)),
    ...(bag.length === 0 ? [] : [der(0xa0, sequence(...bag))]),
    ...one(options.tails?.whole),
  );
  const type = oid(options.type ?? "1.3.6.1.5.5.7.48.1.1");
  return responseOf(0, sequence(type, octets(basic), ...one(options.tails?.wrapper)));
}

/** An OCSPResponse of a status, which has a body only if it is 0. */
export function responseOf(status: number, body?: Buffer): Buffer {
  return sequence(der(0x0a, Buffer.of(status)), ...(body === undefined ? [] : [der(0xa0, body)]));
}

export type TestChain = {
  readonly root: Issued;
  readonly authority: Issued;
  readonly leaf: Issued;
  /** From the leaf to the root. */
  readonly chain: readonly Certificate[];
};

/** A leaf below an authority below a root; `leaf` and `authority` are where these two say that revocation is told. */
export function chainOf(leaf: readonly Buffer[], authority: readonly Buffer[] = []): TestChain {
  const root = issue({ name: "revocation root", extensions: AUTHORITY_EXTENSIONS });
  const middle = issue({
    name: "revocation authority",
    issuer: root,
    extensions: [...AUTHORITY_EXTENSIONS, ...authority],
  });
  const end = issue({ name: "signer", issuer: middle, extensions: [...LEAF_EXTENSIONS, ...leaf] });
  return { root, authority: middle, leaf: end, chain: [end, middle, root].map(({ der }) => parseCertificate(der)) };
}

/** An authority's delegate for OCSP. */
export function delegateOf(issuer: Issued, options: Partial<CertificateOptions> = {}): Issued {
  const extensions = [keyUsage(0x80, 7), purposes(false, OCSP_SIGNING), NO_CHECK];
  return issue({ name: "responder", issuer, extensions, ...options });
}
