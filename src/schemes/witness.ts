import { checkLogEntry } from "../crypto/log-entry.ts";
import { logMismatch } from "../crypto/log-match.ts";
import { checkTimestamp } from "../crypto/timestamp.ts";
import type { Signer } from "../domain/facts.ts";
import type { Instant } from "../domain/instant.ts";
import type { WitnessRules } from "./key-authority.ts";
import type { MadeSignature } from "./made-signature.ts";
import { rejected, type Rejection } from "./opinion.ts";

/** The maker of a signature that holds, as logs know it. */
export type Maker = {
  /** DER SubjectPublicKeyInfo. */
  readonly key: Uint8Array;
  /** DER of the certificate that it signed by; a log entry must then hold the very same. */
  readonly certificate: Uint8Array | undefined;
  /** For messages. */
  readonly name: string;
  /** As far as it is proved. */
  readonly signer: Signer | undefined;
};

/** As sigstore-go's internal limits. */
const MAX_TIMESTAMPS = 32;

/** Times that logs and timestamp authorities prove; each may be a rejection of its own. */
export type Witnessed = {
  readonly logged: readonly Instant[] | Rejection;
  readonly stamped: readonly Instant[] | Rejection;
};

export function isTimes(value: readonly Instant[] | Rejection): value is readonly Instant[] {
  return Array.isArray(value);
}

/** Steps `log` and `timestamp`, which no content is read before. */
export function witness(made: MadeSignature, maker: Maker, rules: WitnessRules): Witnessed {
  const stamped = timestampTimes(made, maker, rules);
  const logged = rules.logs === undefined ? [] : logTimes(made, maker, rules.logs, isTimes(stamped) ? stamped : []);
  return { logged, stamped };
}

/**
 * At least one trusted log must prove an entry. Every entry must be about this signature, and none of a trusted log may be
 * broken: which of several entries a reader believes must not matter (CVE-2024-51746). Entries of unknown logs add nothing.
 */
function logTimes(
  made: MadeSignature,
  maker: Maker,
  logs: NonNullable<WitnessRules["logs"]>,
  stamped: readonly Instant[],
): readonly Instant[] | Rejection {
  const refuse = (reason: Rejection["reason"], detail: string): Rejection =>
    rejected("log", reason, `signed by ${maker.name}, but ${detail}`, maker.signer);
  const proved: (Instant | undefined)[] = [];
  let untrusted: Rejection | undefined;
  for (const entry of made.entries) {
    const check = checkLogEntry(entry, logs, stamped);
    if (check.kind === "unproved" && check.reason !== "log-untrusted") return refuse(check.reason, check.detail);
    if (check.kind === "unproved") {
      untrusted ??= refuse(check.reason, check.detail);
      continue;
    }
    const mismatch = logMismatch(entry.body, { ...made, signer: maker.key, certificate: maker.certificate });
    if (mismatch !== undefined) return refuse("log-mismatch", mismatch);
    proved.push(check.at);
  }
  if (proved.length > 0) return proved.filter((at) => at !== undefined);
  return (
    untrusted ??
    refuse(
      "log-missing",
      "no transparency log entry comes with the signature: sign again with the log on, as cosign does unless told otherwise",
    )
  );
}

/**
 * Every token of an authority in the trust root must hold, so that it does not matter which of several a reader believes;
 * where one is required, one must be of such an authority. Strangers' tokens add nothing. Tokens are over the signature's
 * bytes, or over the whole envelope where it stands by itself, which holds them: cosign 3 does the one, cosign 2 the other.
 * Where nobody's timestamps count none is read.
 */
function timestampTimes(
  { timestamps, signature, envelope }: MadeSignature,
  maker: Maker,
  { timestampAuthorities: authorities, timestampRequired }: WitnessRules,
): readonly Instant[] | Rejection {
  const refuse = (reason: Rejection["reason"], detail: string): Rejection =>
    rejected("timestamp", reason, `signed by ${maker.name}, but ${detail}`, maker.signer);
  if (timestamps.length > MAX_TIMESTAMPS) {
    return refuse(
      "timestamp-invalid",
      `${timestamps.length} timestamps come with it, more than the ${MAX_TIMESTAMPS} allowed`,
    );
  }
  const stamped = envelope === undefined ? [signature] : [signature, envelope];
  const checks = authorities.length === 0 ? [] : timestamps.map((token) => checkTimestamp(token, stamped, authorities));
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
