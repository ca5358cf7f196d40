import { InputError } from "../../domain/errors.ts";

/** Where Redis is and how to enter. */
export type RedisTarget = {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
};

const DEFAULT_PORT = 6379;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/**
 * `redis://[user[:password]@]host[:port][/db]`, or `rediss://` for TLS. Whoever can write to Redis can delay and drop jobs,
 * so one that is open to the network is refused unless `unsafeOpenRedis` says so. Throws `InputError` without the password.
 */
export function parseRedisUrl(text: string, options: { readonly unsafeOpenRedis: boolean }): RedisTarget {
  const url = URL.parse(text);
  if (url === null || !["redis:", "rediss:"].includes(url.protocol) || url.hostname === "") {
    throw refusal("it is not redis://host:port or rediss://host:port");
  }
  if (!/^\/?\d{0,4}$/.test(url.pathname)) throw refusal("its path is not a database number");
  if (url.search !== "" || url.hash !== "") throw refusal("it has a query or a fragment, which mean nothing here");
  const target: RedisTarget = {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    db: Number(url.pathname.slice(1)),
    username: url.username === "" ? undefined : decodeURIComponent(url.username),
    password: url.password === "" ? undefined : decodeURIComponent(url.password),
    tls: url.protocol === "rediss:",
  };
  const open = !target.tls && target.password === undefined && !LOOPBACK.test(target.host);
  if (open && !options.unsafeOpenRedis) {
    throw refusal(
      `${target.host} would be used without TLS and without a password: use rediss://, set a password, or set ASSAY_UNSAFE_PLAINTEXT_REDIS=true`,
    );
  }
  return target;
}

function refusal(why: string): InputError {
  return new InputError("configuration", `the Redis address cannot be used: ${why}`);
}

/** For messages: the place without the credentials. */
export function formatTarget(target: RedisTarget): string {
  return `Redis at ${target.host.includes(":") ? `[${target.host}]` : target.host}:${target.port}`;
}
