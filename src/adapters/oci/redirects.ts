import { PortError } from "../../domain/errors.ts";
import { MAX_REDIRECTS } from "./limits.ts";
import { discard, headerOf, type WireAnswer, type WireRequest } from "./transport.ts";

/** `same-host`: what describes an image comes from its registry itself. `anywhere`: blobs, whose digest is known before. */
export type Follow = "same-host" | "anywhere";

/** An answer, and whether it came from, or by way of, another origin than the one first asked. */
export type FollowedAnswer = WireAnswer & { readonly crossed: boolean };

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Follows redirects by hand: headers are built anew for each hop, and `authorization` goes to the first origin only, also
 * when a later hop leads back to it. The transport judges each hop's address. Throws `PortError`.
 */
export async function sendFollowing(
  send: (request: WireRequest) => Promise<WireAnswer>,
  request: WireRequest,
  authorization: string | undefined,
  follow: Follow,
): Promise<FollowedAnswer> {
  let { url } = request;
  let crossed = false;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const headers = authorization === undefined || crossed ? request.headers : { ...request.headers, authorization };
    const answer = await send({ ...request, url, headers });
    if (!REDIRECTS.includes(answer.status)) return { ...answer, crossed };
    discard(answer.body);
    url = nextHop(answer, follow, request.what);
    crossed ||= url.origin !== request.url.origin;
  }
  throw new PortError("too-many", request.what, `it redirects more than ${MAX_REDIRECTS} times`);
}

function nextHop(answer: WireAnswer, follow: Follow, what: string): URL {
  const location = headerOf(answer, "location") ?? "";
  const url = location === "" ? null : URL.parse(location, answer.url.href);
  if (url === null || url.username !== "" || url.password !== "") {
    throw new PortError("malformed", what, "it redirects to something that is no URL");
  }
  if (follow === "same-host" && url.origin !== answer.url.origin) {
    throw new PortError(
      "blocked-address",
      what,
      `it redirects to ${url.protocol}//${url.host}, and only blobs may come from another host`,
    );
  }
  if (url.protocol !== "https:" && answer.url.protocol === "https:") {
    throw new PortError("blocked-address", what, `it redirects from https to ${url.protocol}//${url.host}`);
  }
  return url;
}
