import type { PublicKey } from "../../crypto/public-key.ts";
import type { Digest } from "../../domain/digest.ts";
import type { Instant } from "../../domain/instant.ts";
import type { Window } from "./certificate-window.ts";
import type { Pins } from "./pins.ts";
import type { Refusal } from "./refusal.ts";
import type { Remembered, RememberedRole } from "./remembered.ts";

/** What a collection is held against. */
export type Question = {
  readonly gun: string;
  readonly pins: Pins;
  /** `undefined` if nothing of it was ever verified here. */
  readonly remembered: Remembered | undefined;
};

/** A role that may sign names, with those it delegates to in their order. */
export type SigningRole = {
  readonly name: string;
  /** Beginnings of the names it may sign, all of its parents' limits applied. */
  readonly paths: readonly string[];
  readonly terminating: boolean;
  readonly content: RoleContent;
  readonly children: readonly SigningRole[];
};

export type RoleContent =
  | {
      readonly kind: "signed";
      readonly targets: ReadonlyMap<string, readonly Digest[]>;
      readonly signers: readonly PublicKey[];
      readonly threshold: number;
      readonly expires: Instant;
    }
  /** Nothing of it may be used: it was never published, or its signatures are too few. */
  | { readonly kind: "unusable"; readonly published: boolean };

/** A collection that is what its owner published, and nothing older than was seen before. */
export type TrustedCollection = {
  readonly kind: "trusted";
  readonly targets: SigningRole;
  /** When all of root, timestamp and snapshot count. */
  readonly window: Window;
  readonly notes: readonly string[];
  /** To be remembered instead of what was. */
  readonly root: Uint8Array;
  readonly roles: readonly RememberedRole[];
};

export type CollectionOutcome = TrustedCollection | Refusal | { readonly kind: "absent" };

/** Files by name, as the server gave them; `undefined` for those it did not have. */
export type CollectionFiles = ReadonlyMap<string, Uint8Array | undefined>;
