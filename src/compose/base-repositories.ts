import { InputError, PortError } from "../domain/errors.ts";
import type { ImagePattern } from "../domain/policy.ts";
import { formatRepository, parseRepository, type Repository } from "../domain/reference.ts";
import { matchesPattern } from "../policy/pattern.ts";
import type { ImageSource } from "../ports/image-source.ts";

/** A pattern that more repositories match is followed for the first of them, in the registry's order. */
export const MAX_REPOSITORIES = 100;

export type BaseRepositories = {
  readonly repositories: readonly Repository[];
  /** Why a pattern is not followed, or not wholly, and the mend. */
  readonly refusals: readonly { readonly from: string; readonly detail: string }[];
};

/** The repositories that patterns speak of: those they name without a request, others by the registry's own list. */
export async function baseRepositoriesOf(
  patterns: readonly ImagePattern[],
  images: Pick<ImageSource, "repositories">,
  signal: AbortSignal,
): Promise<BaseRepositories> {
  const found = new Map<string, Repository>();
  const refusals: { from: string; detail: string }[] = [];
  for (const pattern of new Map(patterns.map((each) => [each.text, each])).values()) {
    const { repositories, refusal } = await repositoriesOf(pattern, images, signal);
    for (const repository of repositories) found.set(formatRepository(repository), repository);
    if (refusal !== undefined) refusals.push({ from: pattern.text, detail: refusal });
  }
  return { repositories: [...found.values()], refusals };
}

type Matching = { readonly repositories: readonly Repository[]; readonly refusal?: string };

const MEND = "name the repositories themselves in place of the pattern, so that their tags are followed";

async function repositoriesOf(
  pattern: ImagePattern,
  images: Pick<ImageSource, "repositories">,
  signal: AbortSignal,
): Promise<Matching> {
  if (pattern.host.includes("*")) return { repositories: [], refusal: `its host may be any: ${MEND}` };
  try {
    // A wildcard in the path stands where any name does, so the host is read from a name of its own.
    if (!pattern.path.includes("*")) return { repositories: [parseRepository(`${pattern.host}/${pattern.path}`)] };
    return await listed(pattern, images, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof PortError || error instanceof InputError)) throw error;
    return { repositories: [], refusal: `${error.message}: ${MEND}` };
  }
}

async function listed(
  pattern: ImagePattern,
  images: Pick<ImageSource, "repositories">,
  signal: AbortSignal,
): Promise<Matching> {
  const { registry } = parseRepository(`${pattern.host}/any`);
  const repositories: Repository[] = [];
  for await (const repository of images.repositories(registry, signal)) {
    if (!matchesPattern(pattern, repository)) continue;
    if (repositories.length === MAX_REPOSITORIES) {
      return { repositories, refusal: `more than ${MAX_REPOSITORIES} repositories match: ${MEND}` };
    }
    repositories.push(repository);
  }
  return { repositories };
}
