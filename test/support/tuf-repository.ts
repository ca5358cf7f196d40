import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";

import { canonicalJson, type Encodable } from "../../src/crypto/canonical-json.ts";
import type { TufRepository } from "../../src/ports/trust-root-source.ts";
import { PathServer } from "./http-server.ts";

type Role = "root" | "timestamp" | "snapshot" | "targets";
const ROLES: readonly Role[] = ["root", "timestamp", "snapshot", "targets"];

/** An Ed25519 key as TUF metadata write it. */
class RoleKey {
  readonly #privateKey: KeyObject;
  readonly id: string;
  readonly json: {
    readonly keytype: "ed25519";
    readonly scheme: "ed25519";
    readonly keyval: { readonly public: string };
  };

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    this.#privateKey = privateKey;
    const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("hex");
    this.json = { keytype: "ed25519", scheme: "ed25519", keyval: { public: raw } };
    this.id = sha256(canonicalJson(this.json));
  }

  sign(signed: Encodable): { readonly keyid: string; readonly sig: string } {
    return { keyid: this.id, sig: sign(null, Buffer.from(canonicalJson(signed)), this.#privateKey).toString("hex") };
  }
}

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What one publication is to say instead of what is proper. */
export type Publication = {
  readonly versions?: Partial<Record<Role, number>>;
  readonly expires?: Partial<Record<Role, string>>;
  readonly signers?: Partial<Record<Role, readonly RoleKey[]>>;
  /** The trusted root's bytes as they are served, if not those that were signed. */
  readonly served?: Uint8Array;
  /** Each signature is written a second time. */
  readonly twice?: true;
  /** Targets that are named in the place of the trusted root. */
  readonly target?: string;
};

const FAR = "2040-01-01T00:00:00Z";

/** A TUF repository (version 1.0, consistent snapshots) on loopback, with its keys. */
export class TestTufRepository {
  readonly server: PathServer;
  readonly #keys: Record<Role, RoleKey> = {
    root: new RoleKey(),
    timestamp: new RoleKey(),
    snapshot: new RoleKey(),
    targets: new RoleKey(),
  };
  readonly versions: Record<Role, number> = { root: 1, timestamp: 0, snapshot: 0, targets: 0 };
  /** Every root, from the first. */
  readonly roots: string[] = [];

  private constructor(server: PathServer) {
    this.server = server;
    this.roots.push(this.#metadata("root", this.#rootFields(), {}));
  }

  static async start(...tls: Parameters<typeof PathServer.start>): Promise<TestTufRepository> {
    return new TestTufRepository(await PathServer.start(...tls));
  }

  /** As the operator names it. */
  get named(): TufRepository {
    return { mirror: this.server.url(""), rootJson: this.roots[0]!, from: "mirror root.json", isOwn: true };
  }

  newKey(): RoleKey {
    return new RoleKey();
  }

  /** Signs and serves this trusted root, each role but the root with its next version. */
  publish(json: string, how: Publication = {}): this {
    const bytes = Buffer.from(json);
    for (const role of ["timestamp", "snapshot", "targets"] as const) {
      this.versions[role] = how.versions?.[role] ?? this.versions[role] + 1;
    }
    const target = how.target ?? "trusted_root.json";
    const targets = this.#metadata(
      "targets",
      { targets: { [target]: { length: bytes.length, hashes: { sha256: sha256(bytes) } } } },
      how,
    );
    const snapshot = this.#metadata("snapshot", { meta: { "targets.json": this.#meta("targets", targets) } }, how);
    const timestamp = this.#metadata("timestamp", { meta: { "snapshot.json": this.#meta("snapshot", snapshot) } }, how);
    this.#serve("/timestamp.json", timestamp);
    this.#serve(`/${this.versions.snapshot}.snapshot.json`, snapshot);
    this.#serve(`/${this.versions.targets}.targets.json`, targets);
    this.server.serve(`/targets/${sha256(bytes)}.trusted_root.json`, how.served ?? bytes);
    return this;
  }

  /** A new root that the former keys sign too, with a new key for a role. Serves it under its number. */
  rotate(role: Role, how: Publication & { readonly former?: RoleKey; readonly threshold?: number } = {}): this {
    const former = how.former ?? this.#keys.root;
    this.#keys[role] = new RoleKey();
    this.versions.root = how.versions?.root ?? this.versions.root + 1;
    const signers = { root: [former, this.#keys.root] };
    const root = this.#metadata("root", this.#rootFields(how.threshold), { signers, ...how });
    this.roots.push(root);
    this.#serve(`/${this.versions.root}.root.json`, root);
    return this;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  #meta(role: Role, text: string): object {
    return { version: this.versions[role], length: Buffer.byteLength(text), hashes: { sha256: sha256(text) } };
  }

  #rootFields(timestampThreshold = 1): object {
    const thresholdOf = (role: Role): number => (role === "timestamp" ? timestampThreshold : 1);
    return {
      consistent_snapshot: true,
      keys: Object.fromEntries(Object.values(this.#keys).map((key) => [key.id, key.json])),
      roles: Object.fromEntries(
        ROLES.map((role) => [role, { keyids: [this.#keys[role].id], threshold: thresholdOf(role) }]),
      ),
    };
  }

  #metadata(role: Role, fields: object, how: Publication): string {
    const signed = {
      _type: role,
      spec_version: "1.0.31",
      version: this.versions[role],
      expires: how.expires?.[role] ?? FAR,
      ...fields,
    } as unknown as Encodable;
    const signers = new Set(how.signers?.[role] ?? [this.#keys[role]]);
    const signatures = [...signers].map((key) => key.sign(signed));
    return JSON.stringify({ signatures: how.twice === true ? [...signatures, ...signatures] : signatures, signed });
  }

  #serve(path: string, text: string): void {
    this.server.serve(path, Buffer.from(text));
  }
}
