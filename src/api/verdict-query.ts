import { InputError, PortError } from "../domain/errors.ts";
import { Deadline } from "./deadline.ts";
import { outOfScopeJson, readableReference } from "./image-in-scope.ts";
import { problemJson, slugOf, type ProblemJson } from "./problem.ts";
import { bytesReply, JSON_TYPE, type Reply } from "./reply.ts";
import { route, type Route, type SubjectCall } from "./route.ts";
import { queryAnswerSchema, querySchema } from "./schemas.ts";
import { verdictBytes } from "./verdict-bytes.ts";
import { IMAGE_PROBLEMS, inForce, unresolvedJson, type VerdictParts } from "./verdicts.ts";

/** Tags are looked at by HEAD; so many at once keep a registry's patience. */
const AT_ONCE = 16;
const QUERY_MS = 30_000;

export function verdictQueryRoute(parts: VerdictParts): Route {
  return route({
    method: "POST",
    path: "/v1/verdicts/query",
    access: "reader",
    fast: true,
    summary: "The verdicts in force for many images",
    description: "Each item is a verdict, `unknown`, or a problem. Nothing is queued.",
    body: querySchema,
    answers: [{ status: 200, description: "One item per image", type: "application/json", schema: queryAnswerSchema }],
    problems: [...IMAGE_PROBLEMS],
    handle: (call, { body }) => answerAll(parts, call, body.images),
  });
}

async function answerAll(parts: VerdictParts, call: SubjectCall, images: readonly string[]): Promise<Reply> {
  const limited = call.charge(images.length - 1);
  if (limited !== undefined) return limited;
  using deadline = new Deadline(QUERY_MS, call.signal, call.stopping);
  const distinct = [...new Set(images)];
  const answers = new Map<string, Buffer>();
  const next = distinct.values();
  const lane = async (): Promise<void> => {
    for (const image of next) answers.set(image, await item(parts, call, image, deadline.signal));
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, distinct.length) }, lane));
  return bytesReply(200, joined(images.map((image) => answers.get(image) ?? Buffer.alloc(0))), {
    "content-type": JSON_TYPE,
  });
}

async function item(parts: VerdictParts, call: SubjectCall, image: string, signal: AbortSignal): Promise<Buffer> {
  try {
    const reference = readableReference(call.subject, image);
    if (reference === undefined) return problemItem(image, outOfScopeJson(image));
    const answer = await inForce(parts, reference, signal);
    if (answer === undefined) return Buffer.from(JSON.stringify({ image, kind: "unknown" }));
    if (answer.kind === "unresolved") return problemItem(image, unresolvedJson(answer));
    const head = Buffer.from(`{"image":${JSON.stringify(image)},"kind":"verdict","verdict":`);
    return Buffer.concat([head, verdictBytes(answer.verdict), CLOSE]);
  } catch (error) {
    if (error instanceof InputError || error instanceof PortError) return refusedItem(image, error);
    throw error;
  }
}

const CLOSE = Buffer.from("}");

function refusedItem(image: string, error: InputError | PortError): Buffer {
  const slug = slugOf(error.code);
  if (slug === "internal") throw error;
  const retryable = error instanceof PortError && error.retryable;
  return problemItem(image, problemJson(slug, error.message, { image, decision: "deny", code: error.code, retryable }));
}

function problemItem(image: string, problem: ProblemJson): Buffer {
  return Buffer.from(JSON.stringify({ image, kind: "problem", problem }));
}

function joined(items: readonly Buffer[]): Buffer {
  const comma = Buffer.from(",");
  const parts = items.flatMap((item, at) => (at === 0 ? [item] : [comma, item]));
  return Buffer.concat([Buffer.from('{"items":['), ...parts, Buffer.from("]}")]);
}
