import { ocspRequest } from "../crypto/ocsp-request.ts";
import { checkOcspResponse, type OcspAnswer, type OcspCheck } from "../crypto/ocsp.ts";
import type { RevocationPoint } from "../crypto/revocation-points.ts";
import type { PortCode } from "../domain/errors.ts";
import type { Gap } from "../domain/gap.ts";
import type { Instant } from "../domain/instant.ts";
import { answerDocument, gapAbout } from "./answers.ts";
import { ask, type Request } from "./ask.ts";
import { collectLists, type Search } from "./collect-lists.ts";
import type { ChainLink } from "./chain-link.ts";
import { flawOfTerm, together, type Finding } from "./finding.ts";
import { declined, isCheckedByLists } from "./responder-status.ts";

/** Asks one responder after the other until one answers, and for what its own certificate needs besides. */
export async function collectAnswers(search: Search, point: RevocationPoint): Promise<Finding> {
  const { link, sources, signal } = search;
  const { certificate, issuer } = link;
  if (point.refused !== undefined) {
    return { documents: [], gaps: [gapAbout(certificate, "unsupported", `by OCSP: ${point.refused}`)] };
  }
  const gaps: Gap[] = [];
  for (const place of point.urls) {
    const asked = await ask(certificate, requestTo(place, link), sources, signal);
    if (asked.kind === "gap") {
      gaps.push(asked.gap);
      continue;
    }
    const check = checkOcspResponse(asked.bytes, certificate, issuer);
    const usable = usableAnswer(check, sources.clock.now());
    if (usable.kind === "answer") {
      const document = answerDocument(asked.bytes, "ocsp", { certificate, url: place });
      return together([{ documents: [document], gaps: [] }, await aboutDelegate(search, usable.answer)]);
    }
    gaps.push(gapAbout(certificate, ...usable.flaw, place));
  }
  return { documents: [], gaps };
}

/** The longest request that is sent in the address, where caches can answer (RFC 5019 section 5, RFC 6960 appendix A.1). */
const MAX_IN_ADDRESS = 255;

function requestTo(place: string, { certificate, issuer }: ChainLink): Request {
  const body = ocspRequest(certificate, issuer);
  const encoded = encodeURIComponent(Buffer.from(body).toString("base64"));
  if (encoded.length > MAX_IN_ADDRESS) return { method: "ocsp", place, url: place, body };
  const url = new URL(place);
  url.pathname += url.pathname.endsWith("/") ? encoded : `/${encoded}`;
  return { method: "ocsp", place, url: url.href, body: undefined };
}

type Usable =
  | { readonly kind: "answer"; readonly answer: OcspAnswer }
  | { readonly kind: "flawed"; readonly flaw: readonly [PortCode, string] };

function usableAnswer(check: OcspCheck, now: Instant): Usable {
  if (check.kind === "invalid") return { kind: "flawed", flaw: ["malformed", check.detail] };
  if (check.kind === "declined") return { kind: "flawed", flaw: declined(check.status) };
  const { answer } = check;
  if (answer.status.kind === "unknown") {
    return { kind: "flawed", flaw: ["not-found", "the OCSP responder does not know the certificate"] };
  }
  const flaw = flawOfTerm(answer, now);
  return flaw === undefined ? { kind: "answer", answer } : { kind: "flawed", flaw };
}

/** A delegate of the issuer is looked up in the issuer's lists, unless the issuer vouches for it until it ends. */
async function aboutDelegate(search: Search, { delegate }: OcspAnswer): Promise<Finding> {
  if (delegate === undefined || !isCheckedByLists(delegate)) return { documents: [], gaps: [] };
  return collectLists({ ...search, link: { certificate: delegate, issuer: search.link.issuer } });
}
