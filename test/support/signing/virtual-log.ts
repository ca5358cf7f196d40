import { createHash } from "node:crypto";

import { canonicalJson } from "../../../src/crypto/canonical-json.ts";
import { leafHash, nodeHash } from "../../../src/crypto/merkle-tree.ts";
import type { TrustRoot } from "../../../src/domain/trust.ts";
import { makeKey, type SigningKey } from "./keys.ts";

/** One entry with all that a log can say for it, in the plain values of Rekor's API. */
export type VirtualEntry = {
  readonly body: Buffer;
  /** Hex. */
  readonly logId: string;
  readonly logIndex: number;
  /** Seconds since 1970. */
  readonly integratedTime: number;
  readonly set: Buffer;
  readonly proof: VirtualProof;
};

export type VirtualProof = {
  readonly logIndex: number;
  readonly treeSize: number;
  readonly rootHash: Buffer;
  readonly hashes: readonly Buffer[];
  readonly checkpoint: string;
};

/** A transparency log in memory: its key, its tree, its promises. The tree is numbered apart from the entries, like a shard. */
export class VirtualLog {
  readonly key: SigningKey;
  readonly origin: string;
  readonly logId: string;
  readonly #leaves: Buffer[] = [];
  readonly #offset: number;

  constructor(options: { readonly key?: SigningKey; readonly origin?: string; readonly offset?: number } = {}) {
    this.key = options.key ?? makeKey("p256");
    this.origin = options.origin ?? "log.example.com";
    this.logId = this.key.kind === "ed25519" ? noteId(this.origin, this.key) : sha256(this.key.der).toString("hex");
    this.#offset = options.offset ?? 1000;
    for (const filler of ["one", "two", "three"]) this.#leaves.push(Buffer.from(filler));
  }

  /** Logs a body at a time in seconds. The proof is against the tree as it is right afterwards. */
  append(body: Buffer, integratedTime = 1_700_000_000): VirtualEntry {
    const index = this.#leaves.push(body) - 1;
    const entry = { body, logId: this.logId, logIndex: this.#offset + index, integratedTime };
    return { ...entry, set: this.promise(entry), proof: this.prove(index) };
  }

  /** The signed entry timestamp over any four values. */
  promise(entry: Omit<VirtualEntry, "set" | "proof">): Buffer {
    const { body, logId, logIndex, integratedTime } = entry;
    return this.key.sign(
      Buffer.from(canonicalJson({ body: body.toString("base64"), integratedTime, logID: logId, logIndex })),
    );
  }

  prove(index: number): VirtualProof {
    const rootHash = treeHash(this.#leaves);
    const treeSize = this.#leaves.length;
    const hashes = path(index, this.#leaves);
    return { logIndex: index, treeSize, rootHash, hashes, checkpoint: this.checkpoint(treeSize, rootHash) };
  }

  /** A signed note over any size and root; `origin` may be another's. */
  checkpoint(treeSize: number, rootHash: Buffer, origin = `${this.origin} - 42`): string {
    const text = `${origin}\n${treeSize}\n${rootHash.toString("base64")}\n`;
    const hint = Buffer.from(this.logId, "hex").subarray(0, 4);
    const signature = Buffer.concat([hint, this.key.sign(Buffer.from(text))]);
    return `${text}\n\u2014 ${this.origin} ${signature.toString("base64")}\n`;
  }

  /** As an authority's trust root. */
  get trust(): TrustRoot {
    return { kind: "rekor-keys", keys: [{ pem: this.key.pem, from: "log key" }] };
  }

  /** As a sigstore trusted root with a window, and with timestamp authorities. */
  trustedRoot(
    window: Readonly<Record<string, string>> = { start: "2020-01-01T00:00:00Z" },
    timestampAuthorities: readonly object[] = [],
  ): string {
    return JSON.stringify({
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [
        {
          baseUrl: `https://${this.origin}`,
          hashAlgorithm: "SHA2_256",
          publicKey: {
            rawBytes: this.key.der.toString("base64"),
            keyDetails: this.key.kind === "ed25519" ? "PKIX_ED25519" : "PKIX_ECDSA_P256_SHA_256",
            validFor: window,
          },
          logId: { keyId: Buffer.from(this.logId, "hex").toString("base64") },
        },
      ],
      certificateAuthorities: [],
      ctlogs: [],
      timestampAuthorities,
    });
  }
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

function noteId(origin: string, key: SigningKey): string {
  return sha256(Buffer.concat([Buffer.from(`${origin}\n\u0001`), key.der.subarray(-32)])).toString("hex");
}

/** The largest power of two below n. */
function splitOf(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** The tree's definition itself (RFC 6962 section 2.1), by recursion: slow, and not how the verifier works. */
export function treeHash(leaves: readonly Uint8Array[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return sha256(Buffer.alloc(0));
  if (leaves.length === 1) return Buffer.from(leafHash(only));
  const k = splitOf(leaves.length);
  return Buffer.from(nodeHash(treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k))));
}

/** RFC 6962 section 2.1.1. */
export function path(index: number, leaves: readonly Uint8Array[]): Buffer[] {
  if (leaves.length <= 1) return [];
  const k = splitOf(leaves.length);
  return index < k
    ? [...path(index, leaves.slice(0, k)), treeHash(leaves.slice(k))]
    : [...path(index - k, leaves.slice(k)), treeHash(leaves.slice(0, k))];
}
