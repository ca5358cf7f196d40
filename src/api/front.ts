import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

import { InputError, PortError } from "../domain/errors.ts";
import type { AuthRefusal } from "../telemetry/events.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { Access, Authentication } from "./access.ts";
import { isLocalRequest } from "./origin.ts";
import { problem, slugOf } from "./problem.ts";
import { RateLimit, type Rate } from "./rate-limit.ts";
import { sendBytes, sendStream, type Reply } from "./reply.ts";
import type { Call, Method, Route } from "./route.ts";
import { isAtLeast, type Subject } from "./subject.ts";

/** All routes of one path. */
export type Place = { readonly path: string; readonly routes: ReadonlyMap<Method, Route> };

export type FrontParts = {
  readonly access: Access;
  readonly telemetry: Telemetry;
  readonly stopping: AbortSignal;
  /** Per subject; `undefined` sets none. */
  readonly rate: Rate | undefined;
};

/** Where a request lands that no route answers. */
export const NOWHERE: Place = { path: "none", routes: new Map() };

/** Guesses at tokens from one address: enough for a deployment with a wrong token, too few to try many. */
const GUESSES: Rate = { perSecond: 5, burst: 50 };

const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/;

type Exchange = {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly place: Place;
  readonly requestId: string;
  readonly signal: AbortSignal;
};

type Permit = { readonly kind: "permit"; readonly subject: Subject | undefined };
type Refusal = { readonly kind: "refusal"; readonly reply: Reply };

/**
 * What every call goes through, whichever router found its place: request id, origin, authentication, rate, role, answer,
 * counters. It is the only way to a route, so no router can lead around it.
 */
export class Front {
  readonly #parts: FrontParts;
  readonly #rates: RateLimit | undefined;
  readonly #guesses = new RateLimit(GUESSES);

  constructor(parts: FrontParts) {
    this.#parts = parts;
    this.#rates = parts.rate === undefined ? undefined : new RateLimit(parts.rate);
  }

  /** Answers; never rejects. */
  async answer(
    exchange: { readonly req: IncomingMessage; readonly res: ServerResponse },
    place: Place,
    params: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { req, res } = exchange;
    const started = performance.now();
    const controller = new AbortController();
    res.once("close", () => {
      if (!res.writableFinished) controller.abort();
    });
    const full: Exchange = { req, res, place, requestId: requestIdOf(req), signal: controller.signal };
    const reply = await this.#reply(full, params).catch((error: unknown) => this.#failure(error, full));
    const status = reply.kind === "stream" ? 200 : reply.status;
    await this.#send(full, reply).catch((error: unknown) => this.#broken(error, full));
    this.#count(full, status, started);
  }

  async #reply(exchange: Exchange, params: Readonly<Record<string, string>>): Promise<Reply> {
    const { req, place } = exchange;
    if (place === NOWHERE) return problem("not-found", "No call has this address; /openapi.json lists them all.");
    const route = place.routes.get((req.method === "HEAD" ? "GET" : req.method) as Method);
    if (route === undefined) return methodNotAllowed(place);
    const permit = this.#admit(exchange, route);
    if (permit.kind === "refusal") return permit.reply;
    return route.run(this.#call(exchange, permit.subject, params));
  }

