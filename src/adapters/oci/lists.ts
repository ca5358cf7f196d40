import { PortError } from "../../domain/errors.ts";
import { optionalArray, readStruct, type JsonPlace, type JsonValue } from "../../domain/json.ts";
import type { Registry, Repository, Tag } from "../../domain/reference.ts";
import { apiPath, isRepositoryPath } from "./endpoint.ts";
import type { Exchange, Question } from "./exchange.ts";
import { asAnswer } from "./json-answer.ts";
import { MAX_LIST_BYTES, MAX_LIST_ENTRIES, MAX_LIST_PAGES } from "./limits.ts";
import { followPages, readPage } from "./pages.ts";
import { CATALOG_SCOPE, pullScope } from "./scope.ts";

/** distribution-spec "Pulling manifests": what a tag may be. */
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const PAGE_SIZE = 1000;

function isTag(text: string): text is Tag {
  return TAG.test(text);
}

/** A repository's tags in the registry's order. A repository that is not there throws `not-found`. */
export async function* listTags(exchange: Exchange, repository: Repository, signal: AbortSignal): AsyncGenerator<Tag> {
  const { registry } = repository;
  const path = apiPath(repository, `tags/list?n=${PAGE_SIZE}`);
  const what = `${registry}/${repository.path} tags`;
  const question = { registry, path, kind: "tags", scope: pullScope(repository), what, signal } as const;
  for await (const text of listNames(exchange, asList(question), "tags")) {
    if (!isTag(text)) throw new PortError("malformed", what, "the list holds something that is no tag");
    yield text;
  }
}

/** A registry's repositories. Many registries do not tell; that throws `PortError`. */
export async function* listRepositories(
  exchange: Exchange,
  registry: Registry,
  signal: AbortSignal,
): AsyncGenerator<Repository> {
  const what = `${registry} catalog`;
  const question = {
    registry,
    path: `/v2/_catalog?n=${PAGE_SIZE}`,
    kind: "catalog",
    scope: CATALOG_SCOPE,
    what,
    signal,
  } as const;
  for await (const path of listNames(exchange, asList(question), "repositories")) {
    if (!isRepositoryPath(path))
      throw new PortError("malformed", what, "the list holds something that is no repository");
    yield { registry, path };
  }
}

function asList(question: Omit<Question, "method" | "accept" | "follow">): Question {
  return { ...question, method: "GET", accept: "application/json", follow: "same-host" };
}

async function* listNames(
  exchange: Exchange,
  question: Question,
  member: "tags" | "repositories",
): AsyncGenerator<string> {
  const { what } = question;
  const first = await exchange.ask(question, (answer) => readPage(answer, what));
  if (first === undefined) throw new PortError("not-found", what, "the registry has no such list");
  let count = 0;
  const limits = { pages: MAX_LIST_PAGES, bytes: MAX_LIST_BYTES };
  for await (const value of followPages(exchange, question, first, limits)) {
    const names = asAnswer(what, () => namesIn(value, member));
    count += names.length;
    if (count > MAX_LIST_ENTRIES) throw new PortError("too-many", what, `it has more than ${MAX_LIST_ENTRIES} entries`);
    for (const name of names) {
      if (typeof name !== "string") throw new PortError("malformed", what, "the list holds something that is no text");
      yield name;
    }
  }
}

/** `null` is how distribution spells an empty list. */
function namesIn(value: JsonValue, member: string): readonly JsonValue[] {
  const place: JsonPlace = { code: "json", path: "list" };
  return optionalArray(readStruct(value, ["name", member], place), member, place) ?? [];
}
