import { textCost, type Meter } from "./meter.ts";
import { failure, given, integer, noOverload, type CelFunction } from "./operation.ts";
import { pointsIn } from "./points.ts";
import { TEXT_FUNCTIONS } from "./text-functions.ts";
import {
  DURATION_FIELDS,
  dateOf,
  durationOf,
  formatDuration,
  formatTimestamp,
  secondsOf,
  timestamp,
  timestampOf,
  TIMESTAMP_FIELDS,
} from "./time.ts";
import { isList, isMap, typeOf, type CelTimestamp, type CelValue, type Result, type StaticType } from "./value.ts";

const SIZED: readonly StaticType[] = ["string", "list", "map"];

/** The size of a text is its number of code points. */
function sizeOf([value = null]: readonly CelValue[], meter: Meter): Result {
  if (typeof value === "string") {
    meter.spend(textCost(value.length) * 8);
    return BigInt(pointsIn(value).length);
  }
  if (isList(value)) return BigInt(value.length);
  return isMap(value) ? BigInt(value.size) : noOverload("size", value);
}

function toInt([value = null]: readonly CelValue[]): Result {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") {
    return Number.isFinite(value) ? integer(BigInt(Math.trunc(value))) : failure(`${value} is no whole number`);
  }
  if (typeof value === "string") {
    return /^-?[0-9]{1,20}$/.test(value) ? integer(BigInt(value)) : failure("the text is no whole number");
  }
  return isTimestamp(value) ? secondsOf(value) : noOverload("int", value);
}

function isTimestamp(value: CelValue): value is CelTimestamp {
  return typeOf(value) === "google.protobuf.Timestamp";
}

const DECIMAL = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

function toDouble([value = null]: readonly CelValue[]): Result {
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  if (typeof value !== "string") return noOverload("double", value);
  return value.length <= 400 && DECIMAL.test(value) ? Number(value) : failure("the text is no number");
}

function toText([value = null]: readonly CelValue[]): Result {
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || typeof value === "bigint" || typeof value === "number") return String(value);
  if (value === null || !("nanos" in value)) return noOverload("string", value);
  return value.kind === "timestamp" ? formatTimestamp(value) : formatDuration(value);
}

function toTimestamp([value = null]: readonly CelValue[]): Result {
  if (isTimestamp(value)) return value;
  if (typeof value === "bigint") {
    return given(timestamp(value * 1_000_000_000n), "the timestamp would be outside the years 1 to 9999");
  }
  if (typeof value !== "string") return noOverload("timestamp", value);
  return given(timestampOf(value), "the text is no timestamp of RFC 3339, such as 2026-11-21T07:31:00Z");
}

function toDuration([value = null]: readonly CelValue[]): Result {
  if (value !== null && typeof value === "object" && "nanos" in value && value.kind === "duration") return value;
  if (typeof value !== "string") return noOverload("duration", value);
  return given(durationOf(value), "the text is no duration, such as 24h or 1h30m");
}

/** Functions that stand before their arguments. */
export const FUNCTIONS: Readonly<Record<string, CelFunction>> = {
  size: { takes: [SIZED], gives: "int", call: sizeOf },
  int: { takes: [["int", "double", "string", "google.protobuf.Timestamp"]], gives: "int", call: toInt },
  double: { takes: [["int", "double", "string"]], gives: "double", call: toDouble },
  string: {
    takes: [["string", "bool", "int", "double", "google.protobuf.Timestamp", "google.protobuf.Duration"]],
    gives: "string",
    call: toText,
  },
  timestamp: {
    takes: [["string", "int", "google.protobuf.Timestamp"]],
    gives: "google.protobuf.Timestamp",
    call: toTimestamp,
  },
  duration: {
    takes: [["string", "google.protobuf.Duration"]],
    gives: "google.protobuf.Duration",
    call: toDuration,
  },
  type: { takes: [["dyn"]], gives: "type", call: ([value = null]) => ({ kind: "type", name: typeOf(value) }) },
  dyn: { takes: [["dyn"]], gives: "dyn", call: ([value = null]) => value },
};

/** Functions that stand after what they are about. */
export const METHODS: Readonly<Record<string, CelFunction>> = {
  size: { takes: [SIZED], gives: "int", call: sizeOf },
  ...TEXT_FUNCTIONS,
  ...Object.fromEntries([...Object.keys(TIMESTAMP_FIELDS), ...Object.keys(DURATION_FIELDS)].map(timeField)),
};

function timeField(name: string): [string, CelFunction] {
  const ofDate = TIMESTAMP_FIELDS[name];
  const ofSpan = DURATION_FIELDS[name];
  const call = ([value = null]: readonly CelValue[]): Result => {
    if (value === null || typeof value !== "object" || !("nanos" in value)) return noOverload(name, value);
    if (value.kind === "timestamp" && ofDate !== undefined) return BigInt(ofDate(dateOf(value)));
    return value.kind === "duration" && ofSpan !== undefined ? ofSpan(value.nanos) : noOverload(name, value);
  };
  const spans: readonly StaticType[] = ofSpan === undefined ? [] : ["google.protobuf.Duration"];
  return [name, { takes: [["google.protobuf.Timestamp", ...spans]], gives: "int", call }];
}
