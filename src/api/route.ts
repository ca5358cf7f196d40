import type { IncomingMessage } from "node:http";

import type { z } from "zod";

import { InputError } from "../domain/errors.ts";
import { quoted } from "../domain/quoted.ts";
import { readBody } from "./body.ts";
import { parseJsonBody } from "./json-body.ts";
import type { ProblemSlug } from "./problem.ts";
import type { Reply } from "./reply.ts";
import type { Role, Subject } from "./subject.ts";

export type Method = "GET" | "POST";

/** One request, once it is known who makes it. */
export type Call = {
  readonly req: IncomingMessage;
  readonly requestId: string;
  /** Who calls; `undefined` only on public routes. */
  readonly subject: Subject | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly search: string;
  /** Fires when the caller is gone. */
  readonly signal: AbortSignal;
  /** Fires when the service is about to stop: whoever waits on purpose stops waiting. */
  readonly stopping: AbortSignal;
  /** Counts further work against the caller's rate; a reply if that was too much. */
  readonly charge: (cost: number) => Reply | undefined;
  /** Whether the caller is still who it was; for answers that last. */
  readonly stillAllowed: () => boolean;
};

/** A call that came through authentication. */
export type SubjectCall = Call & { readonly subject: Subject };

type RouteDocs = {
  readonly summary: string;
  readonly description?: string;
  readonly query: z.ZodObject | undefined;
  readonly body: z.ZodObject | undefined;
  readonly prefersWait: boolean;
  readonly answers: readonly AnswerDocs[];
  readonly problems: readonly ProblemSlug[];
};

export type AnswerDocs = {
  readonly status: number;
  readonly description: string;
  readonly type: string;
  readonly schema: z.ZodType | undefined;
};

export type Route = {
  readonly method: Method;
  /** As OpenAPI writes it: `/v1/verifications/{id}`. Also the label in metrics. */
  readonly path: string;
  /** The least role that may call it. */
  readonly access: "public" | Role;
  /** Answered before Express is reached; only for paths without parameters. */
  readonly fast: boolean;
  readonly docs: RouteDocs;
  readonly run: (call: Call) => Promise<Reply>;
};

type Spec<Query extends z.ZodObject, Body extends z.ZodObject> = {
  readonly method: Method;
  readonly path: string;
  readonly access: Role;
  readonly fast?: boolean;
  readonly summary: string;
  readonly description?: string;
  readonly query?: Query;
  readonly body?: Body;
  readonly prefersWait?: boolean;
  readonly answers: readonly AnswerDocs[];
  readonly problems: readonly ProblemSlug[];
  readonly handle: (
    call: SubjectCall,
    input: { readonly query: z.output<Query>; readonly body: z.output<Body> },
  ) => Promise<Reply>;
};

/** Makes a route whose query and body are parsed by the very schemas that document it. */
export function route<Query extends z.ZodObject, Body extends z.ZodObject>(spec: Spec<Query, Body>): Route {
  const run = async (call: Call): Promise<Reply> => {
    const { subject } = call;
    if (subject === undefined) throw new TypeError(`${spec.path} ran without a subject`);
    const query = parseQuery(spec.query, call.search);
    if (spec.body === undefined) return spec.handle({ ...call, subject }, { query, body: {} as z.output<Body> });
    const body = await readBody(call.req);
    if (body.kind === "refused") return body.reply;
    return spec.handle({ ...call, subject }, { query, body: parseBody(spec.body, body.bytes) });
  };
  return {
    method: spec.method,
    path: spec.path,
    access: spec.access,
    fast: spec.fast ?? false,
    docs: docsOf(spec),
    run,
  };
}

/** A route that anybody may call and that takes nothing. */
export function publicRoute(spec: {
  readonly path: string;
  readonly fast: boolean;
  readonly summary: string;
  readonly answers: readonly AnswerDocs[];
  readonly problems: readonly ProblemSlug[];
  readonly handle: (call: Call) => Promise<Reply>;
}): Route {
  const { path, fast, handle } = spec;
  return { method: "GET", path, access: "public", fast, docs: docsOf(spec), run: handle };
}

function docsOf(
  spec: Pick<RouteDocs, "summary" | "answers" | "problems"> & {
    readonly description?: string;
    readonly query?: z.ZodObject;
    readonly body?: z.ZodObject;
    readonly prefersWait?: boolean;
  },
): RouteDocs {
  const { summary, description, query, body, prefersWait = false, answers, problems } = spec;
  return {
    summary,
    ...(description === undefined ? {} : { description }),
    query,
    body,
    prefersWait,
    answers,
    problems,
  };
}

function parseQuery<Query extends z.ZodObject>(schema: Query | undefined, search: string): z.output<Query> {
  const members = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(search)) {
    if (members.has(name)) throw new InputError("request", `The query parameter ${quoted(name, 64)} is there twice`);
    members.set(name, value);
  }
  if (schema !== undefined)
    return accept(schema.safeParse(Object.fromEntries(members)), "query parameter") as z.output<Query>;
  const [extra] = members.keys();
  if (extra === undefined) return {} as z.output<Query>;
  throw new InputError("request", `The query parameter ${quoted(extra, 64)} is not known here`);
}

function parseBody<Body extends z.ZodObject>(schema: Body, bytes: Uint8Array): z.output<Body> {
  return accept(schema.safeParse(parseJsonBody(bytes)), "body") as z.output<Body>;
}

/** A few words of the first fault: enough to mend it, and none of the values sent. */
function accept(result: z.ZodSafeParseResult<unknown>, what: string): unknown {
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = (issue?.path ?? []).map(String).join(".");
  const where = path === "" ? `The ${what} is not accepted` : `The ${what} is not accepted at "${path.slice(0, 80)}"`;
  throw new InputError("request", `${where}: ${(issue?.message ?? "").slice(0, 200)}`);
}
