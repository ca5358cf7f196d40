import { createHash } from "node:crypto";

import { FULCIO_EXTENSIONS, type FulcioExtension } from "../../../src/domain/fulcio-extensions.ts";
import { childrenOf, readDer } from "../../../src/crypto/der.ts";
import type { SigstoreRoot } from "../../../src/domain/trust.ts";
import { CA_EXTENSIONS, CODE_SIGNING, extension, issue, keyUsage, purposes, type Issued } from "./certificates.ts";
import { der, octets, oid, sequence } from "./der.ts";
import { makeKey, type SigningKey } from "./keys.ts";
import type { TestTimestampAuthority } from "./timestamp-authority.ts";
import type { VirtualLog } from "./virtual-log.ts";

export const ISSUER = "https://token.actions.githubusercontent.com";
export const WORKFLOW = "https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main";

const FULCIO = "1.3.6.1.4.1.57264.1";
const SCT_LIST = "1.3.6.1.4.1.11129.2.4.2";

/** A leaf. Each hook breaks one thing of an otherwise valid one. */
export type LeafOptions = {
  readonly key?: SigningKey;
  /** GeneralNames; by default the workflow as a URI. */
  readonly names?: readonly Buffer[];
  /** `null` leaves it out. */
  readonly issuer?: string | null;
  /** The issuer as the first extension has it, beside the other. */
  readonly oldIssuer?: string;
  readonly says?: Partial<Readonly<Record<FulcioExtension, string>>>;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly signer?: Issued;
  /** All extensions but the SCTs. */
  readonly extensions?: (proper: readonly Buffer[]) => readonly Buffer[];
  /** The timestamps in the certificate; none leaves the extension out. */
  readonly timestamps?: (proper: TimestampParts) => readonly Buffer[];
};

/** What a certificate transparency log signs, and with which key. */
export type TimestampParts = {
  readonly log: SigningKey;
  readonly issuer: Issued;
  /** The signed part without timestamps. */
  readonly tbs: Buffer;
  readonly at: string;
  readonly extensions: Buffer;
};

export const uri = (text: string): Buffer => der(0x86, Buffer.from(text));
export const email = (text: string): Buffer => der(0x81, Buffer.from(text));
export const hostName = (text: string): Buffer => der(0x82, Buffer.from(text));
export const otherName = (type: string, text: string): Buffer =>
  der(0xa0, oid(type), der(0xa0, der(0x0c, Buffer.from(text))));
export const userName = (text: string): Buffer => otherName(`${FULCIO}.7`, text);

export function alternativeNames(...names: readonly Buffer[]): Buffer {
  return extension("2.5.29.17", sequence(...names));
}

/** One SCT (RFC 6962 section 3.2). */
export function timestampOf({ log, issuer, tbs, at, extensions }: TimestampParts): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(Date.parse(at)));
  const issuerKey = createHash("sha256").update(issuer.key.der).digest();
  const entry = Buffer.concat([Buffer.of(0, 1), issuerKey, Buffer.of(0), counted(tbs)]);
  const signature = log.sign(Buffer.concat([Buffer.of(0, 0), time, entry, counted(extensions)]));
  const id = createHash("sha256").update(log.der).digest();
  return Buffer.concat([Buffer.of(0), id, time, counted(extensions), Buffer.of(4, 3), counted(signature)]);
}

function counted(bytes: Buffer): Buffer {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(bytes.length);
  return Buffer.concat([count, bytes]);
}

export function timestampList(...timestamps: readonly Buffer[]): Buffer {
  const list = counted(Buffer.concat(timestamps.map(counted)));
  return extension(SCT_LIST, octets(list), false);
}

/** Sigstore's certificate authority with its certificate transparency log. */
export class VirtualFulcio {
  readonly root: Issued;
  readonly intermediate: Issued;
  readonly log: SigningKey = makeKey("p256");

  /** `key` is what certificates are signed with. */
  constructor(key: SigningKey = makeKey("p256")) {
    this.root = issue({ name: "fulcio root", extensions: CA_EXTENSIONS });
    this.intermediate = issue({ name: "fulcio", issuer: this.root, key, extensions: CA_EXTENSIONS });
  }

