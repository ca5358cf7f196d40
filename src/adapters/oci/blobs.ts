import { isDigestOf } from "../../crypto/digest-of.ts";
import type { Descriptor } from "../../domain/descriptor.ts";
import { PortError } from "../../domain/errors.ts";
import type { Repository } from "../../domain/reference.ts";
import type { Document } from "../../domain/subject.ts";
import type { Deadline } from "../../net/deadline.ts";
import { portErrorOf } from "../../net/failure.ts";
import { readLimited } from "../../net/limited-body.ts";
import { apiPath } from "./endpoint.ts";
import { absent, refuseStatus, statedLength, type Exchange, type Question } from "./exchange.ts";
import type { Timeouts } from "./options.ts";
import type { FollowedAnswer } from "./redirects.ts";
import { pullScope } from "./scope.ts";
import { discard } from "./transport.ts";
import { mismatch, verifiedStream } from "./verified-stream.ts";

/** A whole blob, once its size and digest agree with the descriptor. `undefined` for 404. */
export async function fetchBlob(
  exchange: Exchange,
  repository: Repository,
  wanted: { readonly descriptor: Descriptor; readonly limit: number },
  signal: AbortSignal,
): Promise<Document | undefined> {
  const { descriptor, limit } = wanted;
  const question = blobQuestion(repository, descriptor, signal);
  const { what } = question;
  if (descriptor.size > limit) {
    throw new PortError("too-large", what, `its ${descriptor.size} bytes are more than the ${limit} allowed`);
  }
  return exchange.ask(question, async (answer) => {
    if (answer.status === 404) return absent(answer);
    await checkAnswer(answer, descriptor, what);
    const bytes = await readLimited(answer.body, descriptor.size, what).catch(asMismatch);
    if (bytes.byteLength !== descriptor.size || !isDigestOf(descriptor.digest, bytes)) {
      throw mismatch(what, "its bytes are not the ones described");
    }
    return { descriptor, bytes };
  });
}

/** Longer than its own descriptor is not a matter of limits. */
function asMismatch(error: unknown): never {
  if (error instanceof PortError && error.code === "too-large")
    throw mismatch(error.what, "it is longer than described");
  throw error;
}

/** A blob as it arrives; see `verifiedStream`. `undefined` for 404. */
export async function openBlob(
  exchange: Exchange,
  repository: Repository,
  wanted: { readonly descriptor: Descriptor; readonly timeouts: Timeouts },
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const { descriptor, timeouts } = wanted;
  const question = blobQuestion(repository, descriptor, signal);
  const { what } = question;
  return exchange.open(question, async (answer, deadline) => {
    if (answer.status === 404) {
      deadline.end();
      return absent(answer);
    }
    await checkAnswer(answer, descriptor, what);
    deadline.extend(timeouts.requestMs + (descriptor.size / timeouts.minBytesPerSecond) * 1000);
    return verifiedStream(answer.body, descriptor, what, endsOf(answer, deadline, what));
  });
}

function endsOf(answer: FollowedAnswer, deadline: Deadline, what: string): Parameters<typeof verifiedStream>[3] {
  return {
    explain: (error) => portErrorOf(error, what),
    release: () => {
      deadline.end();
      if (!answer.body.readableEnded) discard(answer.body);
    },
  };
}

async function checkAnswer(answer: FollowedAnswer, descriptor: Descriptor, what: string): Promise<void> {
  if (answer.status !== 200) return refuseStatus(answer, what);
  const stated = statedLength(answer);
  if (stated === undefined || stated === descriptor.size) return;
  discard(answer.body);
  throw mismatch(what, `the registry offers ${stated} bytes where ${descriptor.size} are described`);
}

/** The descriptor's `urls` are never looked at: they let an image choose what this service fetches. */
function blobQuestion(repository: Repository, descriptor: Descriptor, signal: AbortSignal): Question {
  const { registry } = repository;
  return {
    registry,
    path: apiPath(repository, `blobs/${descriptor.digest}`),
    method: "GET",
    accept: "*/*",
    kind: "blob",
    scope: pullScope(repository),
    follow: "anywhere",
    what: `${registry}/${repository.path} blob ${descriptor.digest}`,
    signal,
  };
}
