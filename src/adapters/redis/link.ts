import { Redis } from "ioredis";

import { PortError } from "../../domain/errors.ts";
import { formatTarget, type RedisTarget } from "./target.ts";

export type RedisLinkOptions = {
  /** A PEM bundle to check the server's certificate with, instead of the system's. */
  readonly ca?: string | undefined;
  /** Connection errors, as they come; each is followed by a new try. */
  readonly onError?: (error: Error) => void;
};

/** What BullMQ makes its own connections with. */
export type BlockingOptions = {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: { readonly servername: string; readonly ca?: string };
  readonly retryStrategy: (times: number) => number;
  readonly maxRetriesPerRequest: null;
};

/** An answer later than this is no answer: callers have deadlines of their own to keep. */
const ANSWER_MS = 1000;
/** A connection that was ready but has not answered for so long is given up for a new one. */
const SILENT_MS = 5000;
const RECONNECT_CAP_MS = 1000;

/**
 * One connection for short commands. It never queues: while Redis is away each call is refused at once, and the link
 * mends itself. Blocking readers get options for connections of their own.
 */
export class RedisLink {
  readonly target: RedisTarget;
  readonly #redis: Redis;
  readonly #options: RedisLinkOptions;
  #answeredAt = Date.now();

  private constructor(target: RedisTarget, options: RedisLinkOptions) {
    this.target = target;
    this.#options = options;
    this.#redis = new Redis({
      ...this.#common(),
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: ANSWER_MS,
      connectTimeout: ANSWER_MS,
    });
    this.#redis.on("error", (error: Error) => options.onError?.(error));
  }

  /** Waits a moment for Redis, and is usable whether or not it came: it may come later. */
  static async open(target: RedisTarget, options: RedisLinkOptions = {}): Promise<RedisLink> {
    const link = new RedisLink(target, options);
    const ready = Promise.withResolvers<void>();
    const timer = setTimeout(ready.resolve, ANSWER_MS);
    link.#redis.once("ready", ready.resolve);
    await ready.promise;
    clearTimeout(timer);
    link.#redis.off("ready", ready.resolve);
    return link;
  }

  /** Options for a connection that may block for ever and waits for Redis to return (BullMQ requires it of its workers). */
  blockingOptions(): BlockingOptions {
    return { ...this.#common(), maxRetriesPerRequest: null };
  }

  /** The client itself, for BullMQ, which speaks through it inside `run`. */
  get client(): Redis {
    return this.#redis;
  }

  /** Asks Redis something. Throws `PortError` (`store-unavailable`) within `ANSWER_MS`; other `PortError`s pass through. */
  async run<T>(ask: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#redis.status !== "ready")
      throw this.#unavailable("is not reachable; it is tried again and again", undefined);
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(this.#silent()), ANSWER_MS);
    try {
      const answer = await Promise.race([ask(this.#redis), late.promise]);
      this.#answeredAt = Date.now();
      return answer;
    } catch (error) {
      throw error instanceof PortError ? error : this.#refused(error);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }

  #common(): Omit<BlockingOptions, "maxRetriesPerRequest"> {
    const { host, port, db, username, password, tls } = this.target;
    return {
      host,
      port,
      db,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(tls
        ? { tls: { servername: host, ...(this.#options.ca === undefined ? {} : { ca: this.#options.ca }) } }
        : {}),
      retryStrategy: (times: number) => Math.min(times * 100, RECONNECT_CAP_MS),
    };
  }

  #silent(): PortError {
    if (Date.now() - this.#answeredAt > SILENT_MS && this.#redis.status === "ready") {
      this.#answeredAt = Date.now();
      this.#redis.disconnect(true);
    }
    return this.#unavailable(`did not answer within ${ANSWER_MS} ms`, undefined);
  }

  /** Redis's own words name commands and limits, never values. */
  #refused(error: unknown): PortError {
    if (!(error instanceof Error)) return this.#unavailable("failed", error);
    if (error.message === "Command timed out") return this.#silent();
    return this.#unavailable(`refused: ${error.message.slice(0, 200)}`, error);
  }

  #unavailable(detail: string, cause: unknown): PortError {
    return new PortError("store-unavailable", formatTarget(this.target), detail, { cause });
  }
}