  /** A certificate of ten minutes around the time that a virtual log states, for the workflow, and its key. */
  issue(options: LeafOptions = {}): Issued {
    const signer = options.signer ?? this.intermediate;
    const proper = [
      keyUsage(0x80, 7),
      purposes(false, CODE_SIGNING),
      alternativeNames(...(options.names ?? [uri(WORKFLOW)])),
      ...issuerExtensions(options),
      ...Object.entries(options.says ?? {}).map(([name, value]) => said(name as FulcioExtension, value)),
    ];
    const body = {
      name: "",
      issuer: signer,
      notBefore: options.notBefore ?? "2023-11-14T22:10:00Z",
      notAfter: options.notAfter ?? "2023-11-14T22:20:00Z",
      ...(options.key && { key: options.key }),
      extensions: options.extensions?.(proper) ?? proper,
    };
    const unlogged = issue(body);
    const tbs = Buffer.from(childrenOf(readDer(unlogged.der), 0x30)[0]!.bytes);
    const parts: TimestampParts = {
      log: this.log,
      issuer: signer,
      tbs,
      at: "2023-11-14T22:10:01Z",
      extensions: Buffer.alloc(0),
    };
    const timestamps = options.timestamps?.(parts) ?? [timestampOf(parts)];
    if (timestamps.length === 0) return unlogged;
    const extensions = [...body.extensions, timestampList(...timestamps)];
    return issue({ ...body, key: unlogged.key, serial: unlogged.serial, extensions });
  }

  /** The trusted root of an instance with this authority; `change` breaks it. */
  trustedRoot(
    log: VirtualLog,
    tsa?: TestTimestampAuthority,
    change: (root: TrustedRootJson) => object = (root) => root,
  ): SigstoreRoot {
    return { kind: "trusted-root", json: JSON.stringify(change(this.rootJson(log, tsa))), from: "root.json" };
  }

  rootJson(log: VirtualLog, tsa?: TestTimestampAuthority): TrustedRootJson {
    const root = JSON.parse(log.trustedRoot(undefined, tsa === undefined ? [] : [tsa.trust()])) as TrustedRootJson;
    const certificates = [this.intermediate, this.root].map((each) => ({ rawBytes: each.der.toString("base64") }));
    const validFor = { start: "2020-01-01T00:00:00Z" };
    const keyId = createHash("sha256").update(this.log.der).digest("base64");
    return {
      ...root,
      certificateAuthorities: [
        { subject: { commonName: "fulcio" }, uri: "https://fulcio.example.com", certChain: { certificates }, validFor },
      ],
      ctlogs: [
        {
          baseUrl: "https://ct.example.com",
          hashAlgorithm: "SHA2_256",
          publicKey: {
            rawBytes: this.log.der.toString("base64"),
            keyDetails: "PKIX_ECDSA_P256_SHA_256",
            validFor: { start: "2020-01-01T00:00:00Z" },
          },
          logId: { keyId },
        },
      ],
    };
  }
}

type Windowed = { validFor: Record<string, string> } & Record<string, unknown>;
export type TrustedRootJson = {
  mediaType: string;
  tlogs: ({ publicKey: Windowed } & Record<string, unknown>)[];
  ctlogs: ({ publicKey: Windowed } & Record<string, unknown>)[];
  certificateAuthorities: (Windowed & { certChain: { certificates: object[] } })[];
  timestampAuthorities: Windowed[];
} & Record<string, unknown>;

function issuerExtensions({ issuer = ISSUER, oldIssuer }: LeafOptions): readonly Buffer[] {
  return [
    ...(oldIssuer === undefined ? [] : [extension(`${FULCIO}.1`, Buffer.from(oldIssuer), false)]),
    ...(issuer === null ? [] : [said("issuer", issuer)]),
  ];
}

/** One of Fulcio's extensions in the form that its number has. */
export function said(name: FulcioExtension, value: string): Buffer {
  const arc = FULCIO_EXTENSIONS[name];
  const text = Buffer.from(value);
  return extension(`${FULCIO}.${arc}`, arc <= 6 ? text : der(0x0c, text), false);
}
