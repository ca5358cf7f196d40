import { checkCrl, type CrlCheck, type RevocationList } from "../crypto/crl.ts";
import { revocationPointsOf, type RevocationPoint } from "../crypto/revocation-points.ts";
import type { PortCode } from "../domain/errors.ts";
import type { Gap } from "../domain/gap.ts";
import type { Instant } from "../domain/instant.ts";
import { answerDocument, gapAbout } from "./answers.ts";
import { ask, type RevocationSources } from "./ask.ts";
import type { ChainLink } from "./chain-link.ts";
import { flawOfTerm, together, type Finding } from "./finding.ts";
import { flawOfChanges, flawOfList } from "./list-status.ts";

/** Whose lists are looked for, and how. */
export type Search = {
  readonly link: ChainLink;
  readonly sources: RevocationSources;
  readonly signal: AbortSignal;
};

/** Downloads the list of every point that the certificate names. Throws `InputError` for points that cannot be read. */
export async function collectLists(search: Search): Promise<Finding> {
  const { crls } = revocationPointsOf(search.link.certificate);
  return together(await Promise.all(crls.map((point) => collectPoint(search, point))));
}

async function collectPoint(search: Search, point: RevocationPoint): Promise<Finding> {
  const { certificate } = search.link;
  if (point.refused !== undefined) {
    return { documents: [], gaps: [gapAbout(certificate, "unsupported", point.refused)] };
  }
  const found = await firstUsable(search, point.urls, (list) => flawOfList(search.link, point, list));
  const { list } = found;
  if (list === undefined || list.freshest.length === 0) return found;
  const urls = list.freshest.flatMap((each) => each.urls);
  return together([found, await firstUsable(search, urls, (changes) => flawOfChanges(list, changes))]);
}

type Flaw = (list: RevocationList) => string | undefined;
type Found = Finding & { readonly list: RevocationList | undefined };

/** In their order, until one of the addresses brings a list that can be used. */
async function firstUsable(search: Search, urls: readonly string[], flawOf: Flaw): Promise<Found> {
  const gaps: Gap[] = [];
  for (const url of urls) {
    const found = await download(search, url, flawOf);
    if (found.list !== undefined) return found;
    gaps.push(...found.gaps);
  }
  return { documents: [], gaps, list: undefined };
}

async function download({ link, sources, signal }: Search, url: string, flawOf: Flaw): Promise<Found> {
  const { certificate, issuer } = link;
  const request = { method: "crl", place: url, url, body: undefined } as const;
  const asked = await ask(certificate, request, sources, signal);
  if (asked.kind === "gap") return { documents: [], gaps: [asked.gap], list: undefined };
  const usable = usableList(checkCrl(asked.bytes, certificate, issuer), flawOf, sources.clock.now());
  if (usable.kind === "flawed") {
    return { documents: [], gaps: [gapAbout(certificate, ...usable.flaw, url)], list: undefined };
  }
  return { documents: [answerDocument(asked.bytes, "crl", { certificate, url })], gaps: [], list: usable.list };
}

type Usable =
  | { readonly kind: "usable"; readonly list: RevocationList }
  | { readonly kind: "flawed"; readonly flaw: readonly [PortCode, string] };

/** What was revoked stays so when the list that says it has ended (Notary Project, "Revocation Checking with CRL"). */
function usableList(check: CrlCheck, flawOf: Flaw, now: Instant): Usable {
  if (check.kind === "invalid") return { kind: "flawed", flaw: ["malformed", check.detail] };
  const { list } = check;
  const flaw = flawOf(list);
  if (flaw !== undefined) return { kind: "flawed", flaw: ["unsupported", flaw] };
  const ended = list.revocations.length > 0 ? undefined : flawOfTerm(list, now);
  return ended === undefined ? { kind: "usable", list } : { kind: "flawed", flaw: ended };
}