  #call(exchange: Exchange, subject: Subject | undefined, params: Readonly<Record<string, string>>): Call {
    const { req, requestId, signal } = exchange;
    const { access, stopping } = this.#parts;
    const mark = (req.url ?? "").indexOf("?");
    return {
      req,
      requestId,
      subject,
      params,
      signal,
      stopping,
      search: mark === -1 ? "" : (req.url ?? "").slice(mark + 1),
      charge: (cost) => this.#charge(exchange, subject, cost),
      stillAllowed: () => isSame(access.authenticate(req.headers.authorization, req.socket), subject),
    };
  }

  #admit(exchange: Exchange, route: Route): Permit | Refusal {
    const { access } = this.#parts;
    const { req } = exchange;
    if (access.kind === "open" && !isLocalRequest(req)) {
      this.#refused(exchange, "origin");
      return refusal(problem("origin", "Without tokens only this machine may ask: use its loopback name or address."));
    }
    const authentication = access.authenticate(req.headers.authorization, req.socket);
    if (authentication.kind === "refused") {
      return route.access === "public"
        ? { kind: "permit", subject: undefined }
        : this.#unauthenticated(exchange, authentication.why);
    }
    const { subject } = authentication;
    const limited = this.#charge(exchange, subject, 1);
    if (limited !== undefined) return refusal(limited);
    if (route.access === "public" || isAtLeast(subject, route.access)) return { kind: "permit", subject };
    this.#refused(exchange, "role", subject);
    return refusal(problem("forbidden", `This call needs the role ${route.access}; the token has ${subject.role}.`));
  }

  #unauthenticated(exchange: Exchange, why: "no-credentials" | "bad-credentials"): Refusal {
    this.#refused(exchange, why);
    const wait = this.#guesses.take(exchange.req.socket.remoteAddress ?? "", 1, performance.now());
    if (wait > 0) return refusal(rateLimited(wait));
    const error = why === "bad-credentials" ? ', error="invalid_token"' : "";
    return refusal(
      problem(
        "unauthenticated",
        "Send Authorization: Bearer with a token that the tokens file names.",
        {},
        {
          "www-authenticate": `Bearer realm="assay"${error}`,
        },
      ),
    );
  }

  #charge(exchange: Exchange, subject: Subject | undefined, cost: number): Reply | undefined {
    const wait = subject === undefined ? 0 : (this.#rates?.take(subject.name, cost, performance.now()) ?? 0);
    if (wait === 0) return undefined;
    this.#refused(exchange, "rate", subject);
    return rateLimited(wait);
  }

  #refused(exchange: Exchange, why: AuthRefusal["why"], subject?: Subject): void {
    const { req, requestId, place } = exchange;
    const address = req.socket.remoteAddress;
    this.#parts.telemetry.events.authRefused({
      why,
      request: requestId,
      route: place.path,
      subject: subject?.name,
      address,
    });
  }

  /** Known refusals keep their words; anything else is a mistake of ours, told to the log and not to the caller. */
  #failure(error: unknown, exchange: Exchange): Reply {
    if (error instanceof InputError || error instanceof PortError) {
      const slug = slugOf(error.code);
      if (slug !== "internal") return problem(slug, error.message, { code: error.code }, retryHeaders(error));
    }
    this.#parts.telemetry.log.error("call failed", error, { request: exchange.requestId, route: exchange.place.path });
    return problem("internal", `Look for request ${exchange.requestId} in the log of the service.`);
  }

  async #send(exchange: Exchange, reply: Reply): Promise<void> {
    const closing = this.#parts.stopping.aborted ? { connection: "close" } : {};
    const headers = { "x-request-id": exchange.requestId, ...closing };
    if (reply.kind === "bytes") sendBytes(exchange.res, reply, headers);
    else await sendStream(exchange, reply, headers);
  }

  /** The answer had begun: what is left is to end the connection, so that half an answer is not taken for a whole one. */
  #broken(error: unknown, exchange: Exchange): void {
    this.#parts.telemetry.log.error("answer broke off", error, { request: exchange.requestId });
    exchange.res.destroy();
  }

  #count(exchange: Exchange, status: number, started: number): void {
    const { log, metrics } = this.#parts.telemetry;
    const { place, req } = exchange;
    const ms = performance.now() - started;
    const method = place.routes.has((req.method ?? "") as Method) ? (req.method ?? "") : "other";
    metrics.http({ route: place.path, method, status, seconds: ms / 1000 });
    if (log.debugging)
      log.debug("call answered", { request: exchange.requestId, route: place.path, method, status, ms });
  }
}

function requestIdOf(req: IncomingMessage): string {
  const given = req.headers["x-request-id"];
  return typeof given === "string" && REQUEST_ID.test(given) ? given : randomUUID();
}

/** Whether a later look still finds the same caller with the same role and scope. */
function isSame(now: Authentication, then: Subject | undefined): boolean {
  return (
    now.kind === "subject" &&
    now.subject.name === then?.name &&
    now.subject.role === then.role &&
    String(now.subject.repositories) === String(then.repositories)
  );
}

function refusal(reply: Reply): Refusal {
  return { kind: "refusal", reply };
}

function rateLimited(seconds: number): Reply {
  return problem("rate-limited", `Ask again in ${seconds} s.`, { retryable: true }, { "retry-after": `${seconds}` });
}

function retryHeaders(error: InputError | PortError): Readonly<Record<string, string>> {
  if (error instanceof InputError || !error.retryable) return {};
  return { "retry-after": `${Math.max(1, Math.ceil((error.retryAfterMs ?? 5000) / 1000))}` };
}

function methodNotAllowed(place: Place): Reply {
  const methods = [...place.routes.keys()].flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return problem("method-not-allowed", `Use ${methods.join(" or ")}.`, {}, { allow: methods.join(", ") });
}
