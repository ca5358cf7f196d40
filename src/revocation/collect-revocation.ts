import type { Certificate } from "../crypto/certificate.ts";
import { revocationPointsOf } from "../crypto/revocation-points.ts";
import { InputError } from "../domain/errors.ts";
import type { Instant } from "../domain/instant.ts";
import { gapAbout } from "./answers.ts";
import type { RevocationSources } from "./ask.ts";
import { certificateStatus } from "./certificate-status.ts";
import { linksOf, type ChainLink } from "./chain-link.ts";
import { collectAnswers } from "./collect-answers.ts";
import { collectLists, type Search } from "./collect-lists.ts";
import { NOTHING_FOUND, together, type Finding } from "./finding.ts";
import { unknown, type Status } from "./status.ts";

/**
 * Asks of every certificate of a chain but its root, which comes last and which the caller has found in a configured store,
 * whether it is revoked: by OCSP, and by lists where that is not offered or does not tell (Notary Project, "Certificate
 * Revocation Evaluation"). What can be judged by comes as documents; what could not be had and is missed, as gaps. Nothing
 * is asked for certificates that are no chain. Throws only when called off.
 */
export async function collectRevocation(
  chain: readonly Certificate[],
  sources: RevocationSources,
  signal: AbortSignal,
): Promise<Finding> {
  const links = linksOf(chain) ?? [];
  return together(await Promise.all(links.map((link) => collectLink({ link, sources, signal }))));
}

async function collectLink(search: Search): Promise<Finding> {
  const { certificate } = search.link;
  try {
    const { ocsp, crls } = revocationPointsOf(certificate);
    const answers = ocsp === undefined ? NOTHING_FOUND : await collectAnswers(search, ocsp);
    const isTold = statusNow(search.link, answers, search.sources.clock.now()).kind !== "unknown";
    if (crls.length === 0 || isTold) return settled(search, answers);
    return settled(search, together([answers, await collectLists(search)]));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { documents: [], gaps: [gapAbout(certificate, "malformed", error.message)] };
  }
}

/**
 * Once it is told, what was not found on the way is missed by nobody, and not looked for again. What is not told has a gap,
 * even if all that was asked for came.
 */
function settled({ link, sources }: Search, finding: Finding): Finding {
  const status = statusNow(link, finding, sources.clock.now());
  if (status.kind !== "unknown") return { ...finding, gaps: [] };
  const gaps = finding.gaps.length > 0 ? finding.gaps : [gapAbout(link.certificate, status.code, status.detail)];
  return { ...finding, gaps };
}

/** What the answers say, and nothing if all of them have ended. */
function statusNow(link: ChainLink, { documents }: Finding, now: Instant): Status {
  const status = certificateStatus(link, { documents, signedAt: undefined });
  const hasEnded = status.kind === "good" && status.until !== undefined && status.until <= now;
  return hasEnded ? unknown("server-error", `the answers are out of date since ${status.until}`) : status;
}
