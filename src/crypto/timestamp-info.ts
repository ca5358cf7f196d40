import type { Instant } from "../domain/instant.ts";
import {
  booleanOf,
  childrenOf,
  derError,
  expected,
  generalizedTimeOf,
  integerBytes,
  oidOf,
  readDer,
  smallInteger,
  TAG,
  type DerValue,
} from "./der.ts";
import { hashAlgorithmOf, type HashName } from "./signature-algorithm.ts";

/** What a timestamp authority states (RFC 3161 section 2.4.2, TSTInfo). */
export type TimestampInfo = {
  /** `undefined` for one that is not allowed. */
  readonly hash: HashName | undefined;
  readonly imprint: Uint8Array;
  readonly at: Instant;
  /** By how much the time may be wrong, in milliseconds; 0 where neither the authority nor its policy says. */
  readonly accuracy: number;
};

/** Throws `InputError`. The nonce is the requester's and says nothing to anyone else. */
export function parseTimestampInfo(bytes: Uint8Array): TimestampInfo {
  const [version, policy, imprint, serial, time, ...rest] = childrenOf(readDer(bytes), TAG.sequence);
  if (smallInteger(version) !== 1) throw derError("a timestamp not of version 1");
  const policyId = oidOf(policy);
  integerBytes(serial);
  const [algorithm, hashed, ...more] = childrenOf(imprint, TAG.sequence);
  if (more.length > 0) throw derError("an imprint of another form");
  const optional = inOrder(rest);
  const accuracy = optional.get(TAG.sequence);
  if (optional.has(TAG.boolean)) booleanOf(optional.get(TAG.boolean));
  refuseCritical(optional.get(0xa1));
  return {
    hash: hashAlgorithmOf(algorithm),
    imprint: expected(hashed, TAG.octetString).content,
    at: generalizedTimeOf(time),
    accuracy: accuracy === undefined ? accuracyOfPolicy(policyId) : readAccuracy(accuracy),
  };
}

/** Accuracy, ordering, nonce, the authority's name, extensions: each at most once, in this order. */
const OPTIONAL: readonly number[] = [TAG.sequence, TAG.boolean, TAG.integer, 0xa0, 0xa1];

function inOrder(values: readonly DerValue[]): ReadonlyMap<number, DerValue> {
  let last = -1;
  for (const { tag } of values) {
    const place = OPTIONAL.indexOf(tag);
    if (place <= last) throw derError("a timestamp with unknown parts");
    last = place;
  }
  return new Map(values.map((value) => [value.tag, value]));
}

/** The baseline policy promises a second (RFC 3628 section 5.2). */
function accuracyOfPolicy(policy: string): number {
  return policy === "0.4.0.2023.1.1" ? 1000 : 0;
}

/** Seconds, `[0]` milliseconds, `[1]` microseconds, rounded up. */
function readAccuracy(value: DerValue): number {
  const parts = childrenOf(value, TAG.sequence);
  const units = parts.map((part) => {
    if (part.tag === TAG.integer) return smallInteger(part) * 1000;
    return part.tag === 0x80 ? smallInteger(part, 0x80) : Math.ceil(smallInteger(part, 0x81) / 1000);
  });
  if (new Set(parts.map(({ tag }) => tag)).size !== parts.length) throw derError("an accuracy of another form");
  return units.reduce((sum, unit) => sum + unit, 0);
}

function refuseCritical(extensions: DerValue | undefined): void {
  if (extensions === undefined) return;
  for (const each of childrenOf(extensions, 0xa1)) {
    const [, critical] = childrenOf(each, TAG.sequence);
    if (critical?.tag === TAG.boolean && booleanOf(critical)) throw derError("a critical extension of a timestamp");
  }
}
