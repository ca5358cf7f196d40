import { parsePublicKey, type PublicKey } from "../crypto/public-key.ts";
import type { LogRoot } from "../crypto/transparency-log.ts";
import type { TimestampAuthority } from "../crypto/timestamp.ts";
import type { TrustedRoot } from "../crypto/trusted-root.ts";
import { InputError } from "../domain/errors.ts";
import type { Gap } from "../domain/gap.ts";
import type { CosignAuthority } from "../domain/trust.ts";
import type { ClaimRules } from "./claim.ts";
import { compileSignedIdentity } from "./signed-identity.ts";
import { readRoot } from "./sigstore-root.ts";

/** Whose word on entries and times counts. */
export type WitnessRules = {
  /** `undefined` only where the operator wrote that the log is to be ignored. */
  readonly logs: LogRoot | undefined;
  /** Whose timestamps count; none where only log keys are trusted, or the log of key-made signatures is to be ignored. */
  readonly timestampAuthorities: readonly TimestampAuthority[];
  readonly timestampRequired: boolean;
};

/** A cosign authority with its texts read: what both storage forms of key signatures are judged by. */
export type KeyAuthority = ClaimRules &
  WitnessRules & {
    readonly keys: readonly PublicKey[];
    /** Why there is no trust root to check logs and times by, where one is wanted. */
    readonly unread: Gap | undefined;
  };

/** Throws `InputError` for what cannot be read, and for an authority that has no key and so could never vouch. */
export function compileKeyAuthority(spec: CosignAuthority): KeyAuthority {
  if (spec.keys.length === 0) throw new InputError("policy", "a cosign authority has no keys: name at least one");
  return {
    keys: spec.keys.map((key) => parsePublicKey(key.pem, key.from)),
    ...witnessesOf(spec),
    timestampRequired: spec.timestamp === "required",
    annotations: spec.annotations,
    identityProblem: spec.signedIdentity === undefined ? undefined : compileSignedIdentity(spec.signedIdentity),
  };
}

function witnessesOf({
  transparencyLog,
}: CosignAuthority): Pick<KeyAuthority, "logs" | "timestampAuthorities" | "unread"> {
  if (transparencyLog.kind === "unsafe-ignored")
    return { logs: undefined, timestampAuthorities: [], unread: undefined };
  const reading = readRoot(transparencyLog.root);
  if (reading.kind === "unread") return { logs: [], timestampAuthorities: [], unread: reading.gap };
  return { logs: logsOf(reading.root), timestampAuthorities: reading.root.timestampAuthorities, unread: undefined };
}

/** Throws `InputError` for a root without logs where one is required, for then nothing could ever count. */
export function logsOf({ logs }: TrustedRoot): LogRoot {
  if (logs.length > 0) return logs;
  throw new InputError("key", 'the trusted root names no transparency log ("tlogs"), and one is required');
}
