import type { InputCode, PortCode } from "../domain/errors.ts";
import { jsonReply, type Headers, type Reply } from "./reply.ts";

/** Every refusal the API knows: its status and title. The slug ends the problem's `type` and never changes its meaning. */
const PROBLEMS = {
  reference: [400, "The image reference cannot be read"],
  digest: [400, "The digest cannot be read"],
  request: [400, "The request is not as this call expects"],
  unauthenticated: [401, "A valid token is needed"],
  forbidden: [403, "This token may not do that"],
  origin: [403, "The request comes from another site"],
  "not-found": [404, "There is no such thing"],
  unknown: [404, "No verdict is in force for this image"],
  "image-not-found": [404, "The registry has no such image"],
  "method-not-allowed": [405, "This address does not know the method"],
  "request-timeout": [408, "The request's body did not arrive in time"],
  "request-too-large": [413, "The request's body is too large"],
  "media-type": [415, "The request's body must be application/json"],
  "idempotency-conflict": [422, "The idempotency key was used for another request"],
  "image-unusable": [422, "The image cannot be judged"],
  "rate-limited": [429, "Too many requests"],
  "queue-full": [429, "The queue is full"],
  internal: [500, "Something went wrong in Assay"],
  "registry-unusable": [502, "The registry's answer cannot be used"],
  busy: [503, "Assay cannot take more of this now"],
  "registry-rate-limited": [503, "The registry asks us to slow down"],
  "store-unavailable": [503, "The store does not answer"],
  "not-ready": [503, "Assay is not ready"],
  timeout: [504, "No answer in time"],
} as const satisfies Readonly<Record<string, readonly [number, string]>>;

export type ProblemSlug = keyof typeof PROBLEMS;

/** Stable names; they are identifiers first and pages second (RFC 9457, 3.1.1). */
const PROBLEM_BASE = "https://assay.dev/problems/";
const PROBLEM_TYPE = "application/problem+json";

/** Members beside those of RFC 9457, each documented in the `Problem` schema. */
export type ProblemMembers = {
  readonly image?: string;
  /** A refusal about an image is never a permission. */
  readonly decision?: "deny";
  readonly code?: string;
  readonly retryable?: boolean;
  readonly queued?: boolean;
  readonly job?: string;
};

export type ProblemJson = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
} & ProblemMembers;

/** The problem document; `detail` names the cause and the mend. */
export function problemJson(slug: ProblemSlug, detail: string, members: ProblemMembers = {}): ProblemJson {
  const [status, title] = PROBLEMS[slug];
  return { type: `${PROBLEM_BASE}${slug}`, title, status, detail, ...members };
}

export function problem(
  slug: ProblemSlug,
  detail: string,
  members: ProblemMembers = {},
  headers: Headers = {},
): Extract<Reply, { kind: "bytes" }> {
  return problemReply(problemJson(slug, detail, members), headers);
}

export function problemReply(json: ProblemJson, headers: Headers = {}): Extract<Reply, { kind: "bytes" }> {
  return jsonReply(json.status, json, { ...headers, "content-type": PROBLEM_TYPE });
}

export function statusesOf(slugs: readonly ProblemSlug[]): readonly number[] {
  return [...new Set(slugs.map((slug) => PROBLEMS[slug][0]))].sort((a, b) => a - b);
}

/** Bad text from the caller; what can only be a mistake on our side of the edge is `internal`. */
const INPUT_PROBLEMS: Readonly<Record<InputCode, ProblemSlug>> = {
  reference: "reference",
  digest: "digest",
  instant: "request",
  duration: "request",
  json: "request",
  request: "request",
  usage: "request",
  manifest: "image-unusable",
  config: "image-unusable",
  layout: "image-unusable",
  policy: "internal",
  configuration: "internal",
  credentials: "internal",
  key: "internal",
  signature: "internal",
  record: "internal",
};

const PORT_PROBLEMS: Readonly<Record<PortCode, ProblemSlug>> = {
  unreachable: "registry-unusable",
  timeout: "timeout",
  unauthorized: "registry-unusable",
  "rate-limited": "registry-rate-limited",
  "server-error": "registry-unusable",
  "not-found": "image-not-found",
  "blocked-address": "image-unusable",
  "too-large": "image-unusable",
  "too-many": "image-unusable",
  "digest-mismatch": "registry-unusable",
  malformed: "registry-unusable",
  unsupported: "image-unusable",
  aborted: "timeout",
  "store-unavailable": "store-unavailable",
  conflict: "image-unusable",
};

const SLUG_OF: ReadonlyMap<string, ProblemSlug> = new Map([
  ...Object.entries(INPUT_PROBLEMS),
  ...Object.entries(PORT_PROBLEMS),
]);

/** The problem an error code of the domain becomes. */
export function slugOf(code: InputCode | PortCode): ProblemSlug {
  return SLUG_OF.get(code) ?? "internal";
}
