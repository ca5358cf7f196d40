import type { Digest } from "../../domain/digest.ts";
import { PortError } from "../../domain/errors.ts";
import type { Repository } from "../../domain/reference.ts";
import { extensionPath } from "./endpoint.ts";
import { absent, refuseStatus, type Exchange, type Question } from "./exchange.ts";
import { readBytes } from "./json-answer.ts";
import { pullScope } from "./scope.ts";
import { discard, headerOf } from "./transport.ts";

/** What a registry that keeps signatures says of itself on `/v2/` (containers/image, docs/signature-protocols.md). */
const OFFERED = "x-registry-supports-signatures";

/**
 * What the signature extension serves for a digest. A 404 is an absence only from a registry that says it has the extension:
 * from others it says nothing of signatures, and throws `unsupported`.
 */
export async function fetchSignatures(
  exchange: Exchange,
  repository: Repository,
  { digest, limit }: { readonly digest: Digest; readonly limit: number },
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const { registry } = repository;
  const question: Question = {
    registry,
    path: extensionPath(repository, `signatures/${digest}`),
    method: "GET",
    accept: "application/json",
    kind: "signatures",
    scope: pullScope(repository),
    follow: "same-host",
    what: `${registry}/${repository.path} signatures of ${digest}`,
    signal,
  };
  const found = await exchange.ask(question, async (answer) => {
    if (answer.status === 404) return absent(answer);
    if (answer.status !== 200) return refuseStatus(answer, question.what);
    return readBytes(answer, limit, question.what);
  });
  if (found !== undefined || (await isOffered(exchange, question))) return found;
  throw new PortError(
    "unsupported",
    question.what,
    "the registry does not have the signature extension: use a lookaside",
  );
}

async function isOffered(exchange: Exchange, question: Question): Promise<boolean> {
  return exchange.ask({ ...question, path: "/v2/" }, async (answer) => {
    discard(answer.body);
    return headerOf(answer, OFFERED) === "1";
  });
}
