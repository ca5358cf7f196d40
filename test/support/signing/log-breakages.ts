import type { CosignAuthority } from "../../../src/domain/trust.ts";
import type { SigningKey } from "./keys.ts";
import type { LoggedParts } from "./log-bodies.ts";
import type { VirtualEntry, VirtualLog } from "./virtual-log.ts";

/** What forms of signatures that a log holds have in common. */
type Logged = {
  readonly key?: SigningKey;
  readonly log?: VirtualLog | undefined;
  readonly logged?: (proper: LoggedParts) => LoggedParts;
  readonly entry?: (proper: VirtualEntry) => VirtualEntry;
};

type Broken = { readonly sign?: Logged; readonly trust?: Partial<CosignAuthority> };

type Parties = {
  readonly ours: SigningKey;
  readonly stranger: SigningKey;
  /** The one that the authority trusts. */
  readonly log: VirtualLog;
  readonly otherLog: VirtualLog;
};

/** What one change to the key, the log or its entry makes of an otherwise valid signature, in whatever form. */
export function logBreakages({
  ours,
  stranger,
  log,
  otherLog,
}: Parties): Readonly<Record<string, readonly [expected: string, broken: Broken]>> {
  return {
    "the key, which the log entry names": ["rejected unknown-key at signature", { sign: { key: stranger } }],
    "the key, which no log entry names": [
      "rejected bad-signature at signature",
      { sign: { key: stranger, log: undefined } },
    ],
    "no log entry": ["rejected log-missing at log", { sign: { log: undefined } }],
    "the log": ["rejected log-untrusted at log", { sign: { log: otherLog } }],
    "a promise by another log's key": [
      "rejected log-invalid at log",
      { sign: { entry: (entry) => ({ ...entry, set: otherLog.promise(entry) }) } },
    ],
    "a promise by the right key under another log's id": [
      "rejected log-untrusted at log",
      {
        sign: {
          entry: (entry) => ({
            ...entry,
            logId: otherLog.logId,
            set: log.promise({ ...entry, logId: otherLog.logId }),
          }),
        },
      },
    ],
    "an entry of another payload": [
      "rejected log-mismatch at log",
      { sign: { logged: (parts) => ({ ...parts, content: Buffer.from("other") }) } },
    ],
    "an entry of another signature": [
      "rejected log-mismatch at log",
      { sign: { logged: (parts) => ({ ...parts, signature: ours.sign(parts.content) }) } },
    ],
    "an entry of another key": [
      "rejected log-mismatch at log",
      { sign: { logged: (parts) => ({ ...parts, pem: stranger.pem }) } },
    ],
    "a timestamp that is required and absent": [
      "rejected timestamp-missing at timestamp",
      { trust: { timestamp: "required" } },
    ],
  };
}
