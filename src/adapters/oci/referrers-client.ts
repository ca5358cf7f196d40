import { parseStrictJson } from "../../crypto/strict-json.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import type { Digest } from "../../domain/digest.ts";
import { PortError } from "../../domain/errors.ts";
import { OCI_INDEX } from "../../domain/media-types.ts";
import type { Repository } from "../../domain/reference.ts";
import type { Referrers } from "../../ports/image-source.ts";
import { BoundedMap } from "../../net/bounded-map.ts";
import { apiPath } from "./endpoint.ts";
import { fetchManifest } from "./documents.ts";
import { refuseStatus, type Exchange, type Question } from "./exchange.ts";
import { asAnswer, mediaTypeOf } from "./json-answer.ts";
import { MAX_REMEMBERED } from "../../net/limits.ts";
import { MAX_MANIFEST_BYTES, MAX_REFERRER_BYTES, MAX_REFERRER_PAGES } from "./limits.ts";
import { followPages, readPage, type Page } from "./pages.ts";
import type { FollowedAnswer } from "./redirects.ts";
import { checkCount, parseReferrers, referrersTag } from "./referrers.ts";
import { pullScope } from "./scope.ts";
import { discard } from "./transport.ts";
import { readErrorCode } from "./status-failure.ts";

/** How long a registry that knows no such address is asked by tag only. A registry gains the API by an upgrade, not by the minute. */
const NO_API_MS = 5 * 60_000;
/** What registries without the API answer to its address. */
const NO_API: readonly number[] = [400, 404, 405];

type ApiAnswer = Page | "no-api" | "not-here";

/** Finds the referrers of a digest: by the API, else by the fallback tag; at most two requests where there is one page. */
export class ReferrersClient {
  readonly #exchange: Exchange;
  readonly #withoutApi = new BoundedMap<true>(MAX_REMEMBERED);

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** None is an empty list. Throws `PortError`, also when there are more than the limit. */
  async find(repository: Repository, digest: Digest, signal: AbortSignal): Promise<Referrers> {
    const question = questionFor(repository, `referrers/${digest}`, `referrers of ${digest}`, signal);
    const known = this.#withoutApi.get(repository.registry) === true;
    const first = known ? "no-api" : await this.#exchange.ask(question, (answer) => readApi(answer, question.what));
    if (typeof first === "object") return { via: "referrers-api", descriptors: await this.#gather(question, first) };
    if (first === "no-api") this.#withoutApi.set(repository.registry, true, NO_API_MS);
    return { via: "referrers-tag", descriptors: await this.#byTag(repository, digest, signal) };
  }

  async #gather(question: Question, first: Page): Promise<readonly Descriptor[]> {
    const found: Descriptor[] = [];
    const limits = { pages: MAX_REFERRER_PAGES, bytes: MAX_REFERRER_BYTES };
    for await (const value of followPages(this.#exchange, question, first, limits)) {
      found.push(...parseReferrers(value, question.what));
      checkCount(found.length, question.what);
    }
    return found;
  }

  async #byTag(repository: Repository, digest: Digest, signal: AbortSignal): Promise<readonly Descriptor[]> {
    const tag = referrersTag(digest);
    const document = await fetchManifest(this.#exchange, repository, tag, signal);
    if (document === undefined) return [];
    const what = `${repository.registry}/${repository.path} referrers tag ${tag}`;
    requireIndex(document.descriptor.mediaType, what);
    const name = "the list of referrers";
    const value = asAnswer(what, () =>
      parseStrictJson(document.bytes, { code: "manifest", name, maxBytes: MAX_MANIFEST_BYTES }),
    );
    return parseReferrers(value, what);
  }
}

function questionFor(repository: Repository, rest: string, thing: string, signal: AbortSignal): Question {
  const { registry } = repository;
  return {
    registry,
    path: apiPath(repository, rest),
    method: "GET",
    accept: OCI_INDEX,
    kind: "referrers",
    scope: pullScope(repository),
    follow: "same-host",
    what: `${registry}/${repository.path} ${thing}`,
    signal,
  };
}

/**
 * "No API" is remembered for the registry only where the address itself is unknown to it. An answer in the registry's own
 * error format may be about this repository, and says nothing of the next.
 */
async function readApi(answer: FollowedAnswer, what: string): Promise<ApiAnswer> {
  if (NO_API.includes(answer.status)) {
    const code = await readErrorCode(answer, what);
    const unknown = code === undefined ? answer.status !== 400 : code === "UNSUPPORTED";
    return unknown ? "no-api" : "not-here";
  }
  if (answer.status !== 200) return refuseStatus(answer, what);
  try {
    requireIndex(mediaTypeOf(answer), what);
  } catch (error) {
    discard(answer.body);
    throw error;
  }
  return (await readPage(answer, what)) ?? "not-here";
}

function requireIndex(mediaType: string, what: string): void {
  if (mediaType === OCI_INDEX) return;
  throw new PortError("malformed", what, "the list of referrers was not served as an image index");
}
