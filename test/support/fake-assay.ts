import { lintFacts } from "../../src/domain/lint.ts";
import { hash } from "node:crypto";

import { parseDigest, type Digest } from "../../src/domain/digest.ts";
import type { SchemeId, SourceKey } from "../../src/domain/evidence.ts";
import type { ImageFacts } from "../../src/domain/facts.ts";
import { NOT_COLLECTED } from "../../src/domain/gap.ts";
import { instantOf } from "../../src/domain/instant.ts";
import type { JobId, JobRecord, JobState, Priority } from "../../src/domain/job.ts";
import { formatReference, formatRepository, type ImageReference, type Repository } from "../../src/domain/reference.ts";
import type { Decision, Verdict } from "../../src/domain/verdict.ts";
import type { Answer, Assay, ImageView, JobView, Unresolved } from "../../src/pipeline/assay.ts";

export const NOW = instantOf(Date.UTC(2026, 10, 21, 7, 31));

export function digestFor(text: string): Digest {
  return parseDigest(`sha256:${hash("sha256", text, "hex")}`);
}

/** A verdict with something in each member, so that an encoder that forgets one is seen. */
export function sampleVerdict(image: string, decision: Decision = "allow"): Verdict {
  const digest = digestFor(image);
  return {
    id: digestFor(`verdict of ${image}`),
    image,
    digest,
    decision,
    findings: [
      {
        policy: "production",
        rule: "rules[0].signed",
        authority: undefined,
        outcome: decision === "deny" ? "violated" : "satisfied",
        reason: decision === "deny" ? "unsigned" : undefined,
        enforcement: "deny",
        message: decision === "deny" ? "no signature was found" : "signed by release-key",
        cites: [{ kind: "signature", digest, authority: "release-key" }],
      },
    ],
    signatures: [
      {
        role: "signature",
        scheme: "cosign" as SchemeId,
        authority: "release-key",
        status: "verified",
        reason: undefined,
        step: undefined,
        detail: undefined,
        signer: { kind: "key", spki: digestFor("key") },
        signers: [{ kind: "key", spki: digestFor("key") }],
        notes: [],
        source: "cosign:tag" as SourceKey,
        via: "tag",
        about: digest,
        artifact: digest,
      },
    ],
    platforms: [{ platform: "linux/amd64", digest, user: "nonroot", composition: "distroless", base: "unknown" }],
    gaps: [{ code: "timeout", what: "registry.example.com referrers", detail: "no answer" }],
    unsafe: [],
    policies: ["production"],
    resolvedAt: NOW,
    decidedAt: NOW,
    validFrom: undefined,
    validUntil: instantOf(Date.UTC(2027, 0, 1)),
  };
}

export function judged(image: string, decision: Decision = "allow"): Answer {
  return { kind: "judged", verdict: sampleVerdict(image, decision), freshUntil: NOW };
}

export function sampleFacts(repository: Repository, digest: Digest): ImageFacts {
  return {
    id: digestFor("facts"),
    repository,
    digest,
    shape: "image",
    containedIn: [],
    signatures: [],
    attestations: [],
    sources: [{ about: digest, source: "cosign:tag" as SourceKey, state: { kind: "observed", found: 0 } }],
    platforms: [
      {
        digest,
        declared: undefined,
        config: NOT_COLLECTED,
        user: { kind: "gap", gap: { code: "timeout", what: "config", detail: "no answer" } },
        composition: NOT_COLLECTED,
        lints: lintFacts(() => NOT_COLLECTED),
        base: NOT_COLLECTED,
        layers: [],
      },
    ],
  };
}

type Script = {
  inForce: (image: string, signal: AbortSignal) => Promise<Answer | undefined>;
  verify: (image: string, signal: AbortSignal) => Promise<Answer>;
  facts: (repository: Repository, digest: Digest) => Promise<ImageFacts | undefined>;
  /** Throws to refuse a submission. */
  accept: (images: readonly string[]) => void;
};

