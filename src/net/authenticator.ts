import { InputError, PortError } from "../domain/errors.ts";
import type { Registry } from "../domain/reference.ts";
import { whileWanted } from "./deadline.ts";
import { portErrorOf } from "./failure.ts";
import { BoundedMap } from "./bounded-map.ts";
import { parseChallenges, type Challenge } from "./challenge.ts";
import type { Credentials, CredentialsProvider } from "./credentials.ts";
import type { Hosts } from "./hosts.ts";
import { MAX_REMEMBERED } from "./limits.ts";
import { judgeRealm } from "./realm.ts";
import { basicHeader, type Token, type TokenQuestion } from "./token.ts";

/** Who is asked for what: authorisations are kept per registry and scope. */
export type Protected = {
  readonly registry: Registry;
  readonly origin: URL;
  readonly scope: string;
  readonly what: string;
};

export type AuthOptions = {
  readonly hosts: Hosts;
  readonly credentials: CredentialsProvider | undefined;
  readonly fetchToken: (question: TokenQuestion) => Promise<Token>;
  /** How long a look into the credentials may take. */
  readonly timeoutMs: number;
};

/** A password is looked up again after this, so that a changed secret is noticed without a restart. */
const PASSWORD_LIFETIME_MS = 5 * 60_000;
/** A scope is a few words; a longer one is refused rather than sent on. */
const MAX_SCOPE_LENGTH = 1024;

/**
 * The `Authorization` headers for registries, learnt from their challenges, one question in flight for each. A token serves
 * one scope of one origin, a password the whole origin.
 */
export class Authenticator {
  readonly #options: AuthOptions;
  readonly #known = new BoundedMap<string>(MAX_REMEMBERED);
  readonly #asking = new Map<string, Promise<string>>();

  constructor(options: AuthOptions) {
    this.#options = options;
  }

  /** The header to send unasked, if one is known to serve. */
  remembered(target: Protected): string | undefined {
    return this.#known.get(keyOf(target)) ?? this.#known.get(target.origin.origin);
  }

  /**
   * The header after a 401. `sent` is what the refused request carried: if another caller has got a newer one meanwhile, that
   * is it. Throws `PortError` (`unauthorized`) where nothing can be offered.
   */
  async renew(
    target: Protected,
    sent: string | undefined,
    challenge: string | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const key = keyOf(target);
    const known = this.remembered(target);
    if (known !== undefined && known !== sent) return known;
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      this.#known.delete(key);
      this.#known.delete(target.origin.origin);
      asking = this.#answer(target, parseChallenges(challenge ?? "")).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
      // Every waiter may have gone by the time it fails.
      asking.catch(() => undefined);
    }
    return whileWanted(asking, signal);
  }

  async #answer(target: Protected, challenges: readonly Challenge[]): Promise<string> {
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    const basic = challenges.some(({ scheme }) => scheme === "basic");
    if (bearer === undefined && !basic) throw refuse(target, "asks for no kind of authentication that is known here");
    const credentials = await this.#credentials(target);
    return bearer === undefined ? this.#basic(target, credentials) : this.#bearer(target, bearer, credentials);
  }

  #basic(target: Protected, credentials: Credentials | undefined): string {
    if (credentials === undefined) throw refuse(target, "asks for a password and none is configured for it");
    if (credentials.kind !== "password")
      throw refuse(target, "asks for a password and only an identity token is configured");
    const header = basicHeader(credentials);
    this.#known.set(target.origin.origin, header, PASSWORD_LIFETIME_MS);
    return header;
  }

  async #bearer(target: Protected, challenge: Challenge, credentials: Credentials | undefined): Promise<string> {
    const { what, origin } = target;
    const realm = judgeRealm(challenge.parameters.get("realm") ?? "", origin, this.#options.hosts, what);
    const scope = challenge.parameters.get("scope") ?? target.scope;
    if (scope.length > MAX_SCOPE_LENGTH)
      throw new PortError("malformed", what, "the registry asks for an endless scope");
    const service = challenge.parameters.get("service");
    const token = await this.#options.fetchToken({ realm, service, scope, credentials, what });
    const header = `Bearer ${token.text}`;
    this.#known.set(keyOf(target), header, token.lifetimeMs);
    return header;
  }

  /** An account that is configured but unreadable is a refusal, never a look as nobody. */
  async #credentials(target: Protected): Promise<Credentials | undefined> {
    try {
      return await this.#options.credentials?.(target.registry, AbortSignal.timeout(this.#options.timeoutMs));
    } catch (error) {
      if (error instanceof InputError)
        throw new PortError("unauthorized", target.what, error.message, { cause: error });
      throw portErrorOf(error, target.what);
    }
  }
}

function keyOf(target: Protected): string {
  return `${target.origin.origin}\n${target.scope}`;
}

function refuse(target: Protected, why: string): PortError {
  return new PortError("unauthorized", target.what, `${target.origin.host} ${why}`);
}
