import type { Instant } from "../domain/instant.ts";

/** A repository of The Update Framework, and the root metadata with which trust in it begins. */
export type TufRepository = {
  /** Its address, without a slash at the end. */
  readonly mirror: string;
  readonly rootJson: string;
  /** Who names it, for messages. */
  readonly from: string;
  /** Whether the operator chose the address, which then may be inside; not so for one that is built in. */
  readonly isOwn: boolean;
};

/** A verified `trusted_root.json`. */
export type ReadTrustRoot = {
  readonly json: string;
  readonly readAt: Instant;
  /** When the first of the metadata that vouch for it ends. */
  readonly expires: Instant;
};

/** Keeps the newest `trusted_root.json` of each TUF repository. */
export interface TrustRootSource {
  /** What was read of it last, now or before this process began; no request. */
  known(repository: TufRepository): ReadTrustRoot | undefined;
  /** Reads the repository anew; all who ask at once share one reading. Throws `PortError`. */
  refresh(repository: TufRepository): Promise<ReadTrustRoot>;
  /** Breaks off what is under way. */
  close(): Promise<void>;
}
