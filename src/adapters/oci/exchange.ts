import { PortError } from "../../domain/errors.ts";
import type { Registry } from "../../domain/reference.ts";
import { pause, startDeadline, type Deadline } from "../../net/deadline.ts";
import { isBroken, portErrorOf } from "../../net/failure.ts";
import type { Authenticator } from "../../net/authenticator.ts";
import { BoundedMap } from "../../net/bounded-map.ts";
import type { Hosts } from "../../net/hosts.ts";
import { originOf } from "./endpoint.ts";
import { MAX_ATTEMPTS, MAX_ERROR_BYTES, MAX_REMEMBERED } from "../../net/limits.ts";
import type { RequestKind } from "../../net/request-report.ts";
import type { Timeouts } from "./options.ts";
import { sendFollowing, type Follow, type FollowedAnswer } from "./redirects.ts";
import { isLater, pauseAfter, type RetryTimes } from "../../net/retry.ts";
import { failureOf } from "./status-failure.ts";
import { headerOf, type Transport } from "./transport.ts";

/** One thing asked of a registry. */
export type Question = {
  readonly registry: Registry;
  /** Path and query under the registry's origin, from `/v2/`. */
  readonly path: string;
  readonly method: "GET" | "HEAD";
  readonly accept: string;
  readonly kind: RequestKind;
  /** The token scope it needs. */
  readonly scope: string;
  readonly follow: Follow;
  /** The thing, for messages: `registry.example.com/shop/web manifest sha256:…`. */
  readonly what: string;
  readonly signal: AbortSignal;
};

/** Makes a value of an answer that is neither a redirect, nor a 401, nor a "later". Runs inside the try, so it may be cut off. */
export type Read<Value> = (answer: FollowedAnswer, deadline: Deadline) => Promise<Value>;

export type ExchangeOptions = {
  readonly transport: Transport;
  readonly auth: Authenticator;
  readonly hosts: Hosts;
  readonly timeouts: Timeouts;
  readonly retry: RetryTimes;
};

/** Asks a registry: authenticates once, follows redirects, tries again what may pass, at most `MAX_ATTEMPTS` requests. */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #origins = new BoundedMap<URL>(MAX_REMEMBERED);

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** Throws `PortError`. The deadline ends with the value. */
  async ask<Value>(question: Question, read: Read<Value>): Promise<Value> {
    const deadline = startDeadline(question.signal, this.#options.timeouts.requestMs, question.what);
    try {
      return await this.#attempt({ ...question, signal: deadline.signal }, (answer) => read(answer, deadline));
    } finally {
      deadline.end();
    }
  }

  /** As `ask`, but the deadline goes on until the reader of the value ends it, or this throws. */
  async open<Value>(question: Question, read: Read<Value>): Promise<Value> {
    const deadline = startDeadline(question.signal, this.#options.timeouts.requestMs, question.what);
    try {
      return await this.#attempt({ ...question, signal: deadline.signal }, (answer) => read(answer, deadline));
    } catch (error) {
      deadline.end();
      throw error;
    }
  }

  async #attempt<Value>(question: Question, read: (answer: FollowedAnswer) => Promise<Value>): Promise<Value> {
    const target = { ...question, origin: this.#originOf(question.registry) };
    const { auth } = this.#options;
    let authorization = auth.remembered(target);
    let renewed = false;
    for (let tries = 1; ; tries += 1) {
      const outcome = await this.#tryOnce(target, authorization, read);
      if (outcome.kind === "value") return outcome.value;
      if (outcome.kind === "challenged" && !renewed && tries < MAX_ATTEMPTS) {
        authorization = await auth.renew(target, authorization, outcome.challenge, question.signal).catch((error) => {
          throw portErrorOf(error, question.what);
        });
        renewed = true;
      } else {
        await this.#pauseOrThrow(outcome, tries, question.signal);
      }
    }
  }

  #originOf(registry: Registry): URL {
    const known = this.#origins.get(registry);
    if (known !== undefined) return known;
    const origin = originOf(registry, this.#options.hosts);
    this.#origins.set(registry, origin, Number.POSITIVE_INFINITY);
    return origin;
  }

  async #tryOnce<Value>(
    target: Question & { readonly origin: URL },
    authorization: string | undefined,
    read: (answer: FollowedAnswer) => Promise<Value>,
  ): Promise<Outcome<Value>> {
    const { what, method, kind, signal, follow, accept } = target;
    const request = { url: new URL(target.path, target.origin), method, kind, what, signal, headers: { accept } };
    try {
      const send = this.#options.transport.send.bind(this.#options.transport);
      const answer = await sendFollowing(send, request, authorization, follow);
      if (answer.status === 401 && !answer.crossed) {
        const challenge = headerOf(answer, "www-authenticate");
        return { kind: "challenged", challenge, failure: await failureOf(answer, what) };
      }
      if (isLater(answer.status)) return { kind: "later", failure: await failureOf(answer, what) };
      return { kind: "value", value: await read(answer) };
    } catch (error) {
      const failure = portErrorOf(error, what);
      if (isBroken(failure)) return { kind: "later", failure };
      throw failure;
    }
  }

  async #pauseOrThrow(outcome: Refusal, tries: number, signal: AbortSignal): Promise<void> {
    const { failure } = outcome;
    const wait = pauseAfter(tries, failure.retryAfterMs, this.#options.retry, Math.random());
    if (outcome.kind === "challenged" || tries >= MAX_ATTEMPTS || wait === undefined) throw failure;
    // Out of time while waiting: what was waited for says more than that the time is over.
    await pause(wait, signal).catch((error) => {
      throw signal.reason instanceof PortError ? failure : portErrorOf(error, failure.what);
    });
  }
}

type Refusal =
  | { readonly kind: "challenged"; readonly challenge: string | undefined; readonly failure: PortError }
  | { readonly kind: "later"; readonly failure: PortError };

type Outcome<Value> = { readonly kind: "value"; readonly value: Value } | Refusal;

/** Throws what an unexpected status means; for the `read` functions, which know the ones they expect. */
export async function refuseStatus(answer: FollowedAnswer, what: string): Promise<never> {
  throw await failureOf(answer, what);
}

/** The size an answer says it has, checked before a byte of it is read. */
export function statedLength(answer: FollowedAnswer): number | undefined {
  const text = headerOf(answer, "content-length") ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Lets go of an answer whose status said all, reading what little body it has so that the connection stays. */
export async function absent(answer: FollowedAnswer): Promise<undefined> {
  await answer.body.dump({ limit: MAX_ERROR_BYTES });
}
