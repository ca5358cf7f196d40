import { makeKey, type SigningKey } from "../test/support/signing/keys.ts";
import { VirtualLog, type VirtualEntry } from "../test/support/signing/virtual-log.ts";

/** A transparency log that records at the time it is told. */
class LiveLog extends VirtualLog {
  override append(body: Buffer): VirtualEntry {
    return super.append(body, Math.floor(Date.now() / 1000));
  }
}

/** Everything the demonstration signs with, made for one run. */
export type Keys = {
  readonly release: SigningKey;
  readonly security: SigningKey;
  /** A key that no policy knows. */
  readonly stranger: SigningKey;
  readonly log: VirtualLog;
};

export function makeKeys(): Keys {
  return { release: makeKey(), security: makeKey(), stranger: makeKey(), log: new LiveLog() };
}
