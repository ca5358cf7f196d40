import type { Content } from "../crypto/hashed-bytes.ts";
import { checkLogEntry, type LogEntry } from "../crypto/log-entry.ts";
import { logMismatch } from "../crypto/log-match.ts";
import { isSignedBy, type PublicKey } from "../crypto/public-key.ts";
import { checkTimestamp } from "../crypto/timestamp.ts";
import { hexOf } from "../domain/digest.ts";
import type { Opinion, Signer } from "../domain/facts.ts";
import { latest, type Instant } from "../domain/instant.ts";
import type { KeyAuthority } from "./key-authority.ts";
import { rejected, type Rejection } from "./opinion.ts";

/** One signature taken out of whatever carried it. */
export type MadeSignature = {
  /** Exactly the bytes that were signed. */
  readonly message: Content;
  readonly signature: Uint8Array;
  /** What else a log may have been told: an envelope's payload, and every signature of the artefact. */
  readonly payload: Content | undefined;
  readonly signatures: readonly Uint8Array[];
  readonly entries: readonly LogEntry[];
  /** RFC 3161 tokens (TimeStampResp), DER. */
  readonly timestamps: readonly Uint8Array[];
  /** An envelope's own text, where that is what timestamps are over, and not the signature; and what old logs know it by. */
  readonly envelope?: Content | undefined;
  /** The key that the artefact says made it: believed only where it verifies, and then only to name a stranger. */
  readonly claimed: () => PublicKey | undefined;
};

/** As sigstore-go's internal limits. */
const MAX_TIMESTAMPS = 32;

/** A signature that a key of the authority made, in the log and with a timestamp where that is asked for. Its content is not judged yet. */
export type ProvedSignature = { readonly kind: "proved"; readonly key: PublicKey; readonly times: readonly Instant[] };

/** Steps `signature`, `log` and `timestamp`, which no content is read before. */
export function proveSignature(made: MadeSignature, authority: KeyAuthority): ProvedSignature | Rejection {
  const key = authority.keys.find((candidate) => isSignedBy(candidate, made.message, made.signature));
  if (key === undefined) return refuseSignature(made, authority);
  const logged = authority.logs === undefined ? [] : logTimes(made, key, authority.logs);
  if (!isTimes(logged)) return logged;
  const stamped = timestampTimes(made, key, authority);
  return isTimes(stamped) ? { kind: "proved", key, times: [...logged, ...stamped] } : stamped;
}

function isTimes(value: readonly Instant[] | Rejection): value is readonly Instant[] {
  return Array.isArray(value);
}

/** A stranger's good signature and a broken one are different news; only a key that verifies tells them apart. */
function refuseSignature(made: MadeSignature, authority: KeyAuthority): Rejection {
  const ours = authority.keys.map(nameOfKey).join(", ");
  const claimed = made.claimed();
  if (claimed !== undefined && isSignedBy(claimed, made.message, made.signature)) {
    return rejected(
      "signature",
      "unknown-key",
      `signed by ${nameOfKey(claimed)}, which is not a key of this authority (${ours})`,
      signerOf(claimed),
    );
  }
  return rejected(
    "signature",
    "bad-signature",
    `no key of this authority (${ours}) made this signature over these bytes`,
  );
}

/**
 * At least one trusted log must prove an entry. Every entry must be about this signature, and none of a trusted log may be
 * broken: which of several entries a reader believes must not matter (CVE-2024-51746). Entries of unknown logs add nothing.
 */
function logTimes(
  made: MadeSignature,
  key: PublicKey,
  logs: NonNullable<KeyAuthority["logs"]>,
): readonly Instant[] | Rejection {
  const refuse = (reason: Rejection["reason"], detail: string): Rejection =>
    rejected("log", reason, `signed by ${nameOfKey(key)}, but ${detail}`, signerOf(key));
  const proved: (Instant | undefined)[] = [];
  let untrusted: Rejection | undefined;
  for (const entry of made.entries) {
    const check = checkLogEntry(entry, logs);
    if (check.kind === "unproved" && check.reason !== "log-untrusted") return refuse(check.reason, check.detail);
    if (check.kind === "unproved") {
      untrusted ??= refuse(check.reason, check.detail);
      continue;
    }
    const mismatch = logMismatch(entry.body, { ...made, signer: key.der });
    if (mismatch !== undefined) return refuse("log-mismatch", mismatch);
    proved.push(check.at);
  }
  if (proved.length > 0) return proved.filter((at) => at !== undefined);
  return untrusted ?? refuse("log-missing", "no transparency log entry comes with the signature");
}

/**
 * Every token of an authority in the trust root must hold, so that it does not matter which of several a reader believes;
 * where one is required, one must be of such an authority. Strangers' tokens add nothing. Tokens are over the signature's
 * bytes. Where nobody's timestamps count none is read.
 */
function timestampTimes(
  { timestamps, signature, envelope }: MadeSignature,
  key: PublicKey,
  { timestampAuthorities: authorities, timestampRequired }: KeyAuthority,
): readonly Instant[] | Rejection {
  const refuse = (reason: Rejection["reason"], detail: string): Rejection =>
    rejected("timestamp", reason, `signed by ${nameOfKey(key)}, but ${detail}`, signerOf(key));
  if (timestamps.length > MAX_TIMESTAMPS) {
    return refuse(
      "timestamp-invalid",
      `${timestamps.length} timestamps come with it, more than the ${MAX_TIMESTAMPS} allowed`,
    );
  }
  const checks =
    authorities.length === 0
      ? []
      : timestamps.map((token) => checkTimestamp(token, envelope ?? signature, authorities));
  const broken = checks.find((check) => check.kind === "invalid");
  if (broken !== undefined)
    return refuse("timestamp-invalid", `its RFC 3161 timestamp does not hold: ${broken.detail}`);
  const times = checks.flatMap((check) => (check.kind === "proved" ? [check.at] : []));
  if (times.length > 0 || !timestampRequired) return times;
  const detail =
    timestamps.length === 0
      ? "no RFC 3161 timestamp comes with the signature"
      : "none of its RFC 3161 timestamps is of an authority in the trust root";
  return refuse("timestamp-missing", detail);
}

/** A proved time in the future is no reason to reject here, where there is no clock: the signature counts from then on. */
export function verifiedBy(proved: ProvedSignature): Opinion {
  return {
    kind: "verified",
    signers: [signerOf(proved.key)],
    notBefore: latest(...proved.times),
    notAfter: undefined,
    signedAt: proved.times,
    notes: [],
  };
}

export function signerOf(key: PublicKey): Signer {
  return { kind: "key", spki: key.spki };
}

/** `key 8a3f01c2…`, short enough for a message and long enough to find. */
export function nameOfKey(key: PublicKey): string {
  return `key ${hexOf(key.spki).slice(0, 12)}…`;
}
