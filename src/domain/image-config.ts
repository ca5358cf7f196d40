import { isDigest, type Digest } from "./digest.ts";
import { InputError } from "./errors.ts";
import { parseInstant, type Instant } from "./instant.ts";
import {
  inside,
  isJsonArray,
  isJsonObject,
  optionalArray,
  optionalBoolean,
  optionalObject,
  optionalString,
  optionalStringArray,
  optionalStringMap,
  readStruct,
  requiredString,
  type JsonObject,
  type JsonPlace,
  type JsonValue,
} from "./json.ts";
import type { Platform } from "./platform.ts";

/** What an image says of itself and how it is to be started (OCI image-spec, config.md). All of it is the builder's word. */
export type ImageConfig = {
  readonly platform: Platform;
  readonly user: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  /** Whether it says how to tell if the container is well. Docker's alone; the specification reserves the name. */
  readonly healthcheck: boolean;
  readonly created: Instant | undefined;
  readonly diffIds: readonly Digest[];
  readonly history: readonly HistoryEntry[];
};

export type HistoryEntry = {
  readonly created: Instant | undefined;
  readonly createdBy: string;
  readonly emptyLayer: boolean;
};

const FIELDS = [
  "created",
  "author",
  "architecture",
  "os",
  "os.version",
  "os.features",
  "variant",
  "config",
  "rootfs",
  "history",
] as const;
const CONFIG_FIELDS = [
  "User",
  "ExposedPorts",
  "Env",
  "Entrypoint",
  "Cmd",
  "Volumes",
  "WorkingDir",
  "Labels",
  "StopSignal",
  "ArgsEscaped",
  "Memory",
  "MemorySwap",
  "CpuShares",
  "Healthcheck",
  "Shell",
  "OnBuild",
] as const;
const ROOTFS_FIELDS = ["type", "diff_ids"] as const;
const HISTORY_FIELDS = ["created", "author", "created_by", "comment", "empty_layer"] as const;

const PLACE: JsonPlace = { code: "config", path: "config" };

/** Throws `InputError` for anything a runtime could read differently than we do. */
export function parseImageConfig(value: JsonValue): ImageConfig {
  const object = readStruct(value, FIELDS, PLACE);
  const at = inside(PLACE, "config");
  const config = readStruct(optionalObject(object, "config", PLACE) ?? new Map(), CONFIG_FIELDS, at);
  return {
    platform: {
      os: requiredString(object, "os", PLACE),
      architecture: requiredString(object, "architecture", PLACE),
      variant: optionalString(object, "variant", PLACE),
      osVersion: optionalString(object, "os.version", PLACE),
    },
    user: optionalString(config, "User", at) ?? "",
    env: optionalStringArray(config, "Env", at),
    entrypoint: optionalStringArray(config, "Entrypoint", at),
    cmd: optionalStringArray(config, "Cmd", at),
    workingDir: optionalString(config, "WorkingDir", at) ?? "",
    labels: optionalStringMap(config, "Labels", at),
    volumes: [...(optionalObject(config, "Volumes", at)?.keys() ?? [])],
    healthcheck: hasHealthcheck(config.get("Healthcheck")),
    created: optionalInstant(object, PLACE),
    diffIds: parseRootfs(object),
    history: (optionalArray(object, "history", PLACE) ?? []).map((entry, index) =>
      parseHistory(entry, inside(inside(PLACE, "history"), index)),
    ),
  };
}

/** `["NONE"]` switches off what a base image has; a shape that Docker would not read is no check. */
function hasHealthcheck(value: JsonValue | undefined): boolean {
  const test = isJsonObject(value) ? value.get("Test") : undefined;
  return isJsonArray(test) && typeof test[0] === "string" && test[0] !== "NONE";
}

/** A wrong or missing date is no date: nothing is decided by its presence, and age rules then cannot be satisfied. */
function optionalInstant(object: JsonObject, place: JsonPlace): Instant | undefined {
  const text = optionalString(object, "created", place);
  try {
    return text === undefined ? undefined : parseInstant(text);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function parseRootfs(object: JsonObject): readonly Digest[] {
  const at = inside(PLACE, "rootfs");
  const rootfs = readStruct(object.get("rootfs"), ROOTFS_FIELDS, at);
  if (requiredString(rootfs, "type", at) !== "layers")
    throw new InputError("config", `${at.path}.type is not "layers"`);
  return optionalStringArray(rootfs, "diff_ids", at).map((text, index) => {
    if (!isDigest(text)) throw new InputError("config", `${at.path}.diff_ids[${index}] is not a digest`);
    return text;
  });
}

function parseHistory(value: JsonValue, place: JsonPlace): HistoryEntry {
  const entry = readStruct(value, HISTORY_FIELDS, place);
  return {
    created: optionalInstant(entry, place),
    createdBy: optionalString(entry, "created_by", place) ?? "",
    emptyLayer: optionalBoolean(entry, "empty_layer", place),
  };
}
