import { parseConfig, type Config } from "../config.ts";
import { parseDuration } from "../domain/duration.ts";
import { InputError } from "../domain/errors.ts";
import type { ImageReference } from "../domain/reference.ts";
import type { Arguments, Flag } from "./flags.ts";
import type { Io } from "./io.ts";

/** Flags that stand for environment variables; each command lists those it takes. */
export const SETTINGS = {
  policy: { name: "policy", value: "PATH", help: "policy file or folder (ASSAY_POLICY, default ./policy)" },
  plainHttp: {
    name: "unsafe-plain-http",
    value: "HOST",
    repeatable: true,
    help: "speak plain HTTP to this host; anyone on the way can change what it says (ASSAY_UNSAFE_PLAIN_HTTP)",
  },
  timeout: { name: "timeout", value: "DURATION", help: "give up on an image after this, such as 90s" },
  ca: { name: "ca", value: "FILE", help: "PEM file of further roots to trust (ASSAY_REGISTRY_CA)" },
} as const satisfies Record<string, Flag>;

/** The environment's configuration with the flags' on top. Throws `InputError`. */
export function readSettings(args: Arguments, io: Io): Config {
  const config = parseConfig(io.env);
  const timeout = args.value("timeout");
  return {
    ...config,
    policy: args.value("policy") ?? config.policy,
    registryCa: args.value("ca") ?? config.registryCa,
    unsafePlainHttp: [...config.unsafePlainHttp, ...args.values("unsafe-plain-http")],
    verifyTimeoutMs: timeout === undefined ? config.verifyTimeoutMs : parsePeriod("timeout", timeout),
  };
}

/** Where a service keeps its database, since what it accepted must outlast it. */
const SERVICE_DATA = "./assay-data";

/** The settings of a process that works for others: without Redis it keeps a database on disk. */
export function readServiceSettings(args: Arguments, io: Io): Config {
  const config = readSettings(args, io);
  return config.redisUrl === undefined ? { ...config, data: config.data ?? SERVICE_DATA } : config;
}

/** Hosts typed on the command line are the operator's own word, like those in a file: they may be on a private network. */
export function namingHosts(config: Config, images: readonly { readonly reference: ImageReference }[]): Config {
  const hosts = images.map(({ reference }) => reference.repository.registry);
  return { ...config, privateHosts: [...config.privateHosts, ...hosts] };
}

/** A flag's duration in milliseconds, more than none. Throws `InputError` naming the flag. */
export function parsePeriod(flag: string, text: string): number {
  const millis = parseNamed(flag, text);
  if (millis === 0) throw new InputError("usage", `--${flag} is 0, which leaves no time: write one such as 90s.`);
  return millis;
}

function parseNamed(flag: string, text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError("usage", `--${flag}: ${error.message}`, { cause: error });
  }
}