/** An `Assay` that answers by script and keeps its jobs in memory; tests move the jobs on. */
export class FakeAssay implements Assay {
  readonly calls: { readonly name: keyof Assay; readonly image: string; readonly tagMaxAgeMs?: number }[] = [];
  readonly script: Script = {
    inForce: () => Promise.resolve(undefined),
    verify: (image) => Promise.resolve(judged(image)),
    facts: () => Promise.resolve(undefined),
    accept: () => undefined,
  };
  readonly #jobs = new Map<JobId, JobView>();
  readonly #watchers = new Set<() => void>();

  called(name: keyof Assay): readonly string[] {
    return this.calls.filter((call) => call.name === name).map((call) => call.image);
  }

  verify(reference: ImageReference, signal: AbortSignal): Promise<Answer> {
    this.calls.push({ name: "verify", image: formatReference(reference) });
    return this.script.verify(formatReference(reference), signal);
  }

  inForce(
    reference: ImageReference,
    options: { readonly tagMaxAgeMs: number },
    signal: AbortSignal,
  ): Promise<Answer | undefined> {
    this.calls.push({ name: "inForce", image: formatReference(reference), ...options });
    return this.script.inForce(formatReference(reference), signal);
  }

  async submit(references: readonly ImageReference[], priority: Priority): Promise<readonly JobRecord[]> {
    const images = references.map(formatReference);
    this.script.accept(images);
    return images.map((image) => {
      this.calls.push({ name: "submit", image });
      const id = `job-${this.#jobs.size + 1}` as JobId;
      const record = {
        id,
        job: { kind: "verify", image },
        priority,
        submittedAt: NOW,
        state: { kind: "waiting" },
      } as const;
      this.#jobs.set(id, { record, verdict: undefined });
      return record;
    });
  }

  /** Moves a job on; `done` brings the sample verdict with it. */
  move(id: string, state: JobState): void {
    const view = this.#jobs.get(id as JobId);
    if (view === undefined) throw new Error(`no job ${id}`);
    const verdict = state.kind === "done" ? sampleVerdict(view.record.job.image) : undefined;
    this.#jobs.set(id as JobId, { record: { ...view.record, state }, verdict });
    for (const wake of this.#watchers) wake();
  }

  finish(id: string): void {
    const image = this.#jobs.get(id as JobId)?.record.job.image ?? "";
    this.move(id, { kind: "done", verdict: sampleVerdict(image).id, at: NOW });
  }

  forget(id: string): void {
    this.#jobs.delete(id as JobId);
  }

  job(id: JobId): Promise<JobView | undefined> {
    return Promise.resolve(this.#jobs.get(id));
  }

  async waitForJob(id: JobId, signal: AbortSignal): Promise<JobView | undefined> {
    for await (const view of this.watchJob(id, signal)) if (isOver(view)) return view;
    return this.#jobs.get(id);
  }

  async *watchJob(id: JobId, signal: AbortSignal): AsyncGenerator<JobView> {
    let last: JobView | undefined;
    while (!signal.aborted) {
      const view = this.#jobs.get(id);
      if (view === undefined) return;
      if (view !== last) yield view;
      last = view;
      if (isOver(view)) return;
      if (this.#jobs.get(id) === view) await this.#change(signal);
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#watchers.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#watchers.add(wake);
      signal.addEventListener("abort", wake, { once: true });
      if (signal.aborted) wake();
    });
  }

  verdict(): Promise<Verdict | undefined> {
    return Promise.resolve(undefined);
  }

  inspect(reference: ImageReference): Promise<ImageView | Unresolved> {
    return Promise.reject(new Error(`no edge of HTTP inspects ${formatReference(reference)}`));
  }

  facts(repository: Repository, digest: Digest): Promise<ImageFacts | undefined> {
    this.calls.push({ name: "facts", image: `${formatRepository(repository)}@${digest}` });
    return this.script.facts(repository, digest);
  }
}

function isOver(view: JobView): boolean {
  return view.record.state.kind === "done" || view.record.state.kind === "failed";
}
