import { PortError } from "../../domain/errors.ts";
import type { JsonValue } from "../../domain/json.ts";
import { absent, refuseStatus, type Exchange, type Question } from "./exchange.ts";
import { readJson, type SizedJson } from "./json-answer.ts";
import { nextPage } from "./link.ts";
import type { FollowedAnswer } from "./redirects.ts";
import { headerOf } from "./transport.ts";

/** One page of a list, and where the next one is. */
export type Page = SizedJson & { readonly next: string | undefined };

/** What all pages of a list may be together. */
type ListLimits = { readonly pages: number; readonly bytes: number };

/** Reads one page; `undefined` if the list is not there. */
export async function readPage(answer: FollowedAnswer, what: string): Promise<Page | undefined> {
  if (answer.status === 404) return absent(answer);
  if (answer.status !== 200) return refuseStatus(answer, what);
  return { ...(await readJson(answer, what)), next: nextPage(headerOf(answer, "link"), answer.url, what) };
}

/**
 * The pages from `first` on, each asked for when wanted. A page seen before, or more than the limits, throws `PortError`: a
 * list cut short is a wrong list.
 */
export async function* followPages(
  exchange: Exchange,
  question: Question,
  first: Page,
  limits: ListLimits,
): AsyncGenerator<JsonValue> {
  const seen = new Set([question.path]);
  let page: Page | undefined = first;
  let size = 0;
  for (let count = 1; ; count += 1) {
    size += page.size;
    if (size > limits.bytes)
      throw new PortError("too-large", question.what, `its pages are larger than ${limits.bytes} bytes together`);
    yield page.value;
    const path: string | undefined = page.next;
    if (path === undefined) return;
    if (seen.has(path)) throw new PortError("malformed", question.what, "its pages lead in a circle");
    if (count >= limits.pages) throw new PortError("too-many", question.what, `it has more than ${limits.pages} pages`);
    seen.add(path);
    page = await exchange.ask({ ...question, path }, (answer) => readPage(answer, question.what));
    if (page === undefined) throw new PortError("not-found", question.what, "one of its pages is missing");
  }
}
