import { digestOf, isDigestOf } from "../../crypto/digest-of.ts";
import { plainDescriptor } from "../../domain/descriptor.ts";
import { algorithmOf, isDigest, type Digest } from "../../domain/digest.ts";
import { PortError } from "../../domain/errors.ts";
import { INDEX_TYPES, MANIFEST_TYPES } from "../../domain/media-types.ts";
import type { Repository, Tag } from "../../domain/reference.ts";
import type { Document } from "../../domain/subject.ts";
import { apiPath } from "./endpoint.ts";
import { absent, refuseStatus, type Exchange, type Question } from "./exchange.ts";
import { mediaTypeOf, readBytes } from "./json-answer.ts";
import { MAX_MANIFEST_BYTES } from "./limits.ts";
import type { FollowedAnswer } from "./redirects.ts";
import { pullScope } from "./scope.ts";
import { headerOf } from "./transport.ts";
import { mismatch } from "./verified-stream.ts";

const ACCEPT = [...MANIFEST_TYPES, ...INDEX_TYPES].join(", ");

/** The manifest or index a tag or digest names, its digest computed from its bytes. One GET; `undefined` for 404. */
export async function fetchManifest(
  exchange: Exchange,
  repository: Repository,
  wanted: Tag | Digest,
  signal: AbortSignal,
): Promise<Document | undefined> {
  const question = manifestQuestion(repository, wanted, "GET", signal);
  return exchange.ask(question, (answer) => readManifest(answer, wanted, question.what));
}

/** The digest a registry says a tag has now, by HEAD; by GET where its answer names none. `undefined` for 404. */
export async function fetchDigest(
  exchange: Exchange,
  repository: Repository,
  wanted: Tag | Digest,
  signal: AbortSignal,
): Promise<Digest | undefined> {
  const question = manifestQuestion(repository, wanted, "HEAD", signal);
  const stated = await exchange.ask(question, async (answer) => {
    if (answer.status === 404) return absent(answer);
    if (answer.status !== 200) return refuseStatus(answer, question.what);
    await absent(answer);
    return statedDigest(answer, question.what) ?? "unstated";
  });
  if (stated !== "unstated")
    return stated === undefined || !isDigest(wanted) ? stated : agreed(stated, wanted, question.what);
  return (await fetchManifest(exchange, repository, wanted, signal))?.descriptor.digest;
}

function agreed(stated: Digest, wanted: Digest, what: string): Digest {
  if (stated !== wanted) throw mismatch(what, "the registry says it has another digest");
  return stated;
}

function manifestQuestion(
  repository: Repository,
  wanted: Tag | Digest,
  method: "GET" | "HEAD",
  signal: AbortSignal,
): Question {
  const { registry } = repository;
  return {
    registry,
    path: apiPath(repository, `manifests/${wanted}`),
    method,
    accept: ACCEPT,
    kind: "manifest",
    scope: pullScope(repository),
    follow: "same-host",
    what: `${registry}/${repository.path} manifest ${wanted}`,
    signal,
  };
}

async function readManifest(answer: FollowedAnswer, wanted: Tag | Digest, what: string): Promise<Document | undefined> {
  if (answer.status === 404) return absent(answer);
  if (answer.status !== 200) return refuseStatus(answer, what);
  const bytes = await readBytes(answer, MAX_MANIFEST_BYTES, what);
  const mediaType = mediaTypeOf(answer);
  if (mediaType === "") throw new PortError("malformed", what, "the registry does not say what kind of document it is");
  const stated = statedDigest(answer, what);
  if (stated !== undefined && !isDigestOf(stated, bytes))
    throw mismatch(what, "its bytes have another digest than its header says");
  const digest = digestOf(bytes, isDigest(wanted) ? algorithmOf(wanted) : "sha256");
  if (isDigest(wanted) && digest !== wanted) throw mismatch(what, `its bytes have the digest ${digest}`);
  return { descriptor: plainDescriptor(mediaType, digest, bytes.byteLength), bytes };
}

/** What `Docker-Content-Digest` says. Throws `PortError` where it says something else than a digest (CVE-2024-3727). */
function statedDigest(answer: FollowedAnswer, what: string): Digest | undefined {
  const text = headerOf(answer, "docker-content-digest");
  if (text === undefined) return undefined;
  if (!isDigest(text)) throw new PortError("malformed", what, "the registry states a digest that is none");
  return text;
}
