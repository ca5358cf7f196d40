import type { AdmissionContext, Match, Policy, PolicySet } from "../domain/policy.ts";
import type { Repository } from "../domain/reference.ts";
import { matchesGlob } from "./glob.ts";
import { matchesPattern } from "./pattern.ts";

/** What is known where no admission request is: the command line, REST, a scan. */
const NO_CONTEXT: AdmissionContext = { namespace: undefined, labels: undefined, operation: undefined };

/**
 * The policies that speak about an image of this repository, in the order of the files. Tag and digest play no part.
 *
 * `namespaces`, `labels` and `operations` take a policy out only if the context says something that does not fit. What is
 * not told leaves the policy in: the answer without a context is then the strictest there is, and a client that leaves out
 * its namespace gains nothing by it.
 */
export function matchPolicies(
  set: PolicySet,
  repository: Repository,
  context: AdmissionContext = NO_CONTEXT,
): readonly Policy[] {
  return set.policies.filter(
    ({ match }) => matchesImage(match, repository) && fitsNamespace(match, context) && fitsObject(match, context),
  );
}

function matchesImage(match: Match, repository: Repository): boolean {
  return (
    match.images.some((pattern) => matchesPattern(pattern, repository)) &&
    !match.exceptImages.some((pattern) => matchesPattern(pattern, repository))
  );
}

function fitsNamespace({ namespaces }: Match, { namespace }: AdmissionContext): boolean {
  return namespaces.length === 0 || namespace === undefined || namespaces.some((glob) => matchesGlob(glob, namespace));
}

function fitsObject(match: Match, { labels, operation }: AdmissionContext): boolean {
  if (match.operations.length > 0 && operation !== undefined && !match.operations.includes(operation)) return false;
  return Object.entries(match.labels).every(
    ([label, values]) => labels === undefined || values.some((value) => labels[label] === value),
  );
}
