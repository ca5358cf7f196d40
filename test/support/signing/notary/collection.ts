import { createHash } from "node:crypto";

import { hexOf, type Digest } from "../../../../src/domain/digest.ts";
import { canonical } from "./canonical.ts";
import { makeSigner, type NotarySigner, type SignatureJson, type TufKeyJson } from "./signer.ts";

export const GUN = "registry.example.com/shop/web";
export const TOP_ROLES = ["root", "timestamp", "snapshot", "targets"] as const;
type TopRole = (typeof TOP_ROLES)[number];

type Json = Record<string, unknown>;
export type RoleKeys = { signers: NotarySigner[]; threshold: number };

export type TestDelegation = RoleKeys & {
  readonly name: string;
  paths: string[];
  terminating?: boolean;
  /** Who signs its metadata, where that is not whom its parent names. */
  signedBy?: readonly NotarySigner[];
  /** In the parent's metadata, and nothing published of its own. */
  unpublished?: boolean;
};

/** What to spoil, by role: each step of making a file can be changed. */
export type Spoil = {
  /** Before it is signed. */
  readonly edit?: Readonly<Record<string, (signed: Json) => Json>>;
  readonly signatures?: Readonly<Record<string, (proper: readonly SignatureJson[], text: string) => readonly object[]>>;
  /** After it is signed and before others hash it. */
  readonly bytes?: Readonly<Record<string, (bytes: Buffer) => Buffer>>;
  /** After others hashed it. */
  readonly served?: Readonly<Record<string, (bytes: Buffer) => Buffer>>;
  readonly missing?: readonly string[];
};

const TYPES: Readonly<Record<string, string>> = { root: "Root", timestamp: "Timestamp", snapshot: "Snapshot" };
const FAR = "2036-01-02T03:04:05.123456789Z";

/** A trust collection as Notary's client and server would make it, file by file. */
export class TestCollection {
  readonly gun: string;
  readonly keys: Record<TopRole, RoleKeys>;
  readonly versions: Record<string, number> = {};
  readonly expires: Record<string, string> = {};
  readonly targets: Record<string, Record<string, Digest | Json>> = { targets: {} };
  readonly delegations: TestDelegation[] = [];
  /** Roots of former versions, newest last. */
  readonly history: Buffer[] = [];
  #oldRoot: RoleKeys | undefined;

  constructor(gun = GUN, root = makeSigner("ecdsa-x509", { name: gun })) {
    this.gun = gun;
    this.keys = {
      root: { signers: [root], threshold: 1 },
      timestamp: { signers: [makeSigner("ed25519")], threshold: 1 },
      snapshot: { signers: [makeSigner()], threshold: 1 },
      targets: { signers: [makeSigner()], threshold: 1 },
    };
  }

  get root(): NotarySigner {
    return this.keys.root.signers[0]!;
  }

  sign(name: string, digest: Digest, role = "targets"): this {
    (this.targets[role] ??= {})[name] = digest;
    return this;
  }

  delegate(name: string, delegation: Partial<TestDelegation> = {}): TestDelegation {
    const made = { name, signers: [makeSigner("ecdsa-x509")], threshold: 1, paths: [""], ...delegation };
    this.delegations.push(made);
    this.targets[name] ??= {};
    return made;
  }

  /** A new root of the next version by these keys, which the former ones consent to unless told otherwise. */
  rotateRoot(signers: readonly NotarySigner[], consented = true): this {
    this.history.push(this.publish().get("root.json")!);
    this.#oldRoot = consented ? this.keys.root : undefined;
    this.keys.root = { signers: [...signers], threshold: 1 };
    return this.raise("root");
  }

  /** The next version of roles. */
  raise(...roles: readonly string[]): this {
    for (const role of roles) this.versions[role] = (this.versions[role] ?? 1) + 1;
    return this;
  }

  /** All files as a server would give them. */
  publish(spoil: Spoil = {}): Map<string, Buffer> {
    const files = new Map<string, Buffer>();
    const meta: Json = {};
    const add = (role: string, signers: readonly NotarySigner[], body: Json): void => {
      const bytes = this.#file(role, signers, body, spoil);
      const name = role === "root" || role === "timestamp" ? role : `${role}.${hash("sha256", bytes, "hex")}`;
      meta[role] = {
        length: bytes.length,
        hashes: { sha256: hash("sha256", bytes, "base64"), sha512: hash("sha512", bytes, "base64") },
      };
      if (spoil.missing?.includes(role) !== true) files.set(`${name}.json`, spoil.served?.[role]?.(bytes) ?? bytes);
    };
    add("root", [...this.keys.root.signers, ...(this.#oldRoot?.signers ?? [])], this.#rootBody());
    for (const each of this.delegations.filter(({ unpublished }) => unpublished !== true)) {
      add(each.name, each.signedBy ?? each.signers, this.#targetsBody(each.name));
    }
    add("targets", this.keys.targets.signers, this.#targetsBody("targets"));
    add("snapshot", this.keys.snapshot.signers, { meta: { ...meta } });
    add("timestamp", this.keys.timestamp.signers, { meta: { snapshot: meta["snapshot"] } });
    this.history.forEach((bytes, at) => files.set(`${at + 1}.root.json`, bytes));
    return files;
  }

  #file(role: string, signers: readonly NotarySigner[], body: Json, spoil: Spoil): Buffer {
    const common = {
      _type: TYPES[role] ?? "Targets",
      version: this.versions[role] ?? 1,
      expires: this.expires[role] ?? FAR,
    };
    const proper: Json = { ...common, ...body };
    const signed = spoil.edit?.[role]?.(proper) ?? proper;
    const text = canonical(signed);
    const signatures = signers.map((signer) => signer.sign(text));
    const made = spoil.signatures?.[role]?.(signatures, text) ?? signatures;
    const bytes = Buffer.from(`{"signed":${text},"signatures":${JSON.stringify(made)}}`);
    return spoil.bytes?.[role]?.(bytes) ?? bytes;
  }

  #rootBody(): Json {
    const roles = TOP_ROLES.map((role) => [role, roleJson(this.keys[role])] as const);
    const keys = keysJson(TOP_ROLES.flatMap((role) => this.keys[role].signers));
    return { consistent_snapshot: false, keys, roles: Object.fromEntries(roles) };
  }

  #targetsBody(role: string): Json {
    const children = this.delegations.filter(({ name }) => name.slice(0, name.lastIndexOf("/")) === role);
    const targets = Object.entries(this.targets[role] ?? {}).map(([name, digest]) => [
      name,
      typeof digest === "string" ? { length: 1234, hashes: { sha256: base64Of(digest) } } : digest,
    ]);
    return {
      targets: Object.fromEntries(targets),
      delegations: {
        keys: keysJson(children.flatMap(({ signers }) => signers)),
        roles: children.map((child) => ({
          name: child.name,
          paths: child.paths,
          ...roleJson(child),
          ...(child.terminating === undefined ? {} : { terminating: child.terminating }),
        })),
      },
    };
  }
}

function roleJson({ signers, threshold }: RoleKeys): Json {
  return { keyids: signers.map(({ id }) => id), threshold };
}

function keysJson(signers: readonly NotarySigner[]): Record<string, TufKeyJson> {
  return Object.fromEntries(signers.map(({ id, json }) => [id, json]));
}

export function base64Of(digest: Digest): string {
  return Buffer.from(hexOf(digest), "hex").toString("base64");
}

function hash(algorithm: string, bytes: Buffer, encoding: "hex" | "base64"): string {
  return createHash(algorithm).update(bytes).digest(encoding);
}
