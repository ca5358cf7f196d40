import { PortError } from "../../domain/errors.ts";
import type { JsonValue } from "../../domain/json.ts";
import { absent, refuseStatus, type Exchange, type Question } from "./exchange.ts";
import { readJson } from "./json-answer.ts";
import { nextPage } from "./link.ts";
import type { FollowedAnswer } from "./redirects.ts";
import { headerOf } from "./transport.ts";

/** One page of a list, and where the next one is. */
export type Page = { readonly value: JsonValue; readonly next: string | undefined };

/** Reads one page; `undefined` if the list is not there. */
export async function readPage(answer: FollowedAnswer, what: string): Promise<Page | undefined> {
  if (answer.status === 404) return absent(answer);
  if (answer.status !== 200) return refuseStatus(answer, what);
  return { value: await readJson(answer, what), next: nextPage(headerOf(answer, "link"), answer.url, what) };
}

/**
 * The pages after `first`, each asked for when wanted. A page seen before, or more than `maxPages`, throws `PortError`: a
 * list cut short is a wrong list.
 */
export async function* followPages(
  exchange: Exchange,
  question: Question,
  first: Page,
  maxPages: number,
): AsyncGenerator<JsonValue> {
  const seen = new Set([question.path]);
  let page: Page | undefined = first;
  for (let count = 1; ; count += 1) {
    yield page.value;
    const path: string | undefined = page.next;
    if (path === undefined) return;
    if (seen.has(path)) throw new PortError("malformed", question.what, "its pages lead in a circle");
    if (count >= maxPages) throw new PortError("too-many", question.what, `it has more than ${maxPages} pages`);
    seen.add(path);
    page = await exchange.ask({ ...question, path }, (answer) => readPage(answer, question.what));
    if (page === undefined) throw new PortError("not-found", question.what, "one of its pages is missing");
  }
}
