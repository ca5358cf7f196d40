import { readFileSync } from "node:fs";

import { parseDuration } from "./domain/duration.ts";
import { InputError } from "./domain/errors.ts";

/** Everything an operator may set, parsed once from the environment and from flags. See README for each name. */
export type Config = {
  /** Policy file or folder. */
  readonly policy: string;
  /** Folder for the embedded world's database and keys; `undefined` keeps everything in memory. */
  readonly data: string | undefined;
  readonly redisUrl: string | undefined;
  readonly unsafePlaintextRedis: boolean;
  readonly listen: { readonly host: string; readonly port: number };
  /** File of API tokens, as hashes. */
  readonly tokensFile: string | undefined;
  /** File of seal keys; required where several processes share a store. */
  readonly sealKeysFile: string | undefined;
  readonly unsafePlainHttp: readonly string[];
  /** Hosts the operator names as allowed on loopback or a private network. */
  readonly privateHosts: readonly string[];
  /** PEM file of additional roots for registries. */
  readonly registryCa: string | undefined;
  /** Folder that holds Docker's `config.json`. */
  readonly dockerConfig: string | undefined;
  readonly unmatched: "deny" | "unsafe-allow" | "unsafe-warn";
  readonly concurrency: number;
  readonly layerThreads: number;
  /** How long a list of signatures that held some is believed. */
  readonly signaturesMaxAgeMs: number;
  /** How long an absence is believed. */
  readonly absenceMaxAgeMs: number;
  /** How old a tag's resolution may be when a verdict is looked up. */
  readonly tagMaxAgeMs: number;
  readonly verifyTimeoutMs: number;
  /** Whether keyless authorities follow the public-good instance's TUF repository; else the copy that comes with the code. */
  readonly tufRefresh: boolean;
  /** How often the tags of base images that policies name are looked at; `undefined` leaves that to verifications. */
  readonly baseRefreshMs: number | undefined;
  /** Least severe line written; unless set, `info` for services and none for commands that ask once. */
  readonly logLevel: string | undefined;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads `ASSAY_*`, `REDIS_URL` or `REDIS_URL_FILE`, `DOCKER_CONFIG`, `HOME`. Throws `InputError` naming the variable and the mend. */
export function parseConfig(env: Environment): Config {
  const text = (name: string): string | undefined =>
    env[name] === undefined || env[name] === "" ? undefined : env[name];
  const home = text("HOME");
  return {
    policy: text("ASSAY_POLICY") ?? "./policy",
    data: text("ASSAY_DATA"),
    redisUrl: text("REDIS_URL") ?? secretFrom(text("REDIS_URL_FILE"), "REDIS_URL_FILE"),
    unsafePlaintextRedis: parseFlag(env, "ASSAY_UNSAFE_PLAINTEXT_REDIS"),
    listen: parseListen(text("ASSAY_LISTEN") ?? "127.0.0.1:7070"),
    tokensFile: text("ASSAY_TOKENS_FILE"),
    sealKeysFile: text("ASSAY_SEAL_KEYS_FILE"),
    unsafePlainHttp: parseList(text("ASSAY_UNSAFE_PLAIN_HTTP")),
    privateHosts: parseList(text("ASSAY_PRIVATE_HOSTS")),
    registryCa: text("ASSAY_REGISTRY_CA"),
    dockerConfig: text("DOCKER_CONFIG") ?? (home === undefined ? undefined : `${home}/.docker`),
    unmatched: parseUnmatched(text("ASSAY_UNSAFE_UNMATCHED")),
    concurrency: parseCount(env, "ASSAY_CONCURRENCY", 8),
    layerThreads: parseCount(env, "ASSAY_LAYER_THREADS", 1),
    signaturesMaxAgeMs: parseAge(env, "ASSAY_SIGNATURES_MAX_AGE", "1h"),
    absenceMaxAgeMs: parseAge(env, "ASSAY_ABSENCE_MAX_AGE", "30s"),
    tagMaxAgeMs: parseAge(env, "ASSAY_TAG_MAX_AGE", "0s"),
    verifyTimeoutMs: parseAge(env, "ASSAY_VERIFY_TIMEOUT", "10m"),
    tufRefresh: parseSwitch(env, "ASSAY_TUF_REFRESH"),
    baseRefreshMs: parseInterval(env, "ASSAY_BASE_REFRESH", "6h"),
    logLevel: text("ASSAY_LOG_LEVEL"),
  };
}

/** A setting that holds a secret may be a file, as container platforms mount them. */
function secretFrom(path: string | undefined, name: string): string | undefined {
  return path === undefined ? undefined : readNamedFile(name, path).trim();
}

/** The text of a file that a setting names. Throws `InputError` naming the setting, the file and the cause. */
export function readNamedFile(setting: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const cause = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    const mend = "check the path and who may read it";
    throw new InputError("configuration", `${setting} names ${path}, which cannot be read (${cause}): ${mend}`, {
      cause: error,
    });
  }
}

function refuse(name: string, value: string, mend: string): never {
  throw new InputError("configuration", `${name} is "${value.slice(0, 80)}": ${mend}`);
}

function parseList(text: string | undefined): readonly string[] {
  return (text ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function parseFlag(env: Environment, name: string): boolean {
  const value = env[name] ?? "";
  if (value === "" || value === "false") return false;
  return value === "true" ? true : refuse(name, value, "write true or false");
}

/** On unless it is switched off. */
function parseSwitch(env: Environment, name: string): boolean {
  const value = env[name] ?? "";
  if (value === "" || value === "on") return true;
  return value === "off" ? false : refuse(name, value, "write on or off");
}

/** `host:port`, `[::1]:port` or a port alone, which listens on loopback. */
function parseListen(text: string): Config["listen"] {
  const match = /^(?:(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) return refuse("ASSAY_LISTEN", text, "write HOST:PORT, such as 127.0.0.1:7070");
  return { host: (match[1] ?? "127.0.0.1").replace(/^\[|\]$/g, ""), port };
}

function parseUnmatched(text: string | undefined): Config["unmatched"] {
  if (text === undefined || text === "deny") return "deny";
  if (text === "allow" || text === "warn") return `unsafe-${text}`;
  return refuse("ASSAY_UNSAFE_UNMATCHED", text, "write deny, warn or allow");
}

function parseCount(env: Environment, name: string, fallback: number): number {
  const text = env[name];
  if (text === undefined || text === "") return fallback;
  return /^[1-9]\d{0,3}$/.test(text) ? Number(text) : refuse(name, text, "write a whole number from 1 to 9999");
}

const SHORTEST_INTERVAL_MS = 60_000;
/** A tag that nobody looked at for a few of these is not known to be where it was. */
const LONGEST_INTERVAL_MS = 24 * 3_600_000;

/** `undefined` where it is switched off. */
function parseInterval(env: Environment, name: string, fallback: string): number | undefined {
  const text = env[name] ?? "";
  if (text === "off") return undefined;
  const millis = parseAge(env, name, fallback);
  const isFit = millis >= SHORTEST_INTERVAL_MS && millis <= LONGEST_INTERVAL_MS;
  return isFit ? millis : refuse(name, text, "write a duration from 1m to 1d, or off");
}

function parseAge(env: Environment, name: string, fallback: string): number {
  const text = env[name];
  try {
    return parseDuration(text === undefined || text === "" ? fallback : text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError("configuration", `${name}: ${error.message}`, { cause: error });
  }
}
